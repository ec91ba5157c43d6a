"""Keras HDF5: a whole model in one file, as ``model.save('x.h5')`` of Keras 2 and 3 writes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown, some
from workflow.models.expecting import require_content, require_file
from workflow.models.keras import hdf5_groups
from workflow.models.keras.dialect import as_keras2, own_class
from workflow.models.keras.file import KerasFile
from workflow.models.keras.parsing import parsed
from workflow.models.keras.tree import entries, inner_model, is_container, layer_name, leaves, with_classes_named
from workflow.models.keras_versions import version_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from workflow.models.hdf5.data import Group
    from workflow.models.keras.file import Config, Path, Stored

_SAVE_WHOLE = (
    "Save the whole model with `model.save('model.h5')`; if you have only these weights, load them into "
    "the code that builds the model (`model.load_weights`), and then call `model.save`."
)
_AGAIN = "Save the model again, or get the file again."
_FORMER_NAMES = {"BatchNormalizationV1": "BatchNormalization", "UnifiedGRU": "GRU", "UnifiedLSTM": "LSTM"}
_TOP = "top_level_model_weights"
_STATE = ("seed_generator_state", "StateVar")  # what random layers remember, which prediction does not use
_BACKENDS = frozenset({"tensorflow", "jax", "torch", "numpy", "openvino", "cntk"})
_MOST_GROUPS = 1_000_000


class _Group(Record):
    """The arrays of one layer of the top level."""

    layer: str
    arrays: tuple[Stored, ...]


@contextlib.contextmanager
def open_whole_file(path: FilePath) -> Iterator[KerasFile]:
    """Yield the model in a Keras HDF5 file, whose arrays can be read meanwhile.

    Raises ``ModelFileError`` for anything else and ``DeclinedError`` for what only Keras can read.
    """
    require_file(path, "a Keras HDF5 file")
    require_content(path, "a Keras HDF5 file", names=("hdf5",))
    with path.open("rb") as file, hdf5_groups.opened(file, str(path)) as root:
        yield _model(root, str(path), path)


def _model(root: Group, where: str, path: FilePath) -> KerasFile:
    attributes = root.attrs
    _require_model(root, where)
    weights = hdf5_groups.child_group(root, "model_weights", where=where)
    if weights is None:
        raise ModelFileError(f"{where} holds the topology of a model without its weights", hint=_SAVE_WHOLE)
    version = hdf5_groups.text(attributes.get("keras_version", weights.attrs.get("keras_version")))
    version_warnings(version, path)
    backend = hdf5_groups.text(attributes.get("backend", weights.attrs.get("backend")))
    text = hdf5_groups.text(attributes["model_config"]) or ""
    written = parsed(text, f"{where}: model_config")
    if "\\" in text or any(name in text for name in _FORMER_NAMES):  # a name may be written with escapes
        written = with_classes_named(written, _FORMER_NAMES)
    config, repairs = as_keras2(written, version or "")
    if not is_container(config):
        raise own_class(config)
    _require_layout(config, backend)
    groups = _groups(weights, where)
    groups += _hidden(config, weights, groups, where=where)
    training = _training(attributes, where) if (version or "").startswith("2") else None
    return KerasFile(
        config=config,
        version=version or "",
        backend=backend,
        training=training,
        weights=_assigned(config, groups),
        order=[group.layer for group in groups],
        listed=[array for group in groups for array in group.arrays],
        repairs=repairs,
    )


def _require_model(root: Group, where: str) -> None:
    attributes, members = set(root.attrs), list(root)
    if {"layer_names", "layer_names0"} & attributes or {"layers", "_layer_checkpoint_dependencies"} & set(members):
        raise ModelFileError(f"{where} holds weights without the topology of a model", hint=_SAVE_WHOLE)
    if "model_config" not in attributes:
        holds = some([shown(name) for name in members]) or "nothing"
        raise ModelFileError(
            f"{where} is an HDF5 file, but no Keras model: it holds {holds}",
            hint="Check that this is the model, and not its data.",
        )


def _require_layout(config: Config, backend: str | None) -> None:
    """Decline what the Theano backend of Keras 2 wrote: it kept its kernels upside down."""
    if backend is None or backend in _BACKENDS:
        return
    if any("Conv" in entry["class_name"] for _, entry in leaves(config)):
        raise DeclinedError(f"the model was saved with the {backend} backend, whose kernels are laid out differently")


def _training(attributes: Any, where: str) -> Any:
    raw = hdf5_groups.text(attributes.get("training_config"))
    return parsed(raw, f"{where}: training_config") if raw else None


def _groups(root: Group, where: str) -> list[_Group]:
    """Return the groups of layers in the file's own order; a group without a list of names holds others."""
    found: list[_Group] = []
    seen = {root.identity}
    waiting = [(name, root) for name in reversed(list(root))]
    while waiting:
        name, parent = waiting.pop()
        group = hdf5_groups.child_group(parent, name, where=where)
        if group is None:
            continue
        if group.identity in seen or len(seen) > _MOST_GROUPS:
            raise ModelFileError(f"{where}: {shown(name)} holds itself", hint="Do not trust this file.")
        seen.add(group.identity)
        listed = hdf5_groups.names(group.attrs, "weight_names")
        if listed is None:
            waiting += [(inner, group) for inner in reversed(list(group))]
        else:
            layer = group.name.removeprefix(root.name).strip("/")
            found.append(_Group(layer, tuple(hdf5_groups.stored(group, each, where=where) for each in listed)))
    return found


def _hidden(config: Config, root: Group, groups: list[_Group], *, where: str) -> list[_Group]:
    """Return the groups of layers that lie inside the group of another layer, as of ``Conv/BatchNorm`` in ``Conv``.

    The reference converter does not find them.
    """
    known = {group.layer for group in groups}
    found = []
    for name in (layer_name(entry) for entry in entries(config)):
        group = hdf5_groups.child_group(root, name, where=where) if "/" in name and name not in known else None
        listed = hdf5_groups.names(group.attrs, "weight_names") if group is not None else None
        if group is not None and listed:
            found.append(_Group(name, tuple(hdf5_groups.stored(group, each, where=where) for each in listed)))
    return found


def _assigned(config: Config, groups: list[_Group]) -> dict[Path, list[Stored]]:
    """Return the arrays of each layer, told by the names of the arrays inside models."""
    found: dict[Path, list[Stored]] = {}
    by_name = {layer_name(entry): entry for entry in entries(config)}
    for group in groups:
        arrays = [array for array in group.arrays if array.role not in _STATE]
        entry = by_name.get(group.layer)
        if entry is None:
            if arrays:
                raise _stray(group, arrays)
            continue
        model = inner_model(entry)
        if model is None:
            found[(group.layer,)] = arrays
        else:
            _distribute(arrays, list(leaves(model, (group.layer,))), found)
    return found


def _stray(group: _Group, arrays: Sequence[Stored]) -> Exception:
    names = some([shown(array.name) for array in arrays])
    if group.layer == _TOP:
        return DeclinedError(f"the model has weights of its own, outside of any layer: {names}", route="graph")
    return ModelFileError(f"the file holds weights of {shown(group.layer)}, which the model does not have", hint=_AGAIN)


def _distribute(arrays: Sequence[Stored], layers: list[tuple[Path, Config]], found: dict[Path, list[Stored]]) -> None:
    """Give each array of a model to the layer whose name, and whose models' names, are in the array's."""
    by_name: dict[str, list[Path]] = {}
    for path, _ in layers:
        by_name.setdefault(path[-1], []).append(path)
    for array in arrays:
        where = f"/{array.name.rpartition('/')[0]}/"
        fitting = [path for name in _parts(where) for path in by_name.get(name, ())]
        ranked = sorted(fitting, key=lambda path: _fit(path, where), reverse=True)
        if not ranked or (len(ranked) > 1 and _fit(ranked[0], where) == _fit(ranked[1], where)):
            raise DeclinedError(
                f"the file does not say which layer of {shown(layers[0][0][0])} its weight {shown(array.name)} is of",
                route="a .keras file, or graph",
            )
        found.setdefault(ranked[0], []).append(array)


def _parts(where: str) -> list[str]:
    """Return every run of whole parts of a path, for names of layers may hold slashes."""
    parts = where.strip("/").split("/")[:32]
    runs = {"/".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    return sorted(runs)


def _fit(path: Path, where: str) -> tuple[int, int, int]:
    """Return how well a layer fits an array's name: models named, how far right and how long its own name is."""
    named = sum(f"/{name}/" in where for name in path[:-1])
    return named, where.rindex(f"/{path[-1]}/"), len(path[-1])
