"""Which manager, which mirrors, offline, strict: from options, environment variables and the config file."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from workflow.base import locations
from workflow.base.errors import UsageError
from workflow.environment.blueprint import KERAS3, purpose_of
from workflow.environment.entries import ManagerName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.environment.entries import Wishes

MANAGERS: tuple[str, ...] = get_args(ManagerName)
MIRRORS = {"tuna": "https://mirrors.tuna.tsinghua.edu.cn/anaconda/cloud/conda-forge"}
_TRUTH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True)
class Settings:
    """How environments are made here: every wish resolved, with nothing left to look up.

    ``manager`` is None when the first that works is taken; ``mirrors`` are base URLs in the order to try.
    """

    manager: str | None = None
    strict: bool = False
    offline: bool = False
    mirrors: tuple[str, ...] = ()


def resolve(wishes: Wishes) -> Settings:
    """Return what holds: the option, else the environment variable, else the config file, else the default.

    Raises UsageError that names the place of a value that cannot be.
    """
    found = {**_from_file(locations.config_file()), **_from_variables(), **_from_options(wishes)}
    return Settings(**found)


def fitted(settings: Settings, *, name: str, wishes: Wishes) -> Settings:
    """Return the settings as they hold for one environment.

    A manager that a setting names and that cannot make this sort is passed over: the setting is for the other. One
    that was asked for by an option raises UsageError.
    """
    purpose = purpose_of(name)
    if settings.manager is None or settings.manager in purpose.managers:
        return settings
    if wishes.manager is not None:
        raise UsageError(
            f"environment {name!r} is not made by {wishes.manager}, but by {' or '.join(purpose.managers)}",
            hint=f"leave out --manager: it uses {purpose.interpreter}" if purpose is KERAS3 else "choose one of these",
        )
    return replace(settings, manager=None)


def manager_name(text: str, place: str) -> str:
    """Return ``text`` when it names a manager; else raises UsageError with the nearest name and all names."""
    if text in MANAGERS:
        return text
    raise UsageError(f"{place}: {_unknown('manager', text, MANAGERS)}", hint=f"managers: {', '.join(MANAGERS)}")


def mirror_url(text: str, place: str) -> str:
    """Return the base URL that ``text`` names or is; raises UsageError for anything else."""
    url = MIRRORS.get(text, text).rstrip("/")
    if re.fullmatch(r"https?://[^/\s]+(?:/\S*)?|file:///\S+", url):
        return url
    known = ", ".join(MIRRORS)
    raise UsageError(
        f"{place}: {_unknown('mirror', text, MIRRORS)}",
        hint=f"give a name ({known}) or the http, https or file URL of a copy of conda-forge",
    )


def _mirrors(value: Any, place: str) -> tuple[str, ...]:
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{place}: expected a mirror or a list of mirrors, found {value!r}")
    return tuple(mirror_url(name, place) for name in names)


def _manager(value: Any, place: str) -> str:
    return manager_name(str(value), place)


def _switch(value: Any, place: str) -> bool:
    truth = value if isinstance(value, bool) else _TRUTH.get(str(value).lower())
    if truth is None:
        raise UsageError(f"{place}: expected true or false, found {value!r}")
    return truth


# per field of Settings: its key in the config file, its environment variable, how its value is read
_FIELDS: dict[str, tuple[str, str, Callable[[Any, str], Any]]] = {
    "manager": ("manager", "TFJS_WORKFLOW_MANAGER", _manager),
    "mirrors": ("mirror", "TFJS_WORKFLOW_MIRROR", _mirrors),
    "offline": ("offline", "TFJS_WORKFLOW_OFFLINE", _switch),
    "strict": ("strict", "TFJS_WORKFLOW_STRICT", _switch),
}
_BY_KEY = {key: (field, read) for field, (key, _, read) in _FIELDS.items()}


def _from_options(wishes: Wishes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wishes.manager is not None:
        found["manager"] = manager_name(wishes.manager, "--manager")
    if wishes.mirror is not None:
        found["mirrors"] = _mirrors(wishes.mirror, "--mirror")
    # a switch that is off on the command line was not used there: what the variables and the file say holds
    return found | {name: True for name in ("offline", "strict") if getattr(wishes, name)}


def _from_variables() -> dict[str, Any]:
    return {
        field: read(os.environ[variable], variable)
        for field, (_, variable, read) in _FIELDS.items()
        if os.environ.get(variable)
    }


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    found: dict[str, Any] = {}
    for line, key, value in _entries(text, path):
        place = f"{path}:{line}"
        if key not in _BY_KEY:
            raise UsageError(f"{place}: {_unknown('setting', key, _BY_KEY)}", hint=f"settings: {', '.join(_BY_KEY)}")
        field, read = _BY_KEY[key]
        if field in found:
            raise UsageError(f"{place}: {key} is set twice")
        found[field] = read(value, place)
    return found


def _entries(text: str, path: Path) -> list[tuple[int, str, Any]]:
    """Return line, key and value of each entry of a YAML mapping."""
    import yaml  # noqa: PLC0415  only where there is a config file

    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{path}:{node.start_mark.line + 1}: expected settings like `mirror: tuna`")
        return [
            (key.start_mark.line + 1, str(key.value), loader.construct_object(value, deep=True))
            for key, value in node.value
        ]
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: is not valid YAML: {error}") from error
    finally:
        loader.dispose()


def _unknown(what: str, text: str, known: Any) -> str:
    near = difflib.get_close_matches(text, list(known))
    return f"there is no {what} {text!r}" + (f"; did you mean {near[0]!r}?" if near else "")
