"""HDF5 read by ourselves: what h5py wrote comes out as h5py reads it, and no damaged file takes us down."""

from __future__ import annotations

import io
import random
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from tests import ROOT
from tests.unit.models.models import write_h5
from workflow.base.errors import ModelFileError
from workflow.models import kept
from workflow.models.hdf5 import file_bytes, file_reading, library
from workflow.models.hdf5.data import DamagedError
from workflow.models.hdf5.library import LibraryGroup
from workflow.models.hdf5.objects import File, StoredData, StoredGroup, header, require_known
from workflow.models.keras import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.hdf5.data import Group

ARRAYS = {
    **{
        name: np.arange(6).reshape(2, 3).astype(name) for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2")
    },
    "big": np.arange(5, dtype=">f4"),
    "flags": np.array([True, False]),
    "single": np.float32(3),
    "empty": np.zeros((0, 4), "f4"),
}
ATTRIBUTES: dict[str, Any] = {
    "text": "é 模型",
    "bytes": np.bytes_(b"plain"),
    "names": np.array([b"a", b"bcd"]),
    "texts": np.array(["x", "yz"], dtype=h5py.string_dtype()),
    "number": 3,
    "real": np.float32(0.5),
    "several": np.array([[1, 2], [3, 4]], "i2"),
    "yes": True,
    "none": h5py.Empty("f4"),
    "many": np.array([f"name {number}".encode() for number in range(2000)]),
}


def written(fill: Callable[[Any], None], **options: Any) -> io.BytesIO:
    raw = io.BytesIO()
    with h5py.File(raw, "w", **options) as file:
        fill(file)
    return raw


def everything(file: Any) -> None:
    for name, array in ARRAYS.items():
        file[f"arrays/{name}"] = array
    for name, value in ATTRIBUTES.items():
        file["arrays"].attrs[name] = value
    for number in range(3000):
        file.create_group(f"many/{number}")


def plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return []
    if isinstance(value, np.ndarray):
        return value.reshape(-1).tolist()
    return value.item() if isinstance(value, np.generic) and not isinstance(value, bytes) else value


def require_same(ours: Group, theirs: Any) -> None:
    assert list(ours) == list(theirs)
    assert (len(ours), len(ours.attrs)) == (len(theirs), len(theirs.attrs))
    assert "no such name" not in ours.attrs
    assert ours.name == theirs.name
    assert {name: ours.attrs[name] for name in ours.attrs} == {name: plain(theirs.attrs[name]) for name in theirs.attrs}
    for name, member in theirs.items():
        if isinstance(member, h5py.Group):
            require_same(ours.group(name), member)
        else:
            data = ours.data(name)
            assert (data.shape, data.is_numeric) == (member.shape, True)
            np.testing.assert_array_equal(data.read(), member[()], strict=True)


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}, {"userblock_size": 512}], ids=str)
def test_what_h5py_writes_is_read_as_h5py_reads_it(options: Mapping[str, Any]) -> None:
    raw = written(everything, **options)
    with file_reading.opened(io.BufferedReader(raw)) as ours, h5py.File(raw) as theirs:
        assert isinstance(ours, LibraryGroup if options else StoredGroup)
        require_same(ours, theirs)


@pytest.mark.parametrize("options", [{"chunks": (2, 2)}, {"chunks": (2, 3), "compression": "gzip"}], ids=str)
def test_arrays_in_chunks_are_left_to_the_library(options: dict[str, Any]) -> None:
    array = np.arange(6, dtype="f4").reshape(2, 3)
    raw = written(lambda file: file.create_dataset("packed", data=array, **options))
    with file_reading.opened(io.BufferedReader(raw)) as root:
        assert (root.data("packed").is_packed, root.kind("packed")) == (True, "data")
        np.testing.assert_array_equal(root.data("packed").read(), array)


def test_links_are_told_and_not_followed() -> None:
    def soft(file: Any) -> None:
        file["soft"] = h5py.SoftLink("/elsewhere")

    def away(file: Any) -> None:
        file["away"] = h5py.ExternalLink("/etc/passwd", "/")

    with file_reading.opened(io.BufferedReader(written(soft))) as root:
        assert (root.kind("soft"), root.kind("nothing")) == ("soft link", None)
    with file_reading.opened(io.BufferedReader(written(away))) as root:
        assert root.kind("away") == "external link"


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_an_array_that_is_cut_off_is_refused_before_it_is_read(kept: float) -> None:
    array = np.arange(1000, dtype="f8")
    whole = written(lambda file: file.create_dataset("kernel", data=array)).getvalue()
    begin = whole.index(array[:4].tobytes())
    cut = whole[: begin + int(array.nbytes * kept)]
    source, found = file_bytes.FileBytes(io.BytesIO(cut)), io.BytesIO(whole)
    at = header_of(found, "kernel")
    with pytest.raises(DamagedError, match="it ends at"):
        StoredData(File(source, {}), header(source, at))


def header_of(raw: io.BytesIO, name: str) -> int:
    """Return where the header of an object begins."""
    with h5py.File(raw) as file:
        return int(h5py.h5o.get_info(file[name].id).addr)


@pytest.mark.parametrize(("more", "refused"), [(0, False), (-1, True)], ids=["as many as it says", "more"])
def test_a_header_with_more_messages_than_it_says_is_damaged(more: int, *, refused: bool) -> None:
    raw = written(lambda file: file.create_dataset("kernel", data=np.arange(4, dtype="f4")))
    at = header_of(raw, "kernel")
    content = bytearray(raw.getvalue())
    count = int.from_bytes(content[at + 2 : at + 4], "little")
    content[at + 2 : at + 4] = (count + more).to_bytes(2, "little")
    source = file_bytes.FileBytes(io.BytesIO(bytes(content)))
    if refused:
        with pytest.raises(DamagedError, match="more messages than it says"):
            header(source, at)
    else:
        assert header(source, at).address == at


def test_arrays_on_top_of_each_other_are_refused() -> None:
    def same(file: Any) -> None:
        file["a"] = np.zeros(100_000, "f4")
        for number in range(50):
            file[f"b{number}"] = file["a"]

    with pytest.raises(DamagedError, match="its arrays claim"), file_reading.opened(io.BufferedReader(written(same))):
        pass


def endless(tmp_path: Path) -> Path:
    """Return a Keras file that libhdf5 never comes to the end of: an entry of a heap has no length."""
    path = write_h5(tmp_path / "endless.h5")
    with h5py.File(path, "a") as file:
        file.create_dataset("unusual", data=np.zeros(4), chunks=(2,))  # so that our own reader leaves it alone
    raw = bytearray(path.read_bytes())
    heap = raw.index(b"GCOL") + 16
    while raw[heap : heap + 2] != b"\0\0":
        heap += 16 + (int.from_bytes(raw[heap + 8 : heap + 16], "little") + 7) // 8 * 8
    raw[heap + 8 : heap + 16] = bytes(8)
    path.write_bytes(raw)
    return path


def test_a_file_on_which_libhdf5_hangs_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_SECONDS", 1.0)
    begin, path = time.monotonic(), endless(tmp_path)
    with pytest.raises(ModelFileError, match="did not come to an end"):
        whole_file.inspect(path)
    assert time.monotonic() - begin < 10
    monkeypatch.setattr(library, "run", None)  # as it stands it is not tried again
    with pytest.raises(ModelFileError, match="did not come to an end"):
        whole_file.inspect(path)


def test_a_file_on_which_libhdf5_crashes_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "crash.h5")
    raw = path.read_bytes()
    assert b"\x19\x01\x00\x00\x10" in raw  # a text of variable length
    path.write_bytes(raw.replace(b"\x19\x01\x00\x00\x10", b"\x19\x02\x00\x00\x10"))  # a list of no known kind
    with pytest.raises(ModelFileError, match="is a damaged HDF5 file"):
        whole_file.inspect(path)


def test_nothing_in_the_current_folder_is_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "it ran"
    (tmp_path / "workflow").mkdir()
    for name in ("h5py.py", "numpy.py", "json.py", "sitecustomize.py", "workflow/__init__.py"):
        (tmp_path / name).write_text(f"open({str(mark)!r}, 'w').close()")
    (tmp_path / "packed.h5").write_bytes(written(packed).getvalue())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Path("packed.h5").open("rb") as file, file_reading.opened(file) as root:
        assert root.data("packed").read().tolist() == [0, 1, 2, 3]
    assert not mark.exists()


def packed(file: Any) -> None:
    file.create_dataset("packed", data=np.arange(4.0), chunks=(2,))


def test_the_process_of_libhdf5_reads_its_file_and_writes_its_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same process with attacks in the place of libhdf5."""
    secret, new = tmp_path / "secret", tmp_path / "new"
    secret.write_text("secret")
    spy = tmp_path / "spy" / "a" / "b" / "c" / "rewriting.py"
    spy.parent.mkdir(parents=True)
    text = library._PROGRAM.read_text(encoding="utf-8").replace("Path(__file__).resolve().parents[3]", repr(str(ROOT)))
    attacks = f"""
    import os, subprocess
    for attack in (
        lambda: open({str(secret)!r}).read(),
        lambda: open({str(new)!r}, "w"),
        lambda: subprocess.run(["true"]),
        lambda: os.fork(),
    ):
        try:
            attack()
            sys.stderr.write("it worked;")
        except OSError as error:
            sys.stderr.write(f"{{error.errno}};")
    return 5
"""
    spy.write_text(text.replace("    import h5py  # noqa: PLC0415  behind the wall\n", attacks), encoding="utf-8")
    monkeypatch.setattr(library, "_PROGRAM", spy)
    with pytest.raises(DamagedError, match=r"^13;13;1;1;$"), file_reading.opened(io.BufferedReader(written(packed))):
        pass
    assert not new.exists()


@pytest.mark.parametrize("form", ["virtual", "external"])
def test_arrays_in_other_files_are_told_and_not_read(form: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["there"] = np.arange(4.0)
    path = tmp_path / "away.h5"
    with h5py.File(path, "w", libver="latest") as file:
        if form == "virtual":
            layout = h5py.VirtualLayout((4,), "f8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "there", (4,))
            file.create_virtual_dataset("away", layout)
        else:
            file.create_dataset("away", (4,), "f8", external=[(str(tmp_path / "other.h5"), 0, 32)])
    with path.open("rb") as raw, file_reading.opened(raw) as root:
        assert root.data("away").leads_away
        with pytest.raises(DamagedError, match="in another file"):
            root.data("away").read()


def test_a_rewritten_file_has_the_same_object_under_all_its_names() -> None:
    def twice(file: Any) -> None:
        packed(file)
        file["group/inner"] = np.arange(3)
        file["again"], file["group/back"] = file["packed"], file["group"]

    with file_reading.opened(io.BufferedReader(written(twice))) as root:
        assert root.data("again").identity == root.data("packed").identity
        assert root.group("group").group("back").identity == root.group("group").identity
        assert root.data("again").room == root.data("packed").room == 32


def test_damaged_bytes_are_read_or_refused_and_nothing_else() -> None:
    dice = random.Random(5)
    original = written(lambda file: file.create_dataset("a/b", data=np.arange(9.0))).getvalue()
    outcomes = set()
    for _ in range(2000):
        raw = bytearray(original)
        for _ in range(dice.randint(1, 4)):
            raw[dice.randrange(len(raw))] = dice.choice((0, 1, 8, 0x7F, 0xFF, dice.randrange(256)))
        try:
            root = file_reading._own(io.BufferedReader(io.BytesIO(raw)))
        except DamagedError:
            root = None
        outcomes.add(root is None)
        if root is not None and root.kind("a") == "group" and root.group("a").kind("b") == "data":
            root.group("a").data("b")
    assert outcomes == {True, False}


def test_a_file_that_is_opened_again_is_taken_apart_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[StoredGroup] = []

    def look(root: StoredGroup) -> None:
        looked.append(root)
        require_known(root)

    monkeypatch.setattr(file_reading, "require_known", look)
    for tick in ("_TICK", "_COARSE_TICK"):
        monkeypatch.setattr(kept, tick, 0)
    path = tmp_path / "m.h5"
    for count in (3, 4000):
        path.write_bytes(written(partial(one_array, count=count)).getvalue())
        for _ in range(2):
            with path.open("rb") as file, file_reading.opened(file) as root:
                np.testing.assert_array_equal(root.data("a").read(), np.arange(count))
    assert len(looked) == 2


def test_a_file_that_was_written_a_moment_ago_is_always_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_TICK", 10**12)
    path = tmp_path / "m.h5"
    path.write_bytes(written(everything).getvalue())
    with path.open("rb") as file, file_reading.opened(file):
        pass
    monkeypatch.setattr(file_reading, "require_known", lambda _: pytest.fail("not reached"))
    with pytest.raises(pytest.fail.Exception), path.open("rb") as file, file_reading.opened(file):
        pass


def one_array(file: Any, count: int) -> None:
    file["a"] = np.arange(count, dtype="f4")


def test_an_array_in_one_piece_is_not_packed_and_leads_nowhere() -> None:
    with file_reading.opened(io.BufferedReader(written(partial(one_array, count=3)))) as root:
        data = root.data("a")
        assert (data.is_packed, data.leads_away, data.room, data.dtype) == (False, False, 12, "<f4")
        assert root.data("a") is data
