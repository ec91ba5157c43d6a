"""The weights of models on disk by name, whatever the format; one is in memory at a time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base import scratch
from workflow.base.errors import DeclinedError
from workflow.conversion.native.keras.building import assemble
from workflow.models.arrays import whole
from workflow.models.keras.archive import open_archive
from workflow.models.keras.whole_file import open_whole_file
from workflow.models.strict_json import read_object
from workflow.models.tensors import dtype_name
from workflow.models.tfjs_weights import open_model
from workflow.verification.structure import model_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.models.arrays import Array
    from workflow.models.keras.file import KerasFile, Stored
    from workflow.models.tensors import Tensor
    from workflow.models.tfjs_weights import StoredWeight
    from workflow.verification.requests import Subject

_NARROWED = {"float16": "float32", "float64": "float32", "int64": "int32"}
"""What a wider or narrower dtype of Keras is in TensorFlow.js."""


@dataclass(frozen=True)
class Named:
    """One weight: ``read`` returns its own values (restored when quantized), flat; ``quantization`` its field."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array]
    quantization: Mapping[str, Any] | None = None

    @property
    def stored_as(self) -> str | None:
        """The dtype on disk when it is quantized."""
        return None if self.quantization is None else str(self.quantization["dtype"])


Views = tuple[dict[str, Named], ...]
"""The weights of a model by name, in its own order; Keras files have two ways of naming them."""


@contextlib.contextmanager
def weights_of(subject: Subject) -> Iterator[Views]:
    """Yield the weights of a model, which can be read meanwhile.

    Raises ``ModelFileError`` for a damaged one, ``DeclinedError`` where it cannot be told which weight is which.
    """
    with _READERS[subject.format](subject) as found:
        yield found


def configuration_of(subject: Subject) -> object:
    """Return the configuration of a model of layers, as Keras writes it."""
    if subject.format == "tfjs_layers_model":
        return read_object(model_json(subject), "the model.json of a layers model")["modelTopology"]
    if subject.format == "keras":
        with open_whole_file(subject.path) as file:
            return file.config
    with scratch.folder("archive") as folder, open_archive(subject.path, scratch=folder) as file:
        return file.config


def readable(subject: Subject) -> bool:
    """Whether the weights of this format can be read here."""
    return subject.format in _READERS


@contextlib.contextmanager
def _tfjs(subject: Subject) -> Iterator[Views]:
    with open_model(subject.path, "graph" if subject.format == "tfjs_graph_model" else "layers") as model:
        yield ({one.weight.name: _stored_weight(one) for one in model.weights if not one.is_optimizer},)


def _stored_weight(one: StoredWeight) -> Named:
    weight, field = one.weight, one.entry.get("quantization")
    tensor = one.as_stored() if weight.dtype == "string" else one.restored()
    quantization = field if weight.quantization else None
    return Named(weight.name, weight.shape, weight.dtype, lambda: whole(tensor), quantization)


@contextlib.contextmanager
def _keras(subject: Subject) -> Iterator[Views]:
    with open_whole_file(subject.path) as file:
        yield _keras_weights(file)


@contextlib.contextmanager
def _archive(subject: Subject) -> Iterator[Views]:
    with scratch.folder("archive") as folder, open_archive(subject.path, scratch=folder) as file:
        yield _keras_weights(file)


def _keras_weights(file: KerasFile) -> Views:
    """Return a Keras model's weights as the file names them, and as layers of TensorFlow.js have them.

    Archives name none, and some layers are expressed by others: those are as the native conversion makes them.
    """
    raw = {one.name: one for stored in file.weights.values() for one in stored if one.name}
    plain = {name: _stored_array(one) for name, one in raw.items()}
    try:
        made = [one.tensor for placed in assemble(file).weights.values() for one in placed]
    except DeclinedError:
        if not raw:
            raise
        return (plain,)
    expressed = {tensor.name: _of_keras(tensor, raw.get(tensor.name)) for tensor in made}
    return (plain, expressed) if plain else (expressed,)


def _of_keras(tensor: Tensor, raw: Stored | None) -> Named:
    if raw is not None and raw.shape == tensor.shape:
        return _stored_array(raw)
    return Named(tensor.name, tensor.shape, tensor.dtype, lambda: whole(tensor))


def _stored_array(one: Stored) -> Named:
    name = dtype_name(one.dtype)
    dtype = _NARROWED.get(name, name)
    return Named(one.name, one.shape, dtype, lambda: one.read().reshape(-1).astype(dtype, copy=False))


_READERS: Mapping[str, Callable[[Subject], contextlib.AbstractContextManager[Views]]] = {
    "tfjs_layers_model": _tfjs,
    "tfjs_graph_model": _tfjs,
    "keras": _keras,
    "keras_keras": _archive,
}
