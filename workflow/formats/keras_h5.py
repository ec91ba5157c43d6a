"""keras: a whole Keras model (topology and weights) in one HDF5 file."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from workflow.errors import ModelFileError
from workflow.formats.keras_versions import version_warnings
from workflow.formats.places import require_content, require_file
from workflow.formats.summary import ModelSummary, summarise
from workflow.formats.topology import layer_facts, layers_of
from workflow.formats.wording import plural, shown, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAVE_WHOLE = (
    "Save the whole model with `model.save('model.h5')`; if you have only these weights, load them into "
    "the code that builds the model (`model.load_weights`), and then call `model.save`."
)
_AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_EOF = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
_KERAS3_WEIGHTS = frozenset({"layers", "_layer_checkpoint_dependencies"})


def inspect(path: Path) -> ModelSummary:
    """Check a Keras model in HDF5."""
    require_file(path, "a Keras HDF5 file")
    require_content(path, "a Keras HDF5 file", names=("hdf5",))
    with _opened(path) as file:
        _require_model(file, path)
        version = _text(file.attrs.get("keras_version", file["model_weights"].attrs.get("keras_version")))
        warnings = version_warnings(version, path)
        layers = layers_of(_topology(file.attrs["model_config"], path), str(path))
        split, weights = _weights(file["model_weights"], path)
        backend = _text(file.attrs.get("backend"))
        facts = _weight_facts(weights)
    details = {"keras_version": version, "backend": backend, **layer_facts(layers), **facts}
    return summarise("keras", (path,), details=details, warnings=warnings + _split_warning(split))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import h5py  # noqa: PLC0415  brings numpy, 0.15 s that the JSON formats do without

    try:
        with h5py.File(path, "r") as file:
            yield file
    except (
        OSError,
        KeyError,
        RuntimeError,
        ValueError,
        TypeError,
    ) as error:  # h5py's words for damaged bytes
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> ModelFileError:
    sizes = _EOF.search(reason)
    if sizes:
        reason = f"{int(sizes[1]):,} bytes are there, and it was written with {int(sizes[2]):,}"
        return ModelFileError(f"{path} is cut short: {reason}", hint=_AGAIN)
    return ModelFileError(f"{path} is a damaged HDF5 file: {reason}", hint=_AGAIN)


def _require_model(file: Any, path: Path) -> None:
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
    if "model_weights" not in members:
        raise ModelFileError(f"{path} holds the topology of a model without its weights", hint=_SAVE_WHOLE)


def _topology(attribute: object, path: Path) -> object:
    try:
        return json.loads(_text(attribute) or "")
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: its model_config is not JSON ({error})", hint=_AGAIN) from error


def _weights(root: Any, path: Path) -> tuple[list[str], list[Any]]:
    """Return the groups whose list of names Keras had to split, and every data set that Keras lists."""
    split: list[str] = []
    weights: list[Any] = []
    waiting = [root]
    while waiting:
        group = waiting.pop()
        if not hasattr(group, "attrs") or not hasattr(group, "keys"):
            raise _damaged(path, f"{group.name} is not a group")
        names = _listed(group.attrs)
        if names is None:
            waiting += [member for member in group.values() if hasattr(member, "keys")]
            continue
        split += [group.name] if "weight_names" not in group.attrs else []
        weights += [_dataset(group, name, path=path) for name in names]
    return split, weights


def _listed(attributes: Any) -> list[str] | None:
    """Return ``weight_names``, which Keras splits into ``weight_names0``, 1... beyond 64 kB."""
    if "weight_names" in attributes:
        return [_text(name) or "" for name in attributes["weight_names"]]
    names: list[str] = []
    number = 0
    while f"weight_names{number}" in attributes:
        names += [_text(name) or "" for name in attributes[f"weight_names{number}"]]
        number += 1
    return names if number else None


def _dataset(group: Any, name: str, *, path: Path) -> Any:
    data = group.get(name)
    if data is None or not hasattr(data, "dtype"):
        raise ModelFileError(f"{path}: the weight {shown(name)} of {group.name} is not in the file", hint=_AGAIN)
    return data


def _weight_facts(weights: list[Any]) -> dict[str, object]:
    dtypes = tuple(sorted({str(data.dtype) for data in weights}))
    return {
        "weights": len(weights),
        "weight_bytes": sum(int(data.nbytes) for data in weights),
        "dtypes": dtypes,
    }


def _split_warning(groups: list[str]) -> tuple[str, ...]:
    if not groups:
        return ()
    what = f"{plural(len(groups), 'layer')} with so many weights that Keras split the list of their names"
    return (f"{what}: the reference converter cannot make a layers model of it (tfjs#3806)",)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None
