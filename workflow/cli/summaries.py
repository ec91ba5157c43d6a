"""The end of a run for people: one table of steps, sizes and numbers, and what degraded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.cli.console import console, size_text

if TYPE_CHECKING:
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
    for outcome in outcomes:
        if outcome.facts.get("degraded"):
            screen.print(f"! {outcome.decision.task.name}: {outcome.facts['degraded']}", style="yellow", markup=False)


def _table(outcomes: list[Outcome]) -> Table:
    from rich import box  # noqa: PLC0415  rich.table costs 30 ms that --help does not have
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("step", "result", "time", "size", "run in Python against its source"):
        table.add_column(name, justify="right" if name in ("time", "size") else "left", overflow="fold")
    for outcome in outcomes:
        table.add_row(
            outcome.decision.task.name,
            f"[{_STYLES[outcome.status]}]{outcome.status}[/]",
            f"{outcome.seconds:.1f} s" if outcome.status in ("done", "failed") else "",
            _sizes(outcome),
            _last_column(outcome),
        )
    return table


def _sizes(outcome: Outcome) -> str:
    if not outcome.bytes_after:
        return ""
    after = size_text(outcome.bytes_after)
    return f"{size_text(outcome.bytes_before)} -> {after}" if outcome.bytes_before else after


def _last_column(outcome: Outcome) -> str:
    from rich.markup import escape  # noqa: PLC0415  as above

    if outcome.status == "failed" and outcome.error is not None:
        return "see the error above"
    if outcome.status in ("not run", "up to date"):
        numbers = check_text(outcome.facts)
        return escape(numbers or "; ".join(outcome.decision.reasons))
    return escape(check_text(outcome.facts))
