"""The list, held inside a Keras of a few lines that stands where the real one does, imported before or meanwhile."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.worker import keras_guard
from workflow.worker.config_walk import Asking
from workflow.worker.failure import JobError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARSER = "import json\n"
_LOADER = "def func_load(code, defaults=None):\n    return code\n"
_COMPILING = "class {}:\n    def compile_from_config(self, config):\n        return 'compiled'\n"
_LEGACY = """
THINGS = {}
def class_and_config_for_serialized_keras_object(config):
    return THINGS[config], {"its": "config"}
def deserialize_keras_object(identifier, wanted=None):
    return THINGS[identifier] if isinstance(identifier, str) else identifier
"""
MODULES = {
    "saving.saving_lib": f"{_PARSER}import numpy as np\n",
    "saving.legacy.saved_model.json_utils": _PARSER,
    "legacy.saving.json_utils": _PARSER,
    "models.model": _PARSER,
    "saving.serialization_lib": "THINGS = {}\ndef _retrieve_class_or_fn(name, kind=None):\n    return THINGS[name]\n",
    "layers.core.tf_op_layer": "def get_symbol_from_name(name):\n    return f'the symbol {name}'\n",
    "utils.generic_utils": _LOADER,
    "utils.python_utils": _LOADER,
    "engine.training": _COMPILING.format("Model"),
    "trainers.trainer": _COMPILING.format("Trainer"),
    "saving.legacy.serialization": _LEGACY,
    "legacy.saving.serialization": _LEGACY,
    "layers.other": _PARSER,
}
PARSERS = [name for name, text in MODULES.items() if text.startswith(_PARSER) and name != "layers.other"]
LEGACY = [name for name, text in MODULES.items() if text == _LEGACY]
FOREIGN = json.dumps({"class_name": "Lambda", "config": {"name": "twice", "function": ["4wEAAA=="]}})
HARMLESS = json.dumps({"class_name": "Dense", "config": {"name": "d", "units": 1}})


class Keras:
    """Modules of the Keras that is there, by their names in it, each as it is now."""

    def __init__(self, root: str) -> None:
        self.root = root

    def __getitem__(self, name: str) -> Any:
        return importlib.import_module(self.root + name)


@pytest.fixture(params=["tf_keras.src.", "keras.src."])
def keras(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keras]:
    root = str(request.param)
    for name, text in MODULES.items():
        path = tmp_path.joinpath(*(root + name).split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Keras(root)
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("keras", "tf_keras"):
            del sys.modules[name]


@pytest.fixture(params=["before", "meanwhile"])
def watched(request: pytest.FixtureRequest, keras: Keras) -> Iterator[Keras]:
    """Keras while the list is held in it; its modules are imported before that, or later."""
    if request.param == "before":
        for name in MODULES:
            assert keras[name]
    with keras_guard.watching(OWN):
        yield keras


class Mine:
    """A class of the user's."""


def listed(name: str, module: str = "keras.layers") -> Any:
    """Return a class that says it is Keras's."""
    return type(name, (), {"__module__": module})


def foreign() -> None:
    """Not on any list."""


OWN = keras_guard.Own(frozenset({"Mine"}), {"Mine": Mine})
DENSE = listed("Dense")
THINGS = {"Dense": DENSE, "Mine": Mine, "shell": os.system, "foreign": foreign, "number": 3, "instance": DENSE()}
REFUSED_SHELL = f"a layer asks for shell, which is {os.system.__module__}.system"
REFUSED_FOREIGN = f"a layer asks for foreign, which is {__name__}.foreign"


def refusal(act: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(JobError) as caught:
        act(*args, **options)
    assert caught.value.kind == "foreign_code"
    return str(caught.value)


@pytest.mark.parametrize("parser", PARSERS)
def test_each_parser_of_keras_checks_what_it_decodes(watched: Keras, parser: str) -> None:
    module = watched[parser]
    assert module.json.loads(HARMLESS) == json.loads(HARMLESS)
    assert module.json.loads("1.5", parse_float=str) == "1.5"
    assert refusal(module.json.loads, FOREIGN) == "twice asks for Python code that is stored in it"
    assert module.json.loads('{"class_name": "Mine", "config": {}, "module": "os"}')["module"] == "os"
    assert module.json.dumps is json.dumps
    with pytest.raises(JobError, match="the name 'a' stands twice") as caught:
        module.json.loads('{"a": 1, "a": 2}')
    assert caught.value.kind == "ambiguous"


def test_other_modules_of_keras_are_left_alone(watched: Keras) -> None:
    assert watched["layers.other"].json is json


def test_what_is_found_by_a_name_is_listed_or_the_users_own(watched: Keras) -> None:
    module = watched["saving.serialization_lib"]
    module.THINGS.update(THINGS)
    found = [module._retrieve_class_or_fn(name, kind="any") for name in ("Dense", "Mine", "number")]
    assert found == [DENSE, Mine, 3]
    assert refusal(module._retrieve_class_or_fn, "shell") == REFUSED_SHELL
    assert refusal(module._retrieve_class_or_fn, "foreign", None) == REFUSED_FOREIGN


@pytest.mark.parametrize("place", LEGACY)
def test_a_class_that_comes_with_its_config_is_checked(watched: Keras, place: str) -> None:
    module = watched[place]
    module.THINGS.update(THINGS)
    find = module.class_and_config_for_serialized_keras_object
    assert find("Dense") == (DENSE, {"its": "config"})
    assert refusal(find, "shell") == REFUSED_SHELL
    assert refusal(find, config="foreign") == REFUSED_FOREIGN  # by its own name, where it was asked for by none


@pytest.mark.parametrize("place", LEGACY)
def test_what_is_made_of_a_mere_name_is_checked_and_what_is_there_already_is_not(watched: Keras, place: str) -> None:
    make = watched[place].deserialize_keras_object
    watched[place].THINGS.update(THINGS)
    assert make("Dense", wanted=1) is DENSE
    assert make("instance") is THINGS["instance"]
    assert make(foreign) is foreign
    assert refusal(make, "foreign") == REFUSED_FOREIGN
    watched[place].THINGS["odd"] = type("Odd", (), {"__module__": "somewhere"})()
    assert refusal(make, "odd") == "a layer asks for odd, which is somewhere.Odd"


def test_a_layer_calls_tensorflow_by_listed_names_alone(watched: Keras) -> None:
    find = watched["layers.core.tf_op_layer"].get_symbol_from_name
    assert find("math.reduce_sum") == "the symbol math.reduce_sum"
    assert find("RaggedTensor") == "the symbol RaggedTensor"
    assert refusal(find, "io.write_file") == "a layer asks for the function io.write_file"


@pytest.mark.parametrize("place", ["utils.generic_utils", "utils.python_utils"])
def test_no_function_is_made_of_bytecode(watched: Keras, place: str) -> None:
    assert refusal(watched[place].func_load, "4wEAAA==", defaults=()) == (
        "a layer asks for Python code that is stored in it"
    )


@pytest.mark.parametrize(("place", "owner"), [("engine.training", "Model"), ("trainers.trainer", "Trainer")])
def test_a_model_inside_another_stays_uncompiled(watched: Keras, place: str, owner: str) -> None:
    assert getattr(watched[place], owner)().compile_from_config({"loss": "mse"}) is None


def test_weights_are_arrays_of_numbers_and_no_pickles(watched: Keras, tmp_path: Path) -> None:
    numpy = watched["saving.saving_lib"].np
    path = tmp_path / "weights.npz"
    np.savez(path, a=np.arange(3), bad=np.array([{}], object))
    found = numpy.load(path, allow_pickle=True)
    assert numpy.float32 is np.float32
    assert sorted(found) == ["a", "bad"]
    assert ("a" in found, "c" in found) == (True, False)
    assert found["a"].tolist() == [0, 1, 2]
    assert found.files == ["a", "bad"]
    said = refusal(lambda: found["bad"])
    assert said.startswith("the file of weights asks for a pickle, which Python runs as it reads it (")
    found.close()


@pytest.mark.parametrize("problem", [None, ValueError("what Keras says")])
def test_afterwards_all_is_as_it_was(keras: Keras, problem: Exception | None) -> None:
    names = [name for name in MODULES if name != "models.model"]
    before = {name: {key: value for key, value in vars(keras[name]).items() if key[:2] != "__"} for name in names}
    methods = vars(keras["engine.training"].Model).copy()
    finders = list(sys.meta_path)
    try:
        with keras_guard.watching(OWN):
            assert keras["models.model"].json is not json
            assert len(sys.meta_path) == len(finders) + 1
            if problem:
                raise problem
    except ValueError:
        assert problem
    after = {name: {key: value for key, value in vars(keras[name]).items() if key[:2] != "__"} for name in names}
    assert after == before
    assert vars(keras["engine.training"].Model) == methods
    assert keras["models.model"].json is json
    assert sys.meta_path == finders


def test_a_module_that_keras_does_not_have_is_not_found(watched: Keras) -> None:
    with pytest.raises(ModuleNotFoundError):
        watched["saving.nothing"]


def test_a_refusal_names_five_layers_and_five_things_of_each() -> None:
    asked = [Asking(f"l{layer}", f"t{thing}") for layer in range(7) for thing in range(6)]
    told = [f"l{layer} asks for t0 and t1 and t2 and t3 and t4" for layer in range(5)]
    problem = keras_guard.refusal(asked)
    assert (problem.kind, str(problem)) == ("foreign_code", f"{'; '.join(told)}; and 2 layers more")
    assert str(keras_guard.refusal(asked[:30])) == "; ".join(told)
    assert str(keras_guard.refusal([Asking("a", "x"), Asking("b", "y"), Asking("a", "z")])) == (
        "a asks for x and z; b asks for y"
    )


def test_a_name_that_stands_twice_is_told_with_the_layer_where_it_has_a_name() -> None:
    for text, where in (
        ('{"name": "l", "a": 1, "a": 2}', " (l)"),
        ('{"b": 0, "a": 1, "a": 2}', ""),
        ('{"name": 3, "a": 1, "a": 2}', ""),
    ):
        with pytest.raises(JobError) as caught:
            keras_guard.parsed(text)
        assert str(caught.value) == f"the name 'a' stands twice in one object of its config{where}"


def test_the_users_own_are_things_by_identity_and_by_the_folder_of_their_file(tmp_path: Path) -> None:
    assert OWN.has(Mine)
    assert not OWN.has(type("Mine", (), {"__module__": "nowhere"}))
    assert not keras_guard.Own().has(Mine)
    assert keras_guard.Own(folders=(str(Path(__file__).parent),)).has(Mine)
    assert not keras_guard.Own(folders=(str(tmp_path),)).has(Mine)
    assert not keras_guard.Own(folders=(str(Path(__file__).parent),)).has(3)


@pytest.mark.parametrize(
    ("file", "inside"),
    [
        ("own/a.py", True),
        ("own/pack/a.py", True),
        ("owner/a.py", False),
        ("a.py", False),
        ("own/lib/site-packages/a.py", False),
    ],
)
def test_a_module_is_the_users_where_it_lies_in_a_folder_and_is_not_installed(
    file: str, tmp_path: Path, *, inside: bool
) -> None:
    folders = (str(tmp_path / "other"), str(tmp_path / "own"))
    assert keras_guard.is_beside(str(tmp_path / file), folders) is inside
    assert not keras_guard.is_beside(f"{sys.prefix}/lib/a.py", (sys.prefix,))
    assert not keras_guard.is_beside(f"{sys.base_prefix}/lib/a.py", (sys.base_prefix,))
