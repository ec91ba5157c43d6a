"""What configs of Keras ask for beyond the list, object by object, and which texts their layers have no use for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.worker import allow_list, config_walk, constants_in_configs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "askings.json"
_OWN = frozenset({"Own", "own"})
_CONSTANT = "_CONSTANT_VALUE"


def all_askings(_: Path) -> dict[str, Any]:
    """Return what each config asks for, by either list, and the texts of each call that are told."""
    lists = {name: allow_list.keras(name) for name in ("keras2", "keras3")}
    return {
        **{
            name: {str(document): _told(document, allowed) for document in _documents()}
            for name, allowed in lists.items()
        },
        "texts": {
            str(operation): {str(nodes): list(constants_in_configs.unfit(nodes, operation)) for nodes in _NODES}
            for operation in _OPERATIONS
        },
        "plain": {module: allow_list.plain(module) for module in _MODULES},
        "of a module": {
            f"{name} of {module}": [allowed.has_class(name, module) for allowed in lists.values()]
            for name in ("Dense", "AUC", "Nothing")
            for module in (None, *_MODULES)
        },
    }


def _told(document: Any, allowed: allow_list.AllowList) -> list[str]:
    return list(map(str, config_walk.asked(document, allowed, own=_OWN)))


def _documents() -> Iterator[Any]:
    for kind, config in _LAYERS:
        yield {"class_name": kind, "config": config, "inbound_nodes": []}
    for key in ("activation", "loss", "my_fn", "function", "optimizer", "metrics", "anything", "kernel_initializer"):
        for value in _VALUES:
            yield {key: value}
    for value in _OBJECTS:
        yield {"layers": [{"class_name": "Dense", "name": "d", "config": {"name": "c", "value": value}}]}
    yield from _NAMED


_LAYERS: list[tuple[str, Any]] = [
    *(("Dense", None), ("Own", {"function": "own"}), ("Nobody", {}), ("TFSMLayer", {}), ("ModuleWrapper", {})),
    *(("Lambda", {"function": value}) for value in ("relu", {"class_name": "function"}, ["4wE="], None, 3)),
    *(("StringLookup", {"vocabulary": value, "idf_weights": value}) for value in ("/a", ["a"], None)),
    *((kind, {"vocabulary": "/a"}) for kind in ("IntegerLookup", "IndexLookup", "TextVectorization", "Dense")),
    *((kind, {"ckpt_to_load_from": "/a"}) for kind in ("EmbeddingColumn", "SharedEmbeddingColumn", "Dense")),
    *((kind, {"function": f}) for kind in ("TFOpLambda", "SlicingOpLambda") for f in ("concat", "io.read_file", 1)),
    *(
        ("ClassMethod", {"cls_symbol": owner, "method_name": method})
        for owner in ("RaggedTensor", "io.gfile", 3, None)
        for method in ("from_row_splits", "__class__", None)
    ),
    *(
        (kind, {"attr_name": name})
        for kind in ("InstanceProperty", "InstanceMethod")
        for name in ("flat_values", "to_tensor", "__dict__", 3, None)
    ),
    *(
        ("TensorFlowOpLayer", {"node_def": node})
        for node in (
            *({"op": "Relu"}, {"op": "WriteFile"}, {"op": "PrintV2"}, {"op": 3}, {}, None, "bytes"),
            *({"op": "Relu", "class_name": "__bytes__"}, {"op": "InitializeTableFromTextFile"}),
            *({"op": "Relu", "attr": {"f": {"func": {}}}}, {"op": "Relu", "attr": {"f": {"list": {"func": []}}}}),
            *({"op": "Relu", "attr": {"f": {"s": "func"}}}, {"op": "Relu", "attr": "func"}),
        )
    ),
]
_VALUES: list[Any] = [
    *("relu", "os.system", "own", "<lambda>", "a>b", "a b", "1a", "concat", "math.reduce_sum", "", "a\nb", "é"),
    *(["mse", "os.system"], ["mse", None, 3], ["4wE=", None, None], [], [3, "os.system"], None, 3),
]
_MODULES = (
    *("keras", "keras.layers", "keras.src.layers.core.dense", "tf_keras.src.layers", "tf_keras.layers", "builtins"),
    *("tensorflow.keras.layers", "compat.v1.keras.layers", "keras._tf_keras.keras.layers", "tensorflow.python.ops"),
    *("keras.metrics", "keras.layers2", "kerasx.layers", "os", "__main__", "nowhere", "no module", ""),
)
_OBJECTS: list[Any] = [
    *(
        {"class_name": kind, "module": module, "registered_name": registered, "config": {}}
        for kind in ("Zeros", "Own", "Popen", "Nobody", "Cond", "eval", "a b")
        for module in (None, "keras.initializers", "os", "builtins", "nowhere", "__main__", 3)
        for registered in (None, "Zeros", "mine>Own", "other>Name", 3)
    ),
    *(
        {"class_name": "function", "module": module, "registered_name": registered, "config": name}
        for name in ("relu", "own", "system", "eval", "a b", 3)
        for module in (None, "keras.activations", "os", "builtins", "nowhere")
        for registered in (None, "function", "relu", "own", "system")
    ),
    *(
        {"class_name": kind, **spec, **more}
        for kind in ("TypeSpec", "__typespec__")
        for key in ("type_spec", "spec_name")
        for spec in ({key: "TensorSpec"}, {key: "tf.RaggedTensorSpec"}, {key: "DatasetSpec"}, {key: 3})
        for more in ({}, {"module": "tensorflow.python.framework"}, {"module": "os"}, {"registered_name": "x"})
    ),
    *(
        {"class_name": kind, "config": {}}
        for kind in (
            *("__lambda__", "__tensor__", "__numpy__", "__bytes__", "__tuple__", "__ellipsis__", "__slice__"),
            *("__keras_tensor__", "TensorShape", "CompositeTensor", "TensorSpec", "BoundedTensorSpec"),
        )
    ),
    *({"function_type": text} for text in ("lambda", "__lambda__", "function", 3)),
    *({"type": "lambda"}, {"my_type": "lambda"}, {"class_name": 3}, {"class_name": ["os"]}),
]
_BAD = {"class_name": "Lambda", "config": {"name": "inner", "function": ["4wE="]}}
_NAMED: list[Any] = [
    *({key: [{**_BAD, "name": "beside"}]} for key in ("layers", "layer", "cell", "cells", "other")),
    *({key: _BAD} for key in ("forward_layer", "backward_layer", "model_config", "policy")),
    *({"class_name": "Functional", "config": {"name": name, "layers": [{"class_name": "TFSMLayer"}]}} for name in "m"),
    {"class_name": "Functional", "config": {"layers": [{"class_name": "TFSMLayer", "config": {"name": 3}}]}},
    {"class_name": "TFSMLayer", "config": [], "name": "outer", "inbound_nodes": [["x", 0, 0]]},
    [_BAD, _BAD, {**_BAD, "config": {"name": "other", "function": ["4wE="]}}],
]
_OPERATIONS = (
    *(None, "Dense", "strings.join", "compat.v1.strings.split", "string_split", "regex_replace", "substr"),
    *("reduce_join", "io.decode_csv", "io.parse_example", "math.equal", "not_equal", "where", "where_v2", "fill"),
    *("__operators__.eq", "__operators__.ne", "constant", "einsum", "linalg.einsum", "compat.v1.linalg.einsum"),
    *("Einsum", "Rearrange", "math.add", "io.read_file", "constant2"),
)
_NODES: list[Any] = [
    *(["touch x", 0, 0, {}], [_CONSTANT, -1, "touch x", {}], [_CONSTANT, -1, "ab,bc->ac", {}], ["x", 0, 0]),
    *(["x", True, 0, {"a": "b/c"}], ["x", 0, 0, {"axis": "float32"}], ["x", 0, 0, {"axis": "a/b"}], ["x", 0]),
    *(["x", 0, 0, {"name": "a/b"}], ["x", 0, 0, {"message": "a/b"}], ["x", 0, 0, {"y": [_CONSTANT, -1, "a/b"]}]),
    *(["x", 0, 0, {"a": {"b": ["c;d"]}}], ["x", 0, 0, {"a": "x" * 200}], ["x", 0, 0, {"a": "x" * 201}]),
    *([{"_TYPE": "CompositeTensor", "text": "a/b"}], [{"text": "a/b"}], [["x", 0, 0, {"a": "b|c"}, "more"]]),
    {"args": [{"class_name": "__keras_tensor__", "config": {"dtype": "a/b"}}], "kwargs": {"axis": "a/b"}},
    {"args": [{"class_name": "__tensor__", "config": {"value": "a/b", "dtype": "c/d"}}], "kwargs": {}},
    {"args": [{"class_name": "__tensor__", "module": "a/b", "registered_name": "c/d", "config": "e/f"}]},
    {"args": [{"class_name": "__slice__", "config": {"items": ["a/b"]}}], "kwargs": {"k": {"value": "c/d"}}},
]
