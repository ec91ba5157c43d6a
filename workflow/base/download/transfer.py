"""Transferring one file for the user: attempts until it is there, and failures as errors that name the address."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base import addresses
from workflow.base.download.reception import InterruptedTransferError, Reception, RefusedTransferError
from workflow.base.errors import DownloadError
from workflow.base.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.base.events import Listener

_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between attempts that brought little; after the last one it is given up
_LITTLE = 1 << 16
_MOST_ATTEMPTS = 50  # also when each brings more than a little
_HINT = "Check the address, and that this machine may fetch it (a proxy is read from HTTPS_PROXY)."
_RESUMES = "Check the network, then run the same command again: it goes on where this one stopped."


@dataclass(frozen=True)
class Transfer:
    """What to fetch, where its bytes gather, and how many there may be.

    ``on_progress`` receives bytes done and in all (0: unknown). ``is_checked``: the caller knows the file's digest.
    """

    url: str
    part: Path
    most: int
    on_progress: Callable[[int, int], None]
    is_checked: bool = True

    def complete(self, listener: Listener) -> None:
        """Attempt the transfer until ``part`` is complete, with growing pauses as long as little comes.

        Raises ``DownloadError`` or ``StorageError``.
        """
        reception = self._reception()
        in_vain, reason = 0, ""
        for _ in range(_MOST_ATTEMPTS):
            before = self._size()
            try:
                return reception.attempt()
            except RefusedTransferError as error:
                raise self.failed(str(error)) from error
            except InterruptedTransferError as error:
                reason = str(error)
            in_vain = 0 if self._size() >= before + _LITTLE else in_vain + 1
            if in_vain > len(_PAUSES):
                break
            pause = _PAUSES[max(in_vain - 1, 0)]
            listener.say(f"{reason}; trying again in {pause:g} s")
            time.sleep(pause)
        raise self.failed(f"{reason} (tried again and again)", hint=_RESUMES)

    def discard(self) -> None:
        """Forget what is there of the file."""
        self._reception().discard()

    def failed(self, reason: str, *, hint: str = _HINT) -> DownloadError:
        """Return the error that says why the file cannot be had."""
        return DownloadError(f"cannot fetch {addresses.shown(self.url)}: {reason}", hint=hint)

    def _reception(self) -> Reception:
        return Reception(self.url, self.part, self.most, self._progressed, storing, self.is_checked)

    def _progressed(self, _count: int, done: int, total: int) -> None:
        self.on_progress(done, total)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0
