"""What is read of a file of Keras before Keras sees it: version, topology, bytecode; and names for signatures."""

from __future__ import annotations

import base64
import json
import marshal
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from workflow.bridge import failures
from workflow.worker.failure import JobError
from workflow.worker.keras3 import bytecode, exporting, files, notes, ports

if TYPE_CHECKING:
    import types

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
    ("kind", "name", "problem", "words"),
    [
        ("keras_keras", "weights.keras", "weights_only", "{} holds no topology"),
        ("keras", "weights.h5", "weights_only", "{} holds weights and no topology"),
        ("keras_keras", "text", "source", "{} is no .keras archive: File is not a zip file"),
        ("keras_keras", "silent.keras", "source", '{} is no .keras archive: "There is no item named '),
        ("keras_keras", "list.keras", "source", "{} is no .keras archive: 'list' object has no attribute 'get'"),
        ("keras", "text", "source", "{} is no sound HDF5 file: "),
        ("keras", "damaged.h5", "source", "{} is no sound HDF5 file: Expecting value"),
        ("keras", "nothing", "source", "there is no file {}"),
        ("keras", "", "source", "there is no file {}"),
        ("tf_saved_model", "text", "usage", "Keras 3 loads keras and keras_keras, not tf_saved_model"),
    ],
)
def test_what_is_no_whole_model_is_told_apart(tmp_path: Path, kind: str, name: str, problem: str, words: str) -> None:
    archive(tmp_path / "weights.keras", **{"config.json": None})
    archive(tmp_path / "silent.keras", **{"metadata.json": None})
    archive(tmp_path / "list.keras", **{"metadata.json": []})
    hdf5(tmp_path / "weights.h5", keras_version="3.5.0")
    hdf5(tmp_path / "damaged.h5", model_config="x")
    (tmp_path / "text").write_text("not a model")
    with pytest.raises(JobError) as caught:
        files.read({"path": str(tmp_path / name), "format": kind})
    assert caught.value.kind == problem
    assert str(caught.value).startswith(words.format(tmp_path / name))


def test_a_file_may_be_silent_about_who_wrote_it_or_say_it_in_bytes(tmp_path: Path) -> None:
    model_config = json.dumps(TOPOLOGY)
    for given, version in (
        ({}, ""),
        ({"keras_version": np.bytes_(b"2.1\xff")}, "2.1\ufffd"),
        ({"keras_version": "3.0"}, "3.0"),
    ):
        path = hdf5(tmp_path / "m.h5", model_config=model_config, **given)
        assert files.read({"path": str(path), "format": "keras"}).version == version
    path = archive(tmp_path / "m.keras", **{"metadata.json": {}})
    assert files.read({"path": str(path), "format": "keras_keras"}).version == ""


def test_where_no_link_can_be_made_the_file_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    source = {"path": "model.bin", "format": "keras"}
    (tmp_path / "one").mkdir()
    link = files.named_as_keras_expects(source, str(tmp_path / "one"))
    assert (link, Path(link).readlink()) == (str(tmp_path / "one" / "model.h5"), tmp_path / "model.bin")

    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "symlink", refuse)
    (tmp_path / "two").mkdir()
    link = files.named_as_keras_expects(source, str(tmp_path / "two"))
    assert (Path(link).is_symlink(), (tmp_path / "two" / "model.h5").read_bytes()) == (False, b"x")


def test_keras_sees_the_ending_that_it_goes_by(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    for kind, ending in (("keras", ".h5"), ("keras_keras", ".keras")):
        link = files.named_as_keras_expects({"path": str(tmp_path / "model.bin"), "format": kind}, str(tmp_path))
        assert link.endswith(ending)
        with open(link, "rb") as file:  # noqa: PTH123  the worker's paths are strings
            assert file.read() == b"x"


@pytest.mark.parametrize(
    ("version", "than", "later"),
    [
        ("3.16.0", "3.15.1", True),
        ("3.15.9", "3.15.1", False),
        ("3.9", "3.15.1", False),
        ("", "3.15.1", False),
        ("4.0", "3.15.1", True),
        ("3.16.dev", "3.15", True),
    ],
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
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    told = f"m.keras: its Lambda layers hold code that is not of Python {here}, which runs here"
    texts = ["AAAA", "x", "", base64.b64encode(marshal.dumps("text")).decode(), base64.b64encode(b"c").decode()]
    for config in (*({"code": text} for text in texts), {}):
        function = {"class_name": "__lambda__", "config": config}
        with pytest.raises(JobError) as caught:
            bytecode.require_readable("m.keras", {"config": ["text", 1, {"a": function}]})
        assert (caught.value.kind, str(caught.value)) == ("bytecode", told)
    bytecode.require_readable("m.keras", [{"class_name": "__lambda__", "config": "AAAA"}, {"class_name": "Dense"}])


def test_code_ends_and_begins_as_this_python_has_it_and_so_does_code_inside() -> None:
    def outer(x: int) -> Any:
        def inner() -> int:
            return x + abs(x)

        return inner

    code = outer.__code__
    (inner,) = (one for one in code.co_consts if hasattr(one, "co_code"))
    assert bytecode.reads_well(code)
    damaged = inner.replace(co_code=inner.co_code[:-2])
    consts = tuple(damaged if one is inner else one for one in code.co_consts)
    assert not bytecode.reads_well(code.replace(co_consts=consts))
    assert not bytecode.reads_well(inner.replace(co_code=b""))
    first = 2 if sys.version_info >= (3, 11) else 0
    assert bytecode.reads_well((lambda: 1).__code__)
    cut = (lambda: 1).__code__
    if first:
        assert not bytecode.reads_well(cut.replace(co_code=cut.co_code[first:]))


def test_names_become_such_that_a_signature_can_have_them() -> None:
    assert ports.fit(["image", "my input", "1st", "image", "_x", "image", "", "__"]) == [
        *("image", "my_input", "port_1st", "image_1", "port_x", "image_2", "port_", "port__1")
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
    assert [path.name for path in tmp_path.iterdir()] == ["tfjs_workflow_notes.json"]
    for text in ("{", "[1]", '"text"'):
        (tmp_path / notes.FILE).write_text(text)
        assert notes.read(str(tmp_path)) == {}


@pytest.mark.parametrize("kind", ["later_keras", "keras3_declines", "bytecode", "not_exported", "custom_objects"])
def test_every_failure_of_its_own_has_words_and_advice(kind: str, tmp_path: Path) -> None:
    told = failures.translate({"kind": kind, "type": "JobError", "message": "here is why"}, log=tmp_path / "log")
    assert "here is why" in told.message
    assert told.hint
