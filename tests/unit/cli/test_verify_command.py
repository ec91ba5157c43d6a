"""The command ``verify`` without anything being run: files, formats, exit codes, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.verification.changes import entry, values
from tests.unit.verification.models import graph_model, layers_model
from workflow.cli.boundary import guarded

if TYPE_CHECKING:
    from pathlib import Path


def quick(*words: str) -> int:
    return guarded(["verify", "--quick", *words])


def test_a_good_model_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert quick(str(layers_model(tmp_path / "web").path)) == 0
    shown = capsys.readouterr().out
    assert "structure" in shown
    assert "verdict: passed" in shown


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
    ],
)
def test_what_cannot_be_asked_for(
    words: list[str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quick(str(layers_model(tmp_path / "web").path), *words) == code
    assert said in capsys.readouterr().err
