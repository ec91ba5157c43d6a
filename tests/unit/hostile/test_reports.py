"""Every form of a report of a run in which every text is hostile."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tests.unit.hostile.letters import COMMANDS, KEPT, acting, orders
from tests.unit.report.runs import failed_step, full_check, run_of, step
from workflow.base.errors import UsageError
from workflow.report import comparing, html, run_files
from workflow.report.forms import junit_text, markdown_text, print_report
from workflow.report.record import RunRecord
from workflow.report.run_reading import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TELLING = ("status", "level", "kind", "runtime", "started", "class", "command")
"""Texts that decide what is read, and are ours; a command is quoted as a shell takes it."""


def hostile_run(text: str) -> dict[str, Any]:
    """Return a run with steps of each kind of ending, all its texts begin with another one."""
    check = full_check()
    check["levels"][0] = {"level": "structure", "status": "failed", "findings": ["finding"], "remarks": ["remark"]}
    check["warnings"] = ["warning"]
    check["runs"].append(
        {"runtime": "browser", "backend": "webgpu", "status": "not run", "why": "why", "remedy": "remedy"}
    )
    steps = [
        step("first", "python_to_js", full_check()),
        step("second", "quantize", full_check(0.02)),
        failed_step("third", check),
        step("fourth", "shard", {}, status="not run"),
    ]
    steps[0]["facts"]["degraded"] = "degraded"
    return dict(_with(run_of(*steps), text))


def _with(value: Any, text: str, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in _TELLING else f"{text}{value}"
    if isinstance(value, dict):
        return {name: _with(inner, text, name) for name, inner in value.items()}
    return [_with(inner, text, key) for inner in value] if isinstance(value, list) else value


class _Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text outside of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


def page_of(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    return page


@pytest.fixture(scope="module")
def harmless() -> list[str]:
    return [tag for tag, _ in page_of(html.render(read_run(hostile_run("x")))).elements]


@pytest.mark.parametrize("hostile", ["".join(COMMANDS.values()), COMMANDS["html"]], ids=["everything", "html"])
def test_a_page_shows_hostile_texts_and_does_nothing_else(hostile: str, harmless: list[str]) -> None:
    text = html.render(read_run(hostile_run(hostile)))
    text.encode()
    assert acting(text) == []
    page = page_of(text)
    tags = [tag for tag, _ in page.elements]
    assert set(tags) - {"br"} == set(harmless) - {"br"}
    for tag in ("script", "style", "button", "section", "article", "td"):
        assert tags.count(tag) == harmless.count(tag), tag
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.elements if "evil" in str(attributes.get("href"))]
    record = json.loads(html.embedded_json(text) or "")
    assert RunRecord.from_json(record).steps[0].step == read_run(hostile_run(hostile)).steps[0].step


@pytest.mark.parametrize("kind", COMMANDS)
def test_markdown_shows_hostile_texts_and_keeps_its_table(kind: str) -> None:
    text = markdown_text(read_run(hostile_run(COMMANDS[kind])))
    assert acting(text) == []
    assert orders(text) == []
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 6
    assert len({len(re.findall(r"(?<!\\)\|", row.replace(r"\\", ""))) for row in rows}) == 1
    outside = "\n".join(text.rstrip().splitlines()[:-1])  # the last line is a code span
    assert not re.findall(r"(?<!\\)(?:\\\\)*[<\[`]", outside)
    assert [line for line in text.splitlines() if line.startswith("#")] == [text.splitlines()[0]]


@pytest.mark.parametrize("kind", COMMANDS)
def test_junit_is_xml_whatever_it_tells(kind: str) -> None:
    text = junit_text(read_run(hostile_run(COMMANDS[kind])))
    assert acting(text) == []
    root = ET.fromstring(text)  # noqa: S314  our own text
    assert root.get("tests") == ET.fromstring(junit_text(read_run(hostile_run("x")))).get("tests")  # noqa: S314  as above


@pytest.mark.parametrize("kind", COMMANDS)
def test_json_holds_nothing_that_acts(kind: str) -> None:
    text = read_run(hostile_run(COMMANDS[kind])).to_json()
    assert acting(text) == []
    assert json.loads(text)["steps"]


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_terminal_shows_each_text_on_its_own_line(kind: str) -> None:
    def lines(text: str) -> list[str]:
        screen = Console(file=io.StringIO(), width=4000, highlight=False)
        print_report(read_run(hostile_run(text)), screen)
        assert isinstance(screen.file, io.StringIO)
        return screen.file.getvalue().split("\n")

    found = lines(COMMANDS[kind])
    assert len(found) == len(lines("x" * 40))
    assert acting("\n".join(found)) == []


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_record_from_a_file_is_no_more_trusted(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    record = json.loads(read_run(hostile_run("x")).to_json())
    file.write_text(json.dumps(_with(record, COMMANDS[kind], "") | {"version": 1, "verdict": "failed"}))
    for texts in _changes(file):
        assert acting("".join(texts)) == []


def _changes(file: Path) -> Iterator[tuple[str, ...]]:
    try:
        read = run_files.record_of(str(file))
    except UsageError as error:
        yield (error.message, error.hint)
        return
    for change in comparing.compare(read, read):
        yield (change.step, change.figure, change.before, change.after)


def test_letters_of_every_script_are_in_every_form() -> None:
    record = read_run(hostile_run(" ".join(KEPT)))
    page = page_of(html.render(record)).text
    for text in KEPT:
        assert text in page
        assert text in markdown_text(record).replace("\\", "")
        assert text in junit_text(record)
        assert text in record.to_json()


def test_addresses_in_a_run_lose_their_secrets_in_every_form() -> None:
    record = read_run(hostile_run("https://me:s3cret@host/p?sig=t0ken "))
    for text in (html.render(record), markdown_text(record), junit_text(record), record.to_json()):
        assert "https://host/p?..." in text.replace("\\", "")
        assert "s3cret" not in text
        assert "t0ken" not in text
