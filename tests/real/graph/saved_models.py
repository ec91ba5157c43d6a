"""Run by the environment's Python: SavedModels, frozen graphs and a hub module, each with what it answers.

``saved_models.py FOLDER``: for each model the folder (or file) NAME, and NAME.npz with an array for each input and
output, called ``x:KEY`` and ``y:KEY``.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.compat import v1
from tensorflow.core.protobuf import saved_model_pb2

RNG = np.random.RandomState(4)
FLOAT = tf.float32


def drawn(*shape: int) -> Any:
    return RNG.normal(0, 1, shape).astype(np.float32)


def spec(name: str, *shape: int | None, dtype: Any = FLOAT) -> Any:
    return tf.TensorSpec(shape, dtype, name=name)


WORDS = ["to", "be", "or", "not"]


def module(answers: dict[str, tuple[Any, list[Any]]], **kept: Any) -> Any:
    """Return a module that keeps variables and tables, with functions by name: what each computes, and of what."""
    made = tf.Module()
    for name, value in kept.items():
        setattr(made, name, value)
    for name, (function, specs) in answers.items():
        setattr(made, name, tf.function(function, input_signature=specs, autograph=False))
    return made


def several() -> Any:
    """Two signatures, outputs of one shape, numbered beyond nine."""
    kernel, other = tf.Variable(drawn(4, 3)), tf.Variable(drawn(4, 5))

    def call(x: Any) -> Any:
        y = tf.matmul(x, kernel)
        return {f"out_{number}": y * float(number + 1) for number in range(12)}

    def distance(left: Any, a_right: Any) -> Any:
        return {"apart": tf.nn.softsign(tf.matmul(left - a_right, other))}

    answers = {
        "call": (call, [spec("x", None, 4)]),
        "distance": (distance, [spec("left", None, 4), spec("a_right", None, 4)]),
    }
    return module(answers, kernel=kernel, other=other)


def tables(filled: Any) -> Any:
    """Words to numbers by a table, and a table that nothing uses."""
    unused = tf.lookup.StaticHashTable(of_constants(["p"], [1]), -1)
    table, scale = tf.lookup.StaticHashTable(filled, -1), tf.Variable(2.5)

    def call(x: Any) -> Any:
        numbers = table.lookup(tf.constant([WORDS[:2], WORDS[2:]]))
        return {"y": tf.cast(numbers, FLOAT) * scale * x}

    return module({"call": (call, [spec("x", None, 2, 2)])}, unused=unused, table=table, scale=scale)


def flow() -> Any:
    """A loop and a branch, both of which use a variable."""
    kernel = tf.Variable(drawn(4, 4) * 0.5)

    def call(x: Any, turns: Any) -> Any:
        _, y = tf.while_loop(lambda n, _: n < turns, lambda n, y: (n + 1, tf.tanh(tf.matmul(y, kernel))), (0, x))
        return {"y": tf.cond(tf.reduce_sum(y) > 0.0, lambda: y + 1.0, lambda: tf.matmul(y, kernel))}

    return module({"call": (call, [spec("x", 2, 4), spec("turns", dtype=tf.int32)])}, kernel=kernel)


def needy() -> Any:
    """An op that TensorFlow.js does not have, in a scope with a name."""

    def call(x: Any) -> Any:
        with tf.name_scope("decompose"):
            return {"y": tf.linalg.inv(x)}

    return module({"call": (call, [spec("x", 3, 3)])})


def of_constants(keys: list[str], values: list[int]) -> Any:
    return tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(values, tf.int64))


def of_file(folder: Path) -> Any:
    """Return what fills a table from a file, which a SavedModel takes among its assets."""
    (folder / "words.txt").write_text("\n".join(WORDS[:3]), encoding="utf-8")
    whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    return tf.lookup.TextFileInitializer(str(folder / "words.txt"), tf.string, whole, tf.int64, line)


def keras_model() -> Any:
    """Two outputs in an order that is not their names', compiled with an optimizer of Keras 2.11 or later."""
    L = tf.keras.layers  # noqa: N806  as Keras's own documents call it
    tf.keras.utils.set_random_seed(3)
    x = L.Input((6, 4), name="sequence")
    y = L.LSTM(5)(L.LayerNormalization()(x))
    model = tf.keras.Model(x, [L.Dense(3, "gelu", name="zeta")(y), L.Dense(3, "tanh", name="alpha")(y)])
    model.compile(tf.keras.optimizers.Adam(), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def save_modern(folder: Path) -> None:
    made = several()
    signatures = {"serving_default": made.call, "distance": made.distance}
    tf.saved_model.save(made, str(folder / "several"), signatures=signatures)
    tf.saved_model.save(made, str(folder / "unsigned"))
    x = drawn(2, 4)
    write(folder / "several", {"x": x}, made.call(x))
    write(folder / "distance", {"left": x, "a_right": x[::-1]}, made.distance(x, x[::-1]))
    x, looped = drawn(2, 4), flow()
    write(folder / "flow", {"x": x, "turns": np.int32(3)}, looped.call(x, 3))
    looking = {"tables": tables(of_constants(WORDS[:3], [3, 7, 5])), "vocabulary": tables(of_file(folder))}
    for name, one in {"flow": looped, "needy": needy(), **looking}.items():
        tf.saved_model.save(one, str(folder / name), signatures=one.call)
    x = drawn(3, 2, 2)
    for name, one in looking.items():
        write(folder / name, {"x": x}, one.call(x))
    model, x = keras_model(), drawn(2, 6, 4)
    model.save(str(folder / "keras"), save_format="tf")
    zeta, alpha = model(x, training=False)
    write(folder / "keras", {"sequence": x}, {"zeta": zeta, "alpha": alpha})


def classic_graph() -> tuple[Any, dict[str, Any]]:
    """Return the input and the outputs, some of which folding and fusing take if one lets them."""
    x = v1.placeholder(FLOAT, (None, 6, 6, 3), name="x")
    conv, norm = separable(x, "gate", use_resource=False)
    dense = v1.get_variable("dense", initializer=drawn(108, 2) / 10, use_resource=True)
    scores = tf.identity(tf.matmul(tf.reshape(tf.nn.relu6(norm), (-1, 108)), dense), name="scores")
    v1.assert_greater(tf.reduce_max(scores), -1e9, name="sane")
    last = tf.nn.relu6(separable(x, "more", use_resource=True)[1], name="last")
    return x, {"scores": scores, "conv": conv, "last": last, "right": tf.split(scores, 2, axis=1, name="halves")[1]}


def separable(x: Any, name: str, *, use_resource: bool) -> tuple[Any, Any]:
    """Return a depthwise convolution and its normalisation, called as slim calls them."""
    kernel = v1.get_variable(f"{name}/depthwise_weights", initializer=drawn(3, 3, 3, 1), use_resource=use_resource)
    conv = v1.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME", name=f"{name}/depthwise")
    statistics = drawn(3), drawn(3), np.abs(drawn(3)) + 0.5, np.abs(drawn(3))
    return conv, v1.nn.fused_batch_norm(conv, *statistics, is_training=False)[0]


def save_classic(folder: Path) -> None:
    given = drawn(2, 6, 6, 3)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x, outputs = classic_graph()
        session.run(v1.global_variables_initializer())
        answers = session.run(outputs, {x: given})
        signature = v1.saved_model.predict_signature_def({"image": x}, outputs)
        builder = v1.saved_model.Builder(str(folder / "classic"))
        builder.add_meta_graph_and_variables(session, ["serve", "gpu"], {"serving_default": signature})
        builder.add_meta_graph(["train"], {"other": signature})
        builder.save()
        builder = v1.saved_model.Builder(str(folder / "hub"))
        builder.add_meta_graph_and_variables(session, [], {"default": signature})
        builder.save()
        (folder / "hub" / "tfhub_module.pb").write_bytes(b"\x08\x03")
        names = [tensor.op.name for tensor in outputs.values()]
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), names)
        (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
        (folder / "unfrozen.pb").write_bytes(graph.as_graph_def().SerializeToString())
    for name in ("classic", "hub"):
        write(folder / name, {"image": given}, answers)
    write(folder / "frozen", {"x": given}, {"last": answers["last"], "halves:1": answers["right"]})


def save_messes(folder: Path) -> None:
    """More ends than a model has, an input that no signature names, and variables that would not fit into a graph."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(FLOAT, (2,), name="x")
        for number in range(13):
            tf.tanh(x, name=f"end_{number}")
    (folder / "messy.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with tf.Graph().as_default(), v1.Session() as session:
        x, rate = v1.placeholder(FLOAT, (2,), name="x"), v1.placeholder(FLOAT, (), name="keep_prob")
        v1.saved_model.simple_save(session, str(folder / "hungry"), {"x": x}, {"y": x * rate})
    for name in ("several", "classic"):
        shutil.copytree(folder / name, folder / f"huge_{name}")
        place = folder / f"huge_{name}" / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(place.read_bytes())
        for meta in model.meta_graphs:
            shapes = [node.variable.shape for node in meta.object_graph_def.nodes if node.HasField("variable")]
            shapes += [node.attr["shape"].shape for node in meta.graph_def.node if node.op == "VarHandleOp"]
            for shape in shapes:
                shape.dim[0].size = 2**30
        place.write_bytes(model.SerializeToString())


def save_classic_table(folder: Path) -> None:
    given = drawn(3, 4)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(FLOAT, (None, 4), name="x")
        table = tf.lookup.StaticHashTable(of_constants(WORDS[:3], [3, 7, 5]), -1)
        y = tf.cast(table.lookup(tf.constant(WORDS)), FLOAT) * x
        y = tf.multiply(y, v1.get_variable("scale", initializer=2.5), name="y")
        filled = v1.tables_initializer()
        session.run([v1.global_variables_initializer(), filled])
        v1.saved_model.simple_save(session, str(folder / "classic_table"), {"x": x}, {"y": y}, filled)
        write(folder / "classic_table", {"x": given}, {"y": session.run(y, {x: given})})


def save_forest(folder: Path) -> None:
    """Two small trees, where the environment has what grows them."""
    if importlib.util.find_spec("tensorflow_decision_forests") is None:
        return
    forests: Any = importlib.import_module("tensorflow_decision_forests")
    x = drawn(60, 2)
    rows = tf.data.Dataset.from_tensor_slices(({"a": x[:, 0], "b": x[:, 1]}, (x.sum(1) > 0).astype(int))).batch(60)
    model = forests.keras.RandomForestModel(num_trees=2, max_depth=2, verbose=0)
    model.fit(rows)
    model.save(str(folder / "forest"))


def write(place: Path, given: dict[str, Any], answers: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {f"x:{key}": np.asarray(value) for key, value in given.items()}
    arrays.update({f"y:{key}": np.asarray(value) for key, value in answers.items()})
    np.savez(place.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    for save in (save_modern, save_classic, save_classic_table, save_messes, save_forest):
        save(Path(sys.argv[1]))
