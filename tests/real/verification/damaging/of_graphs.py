"""Damages to the nodes and the signature of a graph model."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.real.verification.damaging.of_weights import chosen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.verification.damaging.of_weights import Change
    from tests.real.verification.damaging.stored import StoredModel

    Json = dict[str, Any]


def _text(word: str) -> str:
    return base64.b64encode(word.encode()).decode()


def _attribute(key: str, change: Callable[[Json], Json | None]) -> Change:
    def hurt(model: StoredModel, rng: Any) -> bool:
        one = chosen([node for node in model.nodes if key in node.get("attr", {}) and node["op"] != "Const"], rng)
        after = change(one["attr"][key]) if one is not None else None
        if after is None or after == one["attr"][key]:
            return False
        one["attr"][key] = after
        return True

    return hurt


def _padding(value: Json) -> Json:
    return {"s": _text("VALID" if value["s"] == _text("SAME") else "SAME")}


def _sizes(value: Json) -> Json | None:
    listed = value.get("list", {}).get("i")
    if not listed or len(listed) != 4:
        return None
    other = "1" if listed[1] != "1" else "2"
    return {"list": {"i": [listed[0], other, other, listed[3]]}}


def _fused(value: Json) -> Json | None:
    names = list(value.get("list", {}).get("s", []))
    relu = _text("Relu")
    return (
        {"list": {"s": [one for one in names if one != relu] if relu in names else [*names, relu]}} if names else None
    )


def _other_op(model: StoredModel, rng: Any) -> bool:
    others = {
        "Tanh": "Sigmoid",
        "Sigmoid": "Tanh",
        "Relu": "Elu",
        "Softmax": "LogSoftmax",
        "MaxPool": "AvgPool",
        "AddV2": "Sub",
        "Sub": "AddV2",
        "Mul": "AddV2",
        "Mean": "Max",
        "Rsqrt": "Sqrt",
        "SquaredDifference": "Sub",
    }
    one = chosen([node for node in model.nodes if node["op"] in others], rng)
    if one is None:
        return False
    one["op"] = others[one["op"]]
    return True


def _turned_inputs(model: StoredModel, rng: Any) -> bool:
    two = 2
    ops = ("Sub", "ConcatV2", "AddV2", "Mul", "Maximum", "RealDiv", "SquaredDifference", "BatchMatMulV2", "MatMul")
    one = chosen([node for node in model.nodes if node["op"] in ops and len(node["input"]) >= two], rng)
    if one is None or one["input"][0] == one["input"][1]:
        return False
    one["input"][:two] = reversed(one["input"][:two])
    return True


def _read_another(model: StoredModel, rng: Any) -> bool:
    one = chosen([node for node in model.nodes if node.get("input") and node["op"] != "Identity"], rng)
    if one is None:
        return False
    place = int(rng.integers(len(one["input"])))
    by_name = {node["name"]: node for node in model.nodes}
    before = by_name.get(one["input"][place].partition(":")[0])
    kind = before is not None and before["op"] == "Const"
    names = [node["name"] for node in model.nodes]
    earlier = [
        n for n in names if n != one["input"][place] and n != one["name"] and (by_name[n]["op"] == "Const") == kind
    ]
    if not earlier:
        return False
    one["input"][place] = chosen(earlier, rng)
    return True


def _skipped(model: StoredModel, rng: Any) -> bool:
    """Let whatever reads a node of one input read what that reads."""
    one = chosen([node for node in model.nodes if len(node.get("input", [])) == 1 and node["op"] != "Identity"], rng)
    if one is None:
        return False
    for node in model.nodes:
        node["input"] = [one["input"][0] if name == one["name"] else name for name in node.get("input", [])]
        if not node["input"]:
            del node["input"]
    return True


def _whole_number(model: StoredModel, rng: Any) -> bool:
    one = chosen([w for w in model.weights if w.entry["dtype"] == "int32" and w.values.size], rng)
    if one is None:
        return False
    one.values[int(rng.integers(one.values.size))] += 1
    return True


def _node_lost(model: StoredModel, rng: Any) -> bool:
    one = chosen([node for node in model.nodes if node["op"] not in ("Placeholder", "Const")], rng)
    model.nodes.remove(one)
    return True


def _ports(model: StoredModel, side: str) -> Json:
    found: Json = model.document["signature"][side]
    return found


def _turned(side: str) -> Change:
    def hurt(model: StoredModel, _: Any) -> bool:
        ports = _ports(model, side)
        model.document["signature"][side] = dict(reversed(ports.items()))
        return len(ports) > 1

    return hurt


def _exchanged(model: StoredModel, rng: Any) -> bool:
    ports = _ports(model, "outputs")
    if len(ports) < 2:
        return False
    first, second = (sorted(ports)[int(place)] for place in rng.permutation(len(ports))[:2])
    ports[first]["name"], ports[second]["name"] = ports[second]["name"], ports[first]["name"]
    return True


def _renamed(side: str) -> Change:
    def hurt(model: StoredModel, rng: Any) -> bool:
        ports = _ports(model, side)
        before = chosen(sorted(ports), rng)
        model.document["signature"][side] = {("other" if key == before else key): one for key, one in ports.items()}
        return True

    return hurt


def _dropped(model: StoredModel, rng: Any) -> bool:
    ports = _ports(model, "outputs")
    if len(ports) < 2:
        return False
    del ports[chosen(sorted(ports), rng)]
    return True


def _elsewhere(model: StoredModel, rng: Any) -> bool:
    """Let an output be what another node makes."""
    port = chosen(list(_ports(model, "outputs").values()), rng)
    nodes = [node["name"] for node in model.nodes if node["op"] not in ("Const", "Placeholder", "Identity")]
    port["name"] = f"{chosen(nodes, rng)}:0"
    return True


def _input_shape(size: str) -> Change:
    def hurt(model: StoredModel, rng: Any) -> bool:
        name = chosen(sorted(_ports(model, "inputs")), rng)
        shapes = [_ports(model, "inputs")[name]["tensorShape"]]
        shapes += [node["attr"]["shape"]["shape"] for node in model.nodes if node["name"] == name]
        place = int(rng.integers(1, len(shapes[0]["dim"])))
        for shape in shapes:
            shape["dim"][place]["size"] = size
        return True

    return hurt


def _input_dtype(model: StoredModel, rng: Any) -> bool:
    port = chosen(list(_ports(model, "inputs").values()), rng)
    port["dtype"] = "DT_FLOAT" if port["dtype"] == "DT_INT32" else "DT_INT32"
    return True


def _relu_slope(value: Json) -> Json | None:
    return {"f": value["f"] + 0.05} if "f" in value else None


DAMAGES: dict[str, Change] = {
    "a padding is another": _attribute("padding", _padding),
    "strides are others": _attribute("strides", _sizes),
    "a window is another": _attribute("ksize", _sizes),
    "a dilation is another": _attribute("dilations", _sizes),
    "a fused activation is gone, or there": _attribute("fused_ops", _fused),
    "a matrix is turned": _attribute("transpose_b", lambda value: {"b": not value["b"]}),
    "axes are not kept, or are": _attribute("keep_dims", lambda value: {"b": not value["b"]}),
    "a slope is another": _attribute("alpha", _relu_slope),
    "an op is another": _other_op,
    "two inputs of a node are exchanged": _turned_inputs,
    "a node reads another one": _read_another,
    "a node is passed by": _skipped,
    "a whole number is one more": _whole_number,
    "a node is lost": _node_lost,
    "outputs stand in another order": _turned("outputs"),
    "inputs stand in another order": _turned("inputs"),
    "two outputs are each other": _exchanged,
    "an output has another name": _renamed("outputs"),
    "an input has another name": _renamed("inputs"),
    "an output is dropped": _dropped,
    "an output is what another node makes": _elsewhere,
    "an input's size is open": _input_shape("-1"),
    "an input's size is another": _input_shape("4"),
    "an input is of another dtype": _input_dtype,
}


def _nodes_in_other_order(model: StoredModel, rng: Any) -> bool:
    nodes = model.nodes
    nodes[:] = [nodes[int(place)] for place in rng.permutation(len(nodes))]
    return True


def _devices(model: StoredModel, _: Any) -> bool:
    for node in model.nodes:
        node["device"] = "/device:CPU:0"
    return True


def _later_version(model: StoredModel, _: Any) -> bool:
    model.document["modelTopology"].setdefault("versions", {})["producer"] = 1600
    return True


def _unused_attribute(model: StoredModel, rng: Any) -> bool:
    one = chosen([node for node in model.nodes if node["op"] not in ("Const", "Placeholder")], rng)
    one.setdefault("attr", {})["_grappler_relu_host"] = {"b": True}
    return True


HARMLESS: dict[str, Change] = {
    "nodes stand in another order": _nodes_in_other_order,
    "nodes are said to be on a device": _devices,
    "a later version wrote the graph": _later_version,
    "a node has an attribute that nobody reads": _unused_attribute,
}
