"""What holds for every test: ^C and a hangup mean what they do, also for the programs that tests start."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Undo an ignored SIGINT (of a background job) and SIGHUP (of nohup), which every child would inherit."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) == signal.SIG_IGN:
        signal.signal(hangup, signal.SIG_DFL)
