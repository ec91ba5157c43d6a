"""What holds for every test: ^C means ^C, also for the programs that tests start."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Undo an ignored SIGINT: shells start background jobs with it, and every child would inherit it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
