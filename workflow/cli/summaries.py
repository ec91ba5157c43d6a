"""The end of a run for people: one table of steps, sizes and numbers, and what degraded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from workflow.cli.console import console, size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from workflow.recipe.model import Recipe
    from workflow.running.watching import Outcome

_STYLES = {"done": "green", "up to date": "dim", "failed": "bold red", "not run": "yellow"}


def check_text(facts: dict[str, Any]) -> str:
    """Return the numbers of a step's check in a few words: difference, agreement, accuracy, or why there are none."""
    check = facts.get("check") or {}
    if check.get("not_run"):
        return f"not run: {check['not_run']}"
    if "max_abs" not in check:
        return ""
    parts = [f"max difference {check['max_abs']:.2g}"]
    if check.get("top1") is not None:
        parts.append(f"top-1 agrees {check['top1']:.1%}")
    if check.get("accuracy"):
        parts.append(f"accuracy {check['accuracy']['source']:.2%} -> {check['accuracy']['result']:.2%}")
    return ", ".join(parts)


def print_summary(recipe: Recipe, outcomes: list[Outcome], *, seconds: float) -> None:
    """Print the table of a run and one line of totals on standard output."""
    screen = console()
    screen.print(_table(outcomes))
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in _STYLES}
    totals = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    screen.print(f"{recipe.name}: {totals} in {seconds:.1f} s", style="bold")
    screen.print(f"results: {_places(recipe, outcomes)}", markup=False)
    for outcome in outcomes:
        if outcome.facts.get("degraded"):
            screen.print(f"! {outcome.decision.task.name}: {outcome.facts['degraded']}", style="yellow", markup=False)


def _places(recipe: Recipe, outcomes: list[Outcome]) -> str:
    """Return the folders that hold the results, seen from the recipe's base folder where they lie below it."""
    folders = dict.fromkeys(outcome.decision.task.output.parent for outcome in outcomes)
    shown = [folder.relative_to(recipe.base) if folder.is_relative_to(recipe.base) else folder for folder in folders]
    return ", ".join(str(folder) for folder in shown)


def _table(outcomes: list[Outcome]) -> Table:
    from rich import box  # noqa: PLC0415  rich.table costs 30 ms that --help does not have
    from rich.table import Table  # noqa: PLC0415  as above

    compared = any("max_abs" in _check(outcome) for outcome in outcomes)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=_CAPTION if compared else None, caption_justify="left")
    shown = [column for column in _COLUMNS if column[0] not in _OPTIONAL or any(column[2](each) for each in outcomes)]
    for heading, side, _ in shown:
        table.add_column(heading, justify=side, overflow="fold")
    for outcome in outcomes:
        table.add_row(*(text(outcome) for _, _, text in shown))
    return table


def _status(outcome: Outcome) -> str:
    return f"[{_STYLES[outcome.status]}]{outcome.status}[/]"


def _time(outcome: Outcome) -> str:
    return f"{outcome.seconds:.1f} s" if outcome.status in ("done", "failed") else ""


def _sizes(outcome: Outcome) -> str:
    if not outcome.bytes_after:
        return ""
    after = size_text(outcome.bytes_after)
    return f"{size_text(outcome.bytes_before)} -> {after}" if outcome.bytes_before else after


def _check(outcome: Outcome) -> dict[str, Any]:
    return outcome.facts.get("check") or {}


def _difference(outcome: Outcome) -> str:
    check = _check(outcome)
    if check.get("not_run"):
        return "[yellow]not run[/]"
    return f"{check['max_abs']:.2g}" if "max_abs" in check else ""


def _agreement(outcome: Outcome) -> str:
    top1 = _check(outcome).get("top1")
    return "" if top1 is None else f"{top1:.1%}"


def _accuracy(outcome: Outcome) -> str:
    accuracy = _check(outcome).get("accuracy")
    return f"{accuracy['source']:.2%} -> {accuracy['result']:.2%}" if accuracy else ""


_CAPTION = "difference, top-1 and accuracy: the result against its source, both run in Python on the same inputs"
_OPTIONAL = ("size", "max difference", "top-1", "accuracy")
_COLUMNS: tuple[tuple[str, Literal["left", "right"], Callable[[Outcome], str]], ...] = (
    ("step", "left", lambda outcome: outcome.decision.task.name),
    ("result", "left", _status),
    ("time", "right", _time),
    ("size", "right", _sizes),
    ("max difference", "right", _difference),
    ("top-1", "right", _agreement),
    ("accuracy", "right", _accuracy),
)
