"""Bytecode in models is found wherever it is nested, and modules give their classes by name."""

from __future__ import annotations

import contextlib
import json
import sys
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from workflow.bridge import warm_worker
from workflow.worker import foreign_code, loaders
from workflow.worker.failure import JobError, NotRunnableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KERAS_2 = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wEAAA=="], "function_type": "lambda"}}
KERAS_3 = {
    "class_name": "Lambda",
    "config": {"name": "twice", "function": {"class_name": "__lambda__", "config": {"code": "4wEAAA=="}}},
}
BY_NAME = {"class_name": "Lambda", "config": {"name": "twice", "function": "softmax", "function_type": "function"}}


def layers(path: Any, kind: str) -> list[str]:
    return list(dict.fromkeys(one.layer for one in foreign_code.beyond_the_list({"path": str(path), "format": kind})))


def model_of(layer: dict[str, Any]) -> dict[str, Any]:
    inner = {"class_name": "TimeDistributed", "config": {"name": "wrapper", "layer": layer}}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [inner]}}


def write_hdf5(path: Path, topology: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(topology)


def write_archive(path: Path, topology: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(topology))


def write_json(path: Path, topology: dict[str, Any]) -> None:
    path.write_text(json.dumps({"modelTopology": {"model_config": topology}}))


@pytest.mark.parametrize(
    ("write", "name", "kind"),
    [
        (write_hdf5, "m.h5", "keras"),
        (write_archive, "m.keras", "keras_keras"),
        (write_json, "model.json", "tfjs_layers_model"),
    ],
)
@pytest.mark.parametrize("layer", [KERAS_2, KERAS_3])
def test_bytecode_is_found_in_every_format_and_refused_unless_allowed(
    write: Callable[[Path, dict[str, Any]], None], name: str, kind: str, layer: dict[str, Any], tmp_path: Path
) -> None:
    write(tmp_path / name, model_of(layer))
    source = {"path": str(tmp_path / name), "format": kind}
    assert layers(source["path"], kind) == ["twice"]
    with pytest.raises(JobError, match="twice"):
        foreign_code.require_harmless(source)
    foreign_code.require_harmless({**source, "unsafe": True})


def test_a_function_that_is_called_by_name_is_no_bytecode(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.h5", model_of(BY_NAME))
    assert layers(str(tmp_path / "m.h5"), "keras") == []


DUMPED = ["4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAfABTAA==", None, None]


@pytest.mark.parametrize(
    "config",
    [
        {"residual_fn": DUMPED, "residual_fn_type": "function"},
        {"residual_fn": "any", "residual_fn_type": "lambda"},
        {"dropout_state_filter_visitor": {"class_name": "__lambda__", "config": {"value": "4wE="}}},
        {"activation": {"module": "os", "class_name": "function", "config": "system"}},
        {"activation": {"module": "builtins", "class_name": "function", "config": "eval"}},
        {"activation": {"module": "keras.src.utils", "class_name": "function", "config": "get_file"}},
    ],
)
def test_code_is_found_under_whatever_class(config: dict[str, Any], tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.h5", model_of({"class_name": "ResidualWrapper", "config": {"name": "twice", **config}}))
    assert layers(str(tmp_path / "m.h5"), "keras") == ["twice"]


@pytest.mark.parametrize("function", ["io.write_file", "raw_ops.ReadFile", "numpy_function", "data.experimental.save"])
def test_a_layer_that_calls_what_reaches_out_is_found(function: str, tmp_path: Path) -> None:
    write_json(
        tmp_path / "model.json", model_of({"class_name": "TFOpLambda", "config": {"name": "op", "function": function}})
    )
    assert layers(str(tmp_path / "model.json"), "tfjs_layers_model") == ["op"]


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "TFOpLambda", "config": {"name": "op", "function": "compat.v1.nn.fused_batch_norm"}},
        {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "axes": ["x" * 9, None, None]}},
        {"class_name": "Scale", "module": "layers_of_mine", "config": {"name": "s"}, "registered_name": "Scale"},
    ],
)
def test_what_keras_writes_of_ordinary_layers_is_no_code(layer: dict[str, Any], tmp_path: Path) -> None:
    write_archive(tmp_path / "m.keras", model_of(layer))
    assert layers(str(tmp_path / "m.keras"), "keras_keras") == []


@pytest.mark.parametrize(("name", "kind"), [("m.h5", "keras"), ("m.keras", "keras_keras"), ("m", "tfjs_layers_model")])
def test_a_damaged_file_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(JobError) as caught:
        layers(str(tmp_path / name), kind)
    assert caught.value.kind == "source"
    assert str(caught.value).startswith(f"{tmp_path / name} cannot be read as {kind}: ")
    assert len(str(caught.value)) <= 500


@pytest.mark.parametrize("kind", ["keras", "keras_keras"])
def test_a_file_of_both_kinds_is_refused(kind: str, tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.keras", model_of(BY_NAME))
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive:
        archive.writestr("config.json", json.dumps(model_of(KERAS_2)))
    with pytest.raises(JobError, match="which is what Keras"):
        layers(str(tmp_path / "m.keras"), kind)


@pytest.mark.parametrize("offset", [1024, 2048, 4096])
def test_an_archive_whose_weights_lie_where_hdf5_might_begin_is_an_archive(offset: int, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["kernel"] = [1.0]
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(model_of(BY_NAME)))
        name = "w" * (offset - archive.start_dir - 30)  # the header of a member has 30 bytes before its name
        archive.writestr(name, (tmp_path / "weights.h5").read_bytes())
    assert h5py.is_hdf5(tmp_path / "m.keras")
    assert layers(tmp_path / "m.keras", "keras_keras") == []


def test_an_hdf5_file_in_the_name_of_an_archive_is_refused(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.keras", model_of(KERAS_2))
    with pytest.raises(JobError, match="HDF5"):
        layers(str(tmp_path / "m.keras"), "keras_keras")


def test_a_layers_model_is_looked_at_once_before_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look(source: dict[str, Any]) -> list[str]:
        looked.append(source["format"])
        return []

    loader = SimpleNamespace(load_keras_model=lambda _path, _folder: SimpleNamespace(layers=[]))
    loading = SimpleNamespace(keras_tfjs_loader=loader)
    keras = SimpleNamespace(utils=SimpleNamespace(custom_object_scope=contextlib.nullcontext))
    modules = {"tensorflow": keras, "tf_keras": keras, "tensorflowjs": keras, "tensorflowjs.converters": loading}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(foreign_code, "beyond_the_list", look)
    (tmp_path / "model.json").write_text('{"modelTopology": {}}')
    with pytest.raises(NotRunnableError, match="does not say what its inputs are"):
        loaders.load({"path": str(tmp_path), "format": "tfjs_layers_model"})
    assert looked == ["tfjs_layers_model"]


def test_a_worker_that_was_allowed_to_run_code_in_a_conversion_is_not_used_again() -> None:
    assert warm_worker._lets_foreign_code_run({"argv": [], "unsafe": True})
    assert not warm_worker._lets_foreign_code_run({"argv": [], "unsafe": False})


def test_a_module_gives_its_classes_and_can_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "factor_of_mine.py").write_text("FACTOR = 3\n")
    (tmp_path / "layers.py").write_text("from factor_of_mine import FACTOR\nclass Scale:\n    factor = FACTOR\n")
    before = list(sys.path)
    with foreign_code.known_classes({"custom_objects": [str(tmp_path / "layers.py")]}) as known:
        assert known["Scale"].factor == 3
    assert sys.path == before


def test_a_module_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("1 / 0\n")
    assert failing(tmp_path / "layers.py") == (
        f"{tmp_path / 'layers.py'} fails when it is imported: ZeroDivisionError('division by zero')"
    )


def failing(file: Path) -> str:
    before = list(sys.path)
    with pytest.raises(JobError) as caught, foreign_code.known_classes({"custom_objects": [str(file)]}):
        pass
    assert caught.value.kind == "custom_objects"
    assert sys.path == before
    return str(caught.value)


def test_what_is_no_python_file_or_not_there_or_leaves_is_told(tmp_path: Path) -> None:
    assert failing(tmp_path / "none.py") == (
        f"{tmp_path / 'none.py'} fails when it is imported: "
        f"FileNotFoundError: [Errno 2] No such file or directory: '{tmp_path / 'none.py'}'"
    )
    (tmp_path / "text.txt").touch()
    assert failing(tmp_path / "text.txt") == f"{tmp_path / 'text.txt'} is no Python file"
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    assert failing(tmp_path / "leaves.py") == f"{tmp_path / 'leaves.py'} fails when it is imported: SystemExit(3)"
    (tmp_path / "long.py").write_text(f"raise ValueError('{'x' * 600}')")
    assert len(failing(tmp_path / "long.py")) == 500


DEFINING = """
import os, json as js
from os import system
from beside import Beside, other as Other
from package import Inner
from . import Near
from elsewhere import Far
def function(): hidden = 1
class Class:
    inside = 1
a = b = 1
c: int = 2
d.e = 3
if a:
    class UnderIf: ...
else:
    class UnderElse: ...
try:
    def under_try(): ...
except OSError:
    def under_except(): ...
else:
    def under_try_else(): ...
finally:
    def under_finally(): ...
with open(a):
    def under_with(): ...
for x in a:
    def under_for(): ...
"""


def test_names_of_the_users_are_those_that_stand_at_the_top_of_a_file_or_come_from_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(DEFINING)
    (tmp_path / "beside.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "broken.py").write_text("class (")
    files = [str(tmp_path / name) for name in ("own.py", "broken.py", "none.py")]
    assert foreign_code.own_names({"custom_objects": files}) == {
        *("Beside", "Other", "Inner", "Near", "function", "Class", "a", "b", "c", "UnderIf", "UnderElse"),
        *("under_try", "under_except", "under_try_else", "under_finally", "under_with"),
    }
    assert foreign_code.own_names({"custom_objects": None}) == foreign_code.own_names({}) == frozenset()


def test_a_model_is_looked_at_in_its_topology_and_in_how_it_is_trained(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(model_of(BY_NAME))
        file.attrs["training_config"] = json.dumps({"loss": ["4wE=", None, None]})
    assert layers(tmp_path / "m.h5", "keras") == ["the model's config"]
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["other"] = "no json"
    assert layers(tmp_path / "w.h5", "keras") == []
    assert layers(tmp_path / "m.h5", "tf_saved_model") == []
    (tmp_path / "model.json").write_text(json.dumps({"modelTopology": {"model_config": model_of(KERAS_2)}}))
    assert layers(tmp_path, "tfjs_layers_model") == layers(tmp_path / "model.json", "tfjs_layers_model") == ["twice"]
    (tmp_path / "model.json").write_text("{}")
    assert layers(tmp_path, "tfjs_layers_model") == []


def test_what_both_kinds_of_files_claim_to_be_is_told(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.keras", model_of(BY_NAME))
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive:
        archive.writestr("config.json", "{}")
    for kind, words in (
        ("keras", "it is an archive, which is what Keras would read"),
        ("keras_keras", "it is an HDF5 file, which is what Keras may read"),
    ):
        with pytest.raises(JobError) as caught:
            layers(tmp_path / "m.keras", kind)
        assert str(caught.value) == f"{tmp_path / 'm.keras'} cannot be read as {kind}: {words}"


def test_each_format_has_its_loader() -> None:
    assert {kind: loader.__name__ for kind, loader in loaders.LOADERS.items()} == {
        "keras": "_keras",
        "keras_keras": "_keras",
        "keras_saved_model": "saved_model",
        "tf_saved_model": "saved_model",
        "tf_hub": "tf_hub",
        "tf_frozen_model": "tf_frozen_model",
        "tfjs_layers_model": "_tfjs_layers_model",
        "tfjs_graph_model": "tfjs_graph_model",
    }


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ('{"keras_version": "2.13.1"}', ""),
        ('{"keras_version": "2"}', ""),
        ('{"keras_version": ""}', ""),
        ("{}", ""),
        ('{"keras_version": "3.0"}', "it was saved by Keras 3.0, and the environment has Keras 2"),
        ('{"keras_version": "20.1"}', "it was saved by Keras 20.1, and the environment has Keras 2"),
        ("[]", "the archive does not say which Keras saved it: 'list' object has no attribute 'get'"),
        (
            None,
            "the archive does not say which Keras saved it: \"There is no item named 'metadata.json' in the archive\"",
        ),
    ],
)
def test_an_archive_of_a_later_keras_is_not_given_to_keras_2(metadata: str | None, words: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        if metadata is not None:
            archive.writestr("metadata.json", metadata)
    if not words:
        loaders.refuse_later_keras(str(tmp_path / "m.keras"))
        return
    with pytest.raises(NotRunnableError) as caught:
        loaders.refuse_later_keras(str(tmp_path / "m.keras"))
    assert str(caught.value) == words
    loaders.refuse_later_keras(str(tmp_path))


def test_a_model_that_is_refused_is_an_error_and_one_that_cannot_be_read_is_not_run(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "m.h5", model_of(KERAS_2))
    source = {"path": str(tmp_path / "m.h5"), "format": "keras"}
    for load in (loaders.load, loaders.layers_of):
        with pytest.raises(JobError) as refused:
            load(source)
        assert refused.value.kind == "foreign_code"
        with pytest.raises(NotRunnableError, match="cannot be read as keras_keras"):
            load({**source, "format": "keras_keras"})
    with pytest.raises(NotRunnableError) as caught:
        loaders.layers_of({"path": str(tmp_path), "format": "tf_saved_model"})
    assert str(caught.value) == "a tf_saved_model is not made of layers"


def test_a_module_of_the_users_can_be_found_by_its_name_as_classes_with_fields_need(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "import typing as t\n@dataclass\nclass Own:\n    number: t.ClassVar[int] = 1\n    size: int = 2\n"
    )
    with foreign_code.known_classes({"custom_objects": [str(tmp_path / "own.py")]}) as known:
        assert vars(known["Own"]()) == {"size": 2}
        assert sys.modules[known["Own"].__module__].Own is known["Own"]
