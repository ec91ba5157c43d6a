"""HDF5 files written as h5py writes them by default, for readers since HDF5 1.6: groups, texts, arrays in one piece.

What stands where is settled first, then the structure is written, and then the arrays, block by block.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from workflow.models.hdf5.file_bytes import UNDEFINED, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    Blocks = Callable[[], Iterable[memoryview]]

TYPES: Mapping[str, bytes] = {
    "float32": bytes.fromhex("11201f000400000000002000170800177f000000"),
    "int32": bytes.fromhex("100800000400000000002000"),
    "bool": bytes.fromhex("180200000100000010080000010000000000080046414c5345000000545255450000000000010000"),
}
"""The datatype message of each dtype; a bool is h5py's: an enumeration of FALSE and TRUE."""

SIZES = {"float32": 4, "int32": 4, "bool": 1}
_TEXT = bytes.fromhex("190101001000000010000000010000000000080000000000")  # UTF-8 of variable length
_TEXTS = "13010000"  # texts of one length, filled up with zeros; the length follows
_SIGNATURE = bytes.fromhex("894844460d0a1a0a0000000000080800") + struct.pack("<HHI", 4, 16, 0)
_FILLING = bytes.fromhex("0202020100000000")
_SUPERBLOCK_BYTES = 96
_PREFIX_BYTES = 16
_LARGEST_MESSAGE = 65_528
_SMALLEST_HEAP = 4096
_SPACE, _TYPE, _FILL, _LAYOUT, _ATTRIBUTE, _SYMBOLS = 0x01, 0x03, 0x05, 0x08, 0x0C, 0x11
_CONSTANT = 1


class NewData:
    """An array to be written; ``blocks`` gives its bytes when their turn comes."""

    def __init__(self, shape: tuple[int, ...], dtype: str, blocks: Blocks) -> None:
        self.shape = shape
        self.dtype = dtype
        self.blocks = blocks

    @property
    def size(self) -> int:
        """Its bytes."""
        return math.prod(self.shape) * SIZES[self.dtype]


class NewGroup:
    """A group to be written: attributes, which are texts or lists of them, and members by name.

    The same object may be a member of several groups.
    """

    def __init__(self, attrs: Mapping[str, str | list[bytes]] | None = None) -> None:
        self.attrs = dict(attrs or {})
        self.members: dict[str, NewGroup | NewData] = {}

    def group(self, path: str) -> NewGroup:
        """Return the group at a path, made with those above it where it is not there; raises ``ValueError``."""
        here = self
        for part in path.split("/"):
            found = here.members.get(part)
            if found is None:
                here.put(part, found := NewGroup())
            if not isinstance(found, NewGroup):
                raise ValueError(f"{part!r} in {path!r} is an array already")  # noqa: TRY004  no matter of types
            here = found
        return here

    def add(self, path: str, data: NewData) -> None:
        """Add an array at a path; raises ``ValueError`` where something is there already."""
        head, _, name = path.rpartition("/")
        holder = self.group(head) if head else self
        holder.put(name, data)

    def put(self, name: str, member: NewGroup | NewData) -> None:
        """Add a member, which may be one of another group too; raises ``ValueError`` where there is one already."""
        if not name or name in self.members or "\0" in name or name == ".":
            raise ValueError(f"a group cannot hold {name!r}, or not twice")
        self.members[name] = member


def write_file(path: Path, root: NewGroup) -> None:
    """Write a file; raises ``ValueError`` for what HDF5 cannot hold, and ``OSError``."""
    plan = _Plan()
    root_place = plan.place(root)
    end = plan.end
    with path.open("xb") as file:
        file.write(_SIGNATURE + struct.pack("<QQQQ", 0, UNDEFINED, end, UNDEFINED))
        file.write(struct.pack("<QQII16x", 0, root_place, 0, 0))
        for part in plan.parts:
            if isinstance(part, NewData):
                written = sum(map(file.write, part.blocks()))
                if written != part.size:
                    raise ValueError(f"{written} bytes came for an array of {part.size}")
                file.write(bytes(-written % 8))
            else:
                file.write(part)


class _Plan:
    """Where everything goes: pieces of the structure and arrays, one behind the other, each at an eighth byte."""

    def __init__(self) -> None:
        self.end = _SUPERBLOCK_BYTES
        self.parts: list[bytes | NewData] = []
        self._placed: dict[int, int] = {}
        self._links: dict[int, int] = {}

    def place(self, root: NewGroup) -> int:
        """Place a group with all below it, and return where its header is."""
        for node in _inner_first(root):
            for member in node.members.values() if isinstance(node, NewGroup) else ():
                self._links[id(member)] = self._links.get(id(member), 0) + 1
        for node in _inner_first(root):
            messages = self._of_group(node) if isinstance(node, NewGroup) else self._of_data(node)
            self._placed[id(node)] = self._header(messages, links=self._links.get(id(node), 1))
        return self._placed[id(root)]

    def _of_group(self, group: NewGroup) -> list[tuple[int, int, bytes]]:
        places = {name.encode(): self._placed[id(member)] for name, member in group.members.items()}
        heap, tree = tree_of(places, self._piece)
        attributes = [(_ATTRIBUTE, 0, self._attribute(name, value)) for name, value in group.attrs.items()]
        return [(_SYMBOLS, 0, struct.pack("<QQ", tree, heap)), *attributes]

    def _of_data(self, data: NewData) -> list[tuple[int, int, bytes]]:
        place = UNDEFINED
        if data.size:
            place = self._room(data.size)
            self.parts.append(data)
        layout = struct.pack("<BBQQ", 3, 1, place, data.size)
        return [
            (_SPACE, 0, _space(data.shape, growing=True)),
            (_TYPE, _CONSTANT, TYPES[data.dtype]),
            (_FILL, _CONSTANT, _FILLING),
            (_LAYOUT, 0, layout),
        ]

    def _header(self, messages: list[tuple[int, int, bytes]], *, links: int) -> int:
        body = b""
        for kind, flags, raw in messages:
            padded = _padded(raw)
            if len(padded) > _LARGEST_MESSAGE:
                raise ValueError(f"an attribute takes {len(padded)} bytes, and 64 kB are the most")
            body += struct.pack("<HHB3x", kind, len(padded), flags) + padded
        return self._piece(struct.pack("<BBHII4x", 1, 0, len(messages), links, len(body)) + body)

    def _attribute(self, name: str, value: str | list[bytes]) -> bytes:
        raw_name = name.encode() + b"\0"
        if isinstance(value, str):
            kind, space, content = _TEXT, _space(()), self._text(value)
        else:
            width = max((len(text) for text in value), default=1) or 1
            kind = bytes.fromhex(_TEXTS) + struct.pack("<I", width)
            space, content = _space((len(value),)), b"".join(text.ljust(width, b"\0") for text in value)
        sizes = struct.pack("<HHH", len(raw_name), 20 if kind is _TEXT else len(kind), len(space))
        return b"\1\0" + sizes + _padded(raw_name) + _padded(kind) + space + content

    def _text(self, value: str) -> bytes:
        """Place a text in a heap of its own, and return what points to it."""
        raw = value.encode()
        used = 2 * _PREFIX_BYTES + len(_padded(raw))
        size = max(_SMALLEST_HEAP, used + _PREFIX_BYTES)
        heap = struct.pack("<4sB3xQ", b"GCOL", 1, size) + struct.pack("<HH4xQ", 1, 0, len(raw)) + _padded(raw)
        rest = struct.pack("<HH4xQ", 0, 0, size - used)
        return struct.pack("<IQI", len(raw), self._piece((heap + rest).ljust(size, b"\0")), 1)

    def _piece(self, raw: bytes) -> int:
        at = self._room(len(raw))
        self.parts.append(_padded(raw))
        return at

    def _room(self, size: int) -> int:
        at = self.end
        self.end += (size + 7) // 8 * 8
        return at


def _inner_first(root: NewGroup) -> Iterator[NewGroup | NewData]:
    """Yield every node once, a group after its members."""
    seen = {id(root)}
    waiting: list[tuple[NewGroup | NewData, bool]] = [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done or isinstance(node, NewData):
            yield node
            continue
        waiting.append((node, True))
        for member in reversed(list(node.members.values())):
            if id(member) not in seen:
                seen.add(id(member))
                waiting.append((member, False))


def _space(shape: tuple[int, ...], *, growing: bool = False) -> bytes:
    sizes = struct.pack(f"<{len(shape)}Q", *shape)
    limits = sizes if growing else b""  # h5py states that they are the largest, too
    return struct.pack("<BBB5x", 1, len(shape), int(bool(limits))) + sizes + limits


def _padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 8)
