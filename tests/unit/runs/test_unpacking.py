"""Archives that somebody else made: what is sound comes out as it is, and nothing leads out or has no end."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from workflow.runs import unpacking
from workflow.runs.unpacking import Room, UnpackError, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOM = Room(most_bytes=200_000, most_members=20)


def archive_of(*members: tuple[tarfile.TarInfo, bytes], packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if packed else "w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


def unpacked(content: bytes, folder: Path, room: Room = ROOM) -> dict[str, bytes]:
    """Unpack into ``folder/in`` and return every file below ``folder`` that is there afterwards."""
    archive = folder / "archive"
    archive.write_bytes(content)
    (folder / "in").mkdir(exist_ok=True)
    unpack(archive, folder / "in", room=room)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("packed", [True, False])
def test_files_and_folders_come_out_as_they_are(tmp_path: Path, *, packed: bool) -> None:
    folder = special("./variables/", tarfile.DIRTYPE)
    long = "deep/" * 40 + "n" * 150
    members = (folder, file("./saved_model.pb", b"graph"), file("variables/a b", b"1" * 3000), file(long, b"2"))
    found = unpacked(archive_of(*members, packed=packed), tmp_path)
    del found["archive"]
    assert found == {"in/saved_model.pb": b"graph", "in/variables/a b": b"1" * 3000, f"in/{long}": b"2"}


BAD = {
    "climbs": (file("../out"),),
    "climbs inside": (file("a/../../out"),),
    "absolute": (file("/tmp/out"),),  # noqa: S108  nothing is written there, which is the point
    "backslashes": (file("..\\out"),),
    "drive": (file("C:/out"),),
    "symlink": (special("link", tarfile.SYMTYPE, ".."), file("link/out")),
    "symlink to nowhere": (special("link", tarfile.SYMTYPE, "../out"),),
    "hard link": (file("a"), special("b", tarfile.LNKTYPE, "a")),
    "hard link out": (special("b", tarfile.LNKTYPE, "/etc/passwd"),),
    "device": (special("null", tarfile.CHRTYPE),),
    "block device": (special("disk", tarfile.BLKTYPE),),
    "pipe": (special("pipe", tarfile.FIFOTYPE),),
    "twice": (file("a", b"1"), file("a", b"2")),
    "twice in other words": (file("a", b"1"), file("./a", b"2")),
    "below a file": (file("a", b"1"), file("a/b", b"2")),
    "a folder's place": (file("."),),
    "too many": tuple(file(f"f{number}") for number in range(30)),
    "too large": (file("large", b"\0" * 300_000),),
    "large in pieces": tuple(file(f"f{number}", b"\0" * 30_000) for number in range(15)),
    "too deep": (file("a/" * 100 + "b"),),
    "nothing": (),
}


@pytest.mark.parametrize("kind", BAD)
def test_nothing_else_comes_out_of_an_archive(tmp_path: Path, kind: str) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(UnpackError):
        unpacked(archive_of(*BAD[kind]), tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert {path.name for path in (tmp_path / "x").iterdir()} == {"archive", "in"}
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert sum(path.stat().st_size for path in (tmp_path / "x" / "in").rglob("*")) < 2 * ROOM.most_bytes


def test_a_name_without_end_takes_no_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("name")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    with pytest.raises(UnpackError, match="far too long"):
        unpacked(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096), tmp_path)
    header.type = tarfile.XHDTYPE
    (tmp_path / "archive").unlink()
    with pytest.raises(UnpackError, match="far too long"):
        unpacked(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096), tmp_path)


def test_a_file_that_is_mostly_holes_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("file")
    header.size = 512
    header.pax_headers = {"GNU.sparse.map": "0,512", "GNU.sparse.size": "100000"}
    with pytest.raises(UnpackError, match="no plain file"):
        unpacked(gzip.compress(header.tobuf(tarfile.PAX_FORMAT) + b"1" * 512 + b"\0" * 1024), tmp_path)


def test_a_member_that_claims_more_than_is_there_is_damage(tmp_path: Path) -> None:
    header = tarfile.TarInfo("file")
    header.size = 100_000
    with pytest.raises(UnpackError, match="damaged"):
        unpacked(gzip.compress(header.tobuf() + b"\0" * 4096), tmp_path)


def mutated(draw: random.Random, content: bytes) -> bytes:
    changes: list[Callable[[bytearray], None]] = [
        lambda data: data.__setitem__(draw.randrange(len(data)), draw.randrange(256)),
        lambda data: data.__delitem__(slice(draw.randrange(len(data)), None)),
        lambda data: data.extend(draw.randbytes(700)),
        lambda data: data.__setitem__(slice(124, 136), b"%011o\0" % draw.choice([0, 511, 1 << 20, (1 << 33) - 1])),
        lambda data: data.__setitem__(slice(156, 157), bytes([draw.choice(b"0123456789xgLKSVDAN\0")])),
    ]
    data = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        if data:
            draw.choice(changes)(data)
    return bytes(data)


@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_archive_is_unpacked_or_refused_and_stays_inside(tmp_path: Path, *, packed: bool) -> None:
    draw = random.Random(20261130)
    plain = archive_of(file("saved_model.pb", b"graph" * 50), file("variables/v", b"1" * 3000), packed=False)
    refused = 0
    for number in range(250):
        damaged = mutated(draw, plain)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            unpacked(gzip.compress(damaged, 1) if packed else damaged, folder)
        except UnpackError:
            refused += 1
        assert {path.name for path in folder.iterdir()} == {"archive", "in"}
    assert {path.name for path in tmp_path.iterdir()} == {str(number) for number in range(250)}
    assert 50 < refused < 250


def refused(folder: Path, *members: tuple[tarfile.TarInfo, bytes], room: Room = ROOM) -> str:
    with pytest.raises(UnpackError) as caught:
        unpacked(archive_of(*members, packed=False), folder, room)
    return str(caught.value)


LEADS_OUT = "the name '{}' in it leads out of its folder, or is impossible"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ((), "it holds nothing"),
        ((file("../out"),), LEADS_OUT.format("../out")),
        ((file("a/.."),), LEADS_OUT.format("a/..")),
        ((file("/a"),), LEADS_OUT.format("/a")),
        ((file("a\\b"),), LEADS_OUT.format("a\\b")),
        ((file("C:a"),), LEADS_OUT.format("C:a")),
        ((file("C:"),), LEADS_OUT.format("C:")),
        ((special("a", tarfile.SYMTYPE, "b"),), "'a' in it is no plain file: links and devices are not taken"),
        ((file("."),), "'.' in it is no file"),
        ((file("a"), file("./a")), "'./a' is in it twice"),
        ((file("a"), file("a/b")), "'a/b' is in it twice"),
    ],
)
def test_what_is_refused_says_why(members: Any, why: str, tmp_path: Path) -> None:
    assert refused(tmp_path, *members) == why


@pytest.mark.parametrize("name", ["ab:c", ":", "a", "a/:", "..a", "a..", "...", "ab:c/d"])
def test_names_that_only_look_like_others_are_taken(name: str, tmp_path: Path) -> None:
    assert f"in/{name}" in unpacked(archive_of(file(name)), tmp_path)


def test_as_many_files_as_there_is_room_for_are_taken_and_no_more(tmp_path: Path) -> None:
    members = [file(f"f{number}") for number in range(4)]
    room = Room(most_bytes=10_000, most_members=4)
    assert len(unpacked(archive_of(*members), tmp_path, room)) == 5
    (tmp_path / "other").mkdir()
    assert refused(tmp_path / "other", *members, file("more"), room=room) == "it holds more than 4 files"
    assert Room(most_bytes=1).most_members == 100_000


def test_as_many_bytes_as_there_is_room_for_are_taken_and_no_more(tmp_path: Path) -> None:
    members = [file("a", bytes(1000)), file("b", bytes(1000))]
    assert len(unpacked(archive_of(*members), tmp_path, Room(most_bytes=2000))) == 3
    (tmp_path / "other").mkdir()
    assert refused(tmp_path / "other", *members, room=Room(most_bytes=1999)) == "it holds more than 1,999 bytes"


def test_names_may_be_as_deep_and_as_long_as_this(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 64)
    assert f"in/{deep}" in unpacked(archive_of(file(deep)), tmp_path)
    (tmp_path / "deeper").mkdir()
    assert "leads out of its folder, or is impossible" in refused(tmp_path / "deeper", file(f"{deep}/d"))
    assert unpacking._parts("n" * 4096) == ["n" * 4096]
    with pytest.raises(UnpackError):
        unpacking._parts("n" * 4097)
    with pytest.raises(UnpackError):
        unpacking._parts("é" * 2049)
    assert unpacking._parts("./a//b/./c/") == ["a", "b", "c"]


def test_an_archive_that_goes_on_beyond_its_room_is_not_read_to_its_end(tmp_path: Path) -> None:
    bounded = unpacking._Bounded(io.BytesIO(bytes(3 << 20)), 1000)
    assert len(bounded.read(1000 + (1 << 20) - 1000)) == 1 << 20
    assert bounded.tell() == 1 << 20
    assert bounded.seek(1000) == 1000
    assert len(bounded.read(1 << 20)) == 1 << 20
    with pytest.raises(UnpackError, match="it holds more than 1,000 bytes"):
        bounded.read(1)
    with pytest.raises(UnpackError, match="it holds more than 1,000 bytes"):
        bounded.seek(1001 + (1 << 20))
    for size in (-1, (1 << 20) + 1):
        with pytest.raises(UnpackError, match="a name or an attribute in it is far too long"):
            bounded.read(size)
    assert len(bounded.read(0)) == 0


@pytest.mark.parametrize("content", [b"noise" * 200, b"\x1f\x8bnoise", gzip.compress(b"noise" * 200)])
def test_what_is_no_archive_is_told_in_the_words_of_who_reads_it(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnpackError, match=r"^it is no tar archive, or a damaged one \(.+\)$") as caught:
        unpacked(content, tmp_path)
    assert len(str(caught.value)) < 150
