"""What is read of a file of Keras before Keras sees it: version, topology, bytecode; and names for signatures."""

from __future__ import annotations

import base64
import json
import marshal
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from workflow.bridge import failures
from workflow.worker.failure import JobError
from workflow.worker.keras3 import bytecode, exporting, files, notes, ports

if TYPE_CHECKING:
    import types
    from pathlib import Path

TOPOLOGY = {"class_name": "Sequential", "config": {"layers": []}}


def archive(path: Path, **members: Any) -> Path:
    contents = {"metadata.json": {"keras_version": "3.15.1"}, "config.json": TOPOLOGY, **members}
    with zipfile.ZipFile(path, "w") as target:
        for name, content in contents.items():
            if content is not None:
                target.writestr(name, json.dumps(content))
    return path


def hdf5(path: Path, **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


def test_a_file_says_who_wrote_it_and_what_it_is_built_of(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "m.keras")
    flat = hdf5(tmp_path / "m.h5", keras_version="3.5.0", model_config=json.dumps(TOPOLOGY))
    assert files.read({"path": str(zipped), "format": "keras_keras"}) == files.Heading("3.15.1", TOPOLOGY)
    assert files.read({"path": str(flat), "format": "keras"}) == files.Heading("3.5.0", TOPOLOGY)


@pytest.mark.parametrize(
    ("kind", "name", "problem"),
    [
        ("keras_keras", "weights.keras", "weights_only"),
        ("keras", "weights.h5", "weights_only"),
        ("keras_keras", "text", "source"),
        ("keras", "text", "source"),
        ("keras", "nothing", "source"),
        ("tf_saved_model", "text", "usage"),
    ],
)
def test_what_is_no_whole_model_is_told_apart(tmp_path: Path, kind: str, name: str, problem: str) -> None:
    archive(tmp_path / "weights.keras", **{"config.json": None})
    hdf5(tmp_path / "weights.h5", keras_version="3.5.0")
    (tmp_path / "text").write_text("not a model")
    with pytest.raises(JobError) as caught:
        files.read({"path": str(tmp_path / name), "format": kind})
    assert caught.value.kind == problem


def test_keras_sees_the_ending_that_it_goes_by(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    for kind, ending in (("keras", ".h5"), ("keras_keras", ".keras")):
        link = files.named_as_keras_expects({"path": str(tmp_path / "model.bin"), "format": kind}, str(tmp_path))
        assert link.endswith(ending)
        with open(link, "rb") as file:  # noqa: PTH123  the worker's paths are strings
            assert file.read() == b"x"


@pytest.mark.parametrize(
    ("version", "than", "later"),
    [("3.16.0", "3.15.1", True), ("3.15.9", "3.15.1", False), ("3.9", "3.15.1", False), ("", "3.15.1", False)],
)
def test_versions_are_compared_as_numbers(version: str, than: str, *, later: bool) -> None:
    assert files.is_later(version, than) is later


def topology_with(code: types.CodeType) -> dict[str, Any]:
    text = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": text, "defaults": None, "closure": None}}
    return {"config": {"layers": [{"class_name": "Lambda", "config": {"name": "twice", "function": function}}]}}


def test_code_of_this_python_is_read() -> None:
    bytecode.require_readable("m.keras", topology_with((lambda x: [y * 2 for y in x.shape if y]).__code__))
    assert all(
        bytecode.reads_well(function.__code__)
        for module in (json.decoder, zipfile, base64)
        for function in vars(module).values()
        if hasattr(function, "__code__")
    )


@pytest.mark.parametrize("change", ["unknown", "shifted", "headless"])
def test_code_of_another_python_is_refused_unrun(change: str) -> None:
    code = (lambda x: x.real + abs(x)).__code__
    raw = bytearray(code.co_code)
    changed = {
        "unknown": bytes(raw[:2] + b"\xfb\x00" + raw[4:]),
        "shifted": bytes(raw[:-2] + b"\x00\x00" + raw[-2:]),
        "headless": bytes(raw[:-2]),
    }
    with pytest.raises(JobError, match="not of Python 3"):
        bytecode.require_readable("m.keras", topology_with(code.replace(co_code=changed[change])))


def test_what_is_no_code_at_all_is_refused() -> None:
    function = {"class_name": "__lambda__", "config": {"code": "AAAA"}}
    with pytest.raises(JobError) as caught:
        bytecode.require_readable("m.keras", {"config": function})
    assert caught.value.kind == "bytecode"


def test_names_become_such_that_a_signature_can_have_them() -> None:
    assert ports.fit(["image", "my input", "1st", "image", "_x"]) == [
        *("image", "my_input", "port_1st", "image_1", "port_x")
    ]


@pytest.mark.parametrize(
    ("name", "fit"), [("dense", "dense"), ("my dense/kernel", "my_dense/kernel"), ("_x", "layer_x")]
)
def test_names_become_such_that_a_graph_can_have_them(name: str, fit: str) -> None:
    assert exporting._fit(name) == fit


def test_notes_are_read_back_and_none_are_no_problem(tmp_path: Path) -> None:
    assert notes.read(str(tmp_path)) == {}
    notes.write(str(tmp_path), {"inputs": ["b", "a"]})
    assert notes.read(str(tmp_path)) == {"inputs": ["b", "a"]}


@pytest.mark.parametrize("kind", ["later_keras", "keras3_declines", "bytecode", "not_exported", "custom_objects"])
def test_every_failure_of_its_own_has_words_and_advice(kind: str, tmp_path: Path) -> None:
    told = failures.translate({"kind": kind, "type": "JobError", "message": "here is why"}, log=tmp_path / "log")
    assert "here is why" in told.message
    assert told.hint
