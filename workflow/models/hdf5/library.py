"""HDF5 files that our own reader does not know: libhdf5 rewrites them, in a process of its own behind a wall.

Nothing of a stranger's file is opened by libhdf5 in this process. What the other one leaves is read by our own reader.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import scratch
from workflow.base.processes import CommandTimeoutError, run
from workflow.models.hdf5 import rewriting
from workflow.models.hdf5.file_bytes import DamagedError
from workflow.models.hdf5.objects import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from io import BufferedIOBase

    from numpy.typing import NDArray

    from workflow.models.hdf5.file_bytes import Data, Group, Kind

_SECONDS = 8.0
_BYTES_PER_SECOND = 20 << 20  # what unpacking takes at worst
_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
"""What Python and numpy may need to start; not where libhdf5 would look for plug-ins."""
_WITHOUT_PLUGINS = {"HDF5_PLUGIN_PRELOAD": "::"}
"""What keeps libhdf5 from loading filters that a file asks for."""

_PROGRAM = Path(rewriting.__file__).resolve()
_LINKS: tuple[Kind, ...] = ("soft link", "external link", "other")
Facts = dict[str, Any]

_endless: set[tuple[int, ...]] = set()
"""Files, as they stood, on which libhdf5 did not come to an end: a command looks at its model several times."""


@contextlib.contextmanager
def opened_by_library(file: BufferedIOBase, read: Callable[[BufferedIOBase], Group]) -> Iterator[LibraryGroup]:
    """Yield the root group of the HDF5 file in a binary file; raises ``DamagedError`` if libhdf5 cannot read it.

    ``read`` is our own reader, which returns the root group of what libhdf5 has written.
    """
    with _on_disk(file) as path, scratch.folder("hdf5") as folder:
        (folder / "made").mkdir()
        facts = _rewritten(path, folder / "made")
        with (folder / "made" / rewriting.PLAIN).open("rb") as plain:
            yield LibraryGroup(read(plain), facts)


@contextlib.contextmanager
def _on_disk(file: BufferedIOBase) -> Iterator[Path]:
    """Yield a path of these bytes: their own, or that of a copy where they lie inside another file."""
    own = getattr(file, "name", None)
    if isinstance(own, str) and Path(own).is_file():
        yield Path(own).resolve()
        return
    with scratch.folder("hdf5") as folder:
        path = folder / "model.weights.h5"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        yield path


def _rewritten(path: Path, folder: Path) -> Facts:
    """Let the other process rewrite a file, and return the facts; raises ``DamagedError``."""
    found = path.stat()
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    limit = _SECONDS + found.st_size / _BYTES_PER_SECOND
    no_end = f"libhdf5 did not come to an end with it in {limit:.0f} seconds"
    if state in _endless:
        raise DamagedError(no_end)
    argv = [sys.executable, "-I", "-X", "utf8", str(_PROGRAM), str(path), str(folder)]
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ} | _WITHOUT_PLUGINS
    try:
        done = run(argv, env=variables, cwd=folder, timeout=limit)
    except CommandTimeoutError:
        _endless.add(state)
        raise DamagedError(no_end) from None
    if done.code < 0:
        raise DamagedError(f"libhdf5 crashes on it ({signal.Signals(-done.code).name})")
    if done.code != 0:
        raise DamagedError(done.stderr.strip()[-2000:] or f"libhdf5 gave up on it ({done.code})")
    made = [folder / name for name in (rewriting.PLAIN, rewriting.FACTS)]
    if any(file.is_symlink() or not file.is_file() for file in made):
        raise DamagedError("libhdf5 did something else than to read it")
    return _facts(made[1])


def _facts(file: Path) -> Facts:
    """Return the facts in a file with every field as it should be; raises ``DamagedError``."""
    try:
        found = json.loads(file.read_bytes())
        arrays = {
            int(at): {
                "shape": None if fact["shape"] is None else tuple(map(int, fact["shape"])),
                "dtype": str(fact["dtype"]),
                **{name: bool(fact[name]) for name in ("is_numeric", "leads_away", "is_packed")},
                "room": int(fact["room"]),
            }
            for at, fact in found["arrays"].items()
        }
        links = {
            int(at): {str(name): _LINKS[_LINKS.index(kind)] for name, kind in named.items()}
            for at, named in found["links"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"libhdf5 did something else than to read it: {error!r}") from None
    return {"arrays": arrays, "links": links}


class LibraryGroup(Walk):
    """A group of a rewritten file; see ``data.Group``."""

    def __init__(self, group: Group, facts: Facts) -> None:
        self._group = group
        self._facts = facts

    @property
    def name(self) -> str:
        """Its path from the root."""
        return self._group.name

    @property
    def identity(self) -> int:
        """The offset of its header in the rewritten file."""
        return self._group.identity

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Its attributes."""
        return self._group.attrs

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)

    def kind(self, name: str) -> Kind | None:
        """Return what a member is."""
        told: dict[str, Kind] = self._facts["links"].get(self.identity, {})
        return told.get(name) or self._group.kind(name)

    def group(self, name: str) -> LibraryGroup:
        """Return a member that is a group."""
        return LibraryGroup(self._group.group(name), self._facts)

    def data(self, name: str) -> LibraryData:
        """Return a member that is an array."""
        return LibraryData(self._group.data(name), self._facts["arrays"])


class LibraryData:
    """An array of a rewritten file, told as it was in the other; see ``data.Data``."""

    def __init__(self, data: Data, arrays: Mapping[int, Facts]) -> None:
        told = arrays.get(data.identity)
        if told is None:
            raise DamagedError("an array of which nothing is told")
        self._data = data
        self.identity = data.identity
        self.shape: tuple[int, ...] | None = told["shape"]
        self.dtype: str = told["dtype"]
        self.is_numeric: bool = told["is_numeric"]
        self.leads_away: bool = told["leads_away"]
        self.is_packed: bool = told["is_packed"]
        self.room: int = told["room"]

    def blocks(self) -> Iterator[memoryview]:
        """Yield the bytes of all values in pieces."""
        return self._written().blocks()

    def read(self) -> NDArray[Any]:
        """Return all values."""
        return self._written().read()

    def _written(self) -> Data:
        if (self._data.shape, self._data.dtype) != (self.shape, self.dtype):
            raise DamagedError("its values are in another file, or there are none")
        return self._data
