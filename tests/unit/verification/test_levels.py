"""The fourth level: bounds, blame, proof, and what happens when places are not there or fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification import changes
from tests.unit.verification.models import UNITS, NumpyPlaces, graph_model, keras_twin, layers_model, quantized
from workflow.base.errors import CostError, NoProofError, OutputsError, OversizedModelError, RuntimeRequiredError
from workflow.recipe.recipes import Tolerance, Verification
from workflow.verification import exchange, verdicts
from workflow.verification.evidence import Accuracy, Evidence, LevelReport, Place
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun, RuntimeFailure, Subject
from workflow.verification.runtimes.fake_runtime import FakeRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping

BOTH: Any = ("python", "node")


@pytest.fixture
def model(tmp_path: Path) -> Subject:
    return layers_model(tmp_path / "layers")


@pytest.fixture
def source(model: Subject) -> Subject:
    return keras_twin(model)


def verified(
    result: Subject, source: Subject | None, tmp_path: Path, *, places: Any = None, **settings: Any
) -> Evidence:
    chosen = Verification(**{"runtimes": BOTH, **settings})
    return verify(Case(result, source, chosen, tmp_path / "work"), places or NumpyPlaces())


def off(by: float) -> Any:
    return lambda outputs, _: {name: array + np.float32(by) for name, array in outputs.items()}


def test_what_the_runtime_adds_is_told_from_what_quantizing_does(
    model: Subject, source: Subject, tmp_path: Path
) -> None:
    small = quantized(model, tmp_path / "small", "uint8")
    report = verified(small, source, tmp_path, places=NumpyPlaces(wrong=off(0.01)))
    assert report.failed is not None
    assert "from what the same file gives in Python" in report.failed.findings[0].text
    assert report.attribution is not None
    assert report.attribution.runtime == pytest.approx(0.01, rel=1e-3)
    assert report.attribution.quantization > 0


def test_a_runtime_that_is_off_is_blamed(model: Subject, source: Subject, tmp_path: Path) -> None:
    report = verified(model, source, tmp_path, places=NumpyPlaces(wrong=off(0.01)))
    assert report.failed is not None
    assert (
        "in Python the same file is off by 0, the rest is what node wasm makes of it" in report.failed.findings[0].text
    )


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        ({}, "failed"),
        ({"atol": 0.02}, "passed"),
        ({"rtol": 0.02}, "passed"),
        ({"atol": 0.001}, "failed"),
        ({"atol": 0.02, "outputs": {"third": Tolerance(atol=0.001)}}, "failed"),
        ({"outputs": {"third": Tolerance(rtol=0.05)}}, "passed"),
        ({"outputs": {"other": Tolerance(atol=1.0)}}, "failed"),
    ],
)
def test_tolerances_can_be_set(
    settings: dict[str, Any], verdict: str, model: Subject, source: Subject, tmp_path: Path
) -> None:
    assert verified(model, source, tmp_path, places=NumpyPlaces(wrong=off(0.01)), **settings).verdict == verdict


def test_a_reference_that_does_not_vary_is_no_proof(model: Subject, source: Subject, tmp_path: Path) -> None:
    same = np.ones((1, 6), np.float32)
    report = verified(model, source, tmp_path, places=NumpyPlaces(feeds=[same, np.repeat(same, 3, axis=0)]))
    assert report.verdict == "no proof"
    error = verdicts.no_proof(report, "m")
    assert isinstance(error, NoProofError)
    assert error.hint == (
        "give inputs that make a difference (`inputs`), or verify a trained model: fresh weights answer alike"
    )


def test_the_record_has_the_worst_figures_over_all_places(model: Subject, source: Subject, tmp_path: Path) -> None:
    report = verified(model, source, tmp_path, places=NumpyPlaces(wrong=off(1e-7)))
    facts = report.as_json()
    assert facts["runtime"] == "python"
    assert facts["top1"] == 1.0
    assert facts["max_abs"] == max(output["max_abs"] for run in facts["runs"] for output in run["outputs"]) > 0
    assert facts["outputs"] == facts["runs"][0]["outputs"]


def test_times_are_recorded_in_milliseconds() -> None:
    facts = Evidence((LevelReport("structure", "passed", seconds=1.23456),)).as_json()
    assert [level["seconds"] for level in facts["levels"]] == [1.235]


def test_one_sample_alone_is_no_proof(model: Subject, source: Subject, tmp_path: Path) -> None:
    report = verified(model, source, tmp_path, places=NumpyPlaces(feeds=[np.ones((1, 6), np.float32)]))
    assert report.verdict == "no proof"


def test_a_runtime_that_is_not_there_is_not_run_and_fails_only_when_required(
    model: Subject, source: Subject, tmp_path: Path
) -> None:
    places = NumpyPlaces(runtimes={"node": NotRun("there is no node", "install it")})
    report = verified(model, source, tmp_path, places=places)
    assert [run.status for run in report.runs] == ["passed", "not run"]
    assert report.verdict == "incomplete"
    assert verdicts.error_of(report, Verification(), who="m") is None
    error = verdicts.error_of(report, Verification(require=("node",)), who="m")
    assert isinstance(error, RuntimeRequiredError)
    assert error.hint == "install it"


def test_a_required_runtime_that_has_no_run_at_all_is_an_error(model: Subject, source: Subject, tmp_path: Path) -> None:
    needs = Verification(require=("node",))
    quick = verified(model, source, tmp_path, enabled=False)
    assert "only the files were compared" in str(verdicts.error_of(quick, needs, who="m"))
    elsewhere = verified(model, source, tmp_path, runtimes=("python",))
    assert "such a model runs in python alone" in str(verdicts.error_of(elsewhere, needs, who="m"))
    assert verdicts.error_of(elsewhere, Verification(require=("python",)), who="m") is None


def test_a_runtime_that_fails_fails_the_outputs(model: Subject, source: Subject, tmp_path: Path) -> None:
    places = NumpyPlaces(runtimes={"node": FakeRuntime(failure=RuntimeFailure("timeout", "120 s are over"))})
    report = verified(model, source, tmp_path, places=places)
    assert isinstance(verdicts.error_of(report, Verification(), who="m"), OutputsError)
    assert report.failed is not None
    assert "run in node wasm, the result fails: timeout: 120 s are over" in report.failed.findings[0].text


def test_a_model_that_python_does_not_run_is_not_run(model: Subject, source: Subject, tmp_path: Path) -> None:
    report = verified(model, source, tmp_path, places=NumpyPlaces(silent="string inputs"))
    assert report.verdict == "not run"
    assert {run.status for run in report.runs} == {"not run"}


@pytest.mark.parametrize(("absent", "verdict"), [("run `env create keras3`", "not run"), ("", "failed")])
def test_a_file_for_python_whose_python_is_not_there_is_not_run_and_one_that_it_refuses_fails(
    model: Subject, source: Subject, tmp_path: Path, absent: str, verdict: str
) -> None:
    class Places(NumpyPlaces):
        def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            return {"not_run": "no Keras 3", "absent": absent} if name == "predict" else super().job(name, arguments)

    assert verified(source, model, tmp_path, places=Places()).verdict == verdict


def only(*backends: str) -> Any:
    """Spoil the outputs of these backends, each by as much as its place says."""
    return lambda outputs, request: {
        name: array + np.float32(1 + backends.index(request.backend) if request.backend in backends else 0)
        for name, array in outputs.items()
    }


def test_a_source_whose_backends_disagree_is_a_fact_about_the_source(
    model: Subject, source: Subject, tmp_path: Path
) -> None:
    report = verified(source, model, tmp_path, places=NumpyPlaces(wrong=only("wasm")))
    assert report.verdict == "passed"
    (said,) = (remark for remark in report.remarks if "a fact about the source" in remark)
    assert "differs between node wasm and node cpu; the result agrees with the latter" in said


@pytest.mark.parametrize("wrong", [("wasm", "cpu"), ("cpu",)])
def test_a_result_is_right_where_the_source_agrees_with_it_on_one_backend_at_least(
    model: Subject, source: Subject, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    report = verified(source, model, tmp_path, places=NumpyPlaces(wrong=only(*wrong)))
    assert report.verdict == ("failed" if "wasm" in wrong else "passed")
    assert not any("a fact about the source" in remark for remark in report.remarks)


def test_inputs_are_handed_to_a_graph_by_its_own_names_and_in_its_dtypes(source: Subject, tmp_path: Path) -> None:
    runtime = FakeRuntime(model=lambda tensors: {"third": next(iter(tensors.values()))})
    graph = graph_model(tmp_path / "graph")
    feeds = [array.astype(np.float64) for array in NumpyPlaces().feeds]
    places = NumpyPlaces(feeds=feeds, runtimes={"node": runtime})
    verified(graph, source, tmp_path, places=places)
    index = json.loads((runtime.requests[0].inputs / "tensors.json").read_text())
    assert [(one["name"], one["dtype"]) for one in index] == [("x", "float32")]


def test_python_models_are_run_in_python_alone(model: Subject, tmp_path: Path) -> None:
    from workflow.verification.outputs import places_of  # noqa: PLC0415  one use

    assert places_of(Subject(tmp_path, "keras"), Verification()) == [Place("python")]
    both = places_of(model, Verification(runtimes=("node", "browser"), backends={"node": ("cpu",)}))
    assert both == [Place("node", "cpu"), Place("browser", "webgl"), Place("browser", "wasm")]


def test_the_facts_are_plain_json_with_everything_that_a_report_reads(
    model: Subject, source: Subject, tmp_path: Path
) -> None:
    facts = json.loads(json.dumps(verified(model, source, tmp_path).as_json(), allow_nan=False))
    assert facts["verdict"] == "passed"
    assert [level["level"] for level in facts["levels"]] == ["structure", "weights", "contract", "outputs"]
    (output,) = facts["runs"][1]["outputs"]
    assert {"max_abs", "mean_abs", "p99", "relative", "cosine", "top1", "finite", "bound", "histogram"} <= output.keys()
    assert facts["max_abs"] == 0.0


class Labelled(NumpyPlaces):
    """A places that labels every sample with what the source answers, or as ``labels`` says."""

    labels: Any = "right"

    def job(self, name: str, arguments: Any) -> dict[str, Any]:
        answer = super().job(name, arguments)
        if name != "source":
            return answer
        outputs = [next(iter(exchange.read(Path(feed["outputs"])).values())) for feed in answer["feeds"]]
        right = [int(one) for output in outputs for one in np.argmax(output, axis=-1)]
        return answer | {"labels": right if self.labels == "right" else self.labels}


def fooled(outputs: Any, _: Any) -> Any:
    return {name: np.roll(array, 1, axis=-1) for name, array in outputs.items()}


def test_a_drop_in_accuracy_beyond_the_budget_fails(model: Subject, source: Subject, tmp_path: Path) -> None:
    places = Labelled(wrong=fooled)
    assert verified(model, source, tmp_path, places=places, atol=10.0, accuracy_drop=1.0).verdict == "passed"
    report = verified(model, source, tmp_path / "again", places=places, atol=10.0, accuracy_drop=0.5)
    assert report.runs[1].accuracy == Accuracy(1.0, 0.0)
    assert report.failed is not None
    assert report.failed.findings[0].text.startswith("run in node wasm, accuracy falls from 100.00% to 0.00%")


@pytest.mark.parametrize(("labels", "words"), [(None, "there are no labels"), ([1, 2], "4 answers for 2 labels")])
def test_a_budget_of_accuracy_that_cannot_be_held_to_fails(
    labels: Any, words: str, model: Subject, source: Subject, tmp_path: Path
) -> None:
    places = Labelled()
    places.labels = labels
    report = verified(model, source, tmp_path, places=places, accuracy_drop=0.5)
    assert report.failed is not None
    assert words in report.failed.findings[0].text
    assert verified(model, source, tmp_path / "again", places=places).verdict == "passed"


def test_what_is_switched_off_is_not_run(model: Subject, source: Subject, tmp_path: Path) -> None:
    places = NumpyPlaces()
    report = verified(model, source, tmp_path, places=places, enabled=False)
    assert [level.level for level in report.levels] == ["structure", "weights", "contract"]
    assert places.jobs == []


KERNELS = ("first/kernel", "second/kernel", "third/kernel")


def shuffled(model: Subject, folder: Path) -> Subject:
    """Quantize a graph whose kernels are shuffled first."""
    for name in KERNELS:
        changes.values(name, lambda one: np.random.default_rng(3).permutation(one))(model.path)
    return quantized(model, folder, "uint8")


def test_a_shuffled_quantized_graph_is_no_proof_and_a_fault_where_it_was_made_here(
    source: Subject, tmp_path: Path
) -> None:
    good = quantized(graph_model(tmp_path / "good"), tmp_path / "small", "uint8")
    report = verified(good, source, tmp_path)
    assert [level.status for level in report.levels] == ["passed"] * 4
    (cost,) = report.levels[-1].facts["costs"]
    assert (cost["output"], cost["agreement"], cost["met"]) == ("third", 1.0, True)
    bad = shuffled(graph_model(tmp_path / "bad"), tmp_path / "small_bad")
    report = verified(bad, source, tmp_path / "again")
    assert [level.status for level in report.levels] == ["passed", "no proof", "passed", "passed"]
    assert report.verdict == "no proof"
    unproven = verdicts.no_proof(report, "m")
    assert unproven is not None
    assert "quantized weights are nothing that the source's weights are known to make" in unproven.message
    assert "not quantized" in unproven.hint
    ours = Case(bad, source, Verification(runtimes=BOTH), tmp_path / "ours", is_ours=True)
    failed = verify(ours, NumpyPlaces()).failed
    assert failed is not None
    assert {finding.subject for finding in failed.findings} >= set(KERNELS)


def coarse(model: Subject) -> Subject:
    """Give one unit, which nothing reads, a weight so large that the others are lost when they are rounded with it."""
    columns = UNITS["second"][1]
    changes.values("first/kernel", lambda one: np.where(np.arange(one.size) == 0, np.float32(300.0), one))(model.path)
    changes.values("second/kernel", lambda one: np.where(np.arange(one.size) < columns, 0, one))(model.path)
    return model


def test_a_quantized_graph_that_lost_too_much_is_costly(model: Subject, tmp_path: Path) -> None:
    source = keras_twin(coarse(model))
    lossy = quantized(coarse(graph_model(tmp_path / "graph")), tmp_path / "lossy", "uint8")
    report = verified(lossy, source, tmp_path)
    assert [level.status for level in report.levels] == ["passed", "passed", "passed", "costly"]
    assert report.verdict == "costly"
    error = verdicts.error_of(report, Verification(), who="step m")
    assert isinstance(error, CostError)
    assert error.message.startswith("step m: quantizing costs more than is allowed: the output third")
    assert "agreement" in error.hint
    accepted = verified(lossy, source, tmp_path / "accepted", agreement=0.0)
    assert accepted.verdict == "passed"
    assert verified(lossy, source, tmp_path / "missed", agreement=1.0).verdict == "costly"


class WithoutReload(NumpyPlaces):
    """A places whose Python cannot give a source other weights, as that of Keras 3 cannot."""

    def job(self, name: str, arguments: Any) -> dict[str, Any]:
        return {"not_run": "Keras 3 alone reads it"} if arguments.get("weights") else super().job(name, arguments)


def test_a_source_that_does_not_take_the_results_weights_is_said(
    model: Subject, source: Subject, tmp_path: Path
) -> None:
    small = quantized(model, tmp_path / "small", "uint8")
    report = verified(small, source, tmp_path, places=WithoutReload())
    assert report.verdict == "passed"
    assert "cannot be run with the result's quantized weights (Keras 3 alone reads it)" in report.levels[-1].remarks[0]
    for name in ("first/kernel", "second/kernel", "third/kernel"):
        changes.values(name, lambda one: np.random.default_rng(3).permutation(one))(model.path)
    worse = quantized(model, tmp_path / "worse", "uint8")
    (level,) = verified(worse, source, tmp_path / "again", places=WithoutReload()).levels[1:]
    assert (level.level, level.status) == ("weights", "failed")


class Refusing(NumpyPlaces):
    """A places whose Python finds that a result asks for more than any place should give."""

    def job(self, name: str, arguments: Any) -> dict[str, Any]:
        if name == "predict":
            raise OversizedModelError("the node Fill makes a tensor of 40.0 GB", hint="do not trust it")
        return super().job(name, arguments)


def test_what_python_refuses_as_vast_runs_nowhere_else(model: Subject, source: Subject, tmp_path: Path) -> None:
    node = FakeRuntime()
    report = verified(model, source, tmp_path, places=Refusing(runtimes={"node": node}))
    assert report.verdict == "failed"
    assert report.failed is not None
    assert "the node Fill makes a tensor of 40.0 GB" in report.failed.findings[0].text
    assert [run.status for run in report.runs] == ["failed", "not run"]
    assert "no place should run" in report.runs[1].why
