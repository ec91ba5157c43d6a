"""Saves models whose nodes are pinned to a GPU, as a SavedModel of now and of TensorFlow 1 and as a frozen graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

tf.config.set_soft_device_placement(enabled=True)
KERNEL = np.random.RandomState(1).normal(size=(4, 3)).astype("float32")


def modern() -> None:
    module = tf.Module()
    module.kernel = tf.Variable(KERNEL)

    def call(x: Any) -> Any:
        with tf.device("/GPU:0"):
            return {"y": tf.nn.softmax(tf.matmul(x, module.kernel))}

    module.call = tf.function(call, input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    tf.saved_model.save(module, "pinned", signatures=module.call.get_concrete_function())


def classic() -> None:
    settings = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    with tf.Graph().as_default(), tf.compat.v1.Session(config=settings) as session:
        with tf.device("/GPU:0"):
            x = tf.compat.v1.placeholder(tf.float32, [None, 4], name="x")
            kernel = tf.compat.v1.get_variable("kernel", initializer=KERNEL)
            y = tf.nn.softmax(tf.matmul(x, kernel), name="y")
        session.run(kernel.initializer)
        tf.compat.v1.saved_model.simple_save(session, "pinned_v1", {"x": x}, {"y": y})
        frozen = tf.compat.v1.graph_util.convert_variables_to_constants(session, session.graph_def, ["y"])
        Path("pinned.pb").write_bytes(frozen.SerializeToString())


modern()
classic()
