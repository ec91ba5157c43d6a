"""The worker's main loop: one request at a time, each in a clean state, none of which can end the loop by failing."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import platform
import sys
import tempfile
import traceback
from typing import Any, Callable, Dict, Iterator, Optional

from . import containment, jobs, limits, memory, stubs, versions
from .shared import janitor
from .channel import Channel, output_to, tidy_streams
from .failure import describe


def serve(reading: int, writing: int, *, scratch: str, wall: Optional[Dict[str, Any]] = None) -> None:
    """Answer the host's requests until it hangs up; TensorFlow is imported at once, before the first request comes.

    ``wall`` is what holds of the wall around this process, None for none, which is told first of all.
    """
    tidy_streams()
    channel = Channel(reading, writing, scratch=scratch)
    channel.send({"event": "ready", "pid": os.getpid(), "python": platform.python_version(), "wall": wall})
    warm_up()
    for request in channel.requests():
        channel.send(answer(request, channel.send))


def warm_up() -> None:
    """Import what nearly every job needs. A failure is left for the jobs to meet and report."""
    warm = _warm_up_keras3 if _is_for_keras3() else _warm_up_converter
    if versions.has_tensorflows_keras_alone():
        warm = _warm_up_tensorflow
    gc.disable()  # the collector looks at a million objects again and again, none of which is garbage
    try:
        warm()
    except Exception:
        traceback.print_exc()
    finally:
        gc.freeze()
        gc.enable()


def _is_for_keras3() -> bool:
    """Tell whether this is the environment for files of Keras 3: Keras asks for jax, which no stand-in may answer."""
    return bool(importlib.util.find_spec("keras")) and not importlib.util.find_spec("tensorflowjs")


def _warm_up_keras3() -> None:
    import keras  # noqa: F401
    import tensorflow  # noqa: F401, ICN001


def _warm_up_tensorflow() -> None:
    stubs.install()
    import tensorflow as tf

    _ = tf.keras.Model  # loads it


def _warm_up_converter() -> None:
    stubs.install()
    import tensorflowjs.converters.converter  # noqa: F401

    _spare_keras()


def _spare_keras() -> None:
    """Keep autograph from rewriting Keras's own code, as TensorFlow does for the module name ``keras``.

    The converter's Keras is called ``tf_keras``, which TensorFlow's list does not know: more than ten seconds for
    MobileNet, and the same graph.
    """
    from tensorflow.python.autograph.core import config, config_lib

    config.CONVERSION_RULES = (config_lib.DoNotConvert("tf_keras"), *config.CONVERSION_RULES)


def answer(request: Dict[str, Any], send: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:
    """Run one request and return its answer: ``result``, or ``failure`` with named fields, and the ``memory``."""
    number, watch = request["id"], memory.MemoryWatch()
    limits.impose(request.get("limits") or {})
    try:
        with output_to(request["log"]), _clean_state():
            result = _run(request, lambda text: send({"id": number, "progress": text[:500]}))
        found = {"ok": True, "result": result}
    except BaseException as problem:
        found = {"ok": False, "failure": describe(problem)}
    return {"id": number, **found, "memory": watch.measured()}


def _run(request: Dict[str, Any], progress: jobs.Progress) -> Dict[str, Any]:
    job = jobs.find(request["job"])
    try:
        with containment.guarded(request["args"]):
            return job(request["args"], progress)
    except BaseException:
        traceback.print_exc()  # into the job's log
        raise


@contextlib.contextmanager
def _clean_state() -> Iterator[None]:
    """Give a job its own temporary folder, and undo what jobs do to the process afterwards."""
    home, arguments, path = _working_folder(), sys.argv, list(sys.path)
    tempfile.tempdir = tempfile.mkdtemp(prefix="tfjs-job-")
    try:
        yield
    finally:
        os.chdir(home)
        sys.argv, sys.path[:] = arguments, path
        janitor.remove(tempfile.tempdir)
        tempfile.tempdir = None
        _forget_models()


def _working_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.path.abspath(os.sep)


def _forget_models() -> None:
    for name in ("tf_keras", "keras"):
        if name in sys.modules:
            sys.modules[name].backend.clear_session()
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].compat.v1.reset_default_graph()
    gc.collect()
    memory.give_back()
