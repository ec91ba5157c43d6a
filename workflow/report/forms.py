"""A report in other forms: Markdown for the summary page of a CI job, JUnit XML for CI systems, the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from workflow.base import wording
from workflow.base.wording import UNKNOWN, accuracy_text, line, markdown, markdown_code, sentence, share_text, size_text
from workflow.report.conclusions import javascript_missing, shortfalls
from workflow.report.report_tables import matrix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.text import Text

    from workflow.report.record import Level, PlaceRun, RunRecord, StepRecord
    from workflow.report.report_tables import MatrixCell, Row

_EMOJI = {"passed": "✅", "failed": "❌", "incomplete": "⚠️", "not run": "⚠️"}

_LEVEL_MARKS = {
    "passed": "✅",
    "failed": "❌",
    "costly": "❌ costs too much:",
    "no proof": "⚠️ no proof:",
    "not run": "⚠️ not run:",
    "not applicable": "·",
}
_STYLES = {"passed": "green", "failed": "bold red", "incomplete": "yellow", "not run": "yellow"}
_SHOWN = 6
_MARKS = {"passed": "✓", "failed": "✕", "incomplete": UNKNOWN, "not run": UNKNOWN}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def markdown_text(record: RunRecord) -> str:
    """Return the verdict, the matrix, what failed, and the three answers."""
    parts = [
        f"## {_EMOJI[record.verdict]} {markdown(record.recipe)}: {record.verdict}",
        markdown(record.summary),
        *_markdown_table(record),
        *(_markdown_failures(record)),
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


def _markdown_table(record: RunRecord) -> Iterable[str]:
    found = matrix(record)
    if not found.rows:
        return
    with_accuracy = found.source_accuracy is not None
    heads = ["artifact", "size", "gzip", *(["accuracy"] if with_accuracy else []), *map(markdown, found.places)]
    sides = ["---", *["---:"] * (len(heads) - 1)]
    rows = [_markdown_row(row, with_accuracy=with_accuracy) for row in found.rows]
    yield "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, sides, *rows))
    text = "Largest difference from the source and agreement of the top answer, per place."
    yield f"{text} Accuracy of the source: {accuracy_text(found.source_accuracy)}." if with_accuracy else text


def _markdown_row(row: Row, *, with_accuracy: bool) -> list[str]:
    sizes = row.step.sizes
    cells = [f"{_EMOJI[row.step.verdict]} {markdown(row.step.step)}"]
    cells += [size_text(sizes.raw), size_text(sizes.gzip)] if sizes else ["", ""]
    cells += [accuracy_text(row.accuracy)] if with_accuracy else []
    return cells + [_markdown_cell(cell) for cell in row.cells]


def _markdown_cell(cell: MatrixCell | None) -> str:
    if cell is None:
        return ""
    mark = f"{_EMOJI[cell.status]} " if cell.status != "passed" else ""
    right = f"{cell.accuracy} right" if cell.accuracy else ""
    return f"{mark}{markdown(', '.join(part for part in (cell.number, cell.top1, right) if part))}"


def _markdown_failures(record: RunRecord) -> Iterable[str]:
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


def junit_text(record: RunRecord) -> str:
    """Return the XML. What was not run is skipped, with the reason; it never counts as passed."""
    root = ET.Element("testsuites", name=_xml(record.recipe), time=f"{record.seconds:.3f}")
    for step in record.steps:
        _suite(root, step, record)
    for key in ("tests", "failures", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ET.Element, step: StepRecord, record: RunRecord) -> None:
    suite = ET.SubElement(root, "testsuite", name=_xml(f"{record.recipe}.{step.step}"), time=f"{step.seconds:.3f}")
    suite.set("timestamp", record.started.removesuffix("Z"))
    conversion = _case(suite, step, "conversion", seconds=step.seconds)
    at_fault = any(level.status == "failed" for level in step.levels)
    if step.failure is not None and not at_fault:
        _junit_failure(conversion, step.failure.message, f"{step.failure.hint}\n{step.failure.details}".strip())
    elif step.status == "not run":
        ET.SubElement(conversion, "skipped", message=_xml("; ".join(step.reasons)))
    for level in step.levels:
        _junit_level(suite, step, level)
    for run in step.runs:
        _junit_run(suite, step, run)
    if step.status in ("done", "up to date") and javascript_missing(step):
        reason = "not run in JavaScript, where it is going to live"
        ET.SubElement(_case(suite, step, "outputs in JavaScript", seconds=0.0), "skipped", message=reason)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _junit_level(suite: ET.Element, step: StepRecord, level: Level) -> None:
    case = _case(suite, step, level.name, seconds=level.seconds or 0.0)
    text = "; ".join(level.findings + level.remarks)
    if level.status == "failed":
        told = step.failure
        hint = f"{told.hint}\n{told.details}".strip() if told else ""
        _junit_failure(case, level.findings[0] if level.findings else f"{level.name} failed", f"{text}\n{hint}".strip())
    elif level.status != "passed":
        ET.SubElement(case, "skipped", message=_xml(f"{level.status}: {text}" if text else level.status))


def _junit_run(suite: ET.Element, step: StepRecord, run: PlaceRun) -> None:
    case = _case(suite, step, f"outputs in {run.place}", seconds=0.0)
    if run.status == "not run":
        ET.SubElement(case, "skipped", message=_xml(sentence(run.why, run.remedy) or "not run"))
    elif run.status == "failed":
        figures = [f"{each.name}: max_abs {each.max_abs}{_allowed(each.bound)}" for each in run.outputs]
        _junit_failure(case, run.why or "outputs differ", "\n".join(figures))


def _allowed(bound: float | None) -> str:
    return "" if bound is None else f", allowed {bound}"


def _case(suite: ET.Element, step: StepRecord, name: str, *, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_xml(step.step), name=_xml(name), time=f"{seconds:.3f}")


def _junit_failure(case: ET.Element, message: str, text: str) -> None:
    ET.SubElement(case, "failure", message=_xml(message)).text = _xml(text) or None


def _xml(text: str) -> str:
    """XML cannot hold control characters: they are shown as escapes, as everywhere."""
    return _NOT_XML.sub("", wording.block(text))


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
        table.add_row(*_screen_row(row, with_accuracy=with_accuracy))
    screen.print(table)
    if with_accuracy:
        screen.print(f"accuracy of the source: {accuracy_text(found.source_accuracy)}", style="dim")


def _screen_row(row: Row, *, with_accuracy: bool) -> list[str | Text]:
    from rich.text import Text  # noqa: PLC0415  as above

    sizes = row.step.sizes
    name = line(f"{_MARKS[row.step.verdict]} {row.step.step}")
    cells: list[str | Text] = [Text(name, style=_STYLES[row.step.verdict])]
    cells.append(size_text(sizes.raw) if sizes else "")
    cells += [accuracy_text(row.accuracy)] if with_accuracy else []
    return cells + [_screen_cell(cell) for cell in row.cells]


def _screen_cell(cell: MatrixCell | None) -> str | Text:
    from rich.text import Text  # noqa: PLC0415  as above

    if cell is None:
        return ""
    text = line(cell.number if cell.top1 in ("", share_text(1.0)) else f"{cell.number} {cell.top1}")
    return text if cell.status == "passed" else Text(text, style=_STYLES[cell.status])
