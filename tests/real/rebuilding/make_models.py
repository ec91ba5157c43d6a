"""Run by the environment's Python: SavedModels with what is hard to bring back from a graph model.

``make_models.py FOLDER`` writes FOLDER/tables, FOLDER/flow and FOLDER/types.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


class Tables(tf.Module):  # type: ignore[misc]
    """Two lookup tables, one by words, one by numbers."""

    def __init__(self) -> None:
        super().__init__()
        words = tf.lookup.KeyValueTensorInitializer(["a", "grün", "c"], tf.constant([10, 20, 30], tf.int32))
        numbers = tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2], tf.int32), tf.constant([0.25, 0.5]))
        self.words = tf.lookup.StaticHashTable(words, -1)
        self.numbers = tf.lookup.StaticHashTable(numbers, -2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="number")])  # type: ignore[untyped-decorator]
    def __call__(self, number: Any) -> Any:
        spoken = tf.gather(tf.constant(["a", "grün", "nothing"]), number)
        return {"word": self.words.lookup(spoken), "number": self.numbers.lookup(number)}


class Flow(tf.Module):  # type: ignore[misc]
    """A branch in a loop, both over data, with weights inside."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(np.random.RandomState(1).normal(0, 0.4, (3, 3)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        for number in tf.range(4):
            if tf.reduce_sum(x) > tf.cast(number, tf.float32):
                x = tf.nn.relu(tf.matmul(x, self.weight) + 0.1)
            else:
                x = x + 1.0
        return {"y": x}


class Types(tf.Module):  # type: ignore[misc]
    """Constants and ports that are not float32."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="at"), tf.TensorSpec([], tf.bool, name="turn")])  # type: ignore[untyped-decorator]
    def __call__(self, at: Any, turn: Any) -> Any:
        chosen = tf.gather(tf.constant([True, False, True]), at)
        wave = tf.gather(tf.constant([1 + 2j, 3 - 4j, 0.5j], tf.complex64), at)
        number = tf.gather(tf.constant([7, -(2**40), 9], tf.int64) // 2**10, at)
        return {"both": tf.logical_and(chosen, turn), "real": tf.math.real(wave), "number": tf.cast(number, tf.int32)}


def main(folder: str) -> None:
    modules: dict[str, Any] = {"tables": Tables(), "flow": Flow(), "types": Types()}
    for name, module in modules.items():
        signatures = {"serving_default": module.__call__.get_concrete_function()}
        tf.saved_model.save(module, str(Path(folder, name)), signatures=signatures)


if __name__ == "__main__":
    main(sys.argv[1])
