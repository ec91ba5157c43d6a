"""The report as Markdown, short enough for the summary page of a CI job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.wording import accuracy_text, markdown, markdown_code, size_text
from workflow.report.tables import matrix
from workflow.report.verdicts import shortfalls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.report.record import RunRecord
    from workflow.report.tables import Cell, Row

_MARKS = {"passed": "✅", "failed": "❌", "incomplete": "⚠️", "not run": "⚠️"}

_LEVEL_MARKS = {
    "passed": "✅",
    "failed": "❌",
    "no proof": "⚠️ no proof:",
    "not run": "⚠️ not run:",
    "not applicable": "·",
}
_SHOWN = 6


def render(record: RunRecord) -> str:
    """Return the verdict, the matrix, what failed, and the three answers."""
    parts = [
        f"## {_MARKS[record.verdict]} {markdown(record.recipe)}: {record.verdict}",
        markdown(record.summary),
        *_table(record),
        *(_failures(record)),
        *(
            f"- *{markdown(each.claim)}*: **{markdown(each.verdict)}**. {markdown(each.evidence)}"
            for each in record.answers
        ),
        f"{markdown_code(record.command)}, tfjs-workflow {markdown(record.tool)}",
    ]
    lines: list[str] = []
    for part in parts:
        in_list = part.startswith("- ") and bool(lines) and lines[-1].startswith("- ")
        lines += [part] if in_list or not lines else ["", part]
    return "\n".join(lines) + "\n"


def _table(record: RunRecord) -> Iterable[str]:
    found = matrix(record)
    if not found.rows:
        return
    with_accuracy = found.source_accuracy is not None
    heads = ["artifact", "size", "gzip", *(["accuracy"] if with_accuracy else []), *map(markdown, found.places)]
    sides = ["---", *["---:"] * (len(heads) - 1)]
    rows = [_row(row, with_accuracy=with_accuracy) for row in found.rows]
    yield "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, sides, *rows))
    text = "Largest difference from the source and agreement of the top answer, per place."
    yield f"{text} Accuracy of the source: {accuracy_text(found.source_accuracy)}." if with_accuracy else text


def _row(row: Row, *, with_accuracy: bool) -> list[str]:
    sizes = row.step.sizes
    cells = [f"{_MARKS[row.step.verdict]} {markdown(row.step.step)}"]
    cells += [size_text(sizes.raw), size_text(sizes.gzip)] if sizes else ["", ""]
    cells += [accuracy_text(row.accuracy)] if with_accuracy else []
    return cells + [_cell(cell) for cell in row.cells]


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    mark = f"{_MARKS[cell.status]} " if cell.status != "passed" else ""
    right = f"{cell.accuracy} right" if cell.accuracy else ""
    return f"{mark}{markdown(', '.join(part for part in (cell.number, cell.top1, right) if part))}"


def _failures(record: RunRecord) -> Iterable[str]:
    for step in record.steps:
        if step.failure is not None:
            hint = f" {markdown(step.failure.hint)}" if step.failure.hint else ""
            yield f"**{markdown(step.step)}** failed: {markdown(step.failure.message)}.{hint}"
        if step.failure is not None and step.levels:
            yield ", ".join(f"{_LEVEL_MARKS[level.status]} {markdown(level.name)}" for level in step.levels)
            findings = [text for level in step.levels for text in level.findings]
            yield from (f"- {markdown(text)}" for text in findings[:_SHOWN])
    for reason, names in shortfalls(record.steps).items():
        yield f"- ⚠️ {markdown(', '.join(names))}: {markdown(reason)}"
