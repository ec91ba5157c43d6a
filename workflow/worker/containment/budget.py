"""The weights that layers make for themselves before those of the file are put into them: counted, and bounded."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Callable, Iterator, Optional

from ..failure import JobError
from ..shared import containment_rules as rules
from . import bounds

_TIMES = 4  # a weight of one byte becomes a float of four


class Budget:
    """The bytes of variables that may yet be made for a model whose files hold ``held`` bytes of weights."""

    def __init__(self, held: int) -> None:
        self._held = held
        self._left = rules.FREE + _TIMES * held
        self.refusal: Optional[JobError] = None
        """What was refused: Keras may have caught it, and said something else."""

    def take(self, name: str, shape: Any, *, size: int) -> None:
        """Count a variable; raises ``JobError`` (too_much) where it is more than is left."""
        count = bounds.count(shape) * size
        self._left -= count
        if self._left < 0:
            held = rules.in_words(self._held)
            words = f"{name} of the shape {tuple(shape)} takes {rules.in_words(count)}"
            self.refusal = bounds.too_much(f"the weight {words}, and the file holds {held} of weights")
            raise self.refusal


@contextlib.contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Count every variable that a Keras makes meanwhile; what was refused is raised whatever was made of it."""
    try:
        with _counted_by_keras3(budget) if _has_keras3() else _counted_by_tensorflow(budget):
            yield
    except BaseException as problem:
        if budget.refusal is not None and problem is not budget.refusal:
            raise budget.refusal from problem
        raise
    if budget.refusal is not None:
        raise budget.refusal


def _has_keras3() -> bool:
    return "keras.src.backend.common" in sys.modules


@contextlib.contextmanager
def _counted_by_tensorflow(budget: Budget) -> Iterator[None]:
    import tensorflow as tf
    from tensorflow.python.framework import ops

    def creator(make: Callable[..., Any], **asked: Any) -> Any:
        shape = tf.TensorShape(asked.get("shape"))
        if shape.is_fully_defined():
            kind = tf.as_dtype(asked.get("dtype") or tf.float32)
            budget.take(f"{ops.get_name_scope()}/{asked.get('name')}".lstrip("/"), shape.as_list(), size=kind.size or 1)
        return make(**asked)

    with tf.variable_creator_scope(creator):
        yield


@contextlib.contextmanager
def _counted_by_keras3(budget: Budget) -> Iterator[None]:
    """Keras 3 gives its variables to TensorFlow without a shape: it is asked for them before."""
    import keras
    from keras.src.backend.common import name_scope, variables

    kind = getattr(variables, "KerasVariable", None) or variables.Variable
    theirs = kind.__init__

    def counted(self: Any, initializer: Any, *more: Any, **named: Any) -> None:
        given = {**dict(zip(("shape", "dtype"), more)), **named}
        if given.get("shape") is not None:
            size = 8 if "64" in str(given.get("dtype")) else 4
            budget.take(f"{name_scope.current_path()}/{given.get('name')}".lstrip("/"), given["shape"], size=size)
        theirs(self, initializer, *more, **named)

    _ = keras  # the backend is whole once it is imported
    kind.__init__ = counted
    try:
        yield
    finally:
        kind.__init__ = theirs
