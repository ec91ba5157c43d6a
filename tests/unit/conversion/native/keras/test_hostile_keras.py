"""Files made to harm: refused in a moment, with nothing read, run or written that should not be."""

from __future__ import annotations

import contextlib
import json
import time
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from tests.unit.conversion.native.keras.files import archive, converted, dense, given, layer, numbers, row, whole_file
from workflow.base.errors import DeclinedError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOOD = {"dense": {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}}
MODEL = row(given([None, 3]), dense())


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < 5


def changed(path: Path, change: Callable[[Any], None]) -> Path:
    source = whole_file(path, MODEL, GOOD)
    with h5py.File(source, "r+") as file:
        change(file)
    return source


def external_link(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file["model_weights/dense/dense/kernel:0"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file["model_weights/dense/dense/kernel:0"] = h5py.SoftLink("/model_weights/dense/dense/bias:0")


def linked_group(file: Any) -> None:
    del file["model_weights"]
    file["model_weights"] = h5py.ExternalLink("other.h5", "/model_weights")


def circle(file: Any) -> None:
    file["model_weights/loop"] = file["model_weights"]


def raw_file(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file.create_dataset(
        "model_weights/dense/dense/kernel:0", (3, 2), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)]
    )


def virtual(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3, 2))
    file.create_virtual_dataset("model_weights/dense/dense/kernel:0", layout)


def huge(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file.create_dataset("model_weights/dense/dense/kernel:0", (1 << 40, 2), "f4", chunks=(1024, 2))


def packed(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    kernel = file.create_dataset(
        "model_weights/dense/dense/kernel:0", (5 << 20, 16), "f4", chunks=(1 << 18, 16), compression="gzip"
    )
    zeros = zlib.compress(bytes(16 << 20))
    for number in range(20):
        kernel.id.write_direct_chunk((number << 18, 0), zeros)


def text(file: Any) -> None:
    del file["model_weights/dense/dense/kernel:0"]
    file["model_weights/dense/dense/kernel:0"] = ["text"]


def no_group(file: Any) -> None:
    del file["model_weights/dense/dense"]
    file["model_weights/dense/dense"] = 3.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (external_link, "link, which leads to another file"),
        (soft_link, "link, which leads to another place"),
        (linked_group, "link, which leads to another file"),
        (circle, "holds itself"),
        (raw_file, "takes its values from another file"),
        (virtual, "takes its values from another file"),
        (huge, "claims 8.8 TB"),
        (packed, "claims 335.5 MB"),
        (text, "not numbers"),
        (no_group, "is not in the file"),
    ],
)
def test_an_hdf5_file_that_leads_astray_is_refused(tmp_path: Path, change: Callable[[Any], None], words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        converted(changed(tmp_path / "m.h5", change))


def set_config(path: Path, raw: str) -> Path:
    def change(file: Any) -> None:
        file.attrs["model_config"] = raw

    return changed(path, change)


@pytest.mark.parametrize("raw", ["[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, "{", "[1, 2]", '"text"', "null"])
def test_a_configuration_that_is_none_is_refused(tmp_path: Path, raw: str) -> None:
    with pytest.raises(ModelFileError):
        converted(set_config(tmp_path / "m.h5", raw))


def test_models_in_models_without_end_are_refused(tmp_path: Path) -> None:
    config = MODEL
    for number in range(30):
        config = row(given([None, 3]), {**config, "config": {**config["config"], "name": f"m{number}"}})
    with pytest.raises(ModelFileError, match=r"models inside each other|nested too deeply"):
        converted(set_config(tmp_path / "m.h5", json.dumps(config)))


def test_an_endless_heap_on_which_libhdf5_hangs_is_no_trouble(tmp_path: Path) -> None:
    source = whole_file(tmp_path / "m.h5", MODEL, GOOD)
    raw = bytearray(source.read_bytes())
    heap = raw.index(b"GCOL") + 16
    while raw[heap : heap + 2] != b"\0\0":
        heap += 16 + (int.from_bytes(raw[heap + 8 : heap + 16], "little") + 7) // 8 * 8
    raw[heap + 8 : heap + 16] = bytes(8)
    source.write_bytes(raw)
    converted(source)


def test_code_in_a_lambda_is_never_run(tmp_path: Path) -> None:
    code = "gASVHwAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu"
    odd = layer("Lambda", "evil", function={"class_name": "__lambda__", "config": {"code": code}}, arguments={})
    with pytest.raises(DeclinedError, match="layer 'evil'"):
        converted(whole_file(tmp_path / "m.h5", row(given([None, 3]), odd), {}))


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_a_zip_bomb_is_refused(tmp_path: Path, member: str) -> None:
    whole = archive(tmp_path / "whole.keras", MODEL, {})
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for name in source.namelist():
            target.writestr(name, bytes(300 << 20) if name == member else source.read(name))
    with pytest.raises(ModelFileError, match=r"claims 314.6 MB|would be unpacked to 314.6 MB"):
        converted(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["../escaped.txt", "/tmp/escaped-too.txt"])  # noqa: S108  it must not come to be
def test_members_named_to_escape_are_refused_and_written_nowhere(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    arrays = {"layers/dense/vars/0": numbers(3, 2), "layers/dense/vars/1": numbers(2)}
    source = archive(folder / "m.keras", MODEL, arrays)
    with zipfile.ZipFile(source, "a") as zipped:
        zipped.writestr(name, b"out")
    with pytest.raises(ModelFileError, match="leads out of it"):
        converted(source)
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert not Path("/tmp/escaped-too.txt").exists()  # noqa: S108  as above


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", MODEL, {})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(source, "a") as zipped:
        zipped.writestr("config.json", b"{}")
    with pytest.raises(ModelFileError, match="twice"):
        converted(source)


@pytest.mark.parametrize(
    "options",
    [
        {"units": 1 << 60},
        {"units": "two"},
        {"units": -1},
        {"units": None},
        {"activation": {"class_name": "os.system", "config": "x"}},
        {"kernel_initializer": [[[]]]},
        {"use_bias": "yes"},
        {"dtype": {"class_name": "Policy", "config": 3}},
    ],
)
def test_options_that_make_no_sense_are_no_crash(tmp_path: Path, options: dict[str, Any]) -> None:
    source = whole_file(tmp_path / "m.h5", row(given([None, 3]), dense(**options)), GOOD)
    with contextlib.suppress(DeclinedError, ModelFileError):
        converted(source)


def test_a_graph_in_a_circle_is_refused(tmp_path: Path) -> None:
    config = json.loads(json.dumps(MODEL))
    config["class_name"] = "Functional"
    config["config"]["layers"][0].update({"name": "given", "inbound_nodes": []})
    config["config"]["layers"][1].update({"name": "dense", "inbound_nodes": [[["dense", 0, 0, {}]]]})
    config["config"].update({"input_layers": [["given", 0, 0]], "output_layers": [["dense", 0, 0]]})
    with pytest.raises(ModelFileError, match="tensors that no layer makes"):
        converted(set_config(tmp_path / "m.h5", json.dumps(config)))
