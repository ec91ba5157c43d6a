"""Whole verifications where places are not there, fail, refuse, or compute otherwise, and what is located then."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.golden.comparisons import plain
from tests.unit.golden.verified_damages import told
from tests.unit.verification import changes
from tests.unit.verification.models import NumpyPlaces, graph_model, keras_twin, layers_model, quantized
from workflow.base.errors import OversizedModelError, VerificationError, WorkflowError
from workflow.recipe.recipes import Verification
from workflow.verification import exchange, outputs
from workflow.verification.evidence import PlaceReport
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun, RuntimeFailure, Subject
from workflow.verification.runtimes.fake_runtime import FakeRuntime
from workflow.verification.searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "verifications.json"
_ABSENT = NotRun("there is no node", "install it")


class _Python(NumpyPlaces):
    """A places whose Python answers some jobs otherwise: with an error, a refusal, or labels beside."""

    labels: Any = None
    refusals: Mapping[str, Any] = {}

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        key = "weights" if arguments.get("weights") else name
        answer = self.refusals.get(key)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return {"not_run": answer}
        found = super().job(name, arguments)
        if name != "source" or self.labels is None:
            return found
        classes = [np.argmax(next(iter(exchange.read(Path(f["outputs"])).values())), -1) for f in found["feeds"]]
        right = [int(one) for each in classes for one in each]
        return found | {"labels": right if self.labels == "right" else self.labels}

    def runtime(self, name: str, backend: str | None) -> Any:
        if isinstance(self.refusals.get(name), Exception):
            raise self.refusals[name]
        return super().runtime(name, backend)


def _places(*, labels: Any = None, refusals: Mapping[str, Any] | None = None, **more: Any) -> NumpyPlaces:
    made = _Python(**more)
    made.labels, made.refusals = labels, refusals or {}
    return made


def _off(by: float) -> Any:
    return lambda found, _: {name: array + np.float32(by) for name, array in found.items()}


def _rolled(found: Any, _: Any) -> Any:
    return {name: np.roll(array, 1, axis=-1) for name, array in found.items()}


_VAST = OversizedModelError("a tensor of 40.0 GB", hint="do not trust it")
_LATE = FakeRuntime(failure=RuntimeFailure("timeout", "120 s are over"))
_SCENES: Mapping[str, tuple[Callable[[], NumpyPlaces], dict[str, Any]]] = {
    "all is well": (_places, {}),
    "off in node": (lambda: _places(wrong=_off(0.01)), {}),
    "off in node, allowed": (lambda: _places(wrong=_off(0.01)), {"atol": 0.02}),
    "no node": (lambda: _places(runtimes={"node": _ABSENT}), {}),
    "node alone, and none": (lambda: _places(runtimes={"node": _ABSENT}), {"runtimes": ("node",)}),
    "node cannot be fetched": (lambda: _places(refusals={"node": WorkflowError("no network", hint="wait")}), {}),
    "node is late": (lambda: _places(runtimes={"node": _LATE}), {}),
    "Python silent": (lambda: _places(silent="string inputs"), {}),
    "Python fails on the result": (lambda: _places(refusals={"predict": VerificationError("no layer")}), {}),
    "Python refuses the result": (lambda: _places(refusals={"predict": _VAST}), {}),
    "Python does not run the result": (lambda: _places(refusals={"predict": "Keras 3"}), {}),
    "not with its weights": (lambda: _places(refusals={"weights": "Keras 3 alone"}), {}),
    "its weights fail": (lambda: _places(refusals={"weights": WorkflowError("no layer", hint="h")}), {}),
    "labelled": (lambda: _places(labels="right", wrong=_rolled), {"atol": 10.0, "accuracy_drop": 1.0}),
    "labelled, and worse": (lambda: _places(labels="right", wrong=_rolled), {"atol": 10.0, "accuracy_drop": 0.5}),
    "labels of others": (lambda: _places(labels=[1, 2]), {"accuracy_drop": 0.5}),
    "no labels": (_places, {"accuracy_drop": 0.5}),
    "inputs given": (_places, {"inputs": Path("x.npy")}),
    "one input": (lambda: _places(feeds=[np.ones((1, 6), np.float32)]), {}),
    "off": (_places, {"enabled": False}),
    "several backends": (_places, {"runtimes": ("node", "browser"), "backends": {"node": ("cpu", "wasm")}}),
}


def all_verifications(scratch: Path) -> dict[str, Any]:
    """Return what each verification tells, of a plain and of a quantized model."""
    layers = layers_model(scratch / "layers")
    source = keras_twin(layers)
    results = {
        "same": layers,
        "uint8": quantized(layers, scratch / "uint8", "uint8"),
        "graph": graph_model(scratch / "g"),
    }
    found: dict[str, Any] = {}
    for name, (places, settings) in _SCENES.items():
        for kind, result in results.items():
            case = Case(result, source, Verification(**{"runtimes": ("python", "node"), **settings}), scratch / "work")
            found[f"{name}: {kind}"] = told(verify(case, places()), scratch)
            shutil.rmtree(scratch / "work", ignore_errors=True)
    alone = Case(layers, None, Verification(runtimes=("python", "node")), scratch / "work")
    found["alone"] = told(verify(alone, _places(wrong=_off(0.01))), scratch)
    found["places"] = {
        f"{kind} {asked}": [str(place) for place in outputs.places_of(result, Verification(runtimes=asked))]
        for kind, result in {**results, "keras": Subject(scratch / "m.h5", "keras")}.items()
        for asked in (("python",), ("node",), ("python", "node", "browser"))
    }
    found["located"] = {name: _located(hurt, layers, scratch) for name, hurt in _HURT.items()}
    return found


_HURT: Mapping[str, Callable[[Path], None]] = {
    "another function": changes.layer("second", activation="tanh"),
    "the last one": changes.layer("third", activation="linear"),
    "no bias": changes.layer("first", use_bias=False),
}


def _located(hurt: Callable[[Path], None], source: Subject, scratch: Path) -> Any:
    shutil.copytree(source.path, scratch / "bad")
    hurt(scratch / "bad")
    found = {}
    for runtime in ("python", "node"):
        settings = Verification(runtimes=(runtime,))
        case = Case(Subject(scratch / "bad", source.format), source, settings, scratch / "work")
        report = verify(case, NumpyPlaces()).replaced(levels=(), runs=(PlaceReport(runtime, "failed"),))
        one: Any = search(case, NumpyPlaces(), report=report, keep=scratch / "keep")
        if isinstance(one, NotRun):
            found[runtime] = plain(one)
        else:
            located = one.located
            words = [located.sentence(), one.place, one.command.replace(str(scratch), "FOLDER")]
            found[runtime] = plain([*words, located.cuts, located.fine, located.figure, located.bound])
        for folder in ("work", "keep"):
            shutil.rmtree(scratch / folder, ignore_errors=True)
    shutil.rmtree(scratch / "bad")
    return found
