"""Keras HDF5: a whole model in one file, as ``model.save('x.h5')`` of Keras 2 and 3 writes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.records import Record
from workflow.base.wording import plural, shown, some
from workflow.models.file_contents import require_content, require_file
from workflow.models.inspection import ModelSummary, summarise
from workflow.models.keras import hdf5_groups
from workflow.models.keras.dialect import as_keras2, own_class
from workflow.models.keras.tree import (
    KerasFile,
    entries,
    inner_model,
    is_container,
    is_in_halves,
    layer_name,
    leaves,
    output_keys,
    parsed,
    version_warnings,
    with_classes_named,
)
from workflow.models.topology import layer_facts, layers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from workflow.models.hdf5.file_bytes import Data, Group
    from workflow.models.keras.tree import Config, Path, Stored

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
_WANTED = "a Keras HDF5 file"
_KERAS3_WEIGHTS = frozenset({"layers", "_layer_checkpoint_dependencies"})
_WORDS = {"f": "float", "i": "int", "u": "uint", "b": "bool"}
_DTYPES = {f"{kind}{size}": f"{word}{8 * size}" for kind, word in _WORDS.items() for size in (1, 2, 4, 8)}
_DTYPES["b1"] = "bool"


class _Group(Record):
    """The arrays of one layer of the top level."""

    layer: str
    arrays: tuple[Stored, ...]


@contextlib.contextmanager
def open_whole_file(path: FilePath) -> Iterator[KerasFile]:
    """Yield the model in a Keras HDF5 file, whose arrays can be read meanwhile.

    Raises ``ModelFileError`` for anything else and ``DeclinedError`` for what only Keras can read.
    """
    with _opened(path) as root:
        yield _model(root, str(path), path)


def inspect(path: FilePath) -> ModelSummary:
    """Check a Keras model in HDF5."""
    with _opened(path) as root:
        weights = _weights_of(root, str(path))
        hdf5_groups.require_contained(root, str(path))
        version = _noted("keras_version", root, weights)
        warnings = version_warnings(version, path)
        layers = layers_of(_written(root, str(path)), str(path))
        facts, split = _weight_facts(weights, str(path))
        backend = hdf5_groups.text(root.attrs.get("backend"))
    details = {"keras_version": version, "backend": backend, **layer_facts(layers), **facts}
    return summarise("keras", (path,), details=details, warnings=warnings + _split_warning(split))


@contextlib.contextmanager
def _opened(path: FilePath) -> Iterator[Group]:
    """Yield the root of an HDF5 file that holds a model."""
    require_file(path, _WANTED)
    require_content(path, _WANTED, names=("hdf5",))
    with path.open("rb") as file, hdf5_groups.opened(file, str(path)) as root:
        _require_model(root, str(path))
        yield root


def _model(root: Group, where: str, path: FilePath) -> KerasFile:
    weights = _weights_of(root, where)
    version = _noted("keras_version", root, weights)
    version_warnings(version, path)
    backend = _noted("backend", root, weights)
    written = _renamed(root, where)
    config, repairs = as_keras2(written, version or "")
    if not is_container(config):
        raise own_class(config)
    _require_layout(config, backend)
    groups = _groups(weights, where)
    groups += _hidden(config, weights, groups, where=where)
    training = _training(root.attrs, where) if (version or "").startswith("2") else None
    return KerasFile(
        config=config,
        version=version or "",
        backend=backend,
        training=training,
        weights=_assigned(config, groups),
        output_keys=output_keys(written),
        in_halves=is_in_halves(written),
        order=[group.layer for group in groups],
        listed=[array for group in groups for array in group.arrays],
        repairs=repairs,
    )


def _weights_of(root: Group, where: str) -> Group:
    """Return the group of a model's weights."""
    weights = hdf5_groups.child_group(root, "model_weights", where=where)
    if weights is None:
        raise ModelFileError(f"{where} holds the topology of a model without its weights", hint=_SAVE_WHOLE)
    return weights


def _noted(key: str, root: Group, weights: Group) -> str | None:
    """Return what Keras noted of itself, in one place or the other."""
    return hdf5_groups.text(root.attrs.get(key, weights.attrs.get(key)))


def _written(root: Group, where: str) -> Any:
    return parsed(hdf5_groups.text(root.attrs["model_config"]) or "", f"{where}: its model_config")


def _renamed(root: Group, where: str) -> Any:
    """Return the configuration with the classes of old versions by the names that they have now."""
    text = hdf5_groups.text(root.attrs["model_config"]) or ""
    written = _written(root, where)
    is_old = "\\" in text or any(name in text for name in _FORMER_NAMES)  # a name may be written with escapes
    return with_classes_named(written, _FORMER_NAMES) if is_old else written


def _require_model(root: Group, where: str) -> None:
    """Tell a model from weights, data, and nothing at all."""
    attributes, members = set(root.attrs), list(root)
    if {"layer_names", "layer_names0"} & attributes or _KERAS3_WEIGHTS & set(members):
        raise ModelFileError(f"{where} holds weights without the topology of a model", hint=_SAVE_WHOLE)
    if not members and not attributes:
        raise ModelFileError(f"{where} is an HDF5 file with nothing in it", hint=hdf5_groups.AGAIN)
    if "model_config" not in attributes:
        raise ModelFileError(
            f"{where} is an HDF5 file, but no Keras model: it holds {some([shown(name) for name in members])}",
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
    """Return the groups of layers in the file's own order."""
    return [
        _Group(
            group.name.removeprefix(root.name).strip("/"),
            tuple(hdf5_groups.stored(group, each, where=where) for each in listed),
        )
        for group, listed in _listed(root, where)
    ]


def _listed(root: Group, where: str) -> Iterator[tuple[Group, list[str]]]:
    """Yield the groups that list the names of their arrays, with these names; one without a list holds others."""
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
            yield group, listed


def _weight_facts(weights: Group, where: str) -> tuple[dict[str, object], int]:
    """Return facts of the arrays that Keras lists, and in how many groups it had to split the list of their names."""
    split = 0
    arrays: list[Data] = []
    for group, listed in _listed(weights, where):
        split += "weight_names" not in group.attrs
        arrays += [hdf5_groups.array(group, name, where=where) for name in listed]
    facts: dict[str, object] = {
        "weights": len(arrays),
        "weight_bytes": sum(array.room for array in arrays),
        "dtypes": tuple(sorted({_DTYPES.get(array.dtype[1:], array.dtype) for array in arrays})),
    }
    return facts, split


def _split_warning(groups: int) -> tuple[str, ...]:
    if not groups:
        return ()
    what = f"{plural(groups, 'layer')} with so many weights that Keras split the list of their names"
    return (f"{what}: `engine: reference` cannot make a layers model of it (tfjs#3806)",)


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
