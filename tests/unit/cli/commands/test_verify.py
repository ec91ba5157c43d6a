"""The command ``verify`` without anything being run: files, formats, exit codes, JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.unit.verification.changes import entry, values
from tests.unit.verification.models import graph_model, layers_model
from workflow.catalogue.formats import Format
from workflow.cli import verify_screens
from workflow.cli.boundary import guarded
from workflow.cli.commands import verify
from workflow.cli.console import console
from workflow.verification.evidence import Evidence

if TYPE_CHECKING:
    from pathlib import Path


def quick(*words: str) -> int:
    return guarded(["verify", "--quick", *words])


def without_times(text: str) -> list[str]:
    """Return the lines behind the first, which names the files; a time is a time."""
    return [re.sub(r"[\d,.]+ ms$", "_ ms", line) for line in text.splitlines()[1:]]


def test_a_good_model_passes_and_each_level_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quick(str(layers_model(tmp_path / "web").path)) == 0
    assert without_times(capsys.readouterr().out) == [
        "  structure passed  _ ms",
        "  weights   passed  _ ms",
        "  contract  not applicable  there is no source to compare with",
        "verdict: passed",
    ]


def test_a_level_that_fails_says_so_with_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, other = (layers_model(tmp_path / name).path for name in ("good", "other"))
    values("first/kernel", lambda array: array + 1)(other)
    assert quick(str(other), "--against", str(good)) == 42
    shown = without_times(capsys.readouterr().out)
    assert shown[0] == "  structure passed  _ ms"
    assert shown[1].startswith("  weights   failed  6 tensors, 5 equal to the bit")
    assert "first/kernel" in shown[2]
    assert "verdict: failed" in shown


def test_each_level_has_its_exit_code(tmp_path: Path) -> None:
    good = str(layers_model(tmp_path / "good").path)
    broken, other = layers_model(tmp_path / "broken").path, layers_model(tmp_path / "other").path
    (broken / "group1-shard2of4.bin").unlink()
    values("first/kernel", lambda array: array + 1)(other)
    assert quick(str(broken)) == 41
    assert quick(str(other), "--against", good) == 42


def test_json_is_all_that_is_printed_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = graph_model(tmp_path / "graph").path
    entry("third/bias", dtype="bool")(folder)
    assert quick(str(folder), "--json") == 41
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "failed"
    assert told["levels"][0]["subjects"][0] == "third/bias"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--runtime", "deno"], 2, "there is no runtime deno"),
        (["--backend", "metal"], 2, "there is no backend metal"),
        (["--require", "node,nod"], 2, "there is no runtime nod"),
        (["--labels", "."], 2, "--labels without --inputs"),
        (["--inputs", "nowhere.npz"], 2, "nowhere.npz does not exist"),
        (["--against", "nowhere.h5"], 31, "nowhere.h5 does not exist"),
        (["--format", "onnx"], 2, "there is no format onnx"),
        (["--format", "onnx"], 2, "keras_keras, keras_saved_model"),
    ],
)
def test_what_cannot_be_asked_for(
    words: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quick(str(layers_model(tmp_path / "web").path), *words) == code
    assert said in capsys.readouterr().err


def test_the_formats_are_those_of_recipes_and_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert get_args(Format) == verify.FORMATS
    guarded(["verify", "--help"])
    assert "tf_frozen_model" in capsys.readouterr().out


def test_a_recipe_is_told_from_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "two.yml").write_text("name: two\n")
    assert quick(str(tmp_path / "two.yml")) == 31
    said = " ".join(capsys.readouterr().err.split())
    assert "this is a recipe" in said
    assert "tfjs-workflow convert" in said


def test_a_file_of_an_unknown_kind_says_what_is_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    assert quick(str(tmp_path / "model.onnx")) == 31
    said = capsys.readouterr().err
    assert "nothing is known of files that end in `.onnx`" in said
    assert "tfjs_graph_model" in said


def test_headings_stay_whole_where_a_browser_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    console.cache_clear()
    figures = {"name": "a_rather_long_name_of_an_output", "max_abs": 1e-7, "bound": 1e-3, "relative": 1e-7, "p99": 1e-8}
    ran: dict[str, Any] = {
        "runtime": "python",
        "status": "passed",
        "outputs": [{**figures, "cosine": 1.0, "top1": 1.0}],
    }
    runs = [ran, {"runtime": "browser", "backend": "webgl", "status": "not run"}]
    with console().capture() as shown:
        console().print(verify_screens.places_table(Evidence.from_json({"runs": runs})))
    console.cache_clear()
    heading = shown.get().splitlines()[1]
    assert "output" in heading.split()
    assert "allowed" in heading.split()
    assert "accuracy" not in heading


def test_where_there_is_room_a_place_shows_all_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console.cache_clear()
    first = {"name": "a", "max_abs": 1e-7, "bound": 1e-3, "relative": 2e-7, "p99": 1e-8, "cosine": 1.0, "top1": 1.0}
    ran: dict[str, Any] = {
        "runtime": "node",
        "backend": "wasm",
        "status": "passed",
        "outputs": [{**first, "top5": 0.975}, {"name": "b", "max_abs": 0.25, "bound": 0.5}],
        "accuracy": {"source": 0.9, "result": 0.85},
        "timings": {"median_ms": 3.14159},
    }
    with console().capture() as shown:
        console().print(verify_screens.places_table(Evidence.from_json({"runs": [ran]})))
    console.cache_clear()
    heading, *rows = [line.split() for line in shown.get().splitlines() if line.strip(" ─")]
    assert heading == [
        *("place", "output", "max", "allowed", "of", "range"),
        *("p99", "cosine", "top-1", "top-5", "accuracy", "ms"),
    ]
    assert rows == [
        [
            *("node", "wasm", "passed", "a", "1e-07", "0.001", "2e-07", "1e-08", "1.000000", "100.0%", "97.5%"),
            *("90.00%", "->", "85.00%", "3.1"),
        ],
        ["b", "0.25", "0.5"],
    ]


def test_a_mistyped_environment_is_told_and_not_made(
    tool_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(layers_model(tmp_path / "web").path)
    assert guarded(["verify", model, "--environment", "tfsj"]) == 2
    assert "did you mean 'tfjs'?" in capsys.readouterr().err
    assert not (tool_home / "envs").exists()


@pytest.mark.parametrize(
    ("runtime", "require", "runs"),
    [
        (None, None, ("python", "node", "browser")),
        (["node"], None, ("node",)),
        (["node"], ["browser", "node"], ("node", "browser")),
        (["browser", "python"], None, ("browser", "python")),
    ],
)
def test_the_model_runs_where_it_is_asked_for_and_where_that_is_required(
    runtime: list[str] | None, require: list[str] | None, runs: tuple[str, ...]
) -> None:
    found = verify._places(runtime, None, require)
    assert (found.runtimes, found.require, found.backends) == (runs, tuple(require or ()), {})
