"""Damaged models: what is done to which good one, the level that must catch it, and what it must name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.unit.verification import changes
from tests.unit.verification.changes import document, entry, field, file, layer, model_config, node, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Base = Literal["layers", "graph", "uint8", "uint16", "float16", "graph_uint8"]
LevelName = Literal["structure", "weights", "contract", "outputs"]


@dataclass(frozen=True)
class Damage:
    """What is done to which good model, the level that must catch it, and what it must name."""

    name: str
    base: Base
    level: LevelName
    subject: str
    hurt: Callable[[Path], None]


SHARD = "group1-shard2of4.bin"
DAMAGES = (
    # files and manifest
    Damage("a shard is dropped", "layers", "structure", SHARD, file(SHARD, lambda _: None)),
    Damage("a shard is shortened", "layers", "structure", SHARD, file(SHARD, lambda raw: raw[:-5])),
    Damage("a shard is lengthened", "layers", "structure", SHARD, file(SHARD, lambda raw: raw + b"12345")),
    Damage("a shard is empty", "layers", "structure", SHARD, file(SHARD, lambda _: b"")),
    Damage("a shard of a graph is dropped", "graph", "structure", SHARD, file(SHARD, lambda _: None)),
    Damage(
        "the last shard is shortened",
        "graph",
        "structure",
        "group1-shard4of4.bin",
        file("group1-shard4of4.bin", lambda raw: raw[:-1]),
    ),
    Damage(
        "a shard lies about that nothing names",
        "layers",
        "structure",
        "group9-shard1of1.bin",
        changes.orphan,
    ),
    Damage(
        "the manifest names a shard twice",
        "layers",
        "structure",
        SHARD,
        document(lambda value: value["weightsManifest"][0]["paths"].append(SHARD)),
    ),
    Damage("two weights have one name", "layers", "structure", "first/kernel", document(changes.double_name)),
    Damage("a shape does not fit its layer", "layers", "structure", "third/bias", entry("third/bias", shape=[2, 2])),
    Damage("a shape has too many elements", "layers", "structure", "third/kernel", entry("third/kernel", shape=[6, 5])),
    Damage("a shape is negative", "layers", "structure", "first/kernel", entry("first/kernel", shape=[6, -6])),
    Damage("a dtype is unknown", "layers", "structure", "first/kernel", entry("first/kernel", dtype="float64")),
    Damage("a dtype takes other bytes", "graph", "structure", "third/bias", entry("third/bias", dtype="bool")),
    Damage(
        "a graph's weight has another shape than its node",
        "graph",
        "structure",
        "third/kernel",
        document(changes.const_shape),
    ),
    Damage(
        "a graph's weight has another dtype than its node",
        "graph",
        "structure",
        "second/bias",
        entry("second/bias", dtype="int32"),
    ),
    Damage("a graph's constant has no weight", "graph", "structure", "third/bias", document(changes.drop_constant)),
    Damage("a graph's weight is renamed", "graph", "structure", "second/kernel", document(changes.rename_weight)),
    Damage("a weight is not in the manifest", "layers", "structure", "third/bias", document(changes.drop_entry)),
    Damage("model.json holds NaN", "uint8", "structure", "first/bias", field("first/bias", min=float("nan"))),
    Damage("model.json holds Infinity", "uint8", "structure", "", field("first/bias", scale=float("inf"))),
    Damage("model.json is cut short", "layers", "structure", "", changes.text(lambda whole: whole[:-40])),
    Damage("model.json has no topology", "layers", "structure", "", document(lambda value: value.pop("modelTopology"))),
    Damage(
        "a layers model says that it is a graph",
        "layers",
        "structure",
        "",
        document(lambda value: value.update(format="graph-model")),
    ),
    Damage("a scale is zero", "uint8", "structure", "second/kernel", field("second/kernel", scale=0.0)),
    Damage("a scale is negative", "uint16", "structure", "second/kernel", field("second/kernel", scale=-0.01)),
    Damage("a scale is text", "uint8", "structure", "second/kernel", field("second/kernel", scale="small")),
    Damage("a scale is far too large", "uint8", "structure", "second/kernel", field("second/kernel", scale=1e38)),
    Damage(
        "a quantization has an unknown dtype",
        "uint8",
        "structure",
        "second/kernel",
        field("second/kernel", dtype="uint4"),
    ),
    Damage(
        "a quantization was of another dtype",
        "uint8",
        "structure",
        "second/kernel",
        field("second/kernel", original_dtype="int32"),
    ),
    Damage("a layer is fed by none that there is", "layers", "structure", "fist", document(changes.misfeed)),
    Damage(
        "an output is no layer",
        "layers",
        "structure",
        "fourth",
        model_config(lambda config: config.update(output_layers=[["fourth", 0, 0]])),
    ),
    Damage("two layers have one name", "layers", "structure", "first", document(changes.double_layer)),
    Damage("a node reads one that is not there", "graph", "structure", "second/BiasAdd", document(changes.drop_node)),
    Damage(
        "a signature names a tensor that is not there",
        "graph",
        "structure",
        "third",
        document(lambda value: value["signature"]["outputs"]["third"].update(name="Identity_7:0")),
    ),
    # weights
    Damage(
        "one bit of one weight is flipped",
        "layers",
        "weights",
        "second/kernel",
        values("second/kernel", changes.bit(13, 0)),
    ),
    Damage(
        "the sign of one value is flipped", "graph", "weights", "first/bias", values("first/bias", changes.bit(3, 7))
    ),
    Damage(
        "two weights of one shape are swapped",
        "layers",
        "weights",
        "first/kernel",
        changes.swapped("first/kernel", "second/kernel"),
    ),
    Damage("the names of two weights are swapped", "layers", "weights", "second/kernel", document(changes.swap_names)),
    Damage(
        "two weights of a graph are swapped",
        "graph",
        "weights",
        "second/bias",
        changes.swapped("first/bias", "second/bias"),
    ),
    Damage("a NaN", "layers", "weights", "third/kernel", values("third/kernel", changes.at(5, float("nan")))),
    Damage("an infinity", "graph", "weights", "third/kernel", values("third/kernel", changes.at(5, float("inf")))),
    Damage(
        "one kernel is perturbed by 1e-3",
        "layers",
        "weights",
        "second/kernel",
        values("second/kernel", lambda array: array + 1e-3),
    ),
    Damage(
        "one kernel is scaled by 1e-3",
        "graph",
        "weights",
        "second/kernel",
        values("second/kernel", lambda array: array * 1.001),
    ),
    Damage("one bias is zeroed", "layers", "weights", "third/bias", values("third/bias", lambda array: array * 0)),
    Damage(
        "a kernel is transposed",
        "layers",
        "weights",
        "first/kernel",
        values("first/kernel", lambda array: array.reshape(6, 6).T.reshape(-1)),
    ),
    Damage("a weight is renamed", "layers", "weights", "second/bias", document(changes.rename_bias)),
    Damage(
        "a code is off by one",
        "uint8",
        "weights",
        "second/kernel",
        values("second/kernel", lambda codes: changes.at(7, int(codes[7]) ^ 3)(codes)),
    ),
    Damage(
        "a code is off by three",
        "uint16",
        "weights",
        "second/kernel",
        values("second/kernel", lambda codes: changes.at(7, int(codes[7]) ^ 7)(codes)),
    ),
    Damage(
        "a scale is doubled", "uint8", "weights", "second/kernel", document(lambda value: changes.scale(value, 2.0))
    ),
    Damage(
        "a scale is halved", "uint16", "weights", "second/kernel", document(lambda value: changes.scale(value, 0.5))
    ),
    Damage(
        "a scale is one percent off",
        "uint8",
        "weights",
        "second/kernel",
        document(lambda value: changes.scale(value, 1.01)),
    ),
    Damage(
        "a minimum is shifted", "uint8", "weights", "second/kernel", document(lambda value: changes.shift(value, 0.02))
    ),
    Damage(
        "a float16 is perturbed",
        "float16",
        "weights",
        "first/kernel",
        values("first/kernel", lambda array: changes.at(2, array[2] * 1.01)(array)),
    ),
    Damage(
        "a float16 overflows", "float16", "weights", "first/kernel", values("first/kernel", changes.at(2, float("inf")))
    ),
    Damage(
        "a code of a graph is zero",
        "graph_uint8",
        "weights",
        "third/kernel",
        values("third/kernel", lambda codes: codes * 0),
    ),
    # contract
    Damage("an output is renamed", "layers", "contract", "third", document(changes.rename_output)),
    Damage("an input is renamed", "layers", "contract", "x", model_config(changes.rename_input)),
    Damage(
        "an input of a graph is renamed",
        "graph",
        "contract",
        "x",
        document(lambda value: changes.rename_port(value, "inputs", "x")),
    ),
    Damage(
        "an output of a graph is renamed",
        "graph",
        "contract",
        "third",
        document(lambda value: changes.rename_port(value, "outputs", "third")),
    ),
    Damage("an input takes another shape", "graph", "contract", "x", document(changes.wrong_port_shape)),
    Damage("an input has another shape", "layers", "contract", "x", layer("x", batch_input_shape=[None, 7])),
    Damage("an input has a fixed batch", "layers", "contract", "x", layer("x", batch_input_shape=[1, 6])),
    Damage("an input has another dtype", "layers", "contract", "x", layer("x", dtype="int32")),
    Damage("there is one more output", "graph", "contract", "", document(changes.two_ports)),
    Damage("another layer is the output", "layers", "contract", "third", model_config(changes.other_output)),
    # outputs
    Damage("an activation is another one", "layers", "contract", "second", layer("second", activation="tanh")),
    Damage("an activation is gone", "layers", "contract", "first", layer("first", activation="linear")),
    Damage("a bias is not added", "layers", "contract", "second", layer("second", use_bias=False)),
    Damage("a layer is skipped", "layers", "outputs", "third", model_config(changes.skip_layer)),
    Damage("an operation is another one", "graph", "outputs", "third", node("second/Relu", op="Tanh")),
    Damage(
        "a node reads another constant",
        "graph",
        "outputs",
        "third",
        node("second/MatMul", input=["first/Tanh", "first/kernel"]),
    ),
    Damage("an output is another tensor", "graph", "outputs", "third", node("Identity", input=["third/BiasAdd"])),
    Damage(
        "a quantized model has another activation", "uint16", "contract", "third", layer("third", activation="linear")
    ),
    Damage("a uint8 model has another activation", "uint8", "contract", "second", layer("second", activation="tanh")),
    Damage("a uint16 model skips a layer", "uint16", "outputs", "third", model_config(changes.skip_layer)),
    Damage("a graph leaves a bias out", "graph", "outputs", "third", node("third/Softmax", input=["third/MatMul"])),
    Damage(
        "a graph skips a layer", "graph", "outputs", "third", node("third/MatMul", input=["first/Tanh", "third/kernel"])
    ),
    Damage("a uint8 model skips a layer", "uint8", "outputs", "third", model_config(changes.skip_layer)),
)
