"""The commands ``convert`` and ``plan``: from the command line to a run, and from its outcome to an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.base.errors import InterruptedRunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.environment import Wishes
    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome, Selection
    from workflow.runs.watching import Watcher

EVERY_STEP = "*"
_LONGEST_SECONDS = 1e9
_BUG = 1
"""The exit code of a run in which something of ours is broken, whatever else failed in it."""

RecipeArgument = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of one in recipes/ (mobilenet.yml).")
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="STEP", help="Run this step alone; may be repeated.")
]
FromOption = Annotated[str | None, typer.Option("--from", metavar="STEP", help="Start at this step.")]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="STEP", help="Stop after this step.")]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force",
        metavar="[STEP]",
        help="Run even if up to date, every step or the named one; a foreign output is set aside, not deleted.",
    ),
]


def with_bare_force(arguments: list[str]) -> list[str]:
    """Give a ``--force`` that names no step the value that stands for all of them.

    A word behind ``--force`` is a step's name unless it is an option, a path, or the name of a recipe file.
    """
    found: list[str] = []
    for position, word in enumerate(arguments):
        following = arguments[position + 1] if position + 1 < len(arguments) else "-"
        bare = following.startswith("-") or "/" in following or following.endswith((".yml", ".yaml"))
        found.append(f"--force={EVERY_STEP}" if word == "--force" and bare else word)
        if word == "--":
            return found + arguments[position + 1 :]
    return found


def convert(
    recipe: RecipeArgument,
    *,
    only: OnlyOption = None,
    first: FromOption = None,
    last: UntilOption = None,
    force: ForceOption = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure, run what does not depend on it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="The same as `plan`.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds a step may take that sets no limit itself.")
    ] = None,
    manager: Annotated[str | None, typer.Option(help="How to make the environment; see `env create --help`.")] = None,
    mirror: Annotated[str | None, typer.Option(help="Conda mirror: a URL, or tuna.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Make the environment from caches alone.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse an environment that is not conda with Python 3.8.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's record as JSON on standard output.")] = False,
) -> None:
    """Run the steps of a recipe: convert, check, publish."""
    from workflow.environment import Wishes  # noqa: PLC0415  loaded for runs only, to keep --help fast

    if timeout is not None and not timeout < _LONGEST_SECONDS:
        raise UsageError(f"--timeout {timeout:g} is no limit", hint="give a number of seconds, such as 600")
    loaded, selection = _load(recipe, only=only, first=first, last=last, force=force)
    if dry_run:
        _print_plan(loaded, selection, as_json=as_json)
        return
    from workflow.cli.screens import watcher_for  # noqa: PLC0415  as above

    wishes = Wishes(manager=manager, strict=strict, offline=offline, mirror=mirror)
    watcher = watcher_for(loaded, quiet=quiet, as_json=as_json)
    outcomes = _execute(loaded, selection, wishes, watcher, keep_going=keep_going, timeout=timeout)
    codes = [outcome.error.exit_code for outcome in outcomes if outcome.error is not None]
    if codes:
        raise typer.Exit(_BUG if _BUG in codes else codes[0])


def plan(
    recipe: RecipeArgument,
    *,
    only: OnlyOption = None,
    first: FromOption = None,
    last: UntilOption = None,
    force: ForceOption = None,
    commands: Annotated[
        bool, typer.Option("--commands", help="Print the tensorflowjs_converter line of each step.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Show what `convert` would do and why; changes nothing."""
    loaded, selection = _load(recipe, only=only, first=first, last=last, force=force)
    if commands:
        _print_commands(loaded, selection)
    else:
        _print_plan(loaded, selection, as_json=as_json)


def _load(
    text: str, *, only: list[str] | None, first: str | None, last: str | None, force: list[str] | None
) -> tuple[Recipe, Selection]:
    from workflow import recipe as recipes  # noqa: PLC0415  yaml costs time that --help does not have
    from workflow.runs.tasks import Selection  # noqa: PLC0415  as above

    loaded = recipes.load(recipes.find(text))
    forced = tuple(name for name in force or () if name != EVERY_STEP)
    selection = Selection(tuple(only or ()), first, last, forced, force_all=EVERY_STEP in (force or ()))
    _check_names(loaded, selection)
    return loaded, selection


def _check_names(recipe: Recipe, selection: Selection) -> None:
    import difflib  # noqa: PLC0415  as above

    from workflow.runs.tasks import tasks_of  # noqa: PLC0415  as above

    known = [task.name for task in tasks_of(recipe)]
    for name in selection.names():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"{recipe.path.name} has no step {name!r}", hint=f"{hint}its steps: {', '.join(known)}")
    if selection.first and selection.last and known.index(selection.first) > known.index(selection.last):
        raise UsageError(
            f"--from {selection.first} comes after --until {selection.last}", hint=f"order: {', '.join(known)}"
        )


def _execute(
    recipe: Recipe,
    selection: Selection,
    wishes: Wishes,
    watcher: Watcher,
    *,
    keep_going: bool,
    timeout: float | None,
) -> Sequence[Outcome]:
    from workflow.runs.journal import journal_folder  # noqa: PLC0415  for runs only
    from workflow.runs.runner import Manner, Runner  # noqa: PLC0415  as above
    from workflow.runs.workers import EnvironmentWorkers  # noqa: PLC0415  as above

    logs = journal_folder(recipe) / "logs"
    workers = EnvironmentWorkers(recipe.environment, wishes, logs=logs, listener=watcher)
    runner = Runner(recipe, workers, watcher, manner=Manner(keep_going, timeout))
    try:
        return runner.execute(selection)
    except KeyboardInterrupt:
        raise InterruptedRunError(
            "interrupted; every finished step is kept", hint="run the same command again"
        ) from None


def _print_plan(recipe: Recipe, selection: Selection, *, as_json: bool) -> None:
    from workflow import environment  # noqa: PLC0415  as above
    from workflow.cli.console import print_json  # noqa: PLC0415  as above
    from workflow.cli.plans import plan_json, print_plan  # noqa: PLC0415  as above
    from workflow.runs import planning  # noqa: PLC0415  as above

    tasks = planning.plan(recipe, selection, environment=environment.lock_digest())
    if as_json:
        print_json(plan_json(recipe, tasks))
    else:
        print_plan(recipe, tasks, ready=environment.find(recipe.environment) is not None)


def _print_commands(recipe: Recipe, selection: Selection) -> None:
    from workflow.cli.console import echo  # noqa: PLC0415  as above
    from workflow.cli.plans import command_lines  # noqa: PLC0415  as above

    for line in command_lines(recipe, selection, Path.cwd()):
        echo(line)
