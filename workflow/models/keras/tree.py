"""Walking a configuration in the words of Keras 2: models, what they hold, and what wrappers hold."""

from __future__ import annotations

import re
from operator import is_not
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import kind_of, shown
from workflow.models.keras.file import CONTAINERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.models.keras.file import Config, Path

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
