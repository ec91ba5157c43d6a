"""Every screen in its colours, as a terminal shows it, and the command line as it is declared, option by option.

Colours are written as markup: ``[bold red]error: [/bold red]``. What is piped, and so has none, is in data/screens.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import typer
from rich.text import Text

from tests.unit.cli import test_golden_screens as samples
from tests.unit.golden.store import stored
from workflow.base.errors import ModelFileError, UnhealthyError, UsageError, WorkflowError
from workflow.bridge import enclosure
from workflow.cli import console, env_screens, main, plans, screens, verify_screens
from workflow.cli.commands import report
from workflow.cli.summaries import print_summary
from workflow.environment import Environment, EnvironmentEntry, claims
from workflow.environment.health import Check
from workflow.recipe import load
from workflow.report.comparing import Change
from workflow.runs import planning
from workflow.runs.tasks import Selection
from workflow.verification.evidence import Evidence, Finding, LevelReport, PlaceReport
from workflow.verification.levels import Case
from workflow.verification.requests import NotRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.runs.tasks import Task

    Json = dict[str, Any]

FILE = "screens.json"
_CLOCK = re.compile(r" +\d+\.\ds ")


def all_screens(folder: Path) -> Json:
    """Return every screen by its name; the folder is called FOLDER."""
    found = {
        "commands": _commands(),
        "verifications": _verifications(),
        "narrow": {str(width): _shown(_places, width=width) for width in (50, 70, 90, 100, 110, 120, 130, 140)},
        "runs": _runs(folder / "runs"),
        "plans": _plans(folder / "plans"),
        "environments": _environments(folder / "environments"),
        "failures": {name: _shown(console.show, one) for name, one in _FAILURES.items()},
        "news": {name: _shown(tell) for name, tell in _NEWS.items()},
        "compared": {name: _shown(report._print_changes, one, total=7) for name, one in _CHANGES.items()},
    }
    told: Json = _placed(found, str(folder))
    return told


def _placed(value: Any, folder: str) -> Any:
    if isinstance(value, dict):
        return {key: _placed(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, folder) for each in value]
    return value.replace(folder, "FOLDER") if isinstance(value, str) else value


def _shown(act: Callable[..., object], *words: object, width: int = 140, **more: object) -> list[str]:
    """Return the lines that something prints to a terminal of this width, those of standard error behind a mark."""
    out, err = io.StringIO(), io.StringIO()
    terminal = {"COLUMNS": str(width), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    with mock.patch.dict(os.environ, terminal), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.environ.pop("NO_COLOR", None)
        _forget_consoles()
        try:
            act(*words, **more)
        except WorkflowError as error:
            facts = (error.message, error.hint, error.details.replace("\n", " / "), f"answered: {error.answered}")
            console.echo(f"-> {type(error).__name__}: {' | '.join(facts)}")
    _forget_consoles()
    told = [("", line) for line in out.getvalue().splitlines()] + [
        ("2> ", line) for line in err.getvalue().splitlines()
    ]
    return [f"{mark}{_CLOCK.sub(' CLOCK ', Text.from_ansi(line).markup.rstrip())}" for mark, line in told]


def _json(act: Callable[..., object], *words: object) -> Any:
    """Return what is printed for programs, the failure behind it in words."""
    told = _shown(act, *words)
    end = max(number for number, line in enumerate(told) if line in ("}", "]", "[]")) + 1
    return [json.loads("".join(told[:end])), *told[end:]]


def _forget_consoles() -> None:
    console.console.cache_clear()
    console.error_console.cache_clear()


# The command line


def require_declared(*names: str) -> None:
    """Fail where one of these commands is declared otherwise than in the golden file; no name is the whole."""
    found, wanted = _commands(), stored(FILE)["commands"]
    assert {name: found[name] for name in names} == {name: wanted[name] for name in names}


def _commands() -> Json:
    root: Any = typer.main.get_command(main._app(list(main._MODULES)))
    environments = root.commands["env"]
    return {
        "": _command(root),
        **{name: _command(one) for name, one in root.commands.items()},
        **{f"env {name}": _command(one) for name, one in environments.commands.items()},
    }


def _command(command: Any) -> Json:
    return {
        "help": command.help,
        "help without words": command.no_args_is_help,
        "settings": {key: str(value) for key, value in command.context_settings.items()},
        "options": {one.name: _option(one) for one in command.params},
    }


def _option(one: Any) -> list[str]:
    limits = [
        f"{name} {getattr(one.type, name)}" for name in ("min", "max") if getattr(one.type, name, None) is not None
    ]
    words = ("required", "multiple", "is_eager", "hidden")
    facts = [word for word in words if getattr(one, word, False)]
    shown = getattr(one, "show_default", True)
    return [
        " ".join([*one.opts, *one.secondary_opts]),
        one.help or "",
        f"{one.metavar or ''} {one.type.name} {one.nargs} = {one.default!r}".strip(),
        *limits,
        *facts,
        *([] if shown is True else [f"shows {shown}"]),
    ]


# Verifications

_BARE = Case(samples.WEB, None, samples.CASE.settings, Path("/m"))
_PASSED = Evidence(
    (
        LevelReport("structure", "passed", seconds=1.5),
        LevelReport("weights", "passed", facts={"tensors": 7, "bit_equal": 7, "quantized": 0}),
        LevelReport("weights", "passed", facts={}, seconds=0.0004),
        LevelReport("outputs", "passed", facts={"samples": 4, "places": []}),
        LevelReport("outputs", "passed", facts={}, seconds=2.0),
        LevelReport("contract", "not applicable", why="there is no source"),
        LevelReport("outputs", "no proof", findings=tuple(Finding(f"row {number}") for number in range(5))),
    ),
    samples.RUNS[:1],
)


def _verifications() -> Json:
    reports: dict[str, tuple[Case, Evidence, Any]] = {
        "failed": (samples.CASE, samples.FAILED, samples.ANSWER),
        "passed": (_BARE, _PASSED, None),
        "incomplete": (samples.CASE, Evidence(samples.LEVELS[:1], samples.RUNS[2:]), NotRun("no cut differs", "")),
        "no proof": (_BARE, Evidence((LevelReport("outputs", "no proof", why="all alike"),)), None),
        "not run": (_BARE, Evidence((LevelReport("outputs", "not run", why="nobody"),)), None),
    }
    return {
        **{name: _shown(verify_screens.print_report, *one) for name, one in reports.items()},
        "as JSON": {name: _json(verify_screens.print_json, *reports[name]) for name in ("failed", "no proof")},
    }


def _places() -> None:
    outputs = [samples.output("a_name_of_an_output_that_is_long", top1=1.0, top5=1.0), samples.output("b", bound=None)]
    more = {"runtime": "node", "backend": "cpu", "status": "failed", "outputs": outputs, "timings": {"median_ms": 0.25}}
    runs = (*samples.RUNS, PlaceReport.from_json({**more, "accuracy": {"source": 0.5, "result": 0.25}}))
    console.console().print(verify_screens.places_table(Evidence((), runs)))


# Runs and plans


def _runs(base: Path) -> Json:
    base.mkdir()
    path = base / "all.yml"
    path.write_text(
        "name: all\nsteps:\n"
        "  - python_to_js: {input: a.h5, output: out/web}\n"
        "  - shard: {input: out/web, output: out/sharded, shard_size: 1MB}\n"
        "  - graph: {input: a.h5, output: out/graph}\n"
        "  - quantize: {input: out/web, output: out/small, dtype: uint8}\n",
        encoding="utf-8",
    )
    recipe = load(path, check_files=False)
    outcomes = samples.outcomes(recipe)
    small = {"quantization": {"globs": [samples.PATTERN]}, "declined": "x is a GRU", "said": ["the output is y"]}
    outcomes += [
        outcomes[0].replaced(facts=small, bytes_before=0),
        outcomes[2].replaced(facts=small, error=None),
    ]

    def run(screen: Any) -> None:
        screen.planned([each.task for each in outcomes])
        screen.say("between two steps")
        screen.advance("weights", 5, 10)
        for each in outcomes:
            screen.ended(each)
        screen.stopped()
        screen.finished(outcomes, {"seconds": 54.1})

    plain = {"check": {"runs": samples.WITHOUT_ACCURACY[:1]}}
    few = (outcomes[3:4], outcomes[4:5], [outcomes[0].replaced(facts=plain, jobs=())])

    def choose() -> None:
        console.echo(type(screens.watcher_for(recipe, quiet=False, as_json=False)).__name__)

    every = (screens.QuietScreen(), screens.JsonScreen(), screens.PlainScreen(recipe), screens.LiveScreen(recipe))
    return {
        **{type(screen).__name__: _shown(run, screen, width=180) for screen in every},
        **{str(number): _shown(print_summary, recipe, one, seconds=1.0) for number, one in enumerate(few)},
        "on a terminal": _shown(choose),
    }


_MODELS = {
    "fetched": "{url: 'https://me:s3cret@host/a.h5?sig=t0ken', sha256: " + "a" * 64 + ", output: m.h5}",
    "scripted": "{script: train.py, output: m.h5}",
    "application": "{keras_application: MobileNet, weights: imagenet, output: m.h5}",
    "own weights": "{keras_application: MobileNet, weights: my/weights.h5, output: m.h5}",
}
_STEPS = """
  - python_to_js: {input: m.h5, output: out/web, format: auto}
  - shard: {input: out/web, output: out/sharded, shard_size: 1MB}
  - graph: {input: other.h5, output: ../elsewhere, name: a_longer_name}
  - convert: {input: 'https://tfhub.dev/google/x/1?a=b', output: hub, from: tf_hub, to: tfjs_graph_model}
"""


def _plans(base: Path) -> Json:
    base.mkdir()
    found: Json = {}
    for name, model in _MODELS.items():
        path = base / f"{name.replace(' ', '_')}.yml"
        path.write_text(f"model: {model}\nsteps:{_STEPS}", encoding="utf-8")
        recipe = load(path, check_files=False)
        tasks = [
            _decided(task, number) for number, task in enumerate(planning.plan(recipe, Selection(), environment=""))
        ]
        first, last = tasks[:1], [task.replaced(runs=False) for task in tasks]
        found[name] = {
            "screen": _shown(plans.print_plan, recipe, tasks, ready=False),
            "of the model": _shown(plans.print_plan, recipe, first, ready=False),
            "with an environment": _shown(plans.print_plan, recipe, first, ready=True),
            "nothing to do": _shown(plans.print_plan, recipe, last, ready=False),
            "JSON": json.loads(plans.plan_json(recipe, tasks)),
            "by hand": plans.command_lines(recipe, Selection(), base),
            "by hand, elsewhere": plans.command_lines(recipe, Selection(), Path("/elsewhere")),
        }
    return found


def _decided(task: Task, number: int) -> Task:
    if number == 2:
        return task.replaced(refused="nothing shows that it is ours")
    return task.replaced(runs=False, reasons=("as before", "and intact")) if number == 1 else task


# Environments

_DIGEST = "0123456789abcdef" * 4


def _entry(folder: Path, name: str, status: Any, **more: Any) -> EnvironmentEntry:
    prefix = folder / (name if more.get("current", True) else f"{name}@{_DIGEST[:8]}")
    if status in ("ready", "stale", "broken"):
        (prefix / "bin").mkdir(parents=True)
        (prefix / "bin" / "python").write_bytes(b"x" * 2345)
        facts = ("embedded", "3.8.20", "full", _DIGEST, ("no conda environment", "another Python"))
        made = Environment(name, prefix, prefix / "bin" / "python", *facts)
        more |= {"environment": made, "created": "2026-01-02", "tool_version": "0.1.0", "platform": "linux-64"}
    return EnvironmentEntry(name, prefix, status, **more)


def _environments(folder: Path) -> Json:
    entries = [
        _entry(folder, "tfjs", "ready"),
        _entry(folder, "old", "stale", reason="it is of another lock", current=False),
        _entry(folder, "hurt", "broken", reason="python is gone"),
        _entry(folder, "half", "partial", reason="it was never finished"),
        _entry(folder, "mine", "foreign", reason="it was not made here", current=False),
    ]
    ready = entries[0].environment
    assert ready is not None
    known: dict[str, Any] = {
        "parties": lambda key: [claims.Party("process 7", "use")] if key == "tfjs" else [],
        "last_used": lambda key: None if key == "half" else 1_800_000_000.0,
    }
    checks = [
        Check("python --version", "python --version", 0.25, "ok", "Python 3.8.20"),
        Check("pip check", "pip check", 12.34, "marked", "", note="of another Python"),
        Check("import", "python -c", 1.0, "failed", "\n".join(f"line {number}" for number in range(20))),
        Check("converter", "converter -h", 1.0, "failed", "", mend="mend it so"),
    ]
    acts: dict[str, Callable[[], object]] = {
        "ready": lambda: env_screens.print_ready(ready),
        "another is ready": lambda: env_screens.print_ready(ready.replaced(name="second", caveats=())),
        "list": lambda: env_screens.print_list(entries, as_json=False),
        "ours": lambda: env_screens.print_list(entries[:1], as_json=False),
        "none": lambda: env_screens.print_list([], as_json=False),
        "list as JSON": lambda: env_screens.print_list(entries, as_json=True),
        "none as JSON": lambda: env_screens.print_list([], as_json=True),
        "info": lambda: env_screens.print_info(entries[0], as_json=False),
        "info of another's": lambda: env_screens.print_info(entries[1], as_json=False),
        "info of half": lambda: env_screens.print_info(entries[3], as_json=False),
        "info as JSON": lambda: env_screens.print_info(entries[0], as_json=True),
        "info of half as JSON": lambda: env_screens.print_info(entries[3], as_json=True),
        "sound": lambda: env_screens.print_checks(ready, checks[:2], as_json=False),
        "checks": lambda: env_screens.print_checks(ready, checks, as_json=False),
        "a check to mend": lambda: env_screens.print_checks(ready, checks[3:], as_json=False),
        "checks as JSON": lambda: env_screens.print_checks(ready, checks, as_json=True),
        "may these go": lambda: env_screens.confirmed(entries, yes=False),
        "they may": lambda: console.echo_json(env_screens.confirmed(entries, yes=True)),
        "code": lambda: env_screens.print_code("export A=1\n", 'eval "$(tool)"'),
    }
    with (
        mock.patch.dict(os.environ, {"TFJS_WORKFLOW_HOME": str(folder / "home"), "SHELL": "/bin/zsh"}),
        mock.patch.multiple(claims, **known),
        mock.patch.object(enclosure, "described", return_value=["a wall of two parts", "missing: a third"]),
        mock.patch.object(time, "localtime", time.gmtime),
        mock.patch("sys.stdin", io.StringIO()),
    ):
        return {name: (_json if name.endswith("JSON") else _shown)(act) for name, act in acts.items()}


# Failures, news, comparisons

_FAILURES = {
    "bare": WorkflowError("it failed"),
    "whole": ModelFileError("web: it is\n  broken", hint="mend\n it", details="one\ntwo\n", log="/logs/a b.log"),
    "said already": UsageError("a and b differ", details="a\nb"),
    "blank details": UnhealthyError("it failed", details=" \n "),
    "hostile": UsageError("::error::\x1b[31m https://me:s3cret@host/?t0ken", hint="\x1b]0;x\x07", details="##[group]"),
}


def _told(*, quiet: bool, later: bool = False) -> None:
    clock = iter([0.0, *(number * 1.5 if later else 0.0 for number in range(1, 20))])
    with mock.patch("workflow.cli.console.time.monotonic", side_effect=clock):
        listener = console.ConsoleListener(quiet=quiet)
        listener.say("at work on https://me:s3cret@host/a")
        listener.warn("it is \x1b[31mred")
        for done in (0, 10, 20, 30, 40):
            listener.advance("weights", done, 40)
        listener.advance("conda packages installed", 3, 0)
        listener.advance("nothing", 0, 0)


_NEWS: dict[str, Callable[[], object]] = {
    "loud": lambda: _told(quiet=False),
    "quiet": lambda: _told(quiet=True),
    "slow": lambda: _told(quiet=False, later=True),
    "slow and quiet": lambda: _told(quiet=True, later=True),
    "to programs": lambda: console.echo("plain ::error:: https://me:s3cret@host/\x1b[31m"),
    "to programs, an error": lambda: console.echo("plain", error=True),
    "JSON": lambda: console.echo_json({"a": Path("/a"), "b": "\x1b[31m\u202e https://me:s3cret@host"}),
}
_SAME, _WORSE = Change("web", "verdict", "passed", "passed", "same"), Change("web", "size", "1 MB", "2 MB", "worse")
_CHANGES: dict[str, list[Change]] = {
    "nothing": [],
    "better": [_SAME, Change("web", "accuracy", "80.00%", "90.00%", "better")],
    "worse": [_WORSE, Change("small", "step", "absent", "there", "changed"), _WORSE],
}
