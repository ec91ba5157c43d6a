"""What a failed verification advises: what works, and never the command that was just run."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification import changes
from tests.unit.verification.models import LAYERS, NumpyPlaces, graph_model, keras_twin, layers_model
from workflow.recipe.recipes import Verification
from workflow.verification import verdicts
from workflow.verification.evidence import Evidence, Finding, LevelReport, PlaceReport
from workflow.verification.levels import Case, verify
from workflow.verification.locate import Located
from workflow.verification.requests import NotRun, RuntimeFailure, Subject
from workflow.verification.runtimes.fake_runtime import FakeRuntime
from workflow.verification.searching import SearchResult, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTH = Verification(runtimes=("python", "node"))


def off(outputs: dict[str, Any], _: Any) -> dict[str, Any]:
    return {name: array + np.float32(0.1) for name, array in outputs.items()}


def changed(source: Subject, hurt: Callable[[Path], None], tmp_path: Path, **settings: Any) -> Case:
    shutil.copytree(source.path, tmp_path / "bad")
    hurt(tmp_path / "bad")
    return Case(Subject(tmp_path / "bad", source.format), source, settings.get("settings", BOTH), tmp_path / "work")


def test_where_the_weights_differ_nothing_is_located_and_nothing_run_again(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    case = changed(source, changes.values("first/kernel", lambda array: array + 1), tmp_path)
    report = verify(case, NumpyPlaces())
    found = search(case, NumpyPlaces(), report=report, keep=tmp_path / "keep")
    assert isinstance(found, NotRun)
    assert found.why == "nothing to locate: the weights level names the tensors"
    hint = verdicts.further_advice(report, case.result.format, compared=True, search=found)
    assert "make the result from its source again" in hint
    assert "verify" not in hint
    assert "--against SOURCE" in verdicts.further_advice(report, case.result.format, compared=False)


def test_a_quick_look_has_nothing_to_locate(tmp_path: Path) -> None:
    case = Case(layers_model(tmp_path / "good"), None, Verification(enabled=False), tmp_path / "work")
    found = search(case, NumpyPlaces(), report=verify(case, NumpyPlaces()), keep=tmp_path / "keep")
    assert isinstance(found, NotRun)
    assert found.why == "nothing to locate: nothing was run"


def test_what_was_located_is_not_to_be_located_again_nor_allowed(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    case = Case(source, keras_twin(source), BOTH, tmp_path / "work")
    places = NumpyPlaces(wrong=off)
    report = verify(case, places)
    found = search(case, places, report=report, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult)
    assert isinstance(found.located, Located)
    hint = verdicts.further_advice(report, case.result.format, compared=True, search=found)
    assert "--locate" not in hint
    assert "atol" not in hint
    assert "--locate" in verdicts.further_advice(report, case.result.format, compared=True)


@pytest.mark.parametrize("runtimes", [("python", "node"), ("node",)])
def test_a_graph_that_is_wrong_everywhere_is_to_be_made_again(runtimes: Any, tmp_path: Path) -> None:
    source = graph_model(tmp_path / "good")
    case = changed(source, changes.node("first/Tanh", op="Relu"), tmp_path, settings=Verification(runtimes=runtimes))
    report = verify(case, NumpyPlaces())
    assert report.failed is not None
    assert report.failed.level == "outputs"
    found = search(case, NumpyPlaces(), report=report, keep=tmp_path / "keep")
    assert isinstance(found, NotRun)
    assert "the result itself (its weights or nodes) differs from its source, in the same way everywhere" in found.why
    hint = verdicts.further_advice(report, case.result.format, compared=True, search=found)
    assert hint.startswith("convert the source anew")
    assert "--locate" not in hint


@pytest.mark.parametrize(
    ("kind", "make", "words"),
    [
        ("load", layers_model, "by a `graph` step or `format: auto`"),
        ("load", graph_model, "what TensorFlow.js lacks"),
        ("timeout", layers_model, "give it longer (`timeout`)"),
    ],
)
def test_an_error_is_no_difference_that_a_bound_allows(
    kind: str, make: Callable[[Path], Subject], words: str, tmp_path: Path
) -> None:
    model = make(tmp_path / "model")
    places = NumpyPlaces(runtimes={"node": FakeRuntime(failure=RuntimeFailure(kind, "Unknown layer: Lambda"))})
    source = keras_twin(model if model.format == LAYERS else layers_model(tmp_path / "layers"))
    report = verify(Case(model, source, BOTH, tmp_path / "work"), places)
    for hint in (verdicts.advice(report, model.format), verdicts.further_advice(report, model.format, compared=True)):
        assert words in hint
        assert "atol" not in hint
        assert "--locate" not in hint


def test_a_better_hint_replaces_the_reports_own(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    report = verify(Case(source, keras_twin(source), BOTH, tmp_path / "work"), NumpyPlaces(wrong=off))
    for given, wanted in (("look there", "look there"), ("", "atol")):
        error = verdicts.error_of(report, BOTH, who="m", hint=given)
        assert error is not None
        assert wanted in error.hint


def test_a_file_that_is_not_to_be_trusted_is_not_to_be_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../config.json", "{}")
    model = Subject(path, "keras_keras")
    report = verify(Case(model, None, Verification(enabled=False), tmp_path / "work"), NumpyPlaces())
    hint = verdicts.further_advice(report, model.format, compared=False)
    assert "do not trust" in hint
    assert "fetch" not in hint


def outputs_failed(*findings: Finding) -> Evidence:
    return Evidence((LevelReport("outputs", "failed", findings),))


def test_only_a_difference_can_be_allowed_by_a_bound() -> None:
    differing = verdicts.advice(outputs_failed(Finding("differs by up to 0.5", "out", 0.5, 1e-5)))
    assert "`verify: {outputs: {out: {atol: ...}}}` allows it" in differing
    quoted = verdicts.advice(outputs_failed(Finding("differs by up to 0.5", "a/out:0", 0.5, 1e-5)))
    assert 'outputs: {"a/out:0": {atol: ...}}' in quoted
    for text in ("holds nan at [0, 1] where its source has a number", "has the shape [2]"):
        assert "atol" not in verdicts.advice(outputs_failed(Finding(text, "out")))


def test_accuracy_that_falls_is_not_to_be_allowed_as_a_difference(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    np.save(tmp_path / "inputs.npy", np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32))
    np.save(tmp_path / "labels.npy", np.zeros(8, np.int64))
    settings = BOTH.replaced(accuracy_drop=0.0)
    report = verify(Case(source, source, settings, tmp_path / "work"), NumpyPlaces())
    assert report.failed is not None
    assert "accuracy is unknown" in report.failed.findings[0].text
    hint = verdicts.advice(report)
    assert "labels: FILE" in hint
    assert "atol" not in hint
    assert verdicts.further_advice(report, "tfjs_layers_model", compared=True) == hint


def test_weights_that_lose_most_are_named_to_lose_less() -> None:
    weights = LevelReport("weights", "passed", facts={"roughest": ["a/kernel"]})
    assert verdicts.smaller_loss([weights]).startswith('keep a/kernel in float (`keep_float: ["a/kernel"]`), ')
    assert verdicts.cheaper(Evidence((weights,))).endswith("`verify: {agreement: ...}` accepts a lesser share")


def test_what_is_unsteady_wants_other_inputs_and_no_training() -> None:
    for facts, words in (({"unsteady": ["out"]}, "inputs such as the model will meet"), ({}, "verify a trained model")):
        error = verdicts.no_proof(Evidence((LevelReport("outputs", "no proof", why="so", facts=facts),)), "m")
        assert error is not None
        assert words in error.hint


def test_a_result_that_needs_another_package_is_not_to_be_made_again() -> None:
    run = PlaceReport("node", "failed", "wasm", why="op: TensorFlow.js has no operation SimpleMLCreateModelResource")
    level = LevelReport("outputs", "failed", (Finding(f"run in node wasm, the result fails: {run.why}"),))
    hint = verdicts.advice(Evidence((level,), (run,)), "tfjs_graph_model")
    assert "@tensorflow/tfjs-tfdf" in hint
    assert "fresh conversion" not in hint
