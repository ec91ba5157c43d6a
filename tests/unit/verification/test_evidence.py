"""The evidence of a verification as records hold it: as it is written now, and as the first versions wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.report.runs import full_check, python_check
from tests.unit.verification.models import NumpyPlaces, layers_model, quantized
from workflow.base.record_json import MalformedError
from workflow.recipe.recipes import Verification
from workflow.verification.evidence import Evidence, Place, evidence_of
from workflow.verification.figures import measure
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun

if TYPE_CHECKING:
    from pathlib import Path

LEVEL_KEYS = ["level", "status", "findings", "subjects", "why", "remarks", "facts", "seconds"]
RUN_KEYS = ["outputs", "accuracy", "samples", "timings", "facts", "versions", "load_average"]
HEADLINE_KEYS = ["runtime", "max_abs", "top1", "accuracy", "outputs"]
OUTPUT_KEYS = (
    *("name", "result_name", "dtype", "shape", "max_abs", "mean_abs", "p99", "relative", "cosine", "top1", "top5"),
    *("finite", "lost", "reference", "spread", "histogram", "worst", "bound", "running_bound"),
    *("in_python", "beyond_python"),
)


def verified(tmp_path: Path, **settings: Any) -> Evidence:
    source = layers_model(tmp_path / "source")
    small = quantized(source, tmp_path / "small", "uint8")
    places = NumpyPlaces(runtimes={"browser": NotRun("there is no browser", "install one")})
    return verify(Case(small, source, Verification(**settings), tmp_path / "work"), places)


def test_the_keys_of_a_record_are_what_other_programs_know_them_by(tmp_path: Path) -> None:
    told = verified(tmp_path).as_json()
    facts = ["attribution", "inputs", "drawn", "samples", "versions"]
    assert list(told) == ["verdict", "levels", "runs", *facts, *HEADLINE_KEYS]
    assert [list(level) for level in told["levels"]] == [LEVEL_KEYS] * 4
    assert list(told["runs"][0]) == ["runtime", "backend", "seconds", "status", "why", *RUN_KEYS]
    assert list(told["runs"][0]["outputs"][0]) == list(OUTPUT_KEYS)
    assert list(told["runs"][-1]) == ["runtime", "backend", "seconds", "status", "why", "remedy"]


def test_evidence_comes_back_from_its_record_as_it_was(tmp_path: Path) -> None:
    told = json.loads(json.dumps(verified(tmp_path).as_json(), allow_nan=False))
    assert Evidence.from_json(told).as_json() == told
    assert [str(run.place) for run in Evidence.from_json(told).absent] == ["browser webgl", "browser wasm"]


def test_what_is_only_looked_at_has_neither_runs_nor_figures(tmp_path: Path) -> None:
    told = verified(tmp_path, enabled=False).replaced(warnings=(), not_run="verify is off in the recipe").as_json()
    assert list(told) == ["verdict", "levels", "runs", "not_run", "warnings"]
    assert Evidence.from_json(told).max_abs is None


def test_text_has_no_figures_of_numbers() -> None:
    told = measure(np.array(["a", "b"], object), np.array(["a", "c"], object)).replaced(name="n", bound=0.0).as_json()
    assert {"p99", "relative", "cosine", "top1", "histogram", "worst"} & told.keys() == set()
    assert (told["max_abs"], told["mean_abs"], told["dtype"]) == (1.0, 0.5, "string")


def test_numbers_without_a_direction_or_classes_say_null() -> None:
    told = measure(np.zeros((2, 1)), np.zeros((2, 1))).as_json()
    assert [told[key] for key in ("relative", "cosine", "top1", "top5")] == [None] * 4


def test_the_first_versions_wrote_the_figures_of_python_alone() -> None:
    found = Evidence.from_json(python_check(0.02))
    assert [(run.place, run.status, run.samples) for run in found.runs] == [(Place("python"), "passed", 360)]
    assert (found.max_abs, found.top1) == (0.02, 1.0)
    assert found.accuracy is not None
    assert found.accuracy.result == 0.985
    assert Evidence.from_json({"not_run": "no environment", "warnings": []}).not_run == "no environment"


def test_the_headline_is_the_worst_of_all_places() -> None:
    check = full_check(1e-6)
    check["runs"][1]["accuracy"] = {"source": 0.99, "result": 0.5}
    check["runs"][2]["outputs"][0]["top1"] = 0.25
    found = Evidence.from_json(check)
    assert found.max_abs == pytest.approx(1.2e-6)
    assert found.top1 == 0.25
    assert found.accuracy is not None
    assert found.accuracy.result == 0.5


@pytest.mark.parametrize(
    ("check", "place"),
    [
        (3, "check: "),
        ({"runs": 3}, "check, runs: "),
        ({"runs": [{"runtime": "node", "status": "fine"}]}, "check, runs, 0, status: "),
        ({"runs": [{"runtime": "node", "status": "passed", "outputs": [{"max_abs": "big"}]}]}, "outputs, 0, max_abs: "),
        ({"levels": [{"level": "depth"}]}, "check, levels, 0, level: "),
        ({"attribution": {"quantization": 1.0}}, "check, attribution, "),
    ],
)
def test_other_words_than_evidence_has_are_refused_by_their_place(check: Any, place: str) -> None:
    with pytest.raises(MalformedError, match=place):
        evidence_of({"check": check})


def test_a_step_without_a_check_has_no_evidence() -> None:
    assert evidence_of({"engine": "native"}) == Evidence()
