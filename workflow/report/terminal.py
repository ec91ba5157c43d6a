"""The report in the terminal: the matrix, the answers, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.wording import UNKNOWN, accuracy_text, line, share_text, size_text
from workflow.report.tables import matrix
from workflow.report.verdicts import shortfalls

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from workflow.report.record import RunRecord, StepRecord
    from workflow.report.tables import Cell, Row

_STYLES = {"passed": "green", "failed": "bold red", "incomplete": "yellow", "not run": "yellow"}
_SHOWN = 6
_MARKS = {"passed": "✓", "failed": "✕", "incomplete": UNKNOWN, "not run": UNKNOWN}


def print_report(record: RunRecord, screen: Console) -> None:
    """Print a record."""
    _print_matrix(record, screen)
    for step in record.steps:
        if step.failure is not None:
            _print_failure(step, screen)
        if step.degraded:
            screen.print(line(f"! {step.step}: {step.degraded}"), style="yellow", markup=False)
    for reason, names in shortfalls(record.steps).items():
        screen.print(line(f"{UNKNOWN} {', '.join(names)}: {reason}"), style="yellow", markup=False)
    for answer in record.answers:
        screen.print(line(f"{answer.claim}? "), style="dim", end="", markup=False)
        screen.print(line(f"{answer.verdict}."), style="bold", end=" ", markup=False)
        screen.print(line(answer.evidence), markup=False)
    verdict = line(f"{_MARKS[record.verdict]} {record.recipe}: {record.verdict}. ")
    screen.print(verdict, style=_STYLES[record.verdict], end="", markup=False)
    screen.print(line(record.summary), markup=False)


def _print_failure(step: StepRecord, screen: Console) -> None:
    """Print what the user was told, how each level ended, and what the failed one found."""
    if step.failure is not None:
        screen.print(line(f"✕ {step.step}: {step.failure.message}"), style="red", markup=False)
    if step.levels:
        levels = ", ".join(f"{each.name} {each.status}" for each in step.levels)
        screen.print(line(f"  levels: {levels}"), markup=False)
    findings = [text for level in step.levels for text in level.findings]
    for text in findings[1:_SHOWN]:
        screen.print(line(f"  {text}"), style="dim", markup=False)
    if len(findings) > _SHOWN:
        screen.print(f"  and {len(findings) - _SHOWN:,} more", style="dim")


def _print_matrix(record: RunRecord, screen: Console) -> None:
    from rich import box  # noqa: PLC0415  rich.table costs 30 ms that --help does not have
    from rich.table import Table  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415  as above

    found = matrix(record)
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        caption="per place: largest difference from the source; how often the top answer agrees, unless always",
        caption_justify="left",
    )
    with_accuracy = found.source_accuracy is not None
    table.add_column("artifact", no_wrap=True)
    for heading in ("size", *(["accuracy"] if with_accuracy else []), *found.places):
        table.add_column(Text(line(heading)), justify="right")
    for row in found.rows:
        table.add_row(*_row(row, with_accuracy=with_accuracy))
    screen.print(table)
    if with_accuracy:
        screen.print(f"accuracy of the source: {accuracy_text(found.source_accuracy)}", style="dim")


def _row(row: Row, *, with_accuracy: bool) -> list[str | Text]:
    from rich.text import Text  # noqa: PLC0415  as above

    sizes = row.step.sizes
    name = line(f"{_MARKS[row.step.verdict]} {row.step.step}")
    cells: list[str | Text] = [Text(name, style=_STYLES[row.step.verdict])]
    cells.append(size_text(sizes.raw) if sizes else "")
    cells += [accuracy_text(row.accuracy)] if with_accuracy else []
    return cells + [_cell(cell) for cell in row.cells]


def _cell(cell: Cell | None) -> str | Text:
    from rich.text import Text  # noqa: PLC0415  as above

    if cell is None:
        return ""
    text = line(cell.number if cell.top1 in ("", share_text(1.0)) else f"{cell.number} {cell.top1}")
    return text if cell.status == "passed" else Text(text, style=_STYLES[cell.status])
