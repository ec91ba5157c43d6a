"""What a place is asked for, field by field, and what is made of its answers: the one shape for both languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base.errors import VerificationError
from workflow.verification import exchange
from workflow.verification.asking import (
    Answers,
    Ask,
    Feed,
    OutputNames,
    absolute,
    in_javascript,
    in_python,
    model_argument,
)
from workflow.verification.evidence import Timing
from workflow.verification.exchange import NONSENSE
from workflow.verification.requests import NotRun, RunRequest, RunResult, RuntimeFailure, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.verification.requests import Runtime

MODEL = Subject(Path("/models/m"), "tfjs_layers_model", {"signature_name": "serve"})


class Place:
    """Notes what it is asked and answers with what it was given, in turn; the last answer for all further ones."""

    name = "node"

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self.asked: list[Any] = []
        self.answers = answers

    def _next(self) -> Mapping[str, Any]:
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((name, dict(arguments)))
        return dict(self._next())

    def job_in_keras3(self, name: str, arguments: Any) -> None:
        return None

    def runtime(self, name: str, backend: str | None) -> Runtime | NotRun:
        raise NotImplementedError(name, backend)

    def missing(self, backend: str | None = None) -> NotRun | None:
        raise NotImplementedError(backend)

    def backends(self) -> tuple[str, ...]:
        return ()

    def run(self, request: RunRequest) -> RunResult:
        self.asked.append(request)
        return RunResult(request.runtime, request.backend, request.outputs, (), (), **self._next())

    def close(self) -> None:
        """Nothing is open."""


def ask(folder: Path, **more: Any) -> Ask:
    """Return what is asked of two feeds: of one sample with a wide input, and of two with a narrow one."""
    feeds = []
    for number, samples in enumerate((1, 2)):
        values = np.arange(samples * 3, dtype=np.float64).reshape(samples, 3)
        exchange.write(folder / f"feed_{number}", {"x": values, "n": np.arange(samples, dtype=np.int64)})
        feeds.append(Feed(folder / f"feed_{number}", folder / f"reference_{number}", samples))
    return Ask(MODEL, tuple(feeds), folder / "work", **more)


def test_javascript_is_asked_once_for_each_feed_and_once_more_for_times(tmp_path: Path) -> None:
    first = {"timings": {"load_ms": 5, "first_ms": 2000.0}, "facts": {"executeAsync": True, "versions": {"tfjs": 4}}}
    again = {"timings": {"load_ms": 9, "first_ms": 9, "median_ms": 3, "spread_ms": 1, "count": 7}}
    place = Place({**first, "load_average": 0.5}, {}, again)
    wanted = ask(tmp_path, inputs={"x": "x:0"}, repeat=7, timeout=33.0)
    found = in_javascript(place, wanted, name="node", backend="wasm")
    work = tmp_path / "work"
    common: dict[str, Any] = {
        "model": MODEL.path,
        "format": MODEL.format,
        "runtime": "node",
        "backend": "wasm",
        "timeout": 33.0,
    }
    assert place.asked == [
        RunRequest(inputs=work / "inputs_0", outputs=work / "node_wasm_0", **common),
        RunRequest(inputs=work / "inputs_1", outputs=work / "node_wasm_1", **common),
        RunRequest(inputs=work / "inputs_0", outputs=work / "node_wasm_timed", repeat=7, **common),
    ]
    assert found == Answers(
        (work / "node_wasm_0", work / "node_wasm_1"),
        Timing(load_ms=5, first_ms=2000.0, median_ms=3, spread_ms=1, count=7),
        {"executeAsync": True},
        0.5,
        {"tfjs": "4"},
    )


@pytest.mark.parametrize(
    ("repeat", "timings", "times"),
    [(0, {"first_ms": 1.0}, 2), (3, {"first_ms": 2000.5}, 2), (3, {"first_ms": 2000.0}, 3), (3, {}, 3)],
)
def test_only_what_is_quick_is_repeated(repeat: int, timings: dict[str, float], times: int, tmp_path: Path) -> None:
    place = Place({"timings": timings})
    in_javascript(place, ask(tmp_path, repeat=repeat), name="node", backend=None)
    assert len(place.asked) == times


def test_inputs_are_given_by_the_results_names_in_the_dtypes_of_tensorflow_js(tmp_path: Path) -> None:
    in_javascript(Place({}), ask(tmp_path, inputs={"x": "x:0"}), name="node", backend=None)
    given = exchange.read(tmp_path / "work" / "inputs_1")
    assert {name: (array.dtype.name, array.tolist()) for name, array in given.items()} == {
        "x:0": ("float32", [[0, 1, 2], [3, 4, 5]]),
        "n": ("int32", [0, 1]),
    }


def test_inputs_that_are_there_are_not_written_again(tmp_path: Path) -> None:
    exchange.write(tmp_path / "work" / "inputs_0", {"mine": np.ones(1, np.float32)})
    in_javascript(Place({}), ask(tmp_path), name="node", backend=None)
    assert list(exchange.read(tmp_path / "work" / "inputs_0")) == ["mine"]


def test_javascript_is_not_asked_for_nothing() -> None:
    with pytest.raises(RuntimeFailure) as caught:
        in_javascript(Place({}), Ask(MODEL, (), Path("work")), name="node", backend=None)
    assert (caught.value.kind, caught.value.message) == ("inputs", "there is nothing to run the model on")


def test_python_is_asked_for_all_feeds_at_once(tmp_path: Path) -> None:
    answer = {"timings": {"load_ms": 5, "odd": 1}, "load_average": 0.25, "versions": {"keras": "2.13.1"}}
    place = Place(answer)
    found = in_python(place, ask(tmp_path, repeat=3), cut="third", weights=Path("/w"))
    work = tmp_path / "work"
    feeds = [
        {"inputs": str(tmp_path / "feed_0"), "outputs": str(work / "python_0")},
        {"inputs": str(tmp_path / "feed_1"), "outputs": str(work / "python_1")},
    ]
    model = {"path": "/models/m", "format": "tfjs_layers_model", "signature_name": "serve"}
    job = {"model": model, "feeds": feeds, "repeat": 3, "cut": "third", "weights": "/w"}
    assert place.asked == [("predict", job)]
    assert found == Answers((work / "python_0", work / "python_1"), Timing(load_ms=5), {}, 0.25, {"keras": "2.13.1"})
    in_python(place, ask(tmp_path))
    assert place.asked[1] == ("predict", {"model": model, "feeds": feeds, "repeat": 0, "cut": None})


def test_a_model_that_python_does_not_run_is_not_run(tmp_path: Path) -> None:
    assert in_python(Place({"not_run": "no such class"}), ask(tmp_path)) == NotRun(
        "no such class", "run it in Node.js or a browser: Python is not where it lives"
    )


def test_an_answer_that_says_nothing_has_no_times(tmp_path: Path) -> None:
    found = in_python(Place({}), ask(tmp_path))
    assert isinstance(found, Answers)
    assert (found.timings, found.versions, found.load_average) == (Timing(), {}, None)


def test_times_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as caught:
        in_python(Place({"timings": {"load_ms": "soon"}}), ask(tmp_path))
    assert caught.value.message.startswith("a run answers nonsense for its times: ")
    assert "load_ms" in caught.value.message
    assert caught.value.hint == NONSENSE


def test_a_model_is_told_to_the_worker_with_its_options() -> None:
    assert model_argument(MODEL) == {
        "path": "/models/m",
        "format": "tfjs_layers_model",
        "signature_name": "serve",
    }
    here = Subject(Path("m"), "keras", {"a": 1})
    assert absolute(here) == Subject(Path.cwd() / "m", "keras", {"a": 1})


@pytest.mark.parametrize(
    ("names", "positions", "reference", "result", "pairs"),
    [
        ({}, {}, ["a", "b"], ["b", "a"], [("a", "a"), ("b", "b")]),
        ({"a": "x"}, {}, ["a"], ["x:0"], [("a", "x:0")]),
        ({}, {}, ["a", "b"], ["b:0", "a:0", "c:0"], [("a", "a:0"), ("b", "b:0")]),
        ({}, {}, ["a", "b"], ["c", "d"], [("a", "c"), ("b", "d")]),
        ({}, {"a": 1, "b": 0}, ["a", "b"], ["c", "d"], [("a", "d"), ("b", "c")]),
        ({}, {}, ["a", "b"], ["c"], []),
    ],
)
def test_outputs_are_paired_by_name_else_by_position_else_by_order(
    names: dict[str, str],
    positions: dict[str, int],
    reference: list[str],
    result: list[str],
    pairs: list[tuple[str, str]],
) -> None:
    assert OutputNames(names, positions).pairs(reference, result) == pairs
