"""Stand-ins for packages that the reference converter imports and does not use: they cost seconds and 80 MB."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import types
from typing import List

NAMES = (
    "tensorflow_decision_forests",
    "jax",
    "jax.experimental",
    "jax.experimental.jax2tf",
    "flax",
)
_MARK = "__tfjs_worker_stub__"


class StubError(AttributeError):
    """Something was asked of a stand-in; an AttributeError, so that probing by hasattr finds nothing."""


class _Stub(types.ModuleType):
    def __getattr__(self, name: str) -> object:
        package = self.__name__.split(".", maxsplit=1)[0]
        raise StubError(f"{self.__name__}.{name}: {package} is only a stand-in in the converter's worker")


def install() -> None:
    """Put the stand-ins where ``import`` finds them, unless the real package is loaded already."""
    for name in NAMES:
        if name in sys.modules:
            continue
        stub = _Stub(name, "Stand-in: see workflow/worker/stubs.py.")
        stub.__path__ = []
        stub.__file__ = "stand-in made by workflow/worker/stubs.py"  # what an ImportError names as the place
        stub.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        setattr(stub, _MARK, True)
        sys.modules[name] = stub
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, stub)


def remove() -> None:
    """Take the stand-ins away, with the modules that hold references to them, for code that may want the real ones."""
    ours = set(installed())
    for name in list(sys.modules):
        if name in ours or name.split(".")[0] == "tensorflowjs":
            del sys.modules[name]


def installed() -> List[str]:
    """Return the names that are stand-ins at present."""
    return [name for name in NAMES if vars(sys.modules.get(name, sys)).get(_MARK, False)]


def load_real(name: str) -> None:
    """Replace one stand-in by the package itself; raises ImportError where the environment does not hold it."""
    if name in installed():
        del sys.modules[name]
    importlib.import_module(name)
