"""What ``convert`` and ``plan`` ask of a run, option by option, and what they make of its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.golden.screens import require_declared
from tests.unit.runs.recipes import write_layers_model
from workflow.base.errors import OutputsError, StorageError, WorkflowError
from workflow.cli import screens
from workflow.cli.boundary import guarded
from workflow.cli.commands import convert
from workflow.environment import Wishes
from workflow.runs import runner, workers
from workflow.runs.journal import journal_folder
from workflow.runs.runner import Manner
from workflow.runs.tasks import Outcome, Selection, tasks_of

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = """\
name: small
verify: off
steps:
  - shard: {input: web, output: out/sharded, shard_size: 4}
  - quantize: {input: out/sharded, output: out/small, dtype: uint8}
  - graph: {input: a.h5, output: out/graph}
"""


class Asked:
    """What was asked of a run, which ends as it is told to."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.errors: list[WorkflowError | None] = [None]
        self.interrupted = False


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()

    class Noting:
        def __init__(self, *words: Any, manner: Manner) -> None:
            self.recipe, pool, watcher = words
            found.facts |= {"manner": manner, "watcher": type(watcher), "workers": pool}

        def execute(self, selection: Selection) -> list[Outcome]:
            found.facts |= {"selection": selection}
            if found.interrupted:
                raise KeyboardInterrupt
            task = tasks_of(self.recipe)[0]
            return [Outcome(task, "failed" if error else "done", error=error) for error in found.errors]

    class Pool:
        def __init__(self, name: str, wishes: Wishes, **more: Any) -> None:
            found.facts |= {"name": name, "wishes": wishes, "logs": more["logs"], "listener": type(more["listener"])}

    monkeypatch.setattr(runner, "Runner", Noting)
    monkeypatch.setattr(workers, "EnvironmentWorkers", Pool)
    monkeypatch.chdir(tmp_path)
    write_layers_model(tmp_path / "web")
    (tmp_path / "a.h5").touch()
    (tmp_path / "small.yml").write_text(RECIPE)
    return found


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("", "manner", Manner()),
        ("--keep-going", "manner", Manner(keep_going=True)),
        ("--timeout 2.5", "manner", Manner(timeout=2.5)),
        ("--timeout 999999999", "manner", Manner(timeout=999_999_999.0)),
        ("", "wishes", Wishes()),
        ("--manager conda", "wishes", Wishes(manager="conda")),
        ("--mirror tuna", "wishes", Wishes(mirror="tuna")),
        ("--offline", "wishes", Wishes(offline=True)),
        ("--strict", "wishes", Wishes(strict=True)),
        ("", "selection", Selection()),
        ("--only shard --only graph", "selection", Selection(only=("shard", "graph"))),
        ("--from quantize", "selection", Selection(first="quantize")),
        ("--until quantize", "selection", Selection(last="quantize")),
        ("--from shard --until shard", "selection", Selection(first="shard", last="shard")),
        ("--force shard --force graph", "selection", Selection(forced=("shard", "graph"))),
        ("--force", "selection", Selection(force_all=True)),
        ("--force shard --force", "selection", Selection(forced=("shard",), force_all=True)),
        ("", "watcher", screens.PlainScreen),
        ("--quiet", "watcher", screens.QuietScreen),
        ("-q", "listener", screens.QuietScreen),
        ("--json", "watcher", screens.JsonScreen),
        ("", "name", "tfjs"),
    ],
)
def test_each_option_asks_for_one_thing(words: str, name: str, value: object, asked: Asked) -> None:
    assert guarded(["convert", "small.yml", *words.split()]) == 0
    assert asked.facts[name] == value


def test_the_workers_write_their_logs_beside_the_runs(asked: Asked) -> None:
    assert guarded(["convert", "small.yml"]) == 0
    loaded, _ = convert._load("small.yml", only=None, first=None, last=None, force=None)
    assert asked.facts["logs"] == journal_folder(loaded) / "logs"


STORAGE, OUTPUTS, BUG = StorageError("full"), OutputsError("other"), WorkflowError("a bug")


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([None], 0),
        ([STORAGE], 36),
        ([None, OUTPUTS, STORAGE], 44),
        ([STORAGE, None, OUTPUTS], 36),
        ([STORAGE, BUG], 1),
    ],
)
def test_the_code_is_that_of_the_first_failure_unless_something_of_ours_is_broken(
    errors: list[WorkflowError | None], code: int, asked: Asked
) -> None:
    asked.errors = errors
    assert guarded(["convert", "small.yml"]) == code


def test_an_interrupted_run_says_what_is_kept(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.interrupted = True
    assert guarded(["convert", "small.yml"]) == 130
    assert capsys.readouterr().err.splitlines() == [
        "error: interrupted; every finished step is kept",
        "what to do: run the same command again",
    ]


STEPS = "its steps: shard, quantize, graph"


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("--only shrad", "small.yml has no step 'shrad'", f"did you mean shard? {STEPS}"),
        ("--from nothing", "small.yml has no step 'nothing'", STEPS),
        ("--until qantize", "small.yml has no step 'qantize'", f"did you mean quantize? {STEPS}"),
        ("--force grahp", "small.yml has no step 'grahp'", f"did you mean graph? {STEPS}"),
        (
            "--from graph --until shard",
            "--from graph comes after --until shard",
            "order: shard, quantize, graph",
        ),
    ],
)
@pytest.mark.parametrize("command", ["plan", "convert"])
def test_steps_that_cannot_be_meant_are_refused(
    command: str, words: str, error: str, hint: str, *, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded([command, "small.yml", *words.split()]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {error}", f"what to do: {hint}"]
    assert asked.facts == {}


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e9"])
def test_a_limit_that_is_none_says_so(seconds: str, asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(["convert", "small.yml", "--timeout", seconds]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: --timeout {float(seconds):g} is no limit",
        "what to do: give a number of seconds, such as 600",
    ]
    assert asked.facts == {}


def test_a_dry_run_for_programs_is_the_plan_for_programs(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["small.yml", "--json", "--until", "quantize"]
    assert guarded(["plan", *words]) == 0
    planned = capsys.readouterr().out
    assert guarded(["convert", "-n", *words]) == 0
    assert capsys.readouterr().out == planned
    assert [step["step"] for step in json.loads(planned)["steps"]] == ["shard", "quantize"]
    assert asked.facts == {}


def test_a_plan_says_that_an_environment_is_to_be_made_while_there_is_none(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "environment tfjs is not ready: `convert` makes it first"
    assert guarded(["plan", "small.yml", "--only", "graph"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 of 1 to run", missing]
    monkeypatch.setattr("workflow.environment.find", lambda name: name)
    assert guarded(["plan", "small.yml", "--only", "graph"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 to run"
    assert asked.facts == {}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["--force", "r.yaml"], ["--force=*", "r.yaml"]),
        (["--force", "a/b"], ["--force=*", "a/b"]),
        (["--force", "-q"], ["--force=*", "-q"]),
        (["--force", "yml"], ["--force", "yml"]),
        (["--force", "--force", "a"], ["--force=*", "--force", "a"]),
        (["--force", "--", "--force"], ["--force=*", "--", "--force"]),
        (["x", "--force"], ["x", "--force=*"]),
        ([], []),
    ],
)
def test_what_stands_behind_force_decides_whether_it_names_a_step(typed: list[str], meant: list[str]) -> None:
    assert convert.with_bare_force(typed) == meant


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("convert", "plan")
