"""``verify`` as a whole: what of the command line is verified, what is seen of it, and what is left afterwards."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.golden.screens import require_declared
from tests.unit.verification.models import NumpyPlaces, graph_model, keras_twin, layers_model
from workflow.base import disk, locations
from workflow.base.errors import StorageError
from workflow.cli.boundary import guarded
from workflow.cli.commands import verify
from workflow.recipe.recipes import Verification
from workflow.verification import levels
from workflow.verification.evidence import Evidence
from workflow.verification.levels import Case
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable


class Closing:
    """Workers that count how often they are closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    keras_twin(layers_model(tmp_path / "web"))
    graph_model(tmp_path / "graph")
    np.save(tmp_path / "x.npy", np.zeros((4, 6), np.float32))
    np.save(tmp_path / "y.npy", np.zeros(4, np.int64))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """Keep what would be verified, and find nothing wrong with it."""
    found: list[Case] = []

    def noting(case: Case, _: object) -> Evidence:
        assert case.folder.is_dir()
        found.append(case)
        return Evidence(())

    monkeypatch.setattr(levels, "verify", noting)
    return found


def running(monkeypatch: pytest.MonkeyPatch, **how: Any) -> Closing:
    """Let models run in numpy."""
    workers = Closing()
    monkeypatch.setattr(verify, "_places_for", lambda *_: (NumpyPlaces(**how), workers))
    return workers


def other_than_default(case: Case) -> dict[str, Any]:
    default = Verification().as_dict()
    return {name: value for name, value in case.settings.as_dict().items() if value != default[name]}


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("", {}),
        ("--runtime node", {"runtimes": ("node",)}),
        ("--runtime browser,python --runtime node", {"runtimes": ("browser", "python", "node")}),
        (
            "--backend wasm --backend webgl,cpu",
            {"backends": {"node": ("wasm", "cpu"), "browser": ("wasm", "webgl", "cpu")}},
        ),
        ("--require node,browser", {"require": ("node", "browser")}),
        ("--runtime python --require node", {"runtimes": ("python", "node"), "require": ("node",)}),
        ("--inputs x.npy", {"inputs": "x.npy"}),
        ("--inputs x.npy --labels y.npy", {"inputs": "x.npy", "labels": "y.npy"}),
        ("--image-range -1 0.5", {"image_range": (-1.0, 0.5)}),
        ("--samples 5", {"samples": 5}),
        ("--batch 2 --batch 7", {"batches": (2, 7)}),
        ("--seed 3", {"seed": 3}),
        ("--atol 0.25", {"atol": 0.25}),
        ("--rtol 0.5", {"rtol": 0.5}),
        ("--quick", {"enabled": False}),
    ],
)
def test_each_option_sets_one_thing(words: str, settings: dict[str, Any], models: Path, asked: list[Case]) -> None:
    assert guarded(["verify", "web", *words.split()]) == (45 if "--require" in words else 0)
    (case,) = asked
    named = {name: models / value if str(value).endswith(".npy") else value for name, value in settings.items()}
    assert other_than_default(case) == named
    assert (case.result, case.source, case.timeout) == (Subject(Path("web"), "tfjs_layers_model"), None, None)
    assert not case.folder.exists()


@pytest.mark.usefixtures("models")
def test_the_source_the_formats_and_the_limit_are_those_that_were_named(asked: list[Case]) -> None:
    words = "web --format tfjs_layers_model --against graph --against-format tfjs_graph_model --timeout 7.5"
    assert guarded(["verify", *words.split()]) == 0
    assert guarded(["verify", "graph", "--against", "web"]) == 0
    both = Subject(Path("web"), "tfjs_layers_model"), Subject(Path("graph"), "tfjs_graph_model")
    assert [(case.result, case.source, case.timeout) for case in asked] == [(*both, 7.5), (*reversed(both), None)]


def test_a_module_is_verified_by_its_address(
    models: Path, asked: list[Case], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = "https://tfhub.invalid/google/x/1"
    folder = models / "hub" / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(models / "hub"))
    assert guarded(["verify", handle]) == 0
    assert guarded(["verify", handle, "--format", "tf_hub"]) == 0
    assert [case.result for case in asked] == [Subject(folder, "tf_hub")] * 2
    assert f"{handle} is in the cache" in capsys.readouterr().err
    assert guarded(["verify", handle, "--format", "keras"]) == 2
    said = f"{handle} cannot be keras: an address is that of a TensorFlow Hub module"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        ("web --runtime deno", 2, "there is no runtime deno", "there are python, node, browser"),
        ("web --backend metal", 2, "there is no backend metal", "there are cpu, wasm, webgl, webgl-f16, webgpu"),
        ("web --require node,nod", 2, "there is no runtime nod", "there are python, node, browser"),
        (
            "web --labels y.npy",
            2,
            "--labels without --inputs cannot be compared",
            "give the inputs that they are for",
        ),
        ("web --inputs nowhere", 2, "nowhere does not exist", ""),
        ("nowhere", 31, "nowhere does not exist", "give a model file, or a folder with model.json"),
        ("web --format onnx", 2, "there is no format onnx", f"there are {', '.join(verify.FORMATS)}"),
        (
            "a.yml",
            31,
            "a.yml is no model; this is a recipe",
            "`tfjs-workflow convert a.yml` converts and verifies; `verify` takes one model",
        ),
        (
            "a.yaml",
            31,
            "a.yaml is no model; this is a recipe",
            "`tfjs-workflow convert a.yaml` converts and verifies; `verify` takes one model",
        ),
        (
            "a.onnx",
            31,
            "a.onnx is no model that can be told: nothing is known of files that end in `.onnx`",
            f"say what it is: --format with {', '.join(verify.FORMATS)}",
        ),
        (
            "tmp",
            31,
            "tmp is no model that can be told: the folder holds neither model.json nor saved_model.pb",
            f"say what it is: --format with {', '.join(verify.FORMATS)}",
        ),
    ],
)
def test_what_cannot_be_verified_is_refused_with_what_to_do(
    words: str, code: int, error: str, hint: str, *, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.yml", "a.yaml", "a.onnx"):
        (models / name).touch()
    assert guarded(["verify", *words.split()]) == code
    lines = [f"error: {error}", *([f"what to do: {hint}"] if hint else [])]
    assert capsys.readouterr().err.splitlines() == lines


@pytest.mark.usefixtures("models")
def test_a_source_that_is_broken_is_told_before_anything_is_verified(
    asked: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("graph/group1-shard1of4.bin").unlink()
    assert guarded(["verify", "web", "--against", "graph"]) == 31
    assert "group1-shard1of4.bin" in capsys.readouterr().err
    assert asked == []


def spoiled(outputs: dict[str, Any], _: object) -> dict[str, Any]:
    return {name: array + 0.5 for name, array in outputs.items()}


@pytest.mark.usefixtures("models")
def test_a_model_that_answers_alike_everywhere_passes_and_workers_are_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workers = running(monkeypatch)
    assert guarded(["verify", "web", "--against", "graph", "--locate"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-2:] == [
        "nothing to locate: no output differs by more than is allowed",
        "verdict: passed",
    ]
    assert printed.err == ""
    assert workers.closed == 1
    assert list(Path("tmp").iterdir()) == []


@pytest.mark.usefixtures("models")
def test_what_differs_is_located_and_what_shows_it_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workers = running(monkeypatch, wrong=spoiled)
    assert guarded(["verify", "web", "--against", "web.h5", "--runtime", "node", "--locate"]) == 44
    printed = capsys.readouterr()
    (kept,) = Path("tmp").iterdir()
    assert kept.name.startswith("tfjs-located-")
    (again,) = [line for line in printed.out.splitlines() if line.startswith("to see it again: ")]
    assert str(kept) in again
    assert "located in node wasm with " in printed.out
    error, hint = printed.err.splitlines()  # no details: all of it is on the screen
    assert error.startswith(
        "error: web: outputs: run in node wasm on the same inputs, the output third differs by up to 0.5"
    )
    assert hint.startswith("what to do: ")
    assert workers.closed == 1


@pytest.mark.usefixtures("models")
def test_the_hint_of_a_failure_is_a_command_that_asks_the_same_and_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(monkeypatch, wrong=spoiled)
    assert guarded(["verify", "web", "--runtime", "node"]) == 44
    alone = capsys.readouterr().err
    assert guarded(["verify", "web", "--runtime", "node", "--against", "web.h5", "--inputs", "x.npy"]) == 44
    compared = capsys.readouterr().err
    assert "tfjs-workflow verify web --locate" in alone
    assert f"tfjs-workflow verify web --against web.h5 --inputs {Path('x.npy').absolute()} --locate" in compared


@pytest.mark.usefixtures("models")
def test_a_failure_for_programs_is_one_object_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(monkeypatch, wrong=spoiled)
    assert guarded(["verify", "web", "--runtime", "node", "--locate", "--json"]) == 44
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["artifact"], told["against"]) == ("failed", "web", None)
    assert told["located"]["place"] == "node wasm"


@pytest.mark.usefixtures("models")
def test_a_model_that_nothing_runs_is_a_failure_with_the_way_to_run_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(monkeypatch, silent="it has string inputs")
    assert guarded(["verify", "web"]) == 45
    captured = capsys.readouterr()
    assert captured.err.startswith("error: web: it was run nowhere (the level `outputs` says why)")


@pytest.mark.parametrize(("wrong", "looked"), [(None, False), (spoiled, True)])
@pytest.mark.usefixtures("models")
def test_where_a_failure_may_be_for_want_of_room_the_disk_is_looked_at(
    wrong: Callable[..., Any] | None, *, looked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def full(folder: Path) -> None:
        asked.append(folder)
        raise StorageError("the disk is full")

    workers = running(monkeypatch, wrong=wrong)
    monkeypatch.setattr(disk, "require_room", full)
    assert guarded(["verify", "web", "--runtime", "node", "--runtime", "python"]) == (36 if looked else 0)
    assert bool(asked) == looked
    assert workers.closed == 1


@pytest.mark.parametrize(("given", "limit"), [(None, 600.0), (7.0, 7.0)])
def test_the_places_are_those_of_the_environment_with_a_limit_and_a_log_of_their_own(
    given: float | None, limit: float, tmp_path: Path
) -> None:
    case = Case(Subject(tmp_path, "keras"), None, Verification(), tmp_path, timeout=given)
    places, workers = verify._places_for(case, "tfjs")
    logs = locations.home() / "logs"
    assert (places.timeout, places.log) == (limit, logs / "verify.log")
    assert places.runtimes is workers.runtimes()
    assert places.worker == workers.warm
    assert places.keras3() is None
    assert places.listener is not None
    assert workers.facts() == {"name": "tfjs"}
    workers.close()


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("verify")
