"""A Keras model in the words of Keras 2: its description and arrays, and the walk through all that models hold."""

from __future__ import annotations

import json
import re
from operator import is_not
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import kind_of, shown
from workflow.models.strict_json import require_shallow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path as FilePath

    from workflow.models.arrays import Array
    from workflow.models.hdf5.file_bytes import Data

Config = dict[str, Any]
Shape = tuple[int | None, ...]
"""A tensor's shape with the batch; None where it is not fixed."""

Path = tuple[str, ...]
"""The names of the models around a layer, outermost first, and its own."""

CONTAINERS = frozenset({"Sequential", "Functional", "Model"})
OPERATION = "Operation"
"""The class under which an operation without a layer (``x * 2``) stands in a configuration."""


class InexpressibleError(Exception):
    """One layer means something that no layers model can say; the text says what."""


class Stored(Record):
    """One array in a Keras file, unread; ``name`` is "" where files have none, ``dtype`` a type as numpy writes it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: Data

    @property
    def role(self) -> str:
        """The last part of its name: kernel, bias..."""
        return self.name.rpartition("/")[2]

    def read(self) -> Array:
        """Return all of its values."""
        return self.data.read()


class KerasFile(Record):
    """A Keras model as it lies in a file, its configuration in the words of Keras 2.

    ``weights`` holds each layer's arrays by its path, in Keras's order. ``order`` are the layers of the top level and
    ``listed`` all arrays in the file's own order, which is that of the weights in the reference converter's result;
    both are empty where files have none. ``output_keys`` are those of a model that gives a dictionary, in the order of
    its outputs.
    """

    config: Config
    version: str
    backend: str | None
    training: Any
    weights: Mapping[Path, Sequence[Stored]]
    order: Sequence[str] = ()
    listed: Sequence[Stored] = ()
    repairs: tuple[str, ...] = ()
    output_keys: tuple[str, ...] = ()
    in_halves: bool = False
    """Whether a layer computes in half floats, which the configuration here does not say any more."""


def is_in_halves(written: object) -> bool:
    """Whether a model's configuration, as its file has it, says that a layer computes in half floats."""
    if isinstance(written, (list, dict)):
        inner = written.values() if isinstance(written, dict) else written
        return any(is_in_halves(one) for one in inner)
    return isinstance(written, str) and written.removeprefix("mixed_") in ("float16", "bfloat16")


def output_keys(container: Any) -> tuple[str, ...]:
    """Return the keys of the dictionary that a model gives, by its file, sorted as its outputs are; else none."""
    config = container.get("config") if isinstance(container, dict) else None
    listed = config.get("output_layers") if isinstance(config, dict) else None
    return tuple(sorted(map(str, listed))) if isinstance(listed, dict) else ()


_HINT = "The model's configuration is damaged: save the model again."
_NESTED = (dict, list)
_VALID = re.compile(r"^[A-Za-z0-9][-A-Za-z0-9._/]*$")
_FOREIGN = re.compile(r"[^-A-Za-z0-9._/]")
_DEEPEST = 20  # models in models; a configuration that goes deeper is not one of Keras


def is_container(entry: object) -> bool:
    """Whether a layer's configuration is that of a model with layers of its own."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("class_name"), str)
        and entry["class_name"] in CONTAINERS
        and isinstance(entry.get("config"), dict | list)
    )


def layer_name(entry: Config) -> str:
    """Return a layer's name; raises ``ModelFileError`` when it has none."""
    config = entry.get("config")
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    if not isinstance(name, str) or not name:
        raise ModelFileError(f"a layer of class {shown(str(entry.get('class_name')))} has no name", hint=_HINT)
    return name


def valid_name(name: str) -> str:
    """Return a layer's name as TensorFlow.js accepts it: letters, digits and ``-._/``, a letter or digit in front."""
    if _VALID.match(name):
        return name
    cleaned = _FOREIGN.sub("_", name)
    return cleaned if cleaned[:1].isalnum() else f"layer{cleaned}"


def entries(container: Config, depth: int = 0) -> list[Config]:
    """Return the configurations of a model's layers; raises ``ModelFileError`` when they are not such."""
    config = container.get("config")
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list):
        raise ModelFileError(f"a model has {kind_of(listed)} in place of its layers", hint=_HINT)
    if depth > _DEEPEST:
        raise ModelFileError(f"there are more than {_DEEPEST} models inside each other", hint=_HINT)
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
            raise ModelFileError("a layer of the model has no class_name", hint=_HINT)
        if not isinstance(entry.get("config"), dict) and not is_container(entry):
            raise ModelFileError(f"a layer ({shown(entry['class_name'])}) of the model has no config", hint=_HINT)
    return listed


def inner(entry: Config) -> Config | None:
    """Return the layer that a TimeDistributed or another wrapper holds, else None."""
    held = entry["config"].get("layer") if isinstance(entry.get("config"), dict) else None
    return held if isinstance(held, dict) and isinstance(held.get("config"), dict) else None


def inner_model(entry: Config) -> Config | None:
    """Return the model inside a layer that is a model, or that applies one to each time step."""
    if is_container(entry):
        return entry
    held = inner(entry) if entry.get("class_name") == "TimeDistributed" else None
    return held if held is not None and is_container(held) else None


def leaves(container: Config, path: Path = ()) -> Iterator[tuple[Path, Config]]:
    """Yield every layer that is no model, with its path, in the order of the configuration."""
    for entry in entries(container, len(path)):
        here = (*path, layer_name(entry))
        model = inner_model(entry)
        if model is None:
            yield here, entry
        else:
            yield from leaves(model, here)


def with_classes_named(value: Any, names: Mapping[str, str]) -> Any:
    """Return a configuration with class names exchanged everywhere in it; what has none of them is the same object."""
    if isinstance(value, list):
        items = [with_classes_named(item, names) if isinstance(item, _NESTED) else item for item in value]
        return items if any(map(is_not, items, value)) else value
    if not isinstance(value, dict):
        return value
    result = {
        key: with_classes_named(item, names) if isinstance(item, _NESTED) else item for key, item in value.items()
    }
    name = value.get("class_name")
    if isinstance(name, str) and name in names:
        result["class_name"] = names[name]
    return result if any(map(is_not, result.values(), value.values())) else value


_AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_DISTRUST = "Keras writes no such file: do not trust it."
_LARGEST_TEXT = 64 << 20


def parsed(raw: str, where: str) -> Any:
    """Return a JSON value of sane depth and size; raises ``ModelFileError``."""
    if len(raw) > _LARGEST_TEXT:
        raise ModelFileError(f"{where} is too large for a model", hint=_DISTRUST)
    try:
        value = json.loads(raw)
    except RecursionError as error:
        raise ModelFileError(f"{where} is nested too deeply for a model", hint=_DISTRUST) from error
    except ValueError as error:
        raise ModelFileError(f"{where} is not JSON ({error})", hint=_AGAIN) from error
    require_shallow(value, where, hint=_DISTRUST)
    return value


KERAS_VERSION = "2.15.0"
"""What the reference writes: the Keras whose forms these files have."""

KERAS3_VERSION = "3.15.1"
"""The Keras that reads what is written for Keras 3 alone."""


def as_json(value: Any) -> str:
    """Return a value as JSON; raises ``ModelFileError`` for numbers that JSON does not have."""
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"the topology holds what JSON does not have: {error}", hint="It is damaged.") from error


_KERAS1_HINT = (
    "Load it with Keras 2.0 to 2.2 (`keras.models.load_model`), save it again with `model.save`, and convert that."
)
_KERAS3 = (
    "Keras {version} wrote this file: with `engine: reference`, its layers model does not load in TensorFlow.js, "
    "and there is no graph model"
)


def version_warnings(version: str | None, path: FilePath) -> tuple[str, ...]:
    """Return what the user should know about a file of this Keras version; refuses what Keras 1 wrote."""
    major = (version or "").partition(".")[0]
    if version is None:
        raise ModelFileError(
            f"{path} does not say which Keras wrote it (no keras_version), as with Keras before 1.2",
            hint=_KERAS1_HINT,
        )
    if major in ("0", "1"):
        raise ModelFileError(
            f"{path} was saved by Keras {version}: layers and kernels were stored in another way then, "
            "and a conversion would give wrong numbers",
            hint=_KERAS1_HINT,
        )
    return () if major == "2" else (_KERAS3.format(version=version),)
