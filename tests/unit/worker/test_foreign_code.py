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
    with pytest.raises(JobError, match=f"cannot be read as {kind}"):
        layers(str(tmp_path / name), kind)


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

    loading = SimpleNamespace(load_keras_model=lambda _path: SimpleNamespace(layers=[]))
    keras = SimpleNamespace(utils=SimpleNamespace(custom_object_scope=contextlib.nullcontext))
    modules = {"tensorflow": keras, "tf_keras": keras, "tensorflowjs": keras, "tensorflowjs.converters": loading}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(foreign_code, "beyond_the_list", look)
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
    with (
        pytest.raises(JobError, match="ZeroDivisionError"),
        foreign_code.known_classes({"custom_objects": [str(tmp_path / "layers.py")]}),
    ):
        pass
