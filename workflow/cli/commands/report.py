"""The commands ``report`` and ``compare``."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.base import bugs
from workflow.base.errors import UsageError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.recipe.recipes import Recipe
    from workflow.report.comparing import Change
    from workflow.report.record import RunRecord

_STYLES = {"same": "dim", "better": "green", "worse": "bold red", "changed": "yellow"}


def report(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe that has run.")],
    *,
    html: Annotated[Path | None, typer.Option(help="Where to write the page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown too.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON, nothing else.")] = False,
    links: Annotated[
        bool, typer.Option(help="Measure load times over simulated links; kept for the next time.")
    ] = True,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the page's path only.")] = False,
) -> None:
    """Measure the artifacts of the latest run and report on it: in the terminal and as one HTML page."""
    from workflow import recipe as recipes  # noqa: PLC0415  yaml costs time that --help does not have
    from workflow.cli.console import console, echo, line, print_json  # noqa: PLC0415  as above
    from workflow.report.forms import print_report  # noqa: PLC0415  as above
    from workflow.report.html import render  # noqa: PLC0415  as above

    loaded = recipes.load(recipes.find(recipe), check_files=False)
    record = _record(loaded, links=links, quiet=quiet or as_json)
    page = html or _folder(loaded) / "report.html"
    mistakes: list[WorkflowError] = []
    with _apart(mistakes):
        _write(page, render(record))
    with _apart(mistakes):
        _write_others(record, markdown=markdown, junit=junit)
    with _apart(mistakes):
        if as_json:
            print_json(record.to_json().rstrip("\n"))
        elif not quiet:
            print_report(record, console())
    if mistakes:
        raise mistakes[0]
    if not as_json:
        echo(line(f"{page}" if quiet else f"report: {page}"))
    if open_page:
        from workflow.cli.web_pages import open_page as show_page  # noqa: PLC0415  as above

        show_page(page.resolve().as_uri())


@contextlib.contextmanager
def _apart(mistakes: list[WorkflowError]) -> Iterator[None]:
    """Let a bug of ours in one part of a report be noted, so that the other parts are made."""
    try:
        yield
    except (WorkflowError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, it says nothing of the other parts
        mistakes.append(bugs.as_error(error))


def compare(
    before: Annotated[str, typer.Argument(metavar="RUN1", help="A recipe, RECIPE~1, a run's .json, or a report.html.")],
    after: Annotated[str, typer.Argument(metavar="RUN2", help="Likewise.")],
    *,
    every: Annotated[bool, typer.Option("--all", help="Show what is the same, too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the changes as JSON; with --all every figure.")
    ] = False,
) -> None:
    """Compare two runs: verdicts, sizes, differences, accuracy, speed.

    RECIPE~1 is the run before the last; runs that found everything up to date are not counted.
    """
    import dataclasses  # noqa: PLC0415  as above

    from workflow.cli.console import echo_json  # noqa: PLC0415  as above
    from workflow.report.comparing import compare as changes_between  # noqa: PLC0415  as above
    from workflow.report.run_files import record_of  # noqa: PLC0415  as above

    changes = changes_between(record_of(before), record_of(after))
    shown = [change for change in changes if every or change.tendency != "same"]
    if as_json:
        echo_json([dataclasses.asdict(change) for change in shown])
        return
    _print_changes(shown, total=len(changes))


def _record(recipe: Recipe, *, links: bool, quiet: bool) -> RunRecord:
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415  as above
    from workflow.report import run_files, run_reading  # noqa: PLC0415  as above
    from workflow.verification.measures import Wanted, measure  # noqa: PLC0415  as above

    run: dict[str, Any] = run_files.latest_run(recipe)
    if not run.get("steps"):
        hint = f"run it again, which goes on where it stopped: tfjs-workflow convert {recipe.path.name}"
        raise UsageError(f"the latest run of {recipe.path.name} ended before any of its steps did", hint=hint)
    wanted = Wanted(run_reading.artifacts(run), cut=run_reading.layers_step(run), with_links=links)
    found = measure(wanted, memory=_folder(recipe) / "measures.json", listener=ConsoleListener(quiet=quiet))
    return run_reading.read_run(run, measures=found)


def _folder(recipe: Recipe) -> Path:
    from workflow.runs.journal import journal_folder  # noqa: PLC0415  as above

    return journal_folder(recipe)


def _write_others(record: RunRecord, *, markdown: Path | None, junit: Path | None) -> None:
    """Write what was asked for, and the summary of a GitHub job where there is one."""
    from workflow.report.forms import junit_text, markdown_text  # noqa: PLC0415  as above

    if markdown is not None:
        _write(markdown, markdown_text(record))
    if junit is not None:
        _write(junit, junit_text(record))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown_text(record))


def _write(path: Path, text: str) -> None:
    from workflow.base.storage import as_bytes, storing, write_atomically  # noqa: PLC0415  as above

    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, as_bytes(text))


def _print_changes(changes: list[Change], *, total: int) -> None:
    from rich import box  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415  as above

    from workflow.cli.console import console, line  # noqa: PLC0415  as above

    if changes:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading, side in (
            ("step", "left"),
            ("figure", "left"),
            ("before", "right"),
            ("after", "right"),
            ("", "left"),
        ):
            table.add_column(heading, justify="right" if side == "right" else "left")
        for change in changes:
            tendency = Text(change.tendency, style=_STYLES[change.tendency])
            cells = (change.step, change.figure, change.before, change.after)
            table.add_row(*map(line, cells), tendency)
        console().print(table)
    worse = sum(change.tendency == "worse" for change in changes)
    console().print(f"{total} figures compared, {worse} worse", style="bold red" if worse else "bold")
