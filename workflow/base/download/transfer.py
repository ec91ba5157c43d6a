"""Transferring one file for the user: attempts until it is there, and failures as errors that name the address."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base import wording
from workflow.base.download.reception import (
    SILENCE_SECONDS,
    InterruptedTransferError,
    Reception,
    RefusedTransferError,
)
from workflow.base.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.base.events import Listener

_PAUSES = (0.5, 1.0, 2.0, 4.0)
_LITTLE = 1 << 16
_MOST_ATTEMPTS = 50  # also when each brings more than a little
_HINT = "Check the address, and that this machine may fetch it (a proxy is read from HTTPS_PROXY)."
_RESUMES = "Check the network, then run the same command again: it goes on where this one stopped."


@dataclass(frozen=True)
class Transfer:
    """What to fetch, where its bytes gather, and how many there may be.

    ``on_progress`` receives bytes done and in all (0: unknown), ``on_bytes`` how many came. ``is_checked``: the caller
    knows the file's digest. ``silence``: the seconds without a byte, ``pauses``: those between attempts that brought
    little; after the last one it is given up.
    """

    url: str
    part: Path
    most: int
    on_progress: Callable[[int, int], None]
    is_checked: bool = True
    on_bytes: Callable[[int], None] | None = None
    silence: float = SILENCE_SECONDS
    pauses: Sequence[float] | None = None

    def complete(self, listener: Listener) -> None:
        """Do as ``gather`` does, and tell the listener of pauses. Raises ``DownloadError`` or ``StorageError``."""
        try:
            self.gather(lambda reason, pause: listener.say(f"{reason}; trying again in {pause:g} s"))
        except RefusedTransferError as error:
            raise self.failed(str(error)) from error
        except InterruptedTransferError as error:
            raise self.failed(f"{error} (tried again and again)", hint=_RESUMES) from error

    def gather(self, on_pause: Callable[[str, float], None]) -> None:
        """Attempt the transfer until ``part`` is complete, with growing pauses as long as little comes.

        ``on_pause`` receives the reason for one, and its seconds. Raises ``RefusedTransferError`` or, at last,
        ``InterruptedTransferError``, as ``Reception.attempt`` does.
        """
        reception = self._reception()
        pauses = _PAUSES if self.pauses is None else self.pauses
        attempts = in_vain = 0
        while True:
            before, attempts = self._size(), attempts + 1
            try:
                return reception.attempt()
            except InterruptedTransferError as error:
                in_vain = 0 if self._size() >= before + _LITTLE else in_vain + 1
                if in_vain > len(pauses) or attempts == _MOST_ATTEMPTS:
                    raise
                reason = str(error)
            pause = pauses[max(in_vain - 1, 0)]
            on_pause(reason, pause)
            time.sleep(pause)

    def discard(self) -> None:
        """Forget what is there of the file."""
        self._reception().discard()

    def failed(self, reason: str, *, hint: str = _HINT) -> DownloadError:
        """Return the error that says why the file cannot be had."""
        return DownloadError(f"cannot fetch {wording.address_text(self.url)}: {reason}", hint=hint)

    def _reception(self) -> Reception:
        return Reception(self.url, self.part, self.most, self._received, self.is_checked, self.silence)

    def _received(self, count: int, done: int, total: int) -> None:
        if self.on_bytes is not None:
            self.on_bytes(count)
        self.on_progress(done, total)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0
