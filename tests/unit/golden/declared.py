"""What all modules declare: their tables, words, limits and waits, and what parameters are by default.

A table that a program holds is what users meet, though no test may come by every entry of it: this one does.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import hashlib
import inspect
import json
import pkgutil
import re
import struct
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests import ROOT
from workflow.base.records import Record
from workflow.worker.shared.wall import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FILE = "declared.json"
PACKAGE = "workflow"
_LONGEST = 2000


def all_declared(_: Path) -> dict[str, Any]:
    """Return what each module declares, by its name; those that are programs are left out."""
    found = {module.__name__: _declared(module) for module in _modules()}
    return dict(json.loads(json.dumps({name: told for name, told in found.items() if told})))


def _modules() -> Iterator[ModuleType]:
    yield _anew(PACKAGE)
    for one in pkgutil.walk_packages(import_module(PACKAGE).__path__, f"{PACKAGE}."):
        if not one.name.endswith(".__main__"):
            yield _anew(one.name)


def _anew(name: str) -> ModuleType:
    """Run a module's text once more: what tests did to the module that others use does not count."""
    import_module(name)
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _declared(module: ModuleType) -> dict[str, Any]:
    """Return the values at the top of a module, and the defaults of its functions and classes."""
    told: dict[str, Any] = {}
    for name in _own_names(module):
        value = vars(module)[name]
        if inspect.isclass(value):
            told |= _of_class(value)
        elif inspect.isfunction(value) and value.__module__ == module.__name__:
            told |= _defaults(value)
        elif name.isupper():
            told[name] = _brief(plain(value))
    return told


def _brief(told: Any) -> Any:
    """Return a large table as how many entries it has and what its text hashes to: nobody reads all of them here."""
    text = json.dumps(told, sort_keys=True)
    if len(text) <= _LONGEST:
        return told
    return {"entries": len(told), "sha256": hashlib.sha256(text.encode()).hexdigest()[:16]}


def _own_names(module: ModuleType) -> list[str]:
    """Return the names that a module's own statements make, not those that it imports."""
    source = ast.parse(Path(str(module.__file__)).read_bytes())
    names: dict[str, None] = {}
    for node in source.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names[node.name] = None
        for target in node.targets if isinstance(node, ast.Assign) else (getattr(node, "target", None),):
            names |= dict.fromkeys(one.id for one in ast.walk(target or ast.Pass()) if isinstance(one, ast.Name))
    return [name for name in names if name in vars(module)]


def _of_class(value: type) -> dict[str, Any]:
    """Return the defaults of a class's fields, and of its methods' parameters."""
    fields = {
        f"{value.__name__}.{name}": plain(vars(value)[name])
        for name in vars(value).get("__annotations__", {})
        if name in vars(value) and not inspect.isdatadescriptor(vars(value)[name])
    }
    methods = (one for one in vars(value).values() if inspect.isfunction(one) and one.__module__ == value.__module__)
    return {name: told for name, told in fields.items() if told is not _OPAQUE} | {
        key: told for method in methods for key, told in _defaults(method).items()
    }


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    found = {one.name: plain(one.default) for one in parameters if one.default is not one.empty}
    return {f"{function.__qualname__}()": found} if found else {}


_OPAQUE = "(an object)"


def plain(value: Any) -> Any:
    """Return a value in JSON's terms: functions by their names and what they were made with."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return _of_any_machine(value) if isinstance(value, str) else value
    if isinstance(value, Record) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return {type(value).__name__: {name: plain(each) for name, each in vars(value).items()}}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, map(plain, value)))
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return _named(value)


def _of_any_machine(text: str) -> str:
    """Return a text without the folder of this tree and the home of whoever runs this."""
    return "HOME" if text == surroundings._home() else text.replace(str(ROOT), "ROOT")


_WORDED: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (bytes, bytes.hex),
    (enum.Enum, str),
    (re.Pattern, lambda value: {"pattern": str(value.pattern), "flags": int(value.flags)}),
    (struct.Struct, lambda value: value.format),
    (np.dtype, lambda value: value.str),
    (Path, lambda value: value.relative_to(ROOT).as_posix() if value.is_relative_to(ROOT) else value.name),
    (functools.partial, lambda value: [plain(value.func), plain(value.args), plain(value.keywords)]),
)


def _named(value: Any) -> Any:
    for kind, worded in _WORDED:
        if isinstance(value, kind):
            return worded(value)
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return _OPAQUE
    made_with = [plain(cell.cell_contents) for cell in getattr(value, "__closure__", None) or ()]
    return [value.__qualname__, *made_with] if made_with else value.__qualname__
