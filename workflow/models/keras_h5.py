"""keras: a whole Keras model (topology and weights) in one HDF5 file."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import plural, shown, some
from workflow.models.expecting import require_content, require_file
from workflow.models.hdf5 import reading
from workflow.models.hdf5.claims import require_contained
from workflow.models.hdf5.data import DamagedError, TruncatedError, UnusualError
from workflow.models.keras_versions import version_warnings
from workflow.models.summary import ModelSummary, summarise
from workflow.models.topology import layer_facts, layers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workflow.models.hdf5.data import Group

_SAVE_WHOLE = (
    "Save the whole model with `model.save('model.h5')`; if you have only these weights, load them into "
    "the code that builds the model (`model.load_weights`), and then call `model.save`."
)
_AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_WORDS = {"f": "float", "i": "int", "u": "uint", "b": "bool"}
_DTYPES = {f"{kind}{size}": f"{word}{8 * size}" for kind, word in _WORDS.items() for size in (1, 2, 4, 8)}
_DTYPES["b1"] = "bool"
_KERAS3_WEIGHTS = frozenset({"layers", "_layer_checkpoint_dependencies"})


def inspect(path: Path) -> ModelSummary:
    """Check a Keras model in HDF5."""
    require_file(path, "a Keras HDF5 file")
    require_content(path, "a Keras HDF5 file", names=("hdf5",))
    with _opened(path) as file:
        _require_model(file, path)
        require_contained(file, str(path))
        root = file.group("model_weights")
        version = _text(file.attrs.get("keras_version", root.attrs.get("keras_version")))
        warnings = version_warnings(version, path)
        layers = layers_of(_topology(file.attrs["model_config"], path), str(path))
        split, weights = _weights(root, path)
        backend = _text(file.attrs.get("backend"))
        facts = _weight_facts(weights)
    details = {"keras_version": version, "backend": backend, **layer_facts(layers), **facts}
    return summarise("keras", (path,), details=details, warnings=warnings + _split_warning(split))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Group]:
    try:
        with path.open("rb") as raw, reading.opened(raw) as file:
            yield file
    except TruncatedError as error:
        raise ModelFileError(f"{path} is cut short: {error}", hint=_AGAIN) from error
    except (DamagedError, UnusualError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is a damaged HDF5 file: {reason}", hint=_AGAIN)


def _require_model(file: Group, path: Path) -> None:
    """Tell a model from weights, data, and nothing at all."""
    attributes, members = set(file.attrs), list(file)
    if "layer_names" in attributes or "layer_names0" in attributes or _KERAS3_WEIGHTS & set(members):
        raise ModelFileError(f"{path} holds weights without the topology of a model", hint=_SAVE_WHOLE)
    if not members and not attributes:
        raise ModelFileError(f"{path} is an HDF5 file with nothing in it", hint=_AGAIN)
    if "model_config" not in attributes:
        names = some([shown(name) for name in members])
        hint = "Check that this is the model, and not its data."
        raise ModelFileError(f"{path} is an HDF5 file, but no Keras model: it holds {names}", hint=hint)
    if file.kind("model_weights") != "group":
        raise ModelFileError(f"{path} holds the topology of a model without its weights", hint=_SAVE_WHOLE)


def _topology(attribute: object, path: Path) -> object:
    try:
        return json.loads(_text(attribute) or "")
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: its model_config is not JSON ({error})", hint=_AGAIN) from error


def _weights(root: Group, path: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """Return the groups whose list of names Keras had to split, and dtype and bytes of every array that Keras lists."""
    split: list[str] = []
    weights: list[tuple[str, int]] = []
    waiting, seen = [root], {root.identity}
    while waiting:
        group = waiting.pop()
        names = _listed(group.attrs)
        if names is None:
            inner = [group.group(name) for name in group if group.kind(name) == "group"]
            waiting += [each for each in inner if each.identity not in seen]
            seen |= {each.identity for each in inner}
            continue
        split += [group.name] if "weight_names" not in group.attrs else []
        weights += [_array(group, name, path=path) for name in names]
    return split, weights


def _listed(attributes: Mapping[str, Any]) -> list[str] | None:
    """Return ``weight_names``, which Keras splits into ``weight_names0``, 1... beyond 64 kB."""
    if "weight_names" in attributes:
        return _names(attributes["weight_names"])
    names: list[str] = []
    number = 0
    while f"weight_names{number}" in attributes:
        names += _names(attributes[f"weight_names{number}"])
        number += 1
    return names if number else None


def _names(value: object) -> list[str]:
    if not isinstance(value, list):
        raise DamagedError("a list of names is none")
    return [_text(name) or "" for name in value]


def _array(group: Group, name: str, *, path: Path) -> tuple[str, int]:
    node: Group | None = group
    *parents, last = name.split("/")
    for part in parents:
        node = node.group(part) if node is not None and node.kind(part) == "group" else None
    if node is None or node.kind(last) != "data":
        raise ModelFileError(f"{path}: the weight {shown(name)} of {group.name} is not in the file", hint=_AGAIN)
    data = node.data(last)
    return data.dtype, data.room


def _weight_facts(weights: list[tuple[str, int]]) -> dict[str, object]:
    return {
        "weights": len(weights),
        "weight_bytes": sum(size for _, size in weights),
        "dtypes": tuple(sorted({_DTYPES.get(dtype[1:], dtype) for dtype, _ in weights})),
    }


def _split_warning(groups: list[str]) -> tuple[str, ...]:
    if not groups:
        return ()
    what = f"{plural(len(groups), 'layer')} with so many weights that Keras split the list of their names"
    return (f"{what}: `engine: reference` cannot make a layers model of it (tfjs#3806)",)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None
