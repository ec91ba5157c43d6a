"""Graph models, which are JSON: ops that reach out, as nodes, in functions, and in what initialises a model."""

from __future__ import annotations

import base64
import json
import struct
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import LAYER, Attack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.scene import Scene

Json = dict[str, Any]
_STRING = {"type": "DT_STRING"}


def _text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _placeholder(name: str = "x") -> Json:
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "3"}]}}
    return {"name": name, "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": shape}}


def _const(name: str) -> Json:
    value = {"tensor": {"dtype": "DT_STRING", "tensorShape": {}}}
    return {"name": name, "op": "Const", "attr": {"dtype": _STRING, "value": value}}


def _end(*after: str) -> Json:
    return {
        "name": "y",
        "op": "Relu",
        "input": ["x", *(f"^{name}" for name in after)],
        "attr": {"T": {"type": "DT_FLOAT"}},
    }


def _model(scene: Scene, nodes: list[Json], texts: dict[str, str], **more: Any) -> Path:
    folder = scene.here / "model"
    folder.mkdir()
    raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts.values())
    weights = [{"name": name, "shape": [], "dtype": "string"} for name in texts]
    manifest = [{"paths": ["w.bin"], "weights": weights}] if texts else []
    ports = {"inputs": {"x": _port("x:0")}, "outputs": {"y": _port("y:0")}}
    topology = {"node": nodes, "library": more.pop("library", {}), "versions": {"producer": 1482}}
    content = {"format": "graph-model", "modelTopology": topology, "weightsManifest": manifest, "signature": ports}
    (folder / "w.bin").write_bytes(raw)
    (folder / "model.json").write_text(json.dumps({**content, **more}))
    return folder


def _port(name: str) -> Json:
    return {"name": name, "dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "3"}]}}


_OPS: dict[str, tuple[Callable[[Scene], list[str]], Json]] = {
    "ReadFile": (lambda s: [str(s.secret)], {}),
    "WriteFile": (lambda s: [str(s.marker), "x"], {}),
    "MatchingFiles": (lambda s: [f"{s.outside}/*"], {}),
    "ShardedFilespec": (lambda s: [str(s.secret)], {}),
    "PrintV2": (lambda _: ["x"], {"output_stream": lambda s: {"s": _text(f"file://{s.marker}")}, "end": {"s": ""}}),
    "PyFunc": (lambda s: [s.command], {"token": {"s": _text("pyfunc_0")}, "Tin": {"list": {"type": ["DT_STRING"]}},
                                       "Tout": {"list": {"type": ["DT_FLOAT"]}}}),
    "ImmutableConst": (lambda _: [], {"dtype": {"type": "DT_UINT8"}, "shape": {"shape": {"dim": [{"size": "4"}]}},
                                      "memory_region_name": lambda s: {"s": _text(str(s.secret))}}),
    "DebugIdentity": (lambda _: ["x"], {"T": _STRING, "tensor_name": {"s": _text("a:0")},
                                        "debug_urls": lambda s: {"list": {"s": [_text(f"file://{s.marker}")]}}}),
    "DecodeProtoV2": (lambda _: ["x"], {"message_type": {"s": _text("m")}, "field_names": {"list": {}},
                                        "output_types": {"list": {}},
                                        "descriptor_source": lambda s: {"s": _text(str(s.secret))}}),
}  # fmt: skip


def _node(op: str, scene: Scene) -> tuple[Json, dict[str, str]]:
    inputs, attributes = _OPS[op][0](scene), _OPS[op][1]
    texts = {f"{LAYER}/in{number}": value for number, value in enumerate(inputs)}
    attr = {name: make(scene) if callable(make) else make for name, make in attributes.items()}
    return {"name": LAYER, "op": op, "input": list(texts), "attr": attr}, texts


def _as_node(op: str, scene: Scene) -> Path:
    node, texts = _node(op, scene)
    return _model(scene, [_placeholder(), *map(_const, texts), node, _end(LAYER)], texts)


def _as_initializer(scene: Scene) -> Path:
    node, texts = _node("WriteFile", scene)
    started = {"node": [*map(_const, texts), node], "library": {}, "versions": {}}
    return _model(scene, [_placeholder(), _end()], texts, modelInitializer=started,
                  initializerSignature={"outputs": {"t": {"name": LAYER, "dtype": "DT_FLOAT"}}})  # fmt: skip


def _in_function(scene: Scene) -> Path:
    node, texts = _node("ReadFile", scene)
    named = {"name": "f", "inputArg": [{"name": "a", "type": "DT_STRING"}],
             "outputArg": [{"name": "b", "type": "DT_STRING"}]}  # fmt: skip
    body = {**node, "input": ["a"], "name": LAYER}
    function = {"signature": named, "nodeDef": [body], "ret": {"b": f"{LAYER}:contents:0"}}
    call = {"name": "call", "op": "StatefulPartitionedCall", "input": list(texts), "attr": {
        "f": {"func": {"name": "f"}}, "Tin": {"list": {"type": ["DT_STRING"]}},
        "Tout": {"list": {"type": ["DT_STRING"]}}}}  # fmt: skip
    nodes = [_placeholder(), *map(_const, texts), call, _end("call")]
    return _model(scene, nodes, texts, library={"function": [function]})


def _vast_fill(scene: Scene) -> Path:
    """Ask for a tensor of 64 GB by two numbers that stand in the graph itself."""
    sizes = {"tensor": {"dtype": "DT_INT32", "tensorShape": {"dim": [{"size": "2"}]}, "intVal": [131072, 131072]}}
    one = {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {}, "floatVal": [1.0]}}
    nodes = [
        _placeholder(),
        {"name": "sizes", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}, "value": sizes}},
        {"name": "one", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}, "value": one}},
        {"name": LAYER, "op": "Fill", "input": ["sizes", "one"], "attr": {"T": {"type": "DT_FLOAT"}}},
        _end(LAYER),
    ]
    return _model(scene, nodes, {})


_ONES = ("verify", "to_saved", "against", "shard", "quantize")
ATTACKS = [
    *(Attack(f"graph-model-{op}", "graph_model", partial(_as_node, op), names=(op, LAYER), commands=_ONES,
             harmless=op in ("ShardedFilespec", "DecodeProtoV2")) for op in _OPS),
    Attack("graph-model-initializer", "graph_model", _as_initializer, names=("WriteFile", LAYER), commands=_ONES),
    Attack("graph-model-function", "graph_model", _in_function, names=("ReadFile", LAYER), commands=_ONES),
    Attack("graph-model-vast-fill", "graph_model", _vast_fill, names=("memory", LAYER, "OOM"), commands=("verify",),
           harmless=True),
]  # fmt: skip
