"""Changes to the files of a model, by which tests damage copies of good ones."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def document(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def hurt(folder: Path) -> None:
        path = folder / "model.json"
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    return hurt


def entry(name: str, **changes: Any) -> Callable[[Path], None]:
    return document(lambda value: _entry(value, name).update(changes))


def field(name: str, **changes: Any) -> Callable[[Path], None]:
    return document(lambda value: _entry(value, name)["quantization"].update(changes))


def layer(name: str, **changes: Any) -> Callable[[Path], None]:
    def change(value: dict[str, Any]) -> None:
        layers = value["modelTopology"]["model_config"]["config"]["layers"]
        next(one for one in layers if one["name"] == name)["config"].update(changes)

    return document(change)


def model_config(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return document(lambda value: change(value["modelTopology"]["model_config"]["config"]))


def node(name: str, **changes: Any) -> Callable[[Path], None]:
    return document(lambda value: next(n for n in value["modelTopology"]["node"] if n["name"] == name).update(changes))


def text(change: Callable[[str], str]) -> Callable[[Path], None]:
    def hurt(folder: Path) -> None:
        path = folder / "model.json"
        path.write_text(change(path.read_text()))

    return hurt


def file(name: str, change: Callable[[bytes], bytes | None]) -> Callable[[Path], None]:
    def hurt(folder: Path) -> None:
        found = change((folder / name).read_bytes())
        if found is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(found)

    return hurt


def values(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change the stored numbers of one weight, wherever its files cut it."""

    def hurt(folder: Path) -> None:
        manifest = json.loads((folder / "model.json").read_text())["weightsManifest"][0]
        files = [folder / path for path in manifest["paths"]]
        content = bytearray(b"".join(path.read_bytes() for path in files))
        begin, size, dtype = _place(manifest["weights"], name)
        array = np.frombuffer(bytes(content[begin : begin + size]), dtype).copy()
        content[begin : begin + size] = np.asarray(change(array), dtype).tobytes()
        start = 0
        for path in files:
            length = path.stat().st_size
            path.write_bytes(bytes(content[start : start + length]))
            start += length

    return hurt


def _keep(kept: dict[str, Any], name: str, array: Any) -> Any:
    return kept.setdefault(name, array.copy())


def swapped(one: str, other: str) -> Callable[[Path], None]:
    """Exchange the numbers of two weights of one shape."""

    def hurt(folder: Path) -> None:
        kept: dict[str, Any] = {}
        for name in (one, other):
            values(name, functools.partial(_keep, kept, name))(folder)
        values(one, lambda _: kept[other])(folder)
        values(other, lambda _: kept[one])(folder)

    return hurt


def at(index: int, value: float) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[index] = value
        return array

    return change


def bit(index: int, number: int) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        raw = array.view(np.uint8)
        raw[index] ^= 1 << number
        return array

    return change


def _entry(value: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in value["weightsManifest"][0]["weights"] if one["name"] == name)
    return found


def _place(weights: list[dict[str, Any]], name: str) -> tuple[int, int, np.dtype[Any]]:
    begin = 0
    for one in weights:
        dtype = np.dtype(one.get("quantization", {}).get("dtype", one["dtype"]))
        size = int(np.prod(one["shape"])) * dtype.itemsize
        if one["name"] == name:
            return begin, size, dtype
        begin += size
    raise KeyError(name)


def rename_weight(value: dict[str, Any]) -> None:
    _entry(value, "second/kernel")["name"] = "second/kernal"


def swap_names(value: dict[str, Any]) -> None:
    first, second = _entry(value, "first/kernel"), _entry(value, "second/kernel")
    first["name"], second["name"] = second["name"], first["name"]


def double_name(value: dict[str, Any]) -> None:
    _entry(value, "second/kernel")["name"] = "first/kernel"


def drop_entry(value: dict[str, Any]) -> None:
    listed = value["weightsManifest"][0]["weights"]
    listed.remove(_entry(value, "third/bias"))


def rename_output_layer(config: dict[str, Any]) -> None:
    config["layers"][-1]["name"] = config["layers"][-1]["config"]["name"] = "last"
    config["output_layers"] = [["last", 0, 0]]


def other_output(config: dict[str, Any]) -> None:
    config["output_layers"] = [["second", 0, 0]]


def rename_input(config: dict[str, Any]) -> None:
    config["layers"][0]["name"] = config["layers"][0]["config"]["name"] = "y"
    config["layers"][1]["inbound_nodes"][0][0][0] = "y"
    config["input_layers"] = [["y", 0, 0]]


def rename_port(value: dict[str, Any], side: str, before: str) -> None:
    ports = value["signature"][side]
    value["signature"][side] = {("other" if name == before else name): port for name, port in ports.items()}


def wrong_port_shape(value: dict[str, Any]) -> None:
    value["signature"]["inputs"]["x"]["tensorShape"]["dim"][1]["size"] = "7"


def skip_layer(config: dict[str, Any]) -> None:
    config["layers"][3]["inbound_nodes"][0][0][0] = "first"


def two_ports(value: dict[str, Any]) -> None:
    value["signature"]["outputs"]["more"] = {"name": "second/Relu:0", "dtype": "DT_FLOAT"}


def drop_node(value: dict[str, Any]) -> None:
    nodes = value["modelTopology"]["node"]
    nodes.remove(next(one for one in nodes if one["name"] == "second/MatMul"))


def drop_constant(value: dict[str, Any]) -> None:
    listed = value["weightsManifest"][0]["weights"]
    listed.remove(_entry(value, "third/bias"))


def const_shape(value: dict[str, Any]) -> None:
    _entry(value, "third/kernel")["shape"] = [4, 6]


def orphan(folder: Path) -> None:
    (folder / "group9-shard1of1.bin").write_bytes(b"1234")


def misfeed(value: dict[str, Any]) -> None:
    value["modelTopology"]["model_config"]["config"]["layers"][2]["inbound_nodes"][0][0][0] = "fist"


def double_layer(value: dict[str, Any]) -> None:
    layers = value["modelTopology"]["model_config"]["config"]["layers"]
    layers[2]["name"] = layers[2]["config"]["name"] = "first"


def rename_bias(value: dict[str, Any]) -> None:
    for part in ("kernel", "bias"):
        _entry(value, f"second/{part}")["name"] = f"other/{part}"


def rename_output(value: dict[str, Any]) -> None:
    """Put an identity layer of another name behind the output: the weights stay as they are called."""
    config = value["modelTopology"]["model_config"]["config"]
    last = {"name": "answer", "activation": "linear"}
    nodes = [[["third", 0, 0, {}]]]
    config["layers"].append({"class_name": "Activation", "config": last, "name": "answer", "inbound_nodes": nodes})
    config["output_layers"] = [["answer", 0, 0]]


def scale(value: dict[str, Any], factor: float) -> None:
    _entry(value, "second/kernel")["quantization"]["scale"] *= factor


def shift(value: dict[str, Any], by: float) -> None:
    _entry(value, "second/kernel")["quantization"]["min"] += by
