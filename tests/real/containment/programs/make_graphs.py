"""Run by the environment's Python with a folder: makes frozen graphs and SavedModels there, sound ones and others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Any], Any]

FOLDER = Path(sys.argv[1])
WORDS = FOLDER / "words.txt"
MANY = 500_000_000
v1: Any = tf.compat.v1


def frozen(name: str, build: Build, change: Callable[[Any], None] | None = None) -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        tf.identity(build(x), name="y")
    definition = graph.as_graph_def()
    if change is not None:
        for node in definition.node:
            change(node)
    (FOLDER / f"{name}.pb").write_bytes(definition.SerializeToString())


def vast(node: Any) -> None:
    if node.name == "splat":
        tensor = node.attr["value"].tensor
        tensor.tensor_shape.dim[0].size = MANY
        tensor.ClearField("tensor_content")
        tensor.ClearField("float_val")
        tensor.float_val.append(1.0)


def grown(x: Any) -> Any:
    y = tf.reshape(x, [-1, 4, 1])
    for _ in range(7):
        y = tf.concat([y] * 20, 1)
    return tf.reduce_sum(y, 1)


def looked_up(x: Any, name: Any) -> tuple[Any, Any]:
    kinds = (tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
    table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(name, *kinds), -1)
    return x + tf.cast(table.lookup(tf.constant("b")), tf.float32), table


def saved(name: str, build: Build, held: Any = None) -> None:
    module: Any = tf.Module()
    module.held = held
    answer = tf.function(lambda x: {"y": build(x)}, input_signature=[tf.TensorSpec([None, 4], name="x")])
    module.answer = answer
    tf.saved_model.save(module, str(FOLDER / name), signatures=answer)


def saved_with_table(name: str) -> None:
    _, table = looked_up(tf.zeros([1, 4]), str(WORDS))
    saved(name, lambda x: x + tf.cast(table.lookup(tf.constant("b")), tf.float32), held=table)


def of_tensorflow_1(name: str) -> None:
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        x, named = v1.placeholder(tf.float32, [None, 4], name="x"), tf.constant(str(WORDS))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, named)
        y, _ = looked_up(x, named)
        session.run(v1.tables_initializer())
        builder = v1.saved_model.Builder(str(FOLDER / name))
        signatures = {"serving_default": v1.saved_model.predict_signature_def({"x": x}, {"y": y})}
        assets, filled = v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), v1.tables_initializer()
        builder.add_meta_graph_and_variables(session, ["serve"], signatures, assets_collection=assets, main_op=filled)
        builder.save()


WORDS.write_text("a\nb\n", encoding="utf-8")
frozen("constant", lambda x: x + tf.constant([1.0], name="splat"), vast)
frozen("fill", lambda x: x + tf.reduce_sum(tf.fill([MANY], 1.0)))
frozen("range", lambda x: x + tf.reduce_sum(tf.range(0.0, float(MANY))))
frozen("tile", lambda x: x + tf.reduce_sum(tf.tile([1.0], [MANY])))
frozen("random", lambda x: x + tf.reduce_sum(tf.random.uniform([MANY])))
frozen("pad", lambda x: tf.reduce_sum(tf.pad(x, [[0, 0], [0, MANY]]), 1))
frozen("grown", grown)
frozen("table", lambda x: looked_up(x, str(WORDS))[0])
frozen("sound", lambda x: tf.tile(x, [1, 100]) + tf.zeros([400]) + tf.reduce_sum(tf.ones([1000, 1000])))
saved("of_fill", lambda x: x + tf.reduce_sum(tf.fill([MANY], 1.0)))
saved("of_grown", grown)
saved_with_table("with_table")
of_tensorflow_1("with_table_of_1")
