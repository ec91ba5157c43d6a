"""Object headers of the first version, as h5py writes them, and the groups and arrays that they describe."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workflow.models.hdf5 import attributes
from workflow.models.hdf5.attributes import Heaps
from workflow.models.hdf5.file_bytes import UNDEFINED, DamagedError, FoundMember, RefusedError, UnusualError, links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workflow.models.hdf5.attributes import RawAttribute
    from workflow.models.hdf5.file_bytes import FileBytes, Group, Kind

_PREFIX = struct.Struct("<BxHII4x")
_MESSAGE = struct.Struct("<HHBxxx")
_PREFIX_BYTES, _MESSAGE_BYTES = _PREFIX.size, _MESSAGE.size
_PAIR = struct.Struct("<QQ")
_SPACE, _TYPE, _LAYOUT, _ATTRIBUTE, _MORE, _SYMBOLS = 0x01, 0x03, 0x08, 0x0C, 0x10, 0x11
_EXTERNAL = 0x07
_INDIFFERENT = frozenset({0x00, 0x04, 0x05, 0x0B, 0x0D, 0x0E, 0x12, 0x13, 0x16})
"""Nothing, fill values, filters (of chunks, which another reader reads), comments, times, sizes of nodes, counts."""

_KNOWN = frozenset({_SPACE, _TYPE, _LAYOUT, _ATTRIBUTE, _MORE, _SYMBOLS, _EXTERNAL}) | _INDIFFERENT
_SHARED = 0x02
_MOST_BLOCKS = 1000
_MOST_OBJECTS = 200_000
_SMALL = 1 << 16
_LIKELY = 512
"""Bytes of most headers: more are read in a second piece."""
_LAYOUT_VERSION = 3
_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2


class File:
    """What all objects of one file need; each header is taken apart once."""

    def __init__(self, source: FileBytes, headers: dict[int, Header]) -> None:
        self.source = source
        self.heaps = Heaps(source)
        self.headers = headers

    def header(self, at: int) -> Header:
        """Return the header at an offset."""
        found = self.headers.get(at)
        if found is None:
            if len(self.headers) >= _MOST_OBJECTS:
                raise UnusualError("more objects than any model has")
            found = self.headers[at] = header(self.source, at)
        return found


class Header:
    """The messages of one object, by their types, and what they were found to say when somebody first asked."""

    def __init__(self, address: int, messages: Mapping[int, Sequence[bytes]]) -> None:
        self.address = address
        self.messages = messages
        self._links: dict[str, int | None] | None = None

    @cached_property
    def attributes(self) -> dict[str, RawAttribute]:
        """The object's attributes by name, unread."""
        return dict(map(attributes.attribute, self.messages.get(_ATTRIBUTE, ())))

    def links(self, source: FileBytes) -> dict[str, int | None]:
        """Return where the members of a group are; ``source`` is the file that the header is of."""
        if self._links is None:
            tree, heap = _PAIR.unpack_from(self.one(_SYMBOLS).ljust(_PAIR.size, b"\0"))
            self._links = links(source, tree, heap=heap)
        return self._links

    def one(self, kind: int) -> bytes:
        """Return the only message of a type; raises ``DamagedError`` where there is none, or more."""
        found = self.messages.get(kind, ())
        if len(found) != 1:
            raise DamagedError(f"the object at byte {self.address:,} has {len(found)} messages of type {kind}")
        return found[0]


def header(source: FileBytes, at: int) -> Header:
    """Read an object's header; raises ``UnusualError`` for one of another version, or with unknown messages."""
    first = source.some(at, least=_PREFIX_BYTES, most=_LIKELY)
    version, count, _, size = _PREFIX.unpack_from(first)
    if version != 1:
        raise UnusualError("an object header of another version")
    blocks = [(at + _PREFIX_BYTES, size)]
    found: dict[int, list[bytes]] = {}
    for number, (begin, length) in enumerate(blocks):
        if number > _MOST_BLOCKS:
            raise DamagedError(f"the header at byte {at:,} never ends")
        is_there = not number and _PREFIX_BYTES + length <= len(first)
        body = first[_PREFIX_BYTES : _PREFIX_BYTES + length] if is_there else source.piece(begin, length)
        count -= _collect(body, found, most=count)
        if count < 0:
            raise DamagedError(f"the header at byte {at:,} has more messages than it says")
        more = found.pop(_MORE, ())
        if any(len(body) < _PAIR.size for body in more):
            raise DamagedError("a header is cut short")
        blocks += [_PAIR.unpack_from(body) for body in more]
    return Header(at, found)


def _collect(block: bytes, found: dict[int, list[bytes]], *, most: int) -> int:
    """Note the messages in a part of a header by their types; return how many there are, or one more than ``most``."""
    at, end = 0, len(block) - _MESSAGE_BYTES
    count = 0
    while at <= end and count <= most:
        kind, size, flags = _MESSAGE.unpack_from(block, at)
        begin = at + _MESSAGE_BYTES
        at = begin + size
        if at > len(block):
            raise DamagedError("a message goes on beyond the end of its header")
        if kind not in _KNOWN or flags & _SHARED:
            raise UnusualError(f"a message of type {kind}")
        count += 1
        if kind not in _INDIFFERENT:
            found.setdefault(kind, []).append(block[begin:at])
    return count


class Attributes(Mapping[str, Any]):
    """The attributes of one object; their values are read when they are asked for."""

    def __init__(self, raw: Mapping[str, RawAttribute], heaps: Heaps) -> None:
        self._raw = raw
        self._heaps = heaps

    def require_known(self) -> None:
        """Raise ``UnusualError`` for a value of a kind that cannot be read here."""
        for found in self._raw.values():
            attributes.require_readable(found)

    def __getitem__(self, name: str) -> Any:
        return attributes.value(self._raw[name], self._heaps)

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class Walk:
    """How to come to what is below a group; see ``data.Group``."""

    def find(self: Group, path: str) -> FoundMember:
        """Return what stands under a path below the group; a link on the way is what is found."""
        found = FoundMember("", "group", self)
        for part in filter(None, path.split("/")):
            if found.group is None:
                return found._replace(kind=None, data=None) if found.data is not None else found
            found = _member(found.group, part)
        return found

    def below(self: Group) -> list[tuple[str, FoundMember]]:
        """Return all that is no group below this one, by all of its names, each group gone into once."""
        listed: list[tuple[str, FoundMember]] = []
        waiting, seen = [self], {self.identity}
        while waiting:
            group = waiting.pop()
            for name in group:
                found = _member(group, name)
                if found.group is None:
                    listed.append((f"{group.name.rstrip('/')}/{name}", found))
                elif found.group.identity not in seen:
                    seen.add(found.group.identity)
                    waiting.append(found.group)
        return listed


def _member(group: Group, name: str) -> FoundMember:
    kind = group.kind(name)
    if kind == "group":
        return FoundMember(name, kind, group=group.group(name))
    return FoundMember(name, kind, data=group.data(name)) if kind == "data" else FoundMember(name, kind)


class StoredGroup(Walk):
    """A group with a table of symbols; see ``data.Group``."""

    def __init__(self, file: File, found: Header, name: str) -> None:
        self._file = file
        self._header = found
        self._groups: dict[str, StoredGroup] = {}
        self._data: dict[str, StoredData] = {}
        self.name = name
        self.identity = found.address

    @cached_property
    def _links(self) -> dict[str, int | None]:
        return self._header.links(self._file.source)

    @property
    def file_size(self) -> int:
        """The bytes of the whole file."""
        return self._file.source.size

    @cached_property
    def attrs(self) -> Attributes:
        """Its attributes."""
        return Attributes(self._header.attributes, self._file.heaps)

    def __iter__(self) -> Iterator[str]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    def kind(self, name: str) -> Kind | None:
        """Return what a member is."""
        address = self._links.get(name, -1)
        if address is None:
            return "soft link"
        if address < 0:
            return None
        messages = self._file.header(address).messages
        return "group" if _SYMBOLS in messages else "data" if _LAYOUT in messages else "other"

    def group(self, name: str) -> StoredGroup:
        """Return a member that is a group."""
        found = self._groups.get(name)
        if found is None:
            found = StoredGroup(self._file, self._member(name), f"{self.name.rstrip('/')}/{name}")
            self._groups[name] = found
        return found

    def data(self, name: str) -> StoredData:
        """Return a member that is an array."""
        found = self._data.get(name)
        if found is None:
            found = self._data[name] = StoredData(self._file, self._member(name))
        return found

    def _member(self, name: str) -> Header:
        address = self._links[name]
        if address is None:
            raise KeyError(name)
        return self._file.header(address)


def require_known(root: StoredGroup) -> None:
    """Look at every object below a group; raises for what is not sound, and for what this reader does not know.

    Each object is looked at once, however many names it has; arrays that lie on top of each other are refused.
    """
    waiting, seen = [root], {root.identity}
    total = 0
    while waiting:
        group = waiting.pop()
        group.attrs.require_known()
        for name in group:
            kind = group.kind(name)
            if kind == "other":
                raise UnusualError("an object of another kind")
            if kind == "data":
                total += group.data(name).room
            elif kind == "group" and (inner := group.group(name)).identity not in seen:
                seen.add(inner.identity)
                waiting.append(inner)
    if total > root.file_size:
        raise RefusedError(f"its arrays claim {total:,} bytes, and it has {root.file_size:,}")


class StoredData:
    """An array in one piece; see ``data.Data``. Raises ``UnusualError`` for one in chunks."""

    is_packed = False

    def __init__(self, file: File, found: Header) -> None:
        self._file = file
        self.identity = found.address
        self._type = attributes.datatype(found.one(_TYPE))
        self.shape = attributes.shape_of(found.one(_SPACE))
        self.dtype, self.is_numeric = self._type.code, self._type.is_numeric
        self.leads_away = _EXTERNAL in found.messages
        self._place, self._inline, self.room = self._laid_out(found.one(_LAYOUT))

    def blocks(self) -> Iterator[memoryview]:
        """Return the bytes of all values in pieces; a small array is one, in room of its own."""
        count = self._count()
        if not 0 < count <= _SMALL:
            from workflow.models.byte_blocks import in_blocks  # noqa: PLC0415  for large arrays alone

            return in_blocks(count, self._fill)
        room = memoryview(bytearray(count))
        self._fill(0, room)
        return iter((room,))

    def read(self) -> NDArray[Any]:
        """Return all values."""
        import numpy as np  # noqa: PLC0415  only where numbers are computed with

        found = np.empty(self._count(), np.uint8)
        self._fill(0, found.data)
        return found.view(self.dtype).reshape(self.shape or ())

    def _count(self) -> int:
        if self.shape is None or not self.is_numeric:
            raise DamagedError(f"an array of {self.dtype} is read as numbers")
        return math.prod(self.shape) * self._type.size

    def _fill(self, begin: int, room: memoryview) -> None:
        """Read a part of the values."""
        if self._inline is None:
            self._file.source.fill(self._place + begin, room)
        elif begin + len(room) > len(self._inline):
            raise DamagedError("an array in a header is cut short")
        else:
            room[:] = self._inline[begin : begin + len(room)]

    def _laid_out(self, raw: bytes) -> tuple[int, bytes | None, int]:
        """Return where the values are, the values themselves where the header holds them, and their bytes."""
        raw = raw.ljust(18, b"\0")
        if raw[0] != _LAYOUT_VERSION or raw[1] not in (_COMPACT, _CONTIGUOUS):
            raise UnusualError("an array in chunks" if raw[1] == _CHUNKED else "an array of another layout")
        wanted = math.prod(self.shape or ()) * self._type.size
        if raw[1] == _COMPACT:
            size = int.from_bytes(raw[2:4], "little")
            return 0, raw[4 : 4 + size], min(size, len(raw) - 4)
        place, size = _PAIR.unpack_from(raw, 2)
        if place == UNDEFINED:
            return 0, None, 0
        if not self.leads_away:
            self._file.source.require(place, min(size, wanted))
        return place, None, size
