"""The table at the end of a run: where results ran, how far they are off, and loudly where they did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow.cli.console import console
from workflow.cli.summaries import check_text, print_summary
from workflow.recipe import load
from workflow.runs import planning
from workflow.runs.tasks import Outcome, Selection

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = {"status": "not run", "why": "no Chromium was found", "remedy": "apt-get install chromium"}
EVERYWHERE = (("python", None), ("node", "wasm"), ("browser", "wasm"))


def run(runtime: str, backend: str | None, *, off: float = 0.0, right: float | None = None, **more: Any) -> Any:
    accuracy = None if right is None else {"source": 0.9, "result": right}
    output = {"name": "y", "max_abs": off, "top1": 1.0}
    told = {"runtime": runtime, "backend": backend, "status": "passed", "outputs": [output], "accuracy": accuracy}
    return told | more


def check(*runs: Any) -> dict[str, Any]:
    shares = [one["accuracy"] for one in runs if one.get("accuracy")]
    worst = max((output["max_abs"] for one in runs for output in one.get("outputs") or ()), default=None)
    lowest = min(shares, key=lambda share: float(share["result"])) if shares else None
    return {"runs": list(runs), "max_abs": worst, "top1": 1.0, "accuracy": lowest}


@pytest.fixture
def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Print the summary of a run of one step with this check, and return what is on the screen."""
    monkeypatch.setenv("COLUMNS", "200")
    console.cache_clear()
    path = tmp_path / "one.yml"
    path.write_text("steps:\n  - python_to_js: {input: a.h5, output: data/web}\n")
    recipe = load(path, check_files=False)
    (task,) = planning.plan(recipe, Selection(), environment="")

    def one(found: dict[str, Any], status: Any = "done") -> str:
        facts = {"check": found}
        print_summary(recipe, [Outcome(task, status, seconds=1.0, bytes_after=2000, facts=facts)], seconds=1.0)
        return capsys.readouterr().out

    yield one
    console.cache_clear()


def test_every_folder_of_results_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console.cache_clear()
    path = tmp_path / "three.yml"
    outputs = ("data/web", "data/other", "more/web")
    lines = "".join(
        f"  - python_to_js: {{input: a.h5, output: {output}, name: step{number}}}\n"
        for number, output in enumerate(outputs)
    )
    path.write_text(f"steps:\n{lines}")
    recipe = load(path, check_files=False)
    tasks = planning.plan(recipe, Selection(), environment="")
    outcomes = [Outcome(task, "done", seconds=1.0, bytes_after=2000, facts={}) for task in tasks]
    print_summary(recipe, outcomes, seconds=1.0)
    console.cache_clear()
    assert "results: data, more" in capsys.readouterr().out.splitlines()


def test_each_runtime_has_its_worst_difference(shown: Any) -> None:
    text = shown(check(run("python", None), run("node", "wasm", off=1e-6), run("node", "cpu", off=2e-3)))
    (row,) = [line.split() for line in text.splitlines() if "python_to_js" in line]
    assert row == ["python_to_js", "done", "1.0", "s", "2.0", "kB", "0", "0.002", "100.0%"]
    assert "browser" not in text.splitlines()[1]


def test_a_failure_shows_its_figures(shown: Any) -> None:
    text = shown(check(run("python", None), run("node", "wasm", off=1.6, status="failed")), "failed")
    assert "1.6" in text


def test_a_place_that_is_not_there_is_said_again_without_the_reason_that_was_told(shown: Any) -> None:
    absent = {"runtime": "browser", "backend": "wasm", **ABSENT}
    text = shown(check(run("python", None), absent))
    assert "not run" in text
    assert "! NOT RUN in browser: python_to_js (why is said above)" in text
    assert "no Chromium" not in text
    assert check_text({"check": check(run("python", None), absent)}).endswith("not run in browser")


def test_a_place_that_stands_for_none_of_the_results_is_not_explained(shown: Any) -> None:
    text = shown(check(run("node", "wasm", off=1e-6)))
    assert "node: the largest difference" in text
    assert "python" not in text.replace("python_to_js", "")
    assert "browser" not in text


def test_a_reason_that_no_place_has_is_told_of_the_step(shown: Any) -> None:
    assert check_text({"check": {"not_run": "verify is off in the recipe", "runs": []}}) == (
        "not run: verify is off in the recipe"
    )
    absent = {"runtime": "python", **ABSENT}
    assert check_text({"check": {"not_run": "no Chromium was found", "runs": [absent]}}) == "not run"


def test_a_step_that_was_not_verified_says_so(shown: Any) -> None:
    assert "not run" in shown({"not_run": "verify is off in the recipe", "runs": []})


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ((0.9, 0.9, 0.9), "90.00%"),
        ((0.8, 0.8, 0.8), "90.00% -> 80.00%"),
        ((0.9, 0.9, 0.7), "90.00% -> 70.00% in browser wasm"),
        ((0.9, 0.8, 0.7), "90.00% -> 80.00% in node wasm; 70.00% in browser wasm"),
    ],
)
def test_accuracy_is_one_number_unless_a_place_differs(shares: tuple[float, ...], text: str) -> None:
    runs = [run(*place, right=share) for place, share in zip(EVERYWHERE, shares, strict=True)]
    assert check_text({"check": check(*runs)}).endswith(f"accuracy {text}")
