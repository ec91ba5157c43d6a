"""The job ``application``: build a network of ``tf.keras.applications`` and save it as Keras HDF5."""

from __future__ import annotations

import contextlib
import difflib
import http.client
import inspect
import os
import socket
import urllib.error
from typing import Any, Dict, Iterator, List

from . import keras_models, seeding
from .failure import JobError
from .jobs import Progress
from .shared import drawing

_SECONDS = 15.0
_CALIBRATION_IMAGES = 24
_TRIAL_IMAGES = 8
_LEAST_RELATIVE_SPREAD = 0.02
_NETWORK_ERRORS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, socket.timeout, socket.gaierror)


class _UnreachableError(Exception):
    """The published weights cannot be fetched here and now."""


def build(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Build ``application`` with ``weights`` and ``options``, save it to ``output``, and say what it is.

    ``degraded`` in the answer says why the weights are not the ones that were asked for.
    """
    factory = _factory(args["application"])
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in args["options"].items()}
    facts, model = {"weights": args["weights"]}, None
    if args["weights"] == "imagenet":
        progress("fetching ImageNet weights")
        try:
            with _short_patience():
                model = _constructed(factory, "imagenet", options)
        except _UnreachableError as problem:
            facts = {"weights": "seeded", "degraded": _degraded(args, problem)}
    elif args["weights"] != "seeded":
        model = _from_file(factory, args["weights"], options)
    if model is None:
        progress("drawing seeded weights and calibrating them")
        model = _constructed(factory, None, options)
        facts.update(_enliven(model, seed=args["seed"]))
    model.save(args["output"], save_format="h5", include_optimizer=False)
    return {**facts, "parameters": int(model.count_params())}


def _degraded(args: Dict[str, Any], problem: Exception) -> str:
    if args["offline"] != "seeded":
        raise JobError(
            "download", f"the ImageNet weights of {args['application']} cannot be fetched: {problem}"
        ) from problem
    return (
        f"the ImageNet weights of {args['application']} cannot be fetched ({problem}): "
        f"the model has seeded weights (seed {args['seed']}), which recognise nothing"
    )


def names() -> List[str]:
    """Return the networks that there are."""
    from tensorflow.keras import applications

    return sorted(name for name, found in vars(applications).items() if inspect.isfunction(found))


def _factory(name: str) -> Any:
    from tensorflow.keras import applications

    if name not in names():
        close = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        known = f"near: {', '.join(close)}" if close else f"there are: {', '.join(names())}"
        raise JobError("application", f"tf.keras has no application {name!r}; {known}")
    return getattr(applications, name)


def _from_file(factory: Any, weights: str, options: Dict[str, Any]) -> Any:
    if not os.path.isfile(weights):
        raise JobError("application", f"there is no weights file {weights}")
    return _constructed(factory, weights, options)


def _constructed(factory: Any, weights: Any, options: Dict[str, Any]) -> Any:
    try:
        return factory(weights=weights, **options)
    except (TypeError, ValueError) as problem:
        raise JobError("application", f"{factory.__name__}: {problem}") from problem


@contextlib.contextmanager
def _short_patience() -> Iterator[None]:
    """Let connections that get no answer fail soon, and tell failures of the network from all others."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        yield
    except _NETWORK_ERRORS as problem:
        raise _UnreachableError(str(problem)) from problem
    except Exception as problem:
        if "URL fetch failure" in str(problem):  # how Keras words a failed download: a bare Exception
            raise _UnreachableError(str(problem)) from problem
        raise
    finally:
        socket.setdefaulttimeout(before)


def _enliven(model: Any, *, seed: int) -> Dict[str, Any]:
    inputs = keras_models.inputs_of(model)
    seeding.enliven(model, drawing.draw(inputs, _CALIBRATION_IMAGES, seed=seed)[0], seed=seed)
    answers = model(drawing.draw(inputs, _TRIAL_IMAGES, seed=seed + 1)[0], training=False)
    found = seeding.liveliness(answers)
    if not found["relative_spread"] >= _LEAST_RELATIVE_SPREAD or found["distinct_answers"] == 1:
        raise JobError("not_live", f"the seeded network hardly answers differently to different inputs: {found}")
    return {"seed": seed, "liveliness": found}
