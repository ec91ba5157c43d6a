"""The list, held where Keras itself reads and finds: what is checked is what Keras parses, from the very same text.

While a model is loaded, the ``json`` that Keras's loaders use checks each text before it decodes it, and whatever Keras
finds by a name must be what the list means, or the user's own. So it does not matter which file the text came from.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Tuple

from . import allow_list, config_walk
from .failure import JobError

_KERAS = ("tf_keras.src.", "keras.src.")
_SHOWN = 5
_PARSERS = ("saving.saving_lib", "saving.legacy.saved_model.json_utils", "legacy.saving.json_utils", "models.model")


@dataclass(frozen=True)
class Own:
    """What the user's ``custom_objects`` define: names, things, and the folders of their files."""

    names: FrozenSet[str] = frozenset()
    things: Dict[str, Any] = field(default_factory=dict)
    folders: Tuple[str, ...] = ()

    def has(self, thing: Any) -> bool:
        """Tell whether a class or function comes from the user's files."""
        if any(thing is one for one in self.things.values()):
            return True
        module = sys.modules.get(getattr(thing, "__module__", None) or "")
        file = getattr(module, "__file__", None)
        return isinstance(file, str) and is_beside(file, self.folders)


def is_beside(file: str, folders: Tuple[str, ...]) -> bool:
    """Tell whether a module lies in one of the folders, or in a package of theirs, and is not an installed one."""
    path = os.path.realpath(file)
    if "site-packages" in path or path.startswith((os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix))):
        return False
    return any(path.startswith(os.path.realpath(folder) + os.sep) for folder in folders)


def parsed(text: Any) -> Any:
    """Return JSON as every reader understands it; raises ``JobError`` where one name stands twice in an object."""
    return json.loads(text, object_pairs_hook=_unambiguous)


def require_listed(document: Any, own: FrozenSet[str]) -> None:
    """Raise ``JobError`` (foreign_code) where a parsed config asks for what is not on the list."""
    asked = config_walk.asked(document, allow_list.current(), own=own)
    if asked:
        raise refusal(asked)


def refusal(asked: List[config_walk.Asking]) -> JobError:
    """Return the error that names the layers and what they ask for."""
    by_layer: Dict[str, List[str]] = {}
    for one in asked:
        by_layer.setdefault(one.layer, []).append(one.what)
    told = [f"{layer} asks for {' and '.join(what[:_SHOWN])}" for layer, what in by_layer.items()]
    more = f"; and {len(told) - _SHOWN} layers more" if len(told) > _SHOWN else ""
    return JobError("foreign_code", "; ".join(told[:_SHOWN]) + more)


@contextlib.contextmanager
def watching(own: Own) -> Iterator[None]:
    """Hold the list in every Keras of this process for as long as this lasts; raises ``JobError`` from inside Keras."""
    changes = _Changes(own)
    sys.meta_path.insert(0, changes)
    try:
        for module in list(changes.places):
            changes.make(module)
        yield
    finally:
        sys.meta_path.remove(changes)
        changes.take_back()


def _unambiguous(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        where = f" ({found['name']})" if isinstance(found.get("name"), str) else ""
        raise JobError("ambiguous", f"the name {twice!r} stands twice in one object of its config{where}")
    return found


class _Json:
    """The module json, whose ``loads`` checks before it decodes."""

    def __init__(self, own: Own) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(json, name)

    def loads(self, text: Any, **options: Any) -> Any:
        """Return what ``json.loads`` returns; raises ``JobError`` before anything has been made of the text."""
        require_listed(parsed(text), self._own.names)
        return json.loads(text, **options)


class _Numpy:
    """The module numpy for Keras's store of weights, which would read pickled objects."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def load(self, file: Any, **options: Any) -> Any:
        """Return arrays by name, which must be arrays of numbers."""
        return _Arrays(self._real.load(file, **{**options, "allow_pickle": False}))


class _Arrays:
    """What an .npz file holds; a pickle in it is refused in our words."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._real)

    def __contains__(self, name: object) -> bool:
        return name in self._real

    def __getitem__(self, name: str) -> Any:
        try:
            return self._real[name]
        except ValueError as problem:
            raise refusal([config_walk.Asking("the file of weights", f"a pickle of Python's ({problem})")]) from problem


class _Watch:
    """What stands around the functions by which Keras finds things."""

    def __init__(self, own: Own) -> None:
        self.own = own

    def found(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Check what a function finds."""

        def find(*args: Any, **options: Any) -> Any:
            return self._require(real(*args, **options), args)

        return find

    def found_first(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Check the first of what a function finds: a class, which comes with its config."""

        def find(*args: Any, **options: Any) -> Any:
            answer = real(*args, **options)
            self._require(answer[0], args)
            return answer

        return find

    def made(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Check what a function makes of a mere name: a function, or an object without settings."""

        def make(identifier: Any, *args: Any, **options: Any) -> Any:
            answer = real(identifier, *args, **options)
            if isinstance(identifier, str):
                self._require(answer if hasattr(answer, "__name__") else type(answer), (identifier,))
            return answer

        return make

    def looked_up(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Check the name that a layer calls TensorFlow by."""

        def find(name: Any, *args: Any, **options: Any) -> Any:
            allowed = allow_list.current()
            if name not in allowed.calls and name not in allowed.class_methods:
                raise refusal([config_walk.Asking("a layer", f"the function {name}")])
            return real(name, *args, **options)

        return find

    def refused(self, real: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ARG002  as all of them
        """Refuse what would make functions out of bytecode."""

        def refuse(*args: Any, **options: Any) -> Any:  # noqa: ARG001
            raise refusal([config_walk.Asking("a layer", "Python code that is stored in it")])

        return refuse

    def _require(self, thing: Any, args: Tuple[Any, ...]) -> Any:
        if callable(thing) and not allow_list.current().has(_bare(thing)) and not self.own.has(thing):
            name = next((arg for arg in args if isinstance(arg, str)), getattr(thing, "__name__", "?"))
            raise refusal([config_walk.Asking("a layer", f"{name}, which is {_place(thing)}")])
        return thing


def _bare(thing: Any) -> Any:
    while hasattr(thing, "__wrapped__"):
        thing = thing.__wrapped__
    return thing


def _place(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', '?')}"


class _Changes(importlib.abc.MetaPathFinder):
    """What is put in the place of what Keras uses: in modules that are loaded at once, in others as they come."""

    def __init__(self, own: Own) -> None:
        watch = _Watch(own)
        changes: List[Tuple[str, str, _Around]] = [(place, "json", lambda _real: _Json(own)) for place in _PARSERS]
        changes += [
            ("saving.serialization_lib", "_retrieve_class_or_fn", watch.found),
            ("layers.core.tf_op_layer", "get_symbol_from_name", watch.looked_up),
            ("utils.generic_utils", "func_load", watch.refused),
            ("utils.python_utils", "func_load", watch.refused),
            ("saving.saving_lib", "np", _Numpy),
            ("engine.training", "Model.compile_from_config", _uncompiled),
            ("trainers.trainer", "Trainer.compile_from_config", _uncompiled),
        ]
        for place in ("saving.legacy.serialization", "legacy.saving.serialization"):
            changes.append((place, "class_and_config_for_serialized_keras_object", watch.found_first))
            changes.append((place, "deserialize_keras_object", watch.made))
        self.places: Dict[str, List[Tuple[str, _Around]]] = {}
        for root in _KERAS:
            for place, name, around in changes:
                self.places.setdefault(root + place, []).append((name, around))
        self._undo: List[Callable[[], None]] = []

    def find_spec(self, name: str, *place: Any) -> Any:
        """Find a module of Keras that is imported late, so that it is changed before anybody uses it."""
        if name not in self.places:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, place[0])
        if spec is not None and spec.loader is not None:
            real = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                real(module)
                self.make(name)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def make(self, module: str) -> None:
        """Change a module, if it is loaded."""
        self._undo += (undo for name, around in self.places[module] for undo in _put(module, name, around))

    def take_back(self) -> None:
        """Put everything back as it was."""
        while self._undo:
            self._undo.pop()()


def _uncompiled(_real: Any) -> Callable[..., None]:
    """Return what leaves a model uncompiled: one inside another would be compiled even where that is not to be."""
    return lambda *_args, **_options: None


def _put(module: str, name: str, around: "_Around") -> Iterator[Callable[[], None]]:
    """Replace one name of a loaded module, or of a class in it, and yield how to undo it, if it is there."""
    place: Any = sys.modules.get(module)
    for part in name.split(".")[:-1]:
        place = getattr(place, part, None)
    name = name.rpartition(".")[2]
    if place is not None and name in vars(place):
        real = vars(place)[name]
        setattr(place, name, around(real))
        yield lambda: setattr(place, name, real)


_Around = Callable[[Any], Any]
