"""The weights of a model on disk by the layers that they are of, as its format names them: nothing is converted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from workflow.base import scratch
from workflow.base.records import Record
from workflow.models.keras.archive import open_archive
from workflow.models.keras.dialect import own_class
from workflow.models.keras.tree import is_container, leaves
from workflow.models.keras.whole_file import open_whole_file
from workflow.models.tfjs_weights import open_model
from workflow.models.topology import model_config
from workflow.verification import named_weights
from workflow.verification.keras_roles import name_in_script, role_in, roles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workflow.models.keras.tree import KerasFile, Path, Stored
    from workflow.models.tfjs_weights import StoredModel
    from workflow.verification.named_weights import Named
    from workflow.verification.requests import Subject


class WeightedLayer(Record):
    """A layer that is no model, and its weights by their roles.

    ``known`` False: the class is not known here, or the file has other weights than Keras says; ``by_role`` then has
    numbers in place of roles.
    """

    path: Path
    class_name: str
    config: Mapping[str, Any]
    by_role: Mapping[str, Named]
    known: bool = True


class ModelWeights(Record):
    """All weights by the names that the file gives them, and the layers (none of a graph) in the file's order."""

    by_name: Mapping[str, Named]
    layers: tuple[WeightedLayer, ...] = ()
    configuration: Any = None
    in_halves: bool = False
    """Whether its layers compute in half floats."""

    in_script: bool = False
    """Whether it is a model of TensorFlow.js."""

    def every(self) -> list[Named]:
        """Return every weight once; in Keras files several may share a name."""
        listed = [*(one for layer in self.layers for one in layer.by_role.values()), *self.by_name.values()]
        return list({id(one): one for one in listed}.values())


@contextlib.contextmanager
def model_weights(subject: Subject) -> Iterator[ModelWeights]:
    """Yield the weights of a model, which can be read meanwhile.

    Raises ``ModelFileError`` for a damaged one, ``DeclinedError`` where it cannot be told which weight is which.
    """
    with _READERS[subject.format](subject) as found:
        yield found


@contextlib.contextmanager
def weights_of(subject: Subject) -> Iterator[Mapping[str, Named]]:
    """Yield the weights of a model by name, which can be read meanwhile; raises as ``model_weights`` does."""
    with model_weights(subject) as found:
        yield found.by_name


def readable(subject: Subject) -> bool:
    """Whether the weights of this format can be read here."""
    return subject.format in _READERS


@contextlib.contextmanager
def _layers_model(subject: Subject) -> Iterator[ModelWeights]:
    with open_model(subject.path, "layers") as model:
        topology = model.file.topology
        by_name = _of_manifest(model)
        config = model_config(topology, str(subject.path))
        yield ModelWeights(by_name, tuple(_in_script(config, by_name)), topology, in_script=True)


@contextlib.contextmanager
def _graph_model(subject: Subject) -> Iterator[ModelWeights]:
    with open_model(subject.path, "graph") as model:
        yield ModelWeights(_of_manifest(model), in_script=True)


@contextlib.contextmanager
def _whole_file(subject: Subject) -> Iterator[ModelWeights]:
    with open_whole_file(subject.path) as file:
        yield _of_keras(file)


@contextlib.contextmanager
def _archive(subject: Subject) -> Iterator[ModelWeights]:
    with scratch.folder("archive") as folder, open_archive(subject.path, scratch=folder) as file:
        yield _of_keras(file)


def _of_manifest(model: StoredModel) -> dict[str, Named]:
    return {one.weight.name: named_weights.of_script(one) for one in model.weights if not one.is_optimizer}


def _in_script(config: Any, by_name: Mapping[str, Named]) -> Iterator[WeightedLayer]:
    """Yield the layers of a layers model, each with the weights that TensorFlow.js would find for it.

    It looks for the full name, and then for one that has another part before its last.
    """
    longer: dict[str, list[str]] = {}
    for name in by_name:
        parts = name.split("/")
        longer.setdefault("/".join([*parts[:-2], parts[-1]]), []).append(name)
    for path, entry in leaves(config) if is_container(config) else ():
        class_name, options = entry["class_name"], entry["config"]
        roles = roles_of(class_name, options)
        found = {}
        for role in roles or ():
            wanted = f"{path[-1]}/{name_in_script(role, class_name, config=options)}"
            stored = wanted if wanted in by_name else longer.get(wanted, [""])[0]
            if stored:
                found[role] = by_name[stored]
        yield WeightedLayer(path, class_name, options, found, known=roles is not None)


def _of_keras(file: KerasFile) -> ModelWeights:
    if not is_container(file.config):
        raise own_class(file.config)
    layers = [_in_keras(path, entry, file.weights.get(path, ())) for path, entry in leaves(file.config)]
    by_name: dict[str, Named] = {}
    for layer in layers:
        for role, one in layer.by_role.items():
            by_name["/".join((*layer.path, role)) if one.name in by_name else one.name] = one
    return ModelWeights(by_name, tuple(layers), file.config, file.in_halves)


def _in_keras(path: Path, entry: Mapping[str, Any], arrays: Sequence[Stored]) -> WeightedLayer:
    """Return a layer with its arrays by role: by their names where those tell it, else as they are ordered."""
    roles = roles_of(entry["class_name"], entry["config"])
    told = [role_in(one.name) for one in arrays]
    needless = set(roles or ()) - {"count"}
    if roles is not None and len(arrays) == len(needless) and len(arrays) < len(roles):
        roles = tuple(role for role in roles if role != "count")
    known = roles is not None and len(roles) == len(arrays)
    if known and set(told) != set(roles or ()):
        told = list(roles or ())
    elif not known:
        told = [str(number) for number in range(len(arrays))]
    place = "/".join(path)
    named = {
        role: named_weights.of_keras(one, one.name or f"{place}/{role}") for role, one in zip(told, arrays, strict=True)
    }
    return WeightedLayer(path, entry["class_name"], entry["config"], named, known=known)


_READERS: Mapping[str, Callable[[Subject], contextlib.AbstractContextManager[ModelWeights]]] = {
    "tfjs_layers_model": _layers_model,
    "tfjs_graph_model": _graph_model,
    "keras": _whole_file,
    "keras_keras": _archive,
}
