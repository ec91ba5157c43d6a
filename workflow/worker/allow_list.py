"""What a model may name: the lists that scripts/write_allowed.py reads from Keras and TensorFlow, and their questions.

A name is allowed because it stands here. Nothing has to be imported to ask: the lists are files beside this module.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Optional

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allowed")
_PREFIX = re.compile(r"^(tf_|compat\.v1\.|tensorflow\.)(?=keras\b)")
_FAMILY = 2
_SWITCH = "TFJS_WORKFLOW_TEST_WITHOUT_LIST"


@dataclass(frozen=True)
class AllowList:
    """What one generation of Keras may be asked for, by name; the values are the modules it may be said to be in."""

    classes: Dict[str, List[str]]
    functions: Dict[str, List[str]]
    calls: FrozenSet[str]
    properties: FrozenSet[str]
    methods: FrozenSet[str]
    class_methods: Dict[str, List[str]]
    refused: Dict[str, str]
    """Classes that Keras has and that are no mere layers, with the reason."""

    def has_class(self, name: str, module: Optional[str]) -> bool:
        """Tell whether the class is one of Keras's, and of that module where one is named."""
        return _is_of(self.classes.get(name), module)

    def has_function(self, name: str, module: Optional[str]) -> bool:
        """Tell whether the function only calculates, and is of that module where one is named."""
        return _is_of(self.functions.get(name), module)

    def has(self, thing: Any) -> bool:
        """Tell whether what Keras found is what the list means, whatever it was asked for by."""
        module, name = getattr(thing, "__module__", None), getattr(thing, "__name__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return False
        table = self.classes if isinstance(thing, type) else self.functions
        return module != "builtins" and plain(module) in table.get(name, ())


@dataclass(frozen=True)
class Ops:
    """TensorFlow's ops in two parts; what is in neither, TensorFlow does not have by itself."""

    allowed: FrozenSet[str]
    refused: FrozenSet[str]


def is_off(source: Dict[str, Any]) -> bool:
    """Tell whether a model may name whatever it likes: with ``unsafe: true``.

    The tests of what stands behind the list switch it off by an environment variable, which says so in the log.
    """
    if os.environ.get(_SWITCH) == "1":
        sys.stderr.write(f"WARNING: {_SWITCH}=1: the list of what a model may name is OFF\n")
        return True
    return bool(source.get("unsafe"))


@functools.lru_cache(maxsize=None)
def current() -> AllowList:
    """Return the list for the Keras of this environment: that of Keras 3 where there is no other."""
    later = bool(importlib.util.find_spec("keras")) and not importlib.util.find_spec("tf_keras")
    return keras("keras3" if later else "keras2")


def every() -> List[AllowList]:
    """Return the lists for all generations of Keras."""
    return [keras("keras2"), keras("keras3")]


@functools.lru_cache(maxsize=None)
def keras(name: str) -> AllowList:
    """Return the list in the file of this name, keras2 or keras3."""
    data = _read(name)
    return AllowList(
        data["classes"],
        data["functions"],
        frozenset(data["calls"]),
        frozenset(data["properties"]),
        frozenset(data["methods"]),
        data["class_methods"],
        data["refused"],
    )


@functools.lru_cache(maxsize=None)
def ops() -> Ops:
    """Return TensorFlow's ops."""
    data = _read("ops")
    return Ops(frozenset(data["allowed"]), frozenset(data["refused"]))


def plain(module: str) -> str:
    """Return a module's name as the lists have it: without ``src``, and under the one name ``keras``."""
    return _PREFIX.sub("", module).replace("keras.src.", "keras.").replace("keras._tf_keras.", "")


def _is_of(modules: Optional[List[str]], module: Any) -> bool:
    """Tell whether a name is listed for a module, or for one of the same part of Keras: versions move them about."""
    if modules is None or not isinstance(module, (str, type(None))):
        return False
    if module is None:
        return True
    named = plain(module)
    parts = named.split(".")
    family = ".".join(parts[:_FAMILY]) if parts[0] == "keras" and len(parts) > 1 else None
    return named in modules or any(_starts(one, family) for one in modules)


def _starts(module: str, family: Optional[str]) -> bool:
    return family is not None and (module == family or module.startswith(family + "."))


def _read(name: str) -> Dict[str, Any]:
    with open(os.path.join(_FOLDER, name + ".json"), encoding="utf-8") as file:
        data: Dict[str, Any] = json.load(file)
    return data
