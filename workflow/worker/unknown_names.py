"""Classes and functions that a model names and that no Keras has: what their user can give, unlike a bug of Keras's."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Sequence

from .failure import JobError

_TOLD = (
    re.compile(r"Could not locate (?P<what>\w+) '(?P<name>[\w.>]+)'"),
    re.compile(r"Unknown (?P<what>\w+(?: function)?): '?(?P<name>[\w.>]+)"),
)
_LAYER = re.compile(r"Error when deserializing class '(?P<class>\w+)' using config=\{'name': '(?P<name>[^']+)'")
_OF_HUB = "KerasLayer"
_MODULE = re.compile(rf"'{_OF_HUB}'.*Exception encountered: (?P<module>.+) does not exist\.", re.DOTALL)


class Unknown(NamedTuple):
    """What is not known (a class, a layer, an activation function), and its name."""

    what: str
    name: str
    is_located: bool
    """Whether Keras looked for it where the file says that it is, and did not find it there."""

    layer: str
    """The layer that names it, with its class; empty where Keras does not say."""


def find(problem: BaseException) -> Optional[Unknown]:
    """Return what Keras did not know, where that is why it refuses a model."""
    for number, told in enumerate(_TOLD):
        found = told.search(str(problem))
        if found is not None:
            *_, layer = ("", *(f"{one['name']} ({one['class']})" for one in _LAYER.finditer(str(problem))))
            return Unknown(found["what"], found["name"], number == 0, layer)
    return None


def lost_module(problem: BaseException, path: str) -> Optional[JobError]:
    """Return the failure for a layer that loads a module which is not in the model and not here; None for others."""
    found = _MODULE.search(str(problem))
    if found is None:
        return None
    return JobError("hub_module", f"{path} does not hold the module {found['module']}, which its {_OF_HUB} loads")


def error(unknown: Unknown, path: str, *, modules: Sequence[str]) -> JobError:
    """Return the failure that names it, and the user's modules in which it is not."""
    looked = f", and not in {', '.join(modules)}" if modules else ""
    where = f" in the layer {unknown.layer}" if unknown.layer else ""
    text = f"{path} needs the {unknown.what} {unknown.name}{where}, which is none of Keras's own{looked}"
    return JobError("hub_layer" if unknown.name == _OF_HUB else "unknown_class", text)
