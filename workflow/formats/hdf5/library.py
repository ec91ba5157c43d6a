"""HDF5 files by libhdf5: what our own reader does not know, and only after a process of its own has survived it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow import scratch
from workflow.formats.hdf5.model import DamagedError
from workflow.processes import CommandTimeoutError, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

    from numpy.typing import NDArray

    from workflow.formats.hdf5.model import Kind

_SECONDS = 20.0
_BYTES_PER_SECOND = 20 << 20  # what unpacking takes at worst
_PACKAGES = Path(__file__).resolve().parents[3]
_REFUSALS = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError)
_KINDS = "fiub"


@contextlib.contextmanager
def opened_by_library(file: BufferedIOBase) -> Iterator[LibraryGroup]:
    """Yield the root group of the HDF5 file in a binary file; raises ``DamagedError`` if libhdf5 cannot read it."""
    import h5py  # noqa: PLC0415  brings numpy, and is rarely needed

    with _on_disk(file) as path:
        _probe(path)
        try:
            with h5py.File(path, "r") as root:
                yield LibraryGroup(root)
        except _REFUSALS as error:
            raise DamagedError(str(error)) from error


@contextlib.contextmanager
def _on_disk(file: BufferedIOBase) -> Iterator[Path]:
    """Yield a path of these bytes: their own, or that of a copy where they lie inside another file."""
    own = getattr(file, "name", None)
    if isinstance(own, str) and Path(own).is_file():
        yield Path(own)
        return
    with scratch.folder("hdf5") as folder:
        path = folder / "model.weights.h5"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        yield path


def _probe(path: Path) -> None:
    searched = os.pathsep.join([str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    limit = _SECONDS + path.stat().st_size / _BYTES_PER_SECOND
    argv = [sys.executable, "-m", f"{__package__}.probe", str(path)]
    try:
        done = run(argv, env={**os.environ, "PYTHONPATH": searched}, timeout=limit)
    except CommandTimeoutError:
        raise DamagedError(f"libhdf5 did not come to an end with it in {limit:.0f} seconds") from None
    if done.code < 0:
        raise DamagedError(f"libhdf5 crashes on it ({signal.Signals(-done.code).name})")
    if done.code != 0:
        raise DamagedError(done.stderr.strip()[-2000:] or f"libhdf5 gave up on it ({done.code})")


class LibraryAttributes(Mapping[str, Any]):
    """The attributes of one object as h5py has them, lists as plain ones."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Any:
        value = self._found[name]
        if isinstance(value, str | bytes):
            return value
        if getattr(value, "shape", None) is None:
            return []
        return value.reshape(-1).tolist() if value.shape else value.item()

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class LibraryGroup:
    """A group as h5py has it; see ``model.Group``."""

    def __init__(self, group: Any) -> None:
        self._group = group

    @property
    def name(self) -> str:
        """Its path from the root."""
        return str(self._group.name)

    @property
    def identity(self) -> int:
        """The offset of its header."""
        import h5py  # noqa: PLC0415  as above

        address: int = h5py.h5o.get_info(self._group.id).addr
        return address

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Its attributes."""
        return LibraryAttributes(self._group.attrs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)

    def kind(self, name: str) -> Kind | None:
        """Return what a member is."""
        import h5py  # noqa: PLC0415  as above

        link = self._group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            return "external link" if isinstance(link, h5py.ExternalLink) else "soft link"
        found = self._group.get(name, getclass=True)
        return "group" if found is h5py.Group else "data" if found is h5py.Dataset else "other"

    def group(self, name: str) -> LibraryGroup:
        """Return a member that is a group."""
        return LibraryGroup(self._group[name])

    def data(self, name: str) -> LibraryData:
        """Return a member that is an array."""
        return LibraryData(self._group[name])


class LibraryData:
    """An array as h5py has it; see ``model.Data``."""

    def __init__(self, data: Any) -> None:
        self._data = data

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its shape."""
        return None if self._data.shape is None else tuple(self._data.shape)

    @property
    def dtype(self) -> str:
        """The dtype of its values."""
        return str(self._data.dtype.str if self.is_numeric else self._data.dtype)

    @property
    def is_numeric(self) -> bool:
        """Whether it holds plain numbers."""
        return self._data.dtype.kind in _KINDS

    @property
    def leads_away(self) -> bool:
        """Whether its values are in another file."""
        return bool(self._data.is_virtual or self._data.external)

    @property
    def is_packed(self) -> bool:
        """Whether it lies in chunks."""
        return self._data.chunks is not None

    @property
    def room(self) -> int:
        """The bytes that the file holds for it."""
        return int(self._data.id.get_storage_size())

    def blocks(self) -> Iterator[memoryview]:
        """Yield the bytes of all values in one piece."""
        found = self.read()
        if found.size:
            yield found.reshape(-1).view("u1").data

    def read(self) -> NDArray[Any]:
        """Return all values."""
        try:
            found: NDArray[Any] = self._data[()]
        except _REFUSALS as error:
            raise DamagedError(str(error)) from error
        return found
