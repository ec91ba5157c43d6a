"""Shows a verification: a line for each level, a row for each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.cli.console import console, echo_json, line

if TYPE_CHECKING:
    from rich.table import Table

    from workflow.verification.evidence import Accuracy, Evidence, LevelReport, PlaceReport
    from workflow.verification.levels import Case

_STYLES = {
    "passed": "green",
    "failed": "bold red",
    "costly": "bold red",
    "no proof": "bold yellow",
    "not run": "yellow",
    "incomplete": "yellow",
}
_SHOWN = 5
_HEADINGS = (
    *("place", "", "output", "max", "allowed", "of range"),
    *("p99", "cosine", "top-1", "top-5", "accuracy", "ms"),
)
_SPARE = ("p99", "top-5", "of range", "cosine", "ms")
"""Columns that a narrow screen goes without, the first to go first."""

_NARROWEST_NAME = 12
_UNBOUND = 1000


def print_report(case: Case, report: Evidence, answer: Any) -> None:
    """Print what was found on standard output."""
    screen = console()
    source = f" against {case.source.path}" if case.source else ""
    screen.print(line(f"{case.result.path} ({case.result.format}){source}"), style="bold")
    for level in report.levels:
        _print_level(level)
    if report.runs:
        screen.print(places_table(report))
    for text in _about(report, answer):
        screen.print(line(text))
    for reason, places in _absent(report).items():
        screen.print(line(f"! NOT RUN in {', '.join(places)}{reason and f': {reason}'}"), style="yellow")
    screen.print("verdict: ", end="")
    screen.print(report.verdict, style=_STYLES.get(report.verdict, "dim"), end="")
    screen.print(f" (not run in {', '.join(_lacking(report))})" if report.verdict == "incomplete" else "")


def print_json(case: Case, report: Evidence, answer: Any) -> None:
    """Print the record of a verification on standard output."""
    told = {
        "artifact": str(case.result.path),
        "format": case.result.format,
        "against": str(case.source.path) if case.source else None,
        **report.as_json(),
        "located": _located_json(answer),
    }
    echo_json(told)


def _print_level(level: LevelReport) -> None:
    screen = console()
    screen.print(f"  {level.level:<10}", end="")
    screen.print(level.status, style=_STYLES.get(level.status, "dim"), end="")
    screen.print(line(f"  {level.why or _figures(level)}".rstrip()), style="dim")
    for finding in level.findings[:_SHOWN]:
        screen.print(line(f"      {finding.text}"))
    if len(level.findings) > _SHOWN:
        screen.print(f"      and {len(level.findings) - _SHOWN:,} more")
    for row in level.table.splitlines():
        screen.print(line(f"      {row}"), style="dim")
    for remark in level.remarks:
        screen.print(line(f"    ! {remark}"), style="yellow")


def _absent(report: Evidence) -> dict[str, list[str]]:
    """Return the places where it was not run, by why and how to get it, less what a level has told."""
    told = {level.why for level in report.levels}
    found: dict[str, list[str]] = {}
    for run in report.absent:
        found.setdefault(run.remedy if run.why in told else run.reason, []).append(str(run.place))
    return found


def _lacking(report: Evidence) -> list[str]:
    return [str(run.place) for run in report.absent]


def _figures(level: LevelReport) -> str:
    facts = level.facts
    if level.level == "weights" and "tensors" in facts:
        quantized = f", {facts['quantized']} quantized and within their bound" if facts["quantized"] else ""
        folded = f", {facts['folded']} folded" if facts.get("folded") else ""
        return f"{facts['tensors']} tensors, {facts['bit_equal']} equal to the bit{folded}{quantized}"
    if level.level == "outputs" and "samples" in facts:
        return f"{facts['samples']} inputs, in {', '.join(facts['places']) or 'no place'}"
    return f"{level.seconds * 1000:.0f} ms"


def places_table(report: Evidence) -> Table:
    """Return a row for each output in each place, without the columns that are empty or do not fit.

    What is left out for want of width is in the JSON.
    """
    from rich.measure import Measurement  # noqa: PLC0415  rich.table costs 30 ms that --help does not have

    rows = [row for run in report.runs for row in _rows(run)]
    shown = [number for number, heading in enumerate(_HEADINGS) if not heading or any(row[number] for row in rows)]
    screen = console()
    unbound = screen.options.update(max_width=_UNBOUND)
    table = _table(rows, shown)
    for spare in _SPARE:
        if Measurement.get(screen, unbound, table).minimum <= screen.width:
            break
        shown = [number for number in shown if _HEADINGS[number] != spare]
        table = _table(rows, shown)
    return table


def _table(rows: list[list[str]], shown: list[int]) -> Table:
    from rich import box  # noqa: PLC0415  as above
    from rich.table import Table  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415  as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (_HEADINGS[number] for number in shown):
        side: Any = "left" if heading in ("place", "", "output") else "right"
        narrowest = _NARROWEST_NAME if heading == "output" else None
        table.add_column(heading, justify=side, overflow="fold", no_wrap=heading != "output", min_width=narrowest)
    for row in rows:
        styles = ["", _STYLES.get(row[1], ""), *[""] * (len(row) - 2)]
        table.add_row(*(Text(line(row[number]), style=styles[number]) for number in shown))
    return table


def _rows(run: PlaceReport) -> list[list[str]]:
    place, status, outputs = str(run.place), run.status, run.outputs
    if not outputs:
        return [[place, status, *[""] * 10]]
    shares = _accuracy(run.accuracy) if run.accuracy else ""
    median = run.timings.median_ms
    rows = []
    for number, output in enumerate(outputs):
        first = number == 0
        figures = [_number(value) for value in (output.max_abs, output.bound, output.relative, output.p99)]
        shown = [*figures, _number(output.cosine, "{:.6f}"), _share(output.top1), _share(output.top5)]
        ends = [shares if first else "", f"{median:.1f}" if first and median is not None else ""]
        rows.append([place if first else "", status if first else "", output.name, *shown, *ends])
    return rows


def _accuracy(shares: Accuracy) -> str:
    before, after = f"{shares.source:.2%}", f"{shares.result:.2%}"
    return before if before == after else f"{before} -> {after}"


def _number(value: float | None, form: str = "{:.2g}") -> str:
    return "" if value is None else form.format(value)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _about(report: Evidence, answer: Any) -> list[str]:
    lines = []
    found = report.attribution
    if found:
        stored, ran = found.quantization, found.runtime
        lines.append(f"of the difference, {stored:.2g} is the conversion's and up to {ran:.2g} that of {found.place}")
    if answer is not None:
        lines += _located_lines(answer)
    return lines


def _located_lines(answer: Any) -> list[str]:
    if hasattr(answer, "why"):
        from workflow.verification.searching import NOTHING  # noqa: PLC0415  brings numpy

        return [answer.why if answer.why.startswith(NOTHING) else f"not located: {answer.why}"]
    return [
        f"located in {answer.place} with {answer.located.cuts} cuts: {answer.located.sentence()}",
        f"to see it again: {answer.command}",
    ]


def _located_json(answer: Any) -> dict[str, Any] | None:
    if answer is None:
        return None
    if hasattr(answer, "why"):
        return {"not_located": answer.why}
    located = answer.located
    return {
        "name": located.point.name,
        "kind": located.point.kind,
        "place": answer.place,
        "cuts": located.cuts,
        "sentence": located.sentence(),
        "command": answer.command,
    }
