"""What is said for people of a step that has ended, and of the whole run: numbers, remarks, the table of all steps."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Literal, get_args

from workflow.base.records import Record
from workflow.base.wording import plural, size_text
from workflow.bridge.usage import peak
from workflow.catalogue.formats import RuntimeName
from workflow.cli.console import console, line
from workflow.verification.evidence import evidence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.table import Table
    from rich.text import Text

    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome
    from workflow.verification.evidence import Evidence, PlaceReport

_STYLES = {"done": "green", "up to date": "dim", "failed": "bold red", "not run": "yellow"}
_RUNTIMES = get_args(RuntimeName)
_ABSENT = ("not run", "yellow")

_MOST_ROWS = 4
_GOALS = {
    "max_error": lambda most: f"to an error of at most {most:g} in each weight",
    "max_bytes": lambda most: f"to at most {size_text(int(most))} of weights",
}

Cell = str | tuple[str, str]
"""A cell of the table: its text, and its style where it has one."""


class _Ended(Record):
    """How a task ended, and what its check found."""

    outcome: Outcome
    check: Evidence


def check_text(facts: Mapping[str, Any]) -> str:
    """Return what a step's check found in a few words: where it ran, difference, agreement, accuracy, or why not."""
    check = evidence_of(facts)
    if check.not_run:
        return "not run" if check.runs else f"not run: {check.not_run}"  # of places, the reason has been told
    if check.max_abs is None:
        return ""
    parts = [f"max difference {check.max_abs:.2g}"]
    if check.top1 is not None:
        parts.append(f"top-1 agrees {check.top1:.1%}")
    if check.accuracy:
        parts.append(f"accuracy {_shares(check)}")
    outputs = check.level("outputs")
    if outputs is not None and str(outputs.facts.get("keras3", "")).endswith(("too", "alone")):
        parts.append(str(outputs.facts["keras3"]))
    ran = [name for name in _RUNTIMES if any(run.status != "not run" for run in _runs(check, name))]
    absent = [name for name in _RUNTIMES if any(run.runtime == name for run in check.absent)]
    return f"{' '.join(ran)}: {', '.join(parts)}" + (f", not run in {' '.join(absent)}" if absent else "")


def ending(outcome: Outcome) -> str:
    """Return one line about how a task ended: time, sizes, numbers of its check, or the reason it did not run."""
    name = outcome.task.name
    if outcome.status in ("up to date", "not run"):
        return f"{name}: {outcome.status} ({'; '.join(outcome.task.reasons)})"
    if outcome.status == "failed":
        return f"{name}: failed after {outcome.seconds:.1f} s"
    sizes = size_text(outcome.bytes_after)
    if outcome.bytes_before:
        sizes = f"{size_text(outcome.bytes_before)} -> {sizes}"
    return " · ".join(part for part in (f"{name}: {outcome.seconds:.1f} s", sizes, check_text(outcome.facts)) if part)


def quantization_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return what each pattern caught in a few lines, also where a goal led to the patterns; the record has all."""
    quantization: dict[str, Any] = facts.get("quantization") or {}
    rows = quantization.get("globs")
    if rows is None:
        return []
    lines = [_row(row) for row in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        lines.append(f"... and {plural(len(rows) - _MOST_ROWS, 'pattern')} more, in the record beside the result")
    goals = [_GOALS[name](most) for name, most in (quantization.get("goal") or {}).items() if name in _GOALS]
    return [f"quantized {goals[0]}{_largest_error(quantization)}", *lines] if goals else lines


def detour_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return why a step went another way than the first, and what was found out for it on the way."""
    declined = facts.get("declined")
    by = "by the reference converter" if facts.get("engine") == "reference" else "as a graph model"
    return [*([f"{by}, because {declined}"] if declined else []), *map(str, facts.get("said") or ())]


def _row(row: Mapping[str, Any]) -> str:
    option = f"quantize_{row['dtype']}"
    caught = plural(len(row["quantized"]), "weight")
    sizes = f"{size_text(row['bytes_before'])} -> {size_text(row['bytes_after'])}"
    left = "".join(f"; {len(names)} not: {_why(reason, names)}" for reason, names in row["left"].items())
    return f"{option} {shlex.quote(row['glob'])}: {caught}, {sizes}{left}"


def _why(reason: str, names: list[str]) -> str:
    return f"{names[0]} {reason}" if len(names) == 1 else f"each {reason}"


def _largest_error(quantization: Mapping[str, Any]) -> str:
    errors = quantization.get("errors") or {}
    if not errors:
        return "; no weight can be made smaller so"
    return f"; the largest error of any weight is {max(errors.values()):.2g} (root mean square, relative to its values)"


def print_summary(recipe: Recipe, outcomes: list[Outcome], *, seconds: float) -> None:
    """Print the table of a run and one line of totals on standard output."""
    screen = console()
    ended = [_Ended(outcome, evidence_of(outcome.facts)) for outcome in outcomes]
    screen.print(_table(ended))
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _STYLES}
    totals = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    screen.print(line(f"{recipe.name}: {totals} in {seconds:.1f} s{_workers_part(outcomes)}"), style="bold")
    screen.print(line(f"results: {_places(recipe, outcomes)}"))
    for text in _caveats(ended):
        screen.print(line(f"! {text}"), style="yellow")


def _workers_part(outcomes: list[Outcome]) -> str:
    """Return what is to be said of the jobs that were done with TensorFlow: how many, and the memory that they took."""
    jobs = [job for outcome in outcomes for job in outcome.jobs]
    most = peak(jobs)
    return (
        f"; {plural(len(jobs), 'job')} in the converter environment, {size_text(most)} of memory at most"
        if most
        else ""
    )


def _caveats(ended: list[_Ended]) -> list[str]:
    """Return what degraded, and where results were not run, of which the reason was told when it was met."""
    outcomes = [each.outcome for each in ended]
    found = [f"{each.task.name}: {each.facts['degraded']}" for each in outcomes if each.facts.get("degraded")]
    absent: dict[str, list[str]] = {}
    for each in ended:
        places = dict.fromkeys(run.runtime for run in each.check.absent)
        if places:
            absent.setdefault(" and ".join(places), []).append(each.outcome.task.name)
    return found + [f"NOT RUN in {places}: {', '.join(names)} (why is said above)" for places, names in absent.items()]


def _places(recipe: Recipe, outcomes: list[Outcome]) -> str:
    """Return the folders that hold the results, seen from the recipe's base folder where they lie below it."""
    folders = dict.fromkeys(outcome.task.output.parent for outcome in outcomes)
    shown = [folder.relative_to(recipe.base) if folder.is_relative_to(recipe.base) else folder for folder in folders]
    return ", ".join(str(folder) for folder in shown)


def _table(ended: list[_Ended]) -> Table:
    from rich import box  # noqa: PLC0415  rich.table costs 30 ms that --help does not have
    from rich.table import Table  # noqa: PLC0415  as above

    shown = [column for column in _COLUMNS if column[0] not in _OPTIONAL or any(column[2](each) for each in ended)]
    caption = _caption([heading for heading, _, _ in shown])
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=caption or None, caption_justify="left")
    for heading, side, _ in shown:
        table.add_column(heading, justify=side, overflow="fold")
    for each in ended:
        table.add_row(*(_cell(text(each)) for _, _, text in shown))
    return table


def _caption(headings: list[str]) -> str:
    """Return what the figures under the headings mean, for those that are there."""
    runtimes = [heading for heading in headings if heading in _RUNTIMES]
    lines = [f"{', '.join(runtimes)}: {_DIFFERENCE}"] if runtimes else []
    meanings = [f"{heading}: {_MEANINGS[heading]}" for heading in headings if heading in _MEANINGS]
    return "\n".join([*lines, *(["; ".join(meanings)] if meanings else [])])


def _cell(cell: Cell) -> Text:
    from rich.text import Text  # noqa: PLC0415  as above

    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(line(text), style=style)


def _status(ended: _Ended) -> Cell:
    return ended.outcome.status, _STYLES[ended.outcome.status]


def _time(ended: _Ended) -> str:
    return f"{ended.outcome.seconds:.1f} s" if ended.outcome.status in ("done", "failed") else ""


def _sizes(ended: _Ended) -> str:
    outcome = ended.outcome
    if not outcome.bytes_after:
        return ""
    after = size_text(outcome.bytes_after)
    return f"{size_text(outcome.bytes_before)} -> {after}" if outcome.bytes_before else after


def _runs(check: Evidence, runtime: str) -> list[PlaceReport]:
    return [run for run in check.runs if run.runtime == runtime]


def _difference(runtime: str) -> Callable[[_Ended], Cell]:
    """Return what fills the column of a runtime: the largest difference over its backends, or that it did not run."""

    def text(ended: _Ended) -> Cell:
        runs = _runs(ended.check, runtime)
        figures = [output.max_abs for run in runs for output in run.outputs or ()]
        statuses = {run.status for run in runs}
        if not runs:
            return _ABSENT if ended.check.not_run and runtime == "python" else ""
        if statuses == {"not run"}:
            return _ABSENT
        worst = f"{max(figures):.2g}" if figures else "fails"
        return (worst, _STYLES["failed"]) if "failed" in statuses else worst

    return text


def _agreement(ended: _Ended) -> str:
    top1 = ended.check.top1
    return "" if top1 is None else f"{top1:.1%}"


def _accuracy(ended: _Ended) -> str:
    return _shares(ended.check)


def _shares(check: Evidence) -> str:
    """Return one share where all agree, else that of the source and of each place that differs; empty without any."""
    if check.accuracy is None:
        return ""
    shares = {str(run.place): run.accuracy for run in check.runs if run.accuracy}
    source = f"{check.accuracy.source:.2%}"
    others: dict[str, list[str]] = {}
    for place, share in shares.items():
        if share.result != share.source:
            others.setdefault(f"{share.result:.2%}", []).append(place)
    if not others:
        return source
    if list(map(len, others.values())) == [len(shares)]:
        return f"{source} -> {next(iter(others))}"
    return f"{source} -> " + "; ".join(f"{share} in {', '.join(places)}" for share, places in others.items())


_DIFFERENCE = "the largest difference from the source's answers to the same inputs, over all backends there"
_MEANINGS = {
    "top-1": "how often the top answer is the source's, where that is least",
    "accuracy": "one number where it stays the same",
}
_OPTIONAL = ("size", *_RUNTIMES, "top-1", "accuracy")
_COLUMNS: tuple[tuple[str, Literal["left", "right"], Callable[[_Ended], Cell]], ...] = (
    ("step", "left", lambda ended: ended.outcome.task.name),
    ("result", "left", _status),
    ("time", "right", _time),
    ("size", "right", _sizes),
    *((runtime, "right", _difference(runtime)) for runtime in _RUNTIMES),
    ("top-1", "right", _agreement),
    ("accuracy", "right", _accuracy),
)
