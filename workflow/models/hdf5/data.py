"""What an HDF5 file holds, whoever reads it: groups with attributes, data sets, and what leads out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

Kind = Literal["group", "data", "soft link", "external link", "other"]


class DamagedError(Exception):
    """The bytes are not those of a sound HDF5 file; the text says what is wrong."""


class RefusedError(DamagedError):
    """Nobody need try to read this file any further: it is cut short, or claims more than it holds."""


class TruncatedError(RefusedError):
    """The file ends before its own end."""


class UnusualError(Exception):
    """The file uses what h5py does not write by itself; libhdf5 may well read it."""


class Data(Protocol):
    """One array. ``shape`` is None for one without room; ``dtype`` a numpy name, or words for what are no numbers."""

    @property
    def identity(self) -> int:
        """A number that is the same for the same array however it was come by."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its shape."""

    @property
    def dtype(self) -> str:
        """The dtype of its values, as ``<f4``."""

    @property
    def is_numeric(self) -> bool:
        """Whether it holds plain numbers, so that ``dtype`` is one of numpy's."""

    @property
    def leads_away(self) -> bool:
        """Whether its values are in another file."""

    @property
    def is_packed(self) -> bool:
        """Whether it lies in chunks, which may be compressed."""

    @property
    def room(self) -> int:
        """The bytes that the file holds for it."""

    def blocks(self) -> Iterator[memoryview]:
        """Yield the bytes of all values in pieces, each of which is valid until the next is asked for; raises so."""

    def read(self) -> NDArray[Any]:
        """Return all values; raises ``DamagedError`` when they cannot be read."""


class Found(NamedTuple):
    """What stands under a path: the last name of it that was looked for, what it is, and the group or array itself."""

    name: str
    kind: Kind | None
    group: Group | None = None
    data: Data | None = None


class Group(Protocol):
    """One group. Names come in the order of the file, which is that of their letters."""

    @property
    def name(self) -> str:
        """Its path from the root."""

    @property
    def identity(self) -> int:
        """A number that is the same for the same group however it was come by."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Its attributes; texts are ``str`` or ``bytes``, lists of them lists."""

    def __iter__(self) -> Iterator[str]:
        """Yield the names of its members."""

    def __len__(self) -> int:
        """Return the number of its members."""

    def kind(self, name: str) -> Kind | None:
        """Return what a member is, without following it; None where there is none."""

    def group(self, name: str) -> Group:
        """Return a member that is a group."""

    def data(self, name: str) -> Data:
        """Return a member that is an array."""

    def find(self, path: str) -> Found:
        """Return what stands under a path below the group; a link on the way is what is found."""

    def below(self) -> list[tuple[str, Found]]:
        """Return all that is no group below this one, by all of its names, each group gone into once."""
