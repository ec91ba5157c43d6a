"""The pieces that HDF5 files are made of, each read at its bounds, and the words for a piece that is none."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import pytest

from workflow.models.hdf5 import attributes
from workflow.models.hdf5.attributes import Datatype, Heaps, RawAttribute
from workflow.models.hdf5.file_bytes import DamagedError, FileBytes, UnusualError, links, tree_of
from workflow.models.hdf5.file_writing import TYPES
from workflow.models.hdf5.objects import header

if TYPE_CHECKING:
    from collections.abc import Callable

Error = type[DamagedError] | type[UnusualError]


def refusal(act: Callable[[], object], kind: Error = DamagedError) -> str:
    with pytest.raises(kind) as caught:
        act()
    assert type(caught.value) is kind
    return str(caught.value)


class Room:
    """Bytes in which pieces are placed one behind the other."""

    def __init__(self) -> None:
        self.raw = bytearray(8)

    def piece(self, content: bytes) -> int:
        at = len(self.raw)
        self.raw += content
        return at

    def source(self) -> FileBytes:
        return FileBytes(io.BytesIO(bytes(self.raw)))


def group(count: int = 3) -> tuple[Room, int, int]:
    """Return a group of members called a0, a1..., its tree and its heap."""
    room = Room()
    heap, tree = tree_of({f"a{number}".encode(): 1000 + number for number in range(count)}, room.piece)
    return room, tree, heap


def test_the_members_of_a_group_are_found_in_their_order() -> None:
    for count in (0, 1, 8, 9, 300):
        room, tree, heap = group(count)
        wanted = dict(sorted((f"a{number}", 1000 + number) for number in range(count)))
        assert links(room.source(), tree, heap=heap) == wanted


def changed(at: int, new: bytes, *, of: str) -> str:
    """Return what is said of a group with some bytes of its heap, its tree or its symbols changed."""
    room, tree, heap = group()
    begin = {
        "heap": heap,
        "tree": tree,
        "symbols": bytes(room.raw).index(b"SNOD"),
        "names": bytes(room.raw).index(b"a0"),
    }
    place = begin[of] + at
    room.raw[place : place + len(new)] = new
    error: Error = UnusualError if new in (b"\xff", b"\x03") else DamagedError
    return refusal(lambda: links(room.source(), tree, heap=heap), error)


@pytest.mark.parametrize(
    ("of", "at", "new", "words"),
    [
        ("heap", 0, b"heap", "the names of a group are not where they should be"),
        ("heap", 4, b"\1", "the names of a group are not where they should be"),
        ("tree", 0, b"tree", "the tree of a group is not where it should be"),
        ("tree", 4, b"\1", "the tree of a group is not where it should be"),
        ("tree", 5, b"\x20", "the tree of a group is too deep"),
        ("symbols", 0, b"snod", "the symbols of a group are not where they should be"),
        ("symbols", 4, b"\2", "the symbols of a group are not where they should be"),
        ("symbols", 8 + 16, b"\x03", "a symbol of another kind"),
        ("symbols", 8, struct.pack("<Q", 1 << 20), "a name in a group has no end"),
        ("names", 0, b"\xff", "a name that is not UTF-8"),
        ("names", 0, b"a1", "a group holds 'a1' twice, or cannot hold it"),
        ("names", 0, b"/", "a group holds '/0' twice, or cannot hold it"),
        ("names", 0, b"\0", "a group holds '' twice, or cannot hold it"),
    ],
)
def test_a_group_that_is_none_is_refused_by_what_is_wrong(of: str, at: int, new: bytes, words: str) -> None:
    assert changed(at, new, of=of) == words


def test_a_soft_link_is_told_as_one() -> None:
    room, tree, heap = group()
    place = bytes(room.raw).index(b"SNOD") + 8 + 16
    room.raw[place] = 2
    assert links(room.source(), tree, heap=heap) == {"a0": None, "a1": 1001, "a2": 1002}


def test_a_tree_that_holds_itself_is_refused() -> None:
    room, tree, heap = group(300)
    for number in range(2):
        place = tree + 24 + 8 + 16 * number
        room.raw[place : place + 8] = struct.pack("<Q", tree)
    assert refusal(lambda: links(room.source(), tree, heap=heap)) == "the tree of a group holds itself"


def test_bytes_are_read_up_to_the_end_of_the_file() -> None:
    content = bytes(range(256)) * 1024
    source = FileBytes(io.BytesIO(content))
    for at, count in ((0, 10), (65_530, 12), (65_536, 65_536), (1000, 200_000), (len(content) - 3, 3), (5, 0)):
        assert source.piece(at, count) == content[at : at + count]
    room = bytearray(200_000)
    source.fill(7, memoryview(room))
    assert room == content[7:200_007]
    assert source.some(len(content) - 30, least=16, most=512) == content[-30:]
    size = len(content)
    for act in (lambda: source.piece(size - 3, 4), lambda: source.fill(size - 3, memoryview(bytearray(4)))):
        assert refusal(act) == f"its structure points to byte {size + 1:,}, and it ends at {size:,}"
    assert refusal(lambda: source.some(size - 15, least=16, most=512)).startswith("its structure points to byte")
    assert refusal(lambda: source.piece(0, (64 << 20) + 1)) == "a piece of its structure takes 67,108,865 bytes"


def test_a_file_that_becomes_shorter_is_noticed() -> None:
    class Short(io.BytesIO):
        """Says that it is longer than it is."""

        def seek(self, at: int, whence: int = 0, /) -> int:
            return super().seek(at, whence) + (1000 if whence == io.SEEK_END else 0)

    source = FileBytes(Short(bytes(10)))
    assert refusal(lambda: source.fill(0, memoryview(bytearray(11)))) == "it became shorter while it was read"
    assert refusal(lambda: source.piece(0, 11)) == "it became shorter while it was read"


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("<HHBxxx", kind, len(body), flags) + body


def headed(*messages: bytes, count: int | None = None, version: int = 1, more: bytes = b"") -> FileBytes:
    body = b"".join(messages)
    prefix = struct.pack("<BxHII4x", version, len(messages) if count is None else count, 1, len(body))
    return FileBytes(io.BytesIO(prefix + body + more))


def test_a_header_is_its_messages_by_their_types() -> None:
    found = header(headed(message(1, b"space"), message(12, b"one"), message(12, b"two"), message(5, b"fill")), 0)
    assert found.messages == {1: [b"space"], 12: [b"one", b"two"]}
    assert (found.address, found.one(1)) == (0, b"space")
    assert refusal(lambda: found.one(12)) == "the object at byte 0 has 2 messages of type 12"
    assert refusal(lambda: found.one(17)) == "the object at byte 0 has 0 messages of type 17"


def test_a_header_goes_on_elsewhere() -> None:
    further = message(12, b"more")
    first = [message(12, b"one"), message(16, struct.pack("<QQ", 16 + 11 + 24, len(further)))]
    assert header(headed(*first, count=3, more=further), 0).messages == {12: [b"one", b"more"]}
    assert refusal(lambda: header(headed(*first, count=2, more=further), 0)) == (
        "the header at byte 0 has more messages than it says"
    )
    again = message(16, struct.pack("<QQ", 16, 24))
    assert refusal(lambda: header(headed(again, count=60_000), 0)) == "the header at byte 0 never ends"


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        (headed(version=2), UnusualError, "an object header of another version"),
        (headed(message(2, b"")), UnusualError, "a message of type 2"),
        (headed(message(1, b"", flags=2)), UnusualError, "a message of type 1"),
        (headed(message(16, b"short")), DamagedError, "a header is cut short"),
        (
            headed(message(1, b"")[:3] + b"\x01" + message(1, b"")[4:]),
            DamagedError,
            "a message goes on beyond the end of its header",
        ),
        (
            headed(message(1, b""), message(1, b""), count=1),
            DamagedError,
            "the header at byte 0 has more messages than it says",
        ),
    ],
)
def test_a_header_that_is_none_is_refused(source: FileBytes, kind: Error, words: str) -> None:
    assert refusal(lambda: header(source, 0), kind) == words


def heap(*entries: tuple[int, bytes], size: int = 4096, signature: bytes = b"GCOL", version: int = 1) -> FileBytes:
    body = b"".join(
        struct.pack("<HH4xQ", index, 1, len(text)) + text + bytes(-len(text) % 8) for index, text in entries
    )
    return FileBytes(io.BytesIO((struct.pack("<4sB3xQ", signature, version, size) + body).ljust(size, b"\0")))


def test_texts_lie_in_heaps() -> None:
    heaps = Heaps(heap((1, b"one"), (7, b"seven of them"), (3, b"")))
    assert [heaps.text(0, index) for index in (1, 7, 3)] == [b"one", b"seven of them", b""]
    assert refusal(lambda: heaps.text(0, 2)) == "a text is not in the heap that should hold it"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (heap(signature=b"gcol"), "a heap of texts is not where it should be"),
        (heap(version=2), "a heap of texts is not where it should be"),
        (heap((1, b"x" * 24), size=32), "a heap of texts holds more than it has room for"),
        (heap((1, b"x"), (1, b"y")), "a heap of texts holds more than it has room for"),
    ],
)
def test_a_heap_that_is_none_is_refused(source: FileBytes, words: str) -> None:
    assert refusal(lambda: Heaps(source).text(0, 1)) == words


INT = TYPES["int32"]
FLOAT = TYPES["float32"]


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (INT, Datatype("<i4", 4, is_numeric=True)),
        (FLOAT, Datatype("<f4", 4, is_numeric=True)),
        (TYPES["bool"], Datatype("|b1", 1, is_numeric=True)),
        (INT[:1] + b"\x09" + INT[2:], Datatype(">i4", 4, is_numeric=True)),
        (INT[:1] + b"\x00" + INT[2:], Datatype("<u4", 4, is_numeric=True)),
        (FLOAT[:1] + b"\x21" + FLOAT[2:], Datatype(">f4", 4, is_numeric=True)),
        (bytes.fromhex("130100000a000000"), Datatype("text", 10)),
        (bytes.fromhex("1901010010000000"), Datatype("variable text", 16)),
        (bytes.fromhex("1900000010000000"), Datatype("a list of variable length", 16)),
        *(
            (bytes([0x10 | kind]) + bytes.fromhex("00000004000000"), Datatype(words, 4))
            for kind, words in (
                (2, "a time"),
                (4, "a bit field"),
                (5, "opaque bytes"),
                (6, "a compound"),
                (7, "a reference"),
                (8, "an enumeration"),
                (10, "an array"),
                (11, "something unknown"),
            )
        ),
    ],
)
def test_a_description_of_values_is_read(raw: bytes, wanted: Datatype) -> None:
    assert attributes.datatype(raw) == wanted


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (INT[:7], DamagedError, "a description of values is cut short"),
        (INT[:11], DamagedError, "a description of values is cut short"),
        (FLOAT[:19], DamagedError, "a description of values is cut short"),
        (b"\x40" + INT[1:], UnusualError, "a datatype of another version"),
        (b"\x00" + INT[1:], UnusualError, "a datatype of another version"),
        (INT[:4] + b"\0" + INT[5:], UnusualError, "a datatype of another version"),
        (INT[:4] + b"\3" + INT[5:], UnusualError, "whole numbers of another width"),
        (INT[:10] + b"\x1f" + INT[11:], UnusualError, "whole numbers of another width"),
        (INT[:1] + b"\x0a" + INT[2:], UnusualError, "whole numbers of another width"),
        (FLOAT[:2] + b"\x1e" + FLOAT[3:], UnusualError, "floats of another layout"),
        (FLOAT[:1] + b"\x00" + FLOAT[2:], UnusualError, "floats of another layout"),
        (FLOAT[:-4] + b"\x7e" + FLOAT[-3:], UnusualError, "floats of another layout"),
    ],
)
def test_a_description_that_is_none_is_refused(raw: bytes, kind: Error, words: str) -> None:
    assert refusal(lambda: attributes.datatype(raw), kind) == words


def space(*sizes: int, version: int = 1, flags: int = 0, fourth: int = 0) -> bytes:
    head = struct.pack("<BBBB", version, len(sizes), flags, fourth)
    return head + (bytes(4) if version == 1 else b"") + struct.pack(f"<{len(sizes)}Q", *sizes)


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        (space(), ()),
        (space(2, 3), (2, 3)),
        (space(2, 3, version=2, fourth=1), (2, 3)),
        (space(version=2, fourth=2), None),
        (space(2, flags=1) + bytes(8), (2,)),
        (space(*[1] * 32), (1,) * 32),
        (space(1 << 48), (1 << 48,)),
        (space(0, 1 << 48), (0, 1 << 48)),
    ],
)
def test_a_shape_is_read(raw: bytes, shape: tuple[int, ...] | None) -> None:
    assert attributes.shape_of(raw) == shape


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        (space()[:3], DamagedError, "a description of values is cut short"),
        (space(2, 3)[:-1], DamagedError, "a description of values is cut short"),
        (space(version=3), UnusualError, "a dataspace of another version"),
        (space(*[1] * 33), UnusualError, "a dataspace of another version"),
        (space(2, flags=2), UnusualError, "a dataspace of another version"),
        (space(1 << 47, 3), DamagedError, f"an array claims the shape {(1 << 47, 3)}"),
    ],
)
def test_a_shape_that_is_none_is_refused(raw: bytes, kind: Error, words: str) -> None:
    assert refusal(lambda: attributes.shape_of(raw), kind) == words


NOTHING = Heaps(FileBytes(io.BytesIO(b"")))


def raw_attribute(kind: Datatype, shape: tuple[int, ...] | None, raw: bytes) -> RawAttribute:
    return RawAttribute(kind, shape, raw)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (raw_attribute(attributes.datatype(INT), (2,), struct.pack("<2i", 3, -4)), [3, -4]),
        (raw_attribute(attributes.datatype(INT), (), struct.pack("<i", 3)), 3),
        (raw_attribute(attributes.datatype(FLOAT), (1,), struct.pack("<f", 0.5)), [0.5]),
        (raw_attribute(attributes.datatype(TYPES["bool"]), (2,), b"\1\0"), [True, False]),
        (raw_attribute(Datatype("text", 3), (2,), b"a\0\0bcd"), [b"a", b"bcd"]),
        (raw_attribute(Datatype("variable text", 16), (), bytes(16)), ""),
        (raw_attribute(Datatype("text", 3), None, b""), []),
        (raw_attribute(Datatype("text", 3), (0,), b""), []),
    ],
)
def test_the_value_of_an_attribute_is_read(found: RawAttribute, wanted: Any) -> None:
    attributes.require_readable(found)
    assert attributes.value(found, NOTHING) == wanted


def test_an_attribute_that_is_none_is_refused() -> None:
    claim = raw_attribute(attributes.datatype(INT), (3,), bytes(11))
    assert refusal(lambda: attributes.value(claim, NOTHING)) == "an attribute claims 3 values, and has 11 bytes"
    odd = raw_attribute(Datatype("a compound", 4), (), bytes(4))
    for act in (lambda: attributes.value(odd, NOTHING), lambda: attributes.require_readable(odd)):
        assert refusal(act, UnusualError) == "an attribute of a compound"
    wide = raw_attribute(Datatype("variable text", 12), (), bytes(12))
    assert refusal(lambda: attributes.require_readable(wide), UnusualError) == "an attribute of variable text"
    heaps = Heaps(heap((1, b"abc")))
    pointed = raw_attribute(Datatype("variable text", 16), (), struct.pack("<IQI", 3, 0, 1))
    assert attributes.value(pointed, heaps) == "abc"
    long = raw_attribute(Datatype("variable text", 16), (), struct.pack("<IQI", 4, 0, 1))
    assert refusal(lambda: attributes.value(long, heaps)) == "a text is longer than its place in the heap"
    assert refusal(lambda: attributes.attribute(bytes(7))) == "an attribute is cut short"
    assert refusal(lambda: attributes.attribute(b"\4" + bytes(9)), UnusualError) == "an attribute of another version"
    assert refusal(lambda: attributes.attribute(b"\2\1" + bytes(9)), UnusualError) == "an attribute of another version"
