"""A layers model to be turned into a Keras file: its configuration, and its weights by the layers that they are of."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.conversion.native.keras.lowering.recurrent import CELLS
from workflow.conversion.native.keras.script_layers import as_computed, require_agreement
from workflow.conversion.native.keras.script_masks import require_same_masks
from workflow.conversion.native.keras.script_words import in_keras_words
from workflow.conversion.native.tfjs_writing import write_model_json
from workflow.models.hdf5.file_writing import NewData
from workflow.models.keras.allowed import TABLES, require_allowed
from workflow.models.keras.layers import variables
from workflow.models.keras.shapes import fits, in_words
from workflow.models.keras.tree import InexpressibleError, inner, is_container, layer_name, leaves, with_classes_named
from workflow.models.tensors import ITEM_BYTES, opened
from workflow.models.tfjs_model import read_tfjs
from workflow.models.tfjs_weights import open_model
from workflow.models.topology import model_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path as FilePath

    from workflow.models.keras.tree import Config, Shape
    from workflow.models.tfjs_weights import StoredModel, StoredWeight

_HINT = "The weights are those of another model, or the manifest is damaged: convert the model again."
_NAMES_IN_KERAS = {"LeCunNormal": "LecunNormal", "LeCunUniform": "LecunUniform"}
_MADE_IN_SCRIPT = "tfjs-layers"
_KNOWN_TO_KERAS2 = frozenset(TABLES)
_WITHOUT_WEIGHTS = frozenset({"CategoryEncoding", "CenterCrop"})
"""Layers of both that the other direction writes in other words."""

_WRITTEN = {"ReLU": ("threshold",)}
"""Options that TensorFlow.js ignores, and that stand for what it does have: written by ``as_computed`` alone."""

_IN_SCRIPT_ALONE = {
    "gelu_new": "TensorFlow.js itself does not find it in a file (it looks for geluNew), and both know gelu",
}
"""Activations that TensorFlow.js has and Keras has not, and what else is to be known of each."""


class LayersModel(Record):
    """The configuration of a layers model as Keras 2 reads it, and its weights by their names in Keras."""

    config: Config
    _weights: Mapping[str, StoredWeight]

    def names(self, entry: Config) -> list[tuple[str, bool]]:
        """Return the names of a leaf's weights in the order of their making, and whether each can be trained."""
        name = layer_name(entry)
        try:
            found = variables(entry["class_name"], entry["config"], shape=None)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"the options of layer {shown(name)} make no sense ({error})"
            raise ModelFileError(what, hint="The topology is damaged.") from error
        return [(self._fitting(f"{name}/{one.role}", one.shape), one.trainable) for one in found]

    def kind(self, name: str) -> tuple[tuple[int, ...], str]:
        """Return the shape and the dtype of a weight; ``name`` is one that ``names`` gave."""
        weight = self._weights[name].weight
        return tuple(weight.shape), weight.dtype

    def blocks(self, name: str) -> Iterator[memoryview]:
        """Yield a weight's bytes, restored if they are quantized; each piece is valid until the next is asked for."""
        return opened(self._weights[name].restored())()

    def data(self, name: str, written: Callable[[int], None]) -> NewData:
        """Return a weight to be written, whose values are read when their turn comes; ``written`` hears of them."""

        def blocks() -> Iterator[memoryview]:
            for block in self.blocks(name):
                written(len(block))
                yield block

        return NewData(*self.kind(name), blocks)

    def require_all(self, count: int) -> None:
        """Raise ``ModelFileError`` unless the layers of the model use as many weights as there are."""
        if count != self.count():
            raise ModelFileError(
                f"the manifest has {self.count()} weights, and the layers of the model use {count} of them",
                hint="The weights are those of another model: convert the model again.",
            )

    def size(self) -> int:
        """Return how many bytes all weights take when they are restored."""
        return sum(ITEM_BYTES[w.weight.dtype] * w.restored().size for w in self._weights.values())

    def count(self) -> int:
        """Return how many weights there are."""
        return len(self._weights)

    def _fitting(self, name: str, wanted: Shape | None) -> str:
        """Return the name of a weight in the manifest; raises ``ModelFileError`` unless its layer can hold it."""
        stored = self._stored(name)
        shape = self.kind(stored)[0]
        if wanted is None or fits(shape, wanted):
            return stored
        raise ModelFileError(
            f"the weight {shown(name)} has the shape {shape}, and its layer, by its options, one of {in_words(wanted)}",
            hint="TensorFlow.js does not load it either; it leaves out the depthMultiplier of a SeparableConv2D"
            if stored.endswith("depthwise_kernel")
            else _HINT,
        )

    def _stored(self, name: str) -> str:
        if name in self._weights:
            return name
        longer = [stored for stored in self._weights if _shortened(stored) == name]
        if len(longer) != 1:
            raise ModelFileError(f"the weight {shown(name)} is not in the manifest", hint=_HINT)
        return longer[0]


@contextlib.contextmanager
def open_layers_model(path: FilePath) -> Iterator[LayersModel]:
    """Yield the layers model in a folder or model.json, whose weights can be read meanwhile.

    Raises ``ModelFileError`` for a damaged one, ``DeclinedError`` for layers that this package does not know.
    """
    with open_model(path, "layers") as model:
        topology = model.file.topology
        root = model_config(topology, str(path))
        written = in_keras_words({"class_name": root.get("class_name"), "config": root.get("config")}, str(path))
        config: Config = as_computed(with_classes_named(written, _NAMES_IN_KERAS))
        _require_known(config, in_script=_is_made_in_script(topology, root))
        yield LayersModel(config, _model_weights(model))


def write_for_keras(path: FilePath, folder: FilePath) -> FilePath | None:
    """Write a layers model with which Keras computes what TensorFlow.js does with this one; None if it is that already.

    ``folder`` is made. Raises ``ModelFileError`` for a damaged model.
    """
    file = read_tfjs(path, "layers")
    root = model_config(file.topology, str(path))
    if not is_container(root):
        return None
    in_script = _is_made_in_script(file.topology, root)
    said = {**root, **in_keras_words(root, str(path))} if in_script else root
    computed = as_computed(said)
    if in_script:
        _require_meant(computed)
    if computed == root:
        return None
    is_inner = root is not file.topology
    topology = {**file.topology, "model_config": computed} if is_inner else computed
    for shard in file.files[1:]:
        copied = folder / shard.relative_to(file.path.parent)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shard, copied)
    write_model_json(folder / "model.json", {**file.document, "modelTopology": topology})
    return folder


def _is_made_in_script(topology: Config, root: Config) -> bool:
    return str(topology.get("keras_version") or root.get("keras_version") or "").startswith(_MADE_IN_SCRIPT)


def _model_weights(model: StoredModel) -> dict[str, StoredWeight]:
    found = {weight.weight.name: weight for weight in model.weights if not weight.is_optimizer}
    strange = [name for name, weight in found.items() if weight.weight.dtype not in ("float32", "int32", "bool")]
    if strange:
        raise ModelFileError(f"the weight {shown(strange[0])} holds no numbers that a layer could use", hint=_HINT)
    return found


def _require_known(config: Config, *, in_script: bool) -> None:
    """Decline layers whose weights this package does not know, or that TensorFlow.js computes otherwise.

    The latter only where TensorFlow.js made the model: what Keras made is meant as Keras computes it.
    """
    if in_script:
        _require_meant(config)
    for _, entry in leaves(config):
        held = inner(entry)
        for each in [entry, *([held] if held is not None and not is_container(held) else [])]:
            if each["class_name"] not in _KNOWN_TO_KERAS2 | _WITHOUT_WEIGHTS or _has_unknown_cell(each):
                raise DeclinedError(
                    f"layer {shown(layer_name(entry))}: nothing is known of its class {shown(each['class_name'])}"
                )


def _require_meant(config: Config) -> None:
    """Decline layers of a model that TensorFlow.js made, if Keras has none that computes the same."""
    require_agreement(config)
    require_same_masks(config)
    for _, entry in leaves(config):
        held = inner(entry)
        for each in [entry, *([held] if held is not None and not is_container(held) else [])]:
            if _has_unknown_cell(each):
                told = f"layer {shown(layer_name(entry))} (RNN): nothing is known of its cell"
                raise DeclinedError(f"{told}, and the reference converter does not read it", route="none")
            _require_activation(each)
            if each["class_name"] in _KNOWN_TO_KERAS2:
                _require_same(each)


def _require_activation(entry: Config) -> None:
    for key in ("activation", "recurrent_activation"):
        name = entry["config"].get(key)
        if isinstance(name, str) and name in _IN_SCRIPT_ALONE:
            what = f"layer {shown(layer_name(entry))} ({entry['class_name']}): Keras has no activation {name}"
            raise DeclinedError(f"{what}; {_IN_SCRIPT_ALONE[name]}", route="none")


def _require_same(entry: Config) -> None:
    ours = _WRITTEN.get(entry["class_name"], ())
    try:
        require_allowed(entry["class_name"], {key: value for key, value in entry["config"].items() if key not in ours})
    except InexpressibleError as error:
        raise DeclinedError(f"{error}, and computes something else with it", route="none") from error


def _has_unknown_cell(entry: Config) -> bool:
    cell = entry["config"].get("cell") if entry["class_name"] == "RNN" else None
    return entry["class_name"] == "RNN" and (not isinstance(cell, dict) or cell.get("class_name") not in CELLS)


def _shortened(name: str) -> str:
    parts = name.split("/")
    return "/".join([*parts[:-2], parts[-1]])
