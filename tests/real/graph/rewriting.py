"""Run by the environment's Python, ``rewriting.py WORKER RESULTS``: graphs rewritten by the worker and compared."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(2)


def of_worker(module: str) -> Any:
    return importlib.import_module(f"tfjs_worker.{module}")


def load_worker(folder: str) -> None:
    place = str(Path(folder, "__init__.py"))
    spec = importlib.util.spec_from_file_location("tfjs_worker", place, submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["tfjs_worker"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["tfjs_worker"])


def drawn(*shape: int) -> Any:
    return RNG.normal(0, 1, shape).astype(np.float32)


def built(make: Any) -> Any:
    """Return the GraphDef of what ``make`` builds of a placeholder ``x``; its result is called ``y``."""
    with tf.Graph().as_default() as graph:
        make()
    return graph.as_graph_def()


def answer(graph: Any, given: Any) -> Any:
    with tf.Graph().as_default() as imported, tf.compat.v1.Session(graph=imported) as session:
        tf.graph_util.import_graph_def(graph, name="")
        return session.run("y:0", {"x:0": given})


def normalised(data: Any, data_format: str, *, training: bool) -> Any:
    gamma, beta, mean, variance = drawn(4), drawn(4), drawn(4), np.abs(drawn(4)) + 0.5
    statistics = ([], []) if training else (mean, variance)
    return tf.raw_ops.FusedBatchNormV3(
        x=data,
        scale=gamma,
        offset=beta,
        mean=np.asarray(statistics[0], np.float32),
        variance=np.asarray(statistics[1], np.float32),
        epsilon=0.01,
        data_format=data_format,
        is_training=training,
        name="norm",
    ).y


def channels_first() -> None:
    """A convolution, a bias, a pooling and two normalisations with channels first, against the same with them last."""
    filters, bias = drawn(3, 3, 3, 4), drawn(4)

    def make(first: bool) -> None:  # noqa: FBT001  one of two layouts
        RNG.seed(7)
        data_format = "NCHW" if first else "NHWC"
        x = tf.compat.v1.placeholder(tf.float32, (2, 3, 9, 8) if first else (2, 9, 8, 3), name="x")
        sizes = [1, 1, 2, 1] if first else [1, 2, 1, 1]
        y = tf.raw_ops.Conv2D(
            input=x, filter=filters, strides=sizes, padding="EXPLICIT", data_format=data_format,
            explicit_paddings=[0, 0, 0, 0, 1, 2, 0, 1] if first else [0, 0, 1, 2, 0, 1, 0, 0],
        )  # fmt: skip
        y = tf.raw_ops.BiasAdd(value=y, bias=bias, data_format=data_format)
        y = tf.raw_ops.MaxPool(input=y, ksize=sizes, strides=sizes, padding="VALID", data_format=data_format)
        y = normalised(y, data_format, training=False)
        tf.identity(normalised(y, data_format, training=True), name="y")

    graph, given = built(lambda: make(True)), drawn(2, 9, 8, 3)
    done = {repair["repair"]: repair["nodes"] for repair in of_worker("graph.repairs").repair(graph)}
    assert done == {"normalization": 2, "channels_first": 3}, done
    expected = answer(built(lambda: make(False)), given).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(answer(graph, given.transpose(0, 3, 1, 2)), expected, atol=1e-5)


def folding() -> None:
    """Batch normalisation folded by the reference's loop and by ours: the same graph, bit for bit."""
    from tensorflowjs.converters import fold_batch_norms  # noqa: PLC0415  it takes long to import

    def make() -> None:
        x = tf.compat.v1.placeholder(tf.float32, (2, 9, 8, 3), name="x")
        y = tf.nn.conv2d(x, drawn(3, 3, 3, 4), 1, "SAME")
        y = normalised(tf.nn.bias_add(y, drawn(4)), "NHWC", training=False)
        y = tf.nn.depthwise_conv2d(y[..., :2], drawn(3, 3, 2, 2), [1, 1, 1, 1], "SAME")
        y = normalised(y, "NHWC", training=False)
        tf.identity(normalised(tf.nn.conv2d(y, drawn(1, 1, 4, 4), 1, "SAME"), "NHWC", training=False), name="y")

    graph = built(make)
    theirs = fold_batch_norms.fold_batch_norms(type(graph).FromString(graph.SerializeToString()))
    ours = of_worker("graph.batch_norm_folding").fold(graph)
    assert not [node for node in ours.node if node.op.startswith("FusedBatchNorm")]
    written = [[node.SerializeToString(deterministic=True) for node in one.node] for one in (ours, theirs)]
    assert written[0] == written[1]


def folding_shared() -> None:
    """A convolution that others read as well must stay as it is, where the reference scales it for all of them."""

    def make() -> None:
        x = tf.compat.v1.placeholder(tf.float32, (2, 5, 5, 4), name="x")
        y = tf.nn.conv2d(x, drawn(3, 3, 4, 4), 1, "SAME")
        tf.identity(normalised(y, "NHWC", training=False) + y, name="y")

    graph, given = built(make), drawn(2, 5, 5, 4)
    folded = of_worker("graph.batch_norm_folding").fold(type(graph).FromString(graph.SerializeToString()))
    np.testing.assert_allclose(answer(folded, given), answer(graph, given), atol=1e-5)


def elementwise() -> None:
    """Ops that TensorFlow.js lacks, written out."""

    def make() -> None:
        x = tf.compat.v1.placeholder(tf.float32, (2, 6), name="x")
        tf.add(tf.math.erfc(x), tf.nn.softsign(x) + tf.raw_ops.Inv(x=x), name="y")

    graph, given = built(make), drawn(2, 6)
    expected = answer(graph, given)
    of_worker("graph.repairs").repair(graph)
    assert not {"Erfc", "Softsign", "Inv"} & {node.op for node in graph.node}
    np.testing.assert_allclose(answer(graph, given), expected, atol=1e-6)


def functions() -> None:
    """The same inside a function, where references spell an op's output."""

    def make() -> None:
        @tf.function(autograph=False)  # type: ignore[untyped-decorator]
        def inner(x: Any) -> Any:
            return tf.math.erfc(x) * tf.nn.softsign(x)

        x = tf.compat.v1.placeholder(tf.float32, (2, 6), name="x")
        tf.identity(inner(x), name="y")

    graph, given = built(make), drawn(2, 6)
    expected = answer(graph, given)
    assert of_worker("graph.repairs").repair(graph)
    of_worker("graph.stability").stabilize(graph)
    assert [function.signature.name for function in graph.library.function] == ["inner_0"]
    np.testing.assert_allclose(answer(graph, given), expected, atol=1e-6)


CHECKS = {check.__name__: check for check in (channels_first, folding, folding_shared, elementwise, functions)}

if __name__ == "__main__":
    load_worker(sys.argv[1])
    of_worker("stubs").install()
    failures = {}
    for name, check in CHECKS.items():
        try:
            check()
        except Exception:  # noqa: BLE001, PERF203  whatever it is, the test of that check says it
            failures[name] = traceback.format_exc()
    Path(sys.argv[2]).write_text(json.dumps({name: failures.get(name) for name in CHECKS}), encoding="utf-8")
