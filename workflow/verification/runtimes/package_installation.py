"""Folders that are made once: under a lock, with a state file that is written last and says what must be there."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from workflow.base import locations, locks
from workflow.base.digests import file_digest
from workflow.base.storage import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.base.events import Listener

_STATE = ".tfjs-workflow.json"
_HASHES = ".tfjs-workflow-hashes.json"


@dataclass(frozen=True)
class Installation:
    """A folder below the tool's home, and patterns of the files that it is not complete without."""

    name: str
    needed: Sequence[str]

    @property
    def folder(self) -> Path:
        """Where it is, or will be."""
        return locations.home() / "runtimes" / self.name

    @property
    def log(self) -> Path:
        """What its making said."""
        return locations.home() / "logs" / f"runtimes-{self.name}.log"

    def is_complete(self) -> bool:
        """Return whether its making came to an end and the needed files still have the sizes that they had then."""
        try:
            sizes = json.loads((self.folder / _STATE).read_bytes())["sizes"]
            return bool(sizes) and all((self.folder / name).stat().st_size == size for name, size in sizes.items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False

    def seal(self) -> bool:
        """Write the state; False, and nothing is written, when a needed file is not there."""
        found = {pattern: sorted(self.folder.glob(pattern)) for pattern in self.needed}
        if not all(found.values()):
            return False
        sizes = {
            file.relative_to(self.folder).as_posix(): file.stat().st_size for files in found.values() for file in files
        }
        hashes = json.dumps(self.hashes(), indent=2)
        write_atomically(self.folder / _HASHES, hashes.encode())
        state = json.dumps({"format": 1, "sizes": sizes}, indent=2)
        write_atomically(self.folder / _STATE, state.encode())
        return True

    def hashes(self) -> dict[str, str]:
        """Return the sha256 of every file that is there now, by its name below the folder; but not of our own notes."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        named = {path.relative_to(self.folder).as_posix(): path for path in files}
        ours = [name for name in named if name.startswith(_STATE)]
        return {name: file_digest(path).sha256 for name, path in named.items() if name not in (*ours, _HASHES)}

    def kept_hashes(self) -> dict[str, str] | None:
        """Return the hashes of when it was made; None where none were kept."""
        try:
            return {str(name): str(sha256) for name, sha256 in json.loads((self.folder / _HASHES).read_bytes()).items()}
        except (OSError, ValueError, AttributeError):
            return None

    def distrust(self) -> None:
        """Have it count as incomplete, so that it is made anew when it is next needed."""
        (self.folder / _STATE).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete what is there, its state first, and make the folder empty."""
        (self.folder / _STATE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

    def held(self, listener: Listener) -> IO[bytes]:
        """Return the lock of this folder, held until it is closed; a process that died holds none."""
        return locks.held(
            locations.home() / "locks" / f"runtimes-{self.name}.lock",
            listener,
            waiting=lambda _: f"waiting for another process, which is installing {self.name}",
        )
