"""Whole models with one value of their configuration gone or replaced, and what conversions make of them.

A functional model of Keras 2, with branches and a model inside, becomes a layers model, and that becomes HDF5 again; a
model of Keras 3 with a training becomes a layers model, too. The models of the fuzz tests are written once more.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

from tests.fuzzing import models
from tests.unit.conversion.native.keras.files import archive, called, dense, given, graph, layer, numbers, whole_file
from tests.unit.golden.damaged_documents import places, with_value
from workflow.base.errors import ConversionError, DeclinedError, ModelFileError
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from workflow.catalogue.formats import Format

    Write = Callable[[Any], Path]

FILE = "damaged_conversions.json"
_VALUES: dict[str, Any] = {"null": None, "text": "x", "-1": -1, "list": [[]], "object": {"class_name": "Odd"}, "2": 2}
_LAYERS: Format = "tfjs_layers_model"
_GRAPH: Format = "tfjs_graph_model"


def all_outcomes(scratch: Path) -> dict[str, Any]:
    """Return for each value of each configuration what becomes of the model without it, and with another by turns.

    What changes nothing is left out.
    """
    layers, small = models.layers(scratch / "layers"), models.graph(scratch / "graph")
    old, new, web = _keras2(), _keras3(), scratch / "web"
    EDGES["keras", _LAYERS](Job(_old_file(scratch, old), "keras", web, _LAYERS, {}, Recording()))
    return {
        "Keras 2 to layers": _outcomes(old, lambda one: _old_file(scratch, one), ("keras", _LAYERS), {}),
        "Keras 3 to layers": _outcomes(new, lambda one: _new_file(scratch, one), ("keras_keras", _LAYERS), {}),
        "layers to HDF5": _outcomes(_read(web), lambda one: _put(web, one), (_LAYERS, "keras"), {}),
        "layers to one byte": _outcomes(
            _read(layers)["weightsManifest"],
            lambda one: _put(layers, {**_sound(layers), "weightsManifest": one}),
            (_LAYERS, _LAYERS),
            {"quantize_uint8": ["out*"], "keep_float": ["biases"], "split_weights_by_layer": True},
        ),
        "graph in floats": _outcomes(
            _read(small)["weightsManifest"],
            lambda one: _put(small, {**_sound(small), "weightsManifest": one}),
            (_GRAPH, _GRAPH),
            {"dequantize": True, "weight_shard_size_bytes": 20},
        ),
    }


def _read(folder: Path) -> Any:
    text = (folder / "model.json").read_text(encoding="utf-8")
    (folder / "sound.txt").write_text(text, encoding="utf-8")
    return json.loads(text)


def _sound(folder: Path) -> Any:
    return json.loads((folder / "sound.txt").read_text(encoding="utf-8"))


def _put(folder: Path, document: Any) -> Path:
    (folder / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def _outcomes(config: Any, write: Write, way: tuple[Format, Format], options: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"(sound)": _outcome(write(config), way, options)}
    names = list(_VALUES)
    for number, keys in enumerate(places(config, ())):
        said: dict[str, str] = {}
        for name in ("gone", names[number % len(names)], names[(number + 3) % len(names)]):
            changed = _without(config, keys) if name == "gone" else with_value(config, keys, _VALUES[name])
            outcome = _outcome(write(changed), way, options)
            if outcome != found["(sound)"]:
                said[name] = outcome
        found[" > ".join(map(str, keys))] = said
    return found


def _without(config: Any, keys: tuple[str | int, ...]) -> Any:
    changed = copy.deepcopy(config)
    inner = changed
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return changed


def _outcome(source: Path, way: tuple[Format, Format], options: dict[str, Any]) -> str:
    target = source.parent / ("made.h5" if way[1] == "keras" else "made")
    listener = Recording()
    try:
        facts = EDGES[way](Job(source, way[0], target, way[1], options, listener))
    except DeclinedError as refusal:
        said = f"declined ({refusal.route}): {refusal.reason}"
    except (ModelFileError, ConversionError) as refusal:
        said = f"{type(refusal).__name__}: {refusal.message} | {refusal.hint}"
    else:
        told = {key: value for key, value in facts.items() if key in ("changes", "optimizer", "training", "kept")}
        said = f"{told or ''} {_digest(target)}".strip()
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return said.replace(f"{source.parent}/", "")


def _digest(made: Path) -> str:
    files = sorted(made.iterdir()) if made.is_dir() else [made]
    digest = hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files))
    return digest.hexdigest()[:12]


_WIDTH = {"entry": 3}
_UNITS = {"left": (3, 2), "right": (3, 2), "inner": (2, 2), "last": (2, 1)}


def _weights() -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    return {
        "nested" if name == "inner" else name: {f"{name}/kernel": numbers(*shape), f"{name}/bias": numbers(shape[1])}
        for name, shape in _UNITS.items()
    }


def _keras2() -> Any:
    inner = graph(
        {**given([None, 2], "begin"), "name": "begin", "inbound_nodes": []},
        called(dense("inner", 2, activation="relu"), ["begin"]),
        inputs=["begin"],
        outputs=["inner"],
        name="nested",
    )
    inner["config"]["name"] = "nested"
    dropout = layer("Dropout", "drop", rate=0.5, noise_shape=None, seed=None)
    return {
        "config": graph(
            {**given([None, 3], "entry"), "name": "entry", "inbound_nodes": []},
            called(dense("left", 2), ["entry"]),
            called(dense("right", 2, activation="tanh"), ["entry"]),
            {**layer("Add", "sum"), "name": "sum", "inbound_nodes": [[["left", 0, 0, {}], ["right", 0, 0, {}]]]},
            called(dropout, ["sum"]),
            called(inner, ["drop"]),
            {**dense("last", 1), "name": "last", "inbound_nodes": [[["nested", 1, 0, {}]]]},
            inputs=["entry"],
            outputs=["last"],
        ),
        "weights": {name: list(arrays) for name, arrays in _weights().items()},
    }


def _old_file(folder: Path, chosen: Any) -> Path:
    """Write the file; of a damaged list of weights, what h5py can write of it."""
    weights = {name: dict(arrays) for name, arrays in _weights().items()}
    listed = chosen.get("weights") if isinstance(chosen, dict) else None
    kept = {
        name: {f"{each}": arrays.get(each, numbers(2)) for each in listed[name] if isinstance(each, str)}
        for name, arrays in weights.items()
        if isinstance(listed, dict) and isinstance(listed.get(name), list)
    }
    return whole_file(folder / "m.h5", chosen.get("config"), kept)


def _keras3() -> Any:
    def entry(class_name: str, name: str, above: list[str], **options: Any) -> dict[str, Any]:
        config = {
            "name": name,
            "trainable": True,
            "dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}},
        }
        tensors = [
            {
                "class_name": "__keras_tensor__",
                "config": {"shape": [None, _WIDTH.get(a, 2)], "dtype": "float32", "keras_history": [a, 0, 0]},
            }
            for a in above
        ]
        node: dict[str, Any] = {"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {}}
        whole = {"module": "keras.layers", "class_name": class_name, "config": {**config, **options}}
        return {**whole, "registered_name": None, "name": name, "inbound_nodes": [node]}

    begin = {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "entry"}
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": begin,
        "name": "entry",
        "inbound_nodes": [],
    }
    plain = {"activation": "linear", "use_bias": True}
    layers = [
        {**first, "registered_name": None},
        entry("Dense", "left", ["entry"], units=2, **plain),
        entry("Dense", "right", ["entry"], units=2, **{**plain, "activation": "tanh"}),
        entry("Add", "sum", ["left", "right"]),
        entry("Dense", "last", ["sum"], units=1, **plain),
    ]
    ends = {"input_layers": [["entry", 0, 0]], "output_layers": [["last", 0, 0]]}
    optimizer = {
        "module": "keras.optimizers",
        "class_name": "Adam",
        "config": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "amsgrad": False},
        "registered_name": None,
    }
    loss = {"module": "keras.losses", "class_name": "MeanSquaredError", "config": {"reduction": "sum"}}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {"name": "model", "trainable": True, "layers": layers, **ends},
        "registered_name": "Functional",
        "compile_config": {"optimizer": optimizer, "loss": loss, "metrics": ["accuracy"], "loss_weights": None},
    }


def _new_file(folder: Path, config: Any) -> Path:
    places = {"dense": (3, 2), "dense_1": (3, 2), "dense_2": (2, 1)}
    arrays = {f"layers/{name}/vars/0": numbers(*shape) for name, shape in places.items()}
    arrays |= {f"layers/{name}/vars/1": numbers(shape[1]) for name, shape in places.items()}
    return archive(folder / "m.keras", config, arrays)
