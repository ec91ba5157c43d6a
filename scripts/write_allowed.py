"""Write the lists of what a model may name: Keras's own objects, pure operations, and TensorFlow's ops.

Run by the Python of an environment, from anywhere::

    tfjs-workflow env run -n tfjs -- python scripts/write_allowed.py FOLDER
    tfjs-workflow env run -n keras3 -- python scripts/write_allowed.py FOLDER

where FOLDER is ``workflow/worker/allowed``. The first writes ``keras2.json`` and ``ops.json``, the second
``keras3.json``. A class is allowed when it is one of the kinds that Keras saves and nothing in ``REFUSED`` says why
not. A function is allowed when Keras can write a call of it into a file, and when each op of TensorFlow that it can
reach stays inside the graph: TensorFlow's own word on statefulness, corrected by the tables below, which were read by
a person. The lists are data, so that a model is checked before Keras has been imported.
"""

# ruff: noqa: PLC0415  each environment has one Keras, and is asked for no other

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import re
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allowed_ops import Reach, all_ops, ops_list, stays_inside, undecorated

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = {
    "TorchModuleWrapper": "holds a pickle",
    "TFSMLayer": "loads a SavedModel from a path",
    "JaxLayer": "holds Python code",
    "FlaxLayer": "holds Python code",
    "ModuleWrapper": "calls a method of whatever it is given",
    "ReloadedLayer": "loads a SavedModel from a path",
    "VocabularyFileCategoricalColumn": "reads a file",
    **dict.fromkeys(["AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch"], "calls functions"),
    **dict.fromkeys(["JVP", "VectorizedMap", "WhileLoop", "Function"], "calls functions"),
    **dict.fromkeys(["DistributedCallbackModel", "PyMetric", "Distiller", "KerasSaveable"], "is no part of a model"),
    **dict.fromkeys(["TFDConcat", "TFDIdentity", "TFOptimizer"], "is no part of a model"),
}
_CALLING = r"(py_func\w*|py_function|numpy_function|foldl|foldr|scan|map_\w+|vectorized_map|cond|case|switch_case|rnn"
_CALLING += r"|while_loop|fori_loop|custom_gradient|(bidirectional_)?dynamic_rnn|raw_rnn|static_\w*rnn|vjp|jvp|map"
_CALLING += r"|associative_scan|switch|vectorize)"
_AT_A_PATH = r"(xla_\w+|print|decode_proto|encode_proto|fixed_unigram_candidate_sampler|audio_microfrontend|sdca_\w+)"
_NO_CALCULATION = r"(get|serialize|deserialize|batch_get_value|batch_set_value|get_item|device|no_op|timestamp)"
_EXCLUDED = re.compile(f"{_CALLING}|{_AT_A_PATH}|{_NO_CALCULATION}")
"""Functions by the last part of their name: they call what they are given, take a path, or calculate nothing."""
_KEPT = frozenset(["keras.backend.switch"])
"""Takes tensors where functions could stand, and no file can hold a function."""

_KINDS_2 = frozenset(
    [
        *("Layer", "Initializer", "Regularizer", "Constraint", "Loss", "Metric", "LearningRateSchedule", "LossScale"),
        *("Optimizer", "OptimizerV2", "_BaseOptimizer", "Policy", "InputSpec"),
    ]
)
_SKIPPED = re.compile(
    r"(\btests?\b|_test\b|_test_|doctest|testing|create_test|\bbenchmarks?\b|\bintegration\b|\bdatasets\b|\bdistribute\b"
    r"|\bjax\b|\btorch\b|\bopenvino\b|\bmlx\b)"
)
_PREFIX = re.compile(r"^(tf_|compat\.v1\.|tensorflow\.)(?=keras)")


def plain(module: str) -> str:
    """Return a module's name as the lists have it: without ``src``, and under the one name ``keras``."""
    return _PREFIX.sub("", module).replace("keras.src.", "keras.").replace("keras._tf_keras.", "")


def classes_in(package: Any) -> Iterator[type]:
    """Import what a package has, but tests and other backends, and yield the classes that its modules define."""
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if _SKIPPED.search(found.name.rsplit(".src.", 1)[-1]):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError:  # of another backend, or of something that is not installed: nor can a model name it
            continue
        for thing in vars(module).values():
            if inspect.isclass(thing) and thing.__module__ == module.__name__:
                yield thing


def add(table: dict[str, list[str]], name: str, *modules: str) -> None:
    """Enter a name with the modules that it may be said to come from."""
    if not name.startswith("__"):
        table[name] = sorted({*table.get(name, ()), *map(plain, modules)})


# ---------------------------------------------------------------- Keras 2


def keras_2() -> dict[str, Any]:
    """Return the list for Keras 2, the converter's and the one inside TensorFlow, which have the same names."""
    import keras
    import tf_keras
    from tensorflow.python.util import tf_export

    symbols: dict[str, Any] = dict(tf_export._NAME_TO_SYMBOL_MAPPING)  # noqa: SLF001  there is no public way
    classes: dict[str, list[str]] = {}
    functions: dict[str, list[str]] = {}
    for package in (tf_keras, keras):
        source = importlib.import_module(f"{package.__name__}.src")
        for kind in classes_in(source):
            if {base.__name__ for base in kind.__mro__} & _KINDS_2 and kind.__name__ not in REFUSED:
                add(classes, kind.__name__, kind.__module__)
    exported(symbols, classes, functions)
    aliases(classes)
    calls = pure_calls(symbols)
    for name in calls:
        function = undecorated(symbols[name])
        public = [plain(name).rpartition(".")[0]] if plain(name).startswith("keras.") else []
        add(functions, function.__name__, symbols[name].__module__, function.__module__, *public)
    for name in columns():
        add(classes, name)
    initializers_of_tensorflow(classes)
    return {"classes": classes, "functions": functions, "calls": calls, "refused": REFUSED, **delegated()}


def exported(symbols: dict[str, Any], classes: dict[str, list[str]], functions: dict[str, list[str]]) -> None:
    """Enter what is public: classes under their public modules, and the functions of Keras's tables."""
    tables = ("activations", "constraints", "initializers", "losses", "metrics", "regularizers")
    for name, thing in symbols.items():
        module, _, last = plain(name).rpartition(".")
        if not module.startswith("keras"):
            continue
        if inspect.isclass(thing) and plain(thing.__module__) in classes.get(thing.__name__, ()):
            add(classes, thing.__name__, module)
            add(classes, last, module, thing.__module__)
        elif inspect.isfunction(thing) and module.split(".")[-1] in tables and not _EXCLUDED.fullmatch(last):
            add(functions, last, module, "builtins", undecorated(thing).__module__)


def aliases(classes: dict[str, list[str]]) -> None:
    """Enter the names by which Keras finds its objects where a config names no module."""
    from tf_keras.src import initializers
    from tf_keras.src.layers import serialization
    from tf_keras.src.saving import object_registration

    serialization.populate_deserializable_objects()
    initializers.populate_deserializable_objects()
    named = {**serialization.LOCAL.ALL_OBJECTS, **initializers.LOCAL.ALL_OBJECTS}
    named.update(object_registration.get_custom_objects())
    for name in ("constraints", "regularizers", "losses", "metrics"):
        module = importlib.import_module(f"tf_keras.src.{name}")
        named.update({key: thing for key, thing in vars(module).items() if inspect.isclass(thing)})
    for name in [name for name, modules in classes.items() if any("optimizers" in module for module in modules)]:
        add(classes, name.lower(), *classes[name])
    for name, thing in named.items():
        kind = getattr(thing, "__name__", "")
        if inspect.isclass(thing) and plain(thing.__module__) in classes.get(kind, ()):
            add(classes, name, *classes[kind])


def pure_calls(symbols: dict[str, Any]) -> list[str]:
    """Return the public functions that a layer of an operation may call.

    Keras writes down only those that dispatch, so that they take its symbolic tensors in the place of real ones.
    """
    ops = all_ops()
    reach = Reach(ops)
    found = []
    for name, thing in symbols.items():
        dispatches = hasattr(thing, "_tf_fallback_dispatchers") or hasattr(thing, "_tf_type_based_dispatcher")
        if not inspect.isfunction(thing) or not dispatches:
            continue
        if _EXCLUDED.fullmatch(name.rpartition(".")[2]) and plain(name) not in _KEPT:
            continue
        if all(op in ops and stays_inside(op, stateful=ops[op]) for op in reach.of(thing)):
            found.append(name)
    return sorted(found)


def delegated() -> dict[str, Any]:
    """Return the methods and properties that Keras calls on ragged and sparse tensors for its symbolic ones."""
    source = inspect.getsource(importlib.import_module("tf_keras.src.layers.core.tf_op_layer"))
    lists = dict(re.findall(r"^for (\w+) in \[([^\]]+)\]:", source, re.MULTILINE))
    names = {name: re.findall(r'"(\w+)"', text) for name, text in lists.items()}
    return {
        "properties": sorted({*names["ragged_property"], *names["sparse_property"]}),
        "methods": sorted({*names["ragged_method_name"], *names["sparse_method"]}),
        "class_methods": {"RaggedTensor": sorted(names["ragged_class_method"])},
    }


def initializers_of_tensorflow(classes: dict[str, list[str]]) -> None:
    """Enter what ``tf.random_normal_initializer`` and its like are classes of: Keras writes down their own module."""
    for place in ("init_ops_v2", "init_ops"):
        module = importlib.import_module(f"tensorflow.python.ops.{place}")
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, module.Initializer) and kind.__module__ == module.__name__:
                add(classes, kind.__name__, module.__name__)


def columns() -> list[str]:
    """Return the feature columns, but those that read files."""
    from tensorflow.python.feature_column import serialization

    names = [kind.__name__ for kind in serialization._FEATURE_COLUMNS]  # noqa: SLF001  there is no public way
    return sorted(set(names) - set(REFUSED))


# ---------------------------------------------------------------- Keras 3


def keras_3() -> dict[str, Any]:
    """Return the list for Keras 3."""
    import keras
    from keras.src import api_export, dtype_policies
    from keras.src.saving.keras_saveable import KerasSaveable

    kinds = (
        *(KerasSaveable, keras.initializers.Initializer, keras.regularizers.Regularizer),
        *(keras.constraints.Constraint, keras.optimizers.schedules.LearningRateSchedule, keras.Quantizer),
        *(dtype_policies.DTypePolicy, keras.InputSpec, *quantization_configs()),
    )
    classes: dict[str, list[str]] = {}
    functions: dict[str, list[str]] = {}
    for kind in classes_in(importlib.import_module("keras.src")):
        if issubclass(kind, kinds) and kind.__name__ not in REFUSED:
            add(classes, kind.__name__, kind.__module__)
    for name, thing in api_export.REGISTERED_NAMES_TO_OBJS.items():
        module, _, last = name.rpartition(".")
        if inspect.isclass(thing) and plain(thing.__module__) in classes.get(thing.__name__, ()):
            add(classes, thing.__name__, module)
            add(classes, last, module, thing.__module__)
        elif inspect.isfunction(thing) and _FUNCTIONS_3.match(thing.__module__) and not _EXCLUDED.fullmatch(last):
            add(functions, last, module, "builtins", thing.__module__)
    aliases_3(classes, functions)
    initializers_of_tensorflow(classes)
    calls: dict[str, Any] = {"calls": [], "properties": [], "methods": [], "class_methods": {}}
    return {"classes": classes, "functions": functions, "refused": REFUSED, **calls}


_FUNCTIONS_3 = re.compile(r"keras\.src\.(activations|constraints|initializers|losses|metrics|ops|regularizers)\b")


def quantization_configs() -> list[type]:
    """Return the base class of Keras's quantization settings, where this Keras has them."""
    try:
        module = importlib.import_module("keras.src.quantizers.quantization_config")
    except ImportError:  # Keras before 3.12
        return []
    return [module.QuantizationConfig]


def aliases_3(classes: dict[str, list[str]], functions: dict[str, list[str]]) -> None:
    """Enter the names in Keras's own tables: ``glorot_uniform`` is one, ``l2`` another."""
    for place in ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers"):
        module = importlib.import_module(f"keras.src.{place}")
        for name, thing in getattr(module, "ALL_OBJECTS_DICT", {}).items():
            kind = getattr(thing, "__name__", "")
            if inspect.isclass(thing) and kind in classes:
                add(classes, name, *classes[kind])
            elif inspect.isfunction(thing) and kind in functions:
                add(functions, name, *functions[kind])


# ---------------------------------------------------------------- files


def written(data: dict[str, Any]) -> str:
    """Return the data as JSON whose lines are full and no longer than the house allows."""
    parts = []
    for key, value in sorted(data.items()):
        text = json.dumps(value, sort_keys=True)
        if key != "refused":  # whose sentences must not be broken
            text = textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)
        parts.append(f"{json.dumps(key)}:\n{text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def versions(*names: str) -> dict[str, str]:
    """Return the versions of the packages that the lists were read from."""
    return {name: str(importlib.import_module(name).__version__) for name in names}


def lists() -> dict[str, str]:
    """Return the files that this environment can say, by name."""
    if importlib.util.find_spec("tf_keras") is None:
        return {"keras3.json": written({"read_from": versions("keras", "tensorflow"), **keras_3()})}
    return {
        "keras2.json": written({"read_from": versions("keras", "tensorflow", "tf_keras"), **keras_2()}),
        "ops.json": written({"read_from": versions("tensorflow"), **ops_list()}),
    }


def main() -> None:
    """Write the lists of this environment to a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, text in lists().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"{folder / name}: {len(text)} bytes")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    warnings.simplefilter("ignore")
    main()
