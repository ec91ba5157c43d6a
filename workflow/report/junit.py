"""The report as JUnit XML, which CI systems show: a test suite per step, a test case per level and place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from workflow.base import wording
from workflow.base.wording import sentence
from workflow.report.verdicts import javascript_missing

if TYPE_CHECKING:
    from workflow.report.record import Level, PlaceRun, RunRecord, StepRecord

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(record: RunRecord) -> str:
    """Return the XML. What was not run is skipped, with the reason; it never counts as passed."""
    root = ET.Element("testsuites", name=_text(record.recipe), time=f"{record.seconds:.3f}")
    for step in record.steps:
        _suite(root, step, record)
    for key in ("tests", "failures", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ET.Element, step: StepRecord, record: RunRecord) -> None:
    suite = ET.SubElement(root, "testsuite", name=_text(f"{record.recipe}.{step.step}"), time=f"{step.seconds:.3f}")
    suite.set("timestamp", record.started.removesuffix("Z"))
    conversion = _case(suite, step, "conversion", seconds=step.seconds)
    at_fault = any(level.status == "failed" for level in step.levels)
    if step.failure is not None and not at_fault:
        _failure(conversion, step.failure.message, f"{step.failure.hint}\n{step.failure.details}".strip())
    elif step.status == "not run":
        ET.SubElement(conversion, "skipped", message=_text("; ".join(step.reasons)))
    for level in step.levels:
        _level(suite, step, level)
    for run in step.runs:
        _run(suite, step, run)
    if step.status in ("done", "up to date") and javascript_missing(step):
        reason = "not run in JavaScript, where it is going to live"
        ET.SubElement(_case(suite, step, "outputs in JavaScript", seconds=0.0), "skipped", message=reason)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _level(suite: ET.Element, step: StepRecord, level: Level) -> None:
    case = _case(suite, step, level.name, seconds=level.seconds or 0.0)
    text = "; ".join(level.findings + level.remarks)
    if level.status == "failed":
        told = step.failure
        hint = f"{told.hint}\n{told.details}".strip() if told else ""
        _failure(case, level.findings[0] if level.findings else f"{level.name} failed", f"{text}\n{hint}".strip())
    elif level.status != "passed":
        ET.SubElement(case, "skipped", message=_text(f"{level.status}: {text}" if text else level.status))


def _run(suite: ET.Element, step: StepRecord, run: PlaceRun) -> None:
    case = _case(suite, step, f"outputs in {run.place}", seconds=0.0)
    if run.status == "not run":
        ET.SubElement(case, "skipped", message=_text(sentence(run.why, run.remedy) or "not run"))
    elif run.status == "failed":
        figures = [f"{each.name}: max_abs {each.max_abs}, allowed {each.bound}" for each in run.outputs]
        _failure(case, run.why or "outputs differ", "\n".join(figures))


def _case(suite: ET.Element, step: StepRecord, name: str, *, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(step.step), name=_text(name), time=f"{seconds:.3f}")


def _failure(case: ET.Element, message: str, text: str) -> None:
    ET.SubElement(case, "failure", message=_text(message)).text = _text(text) or None


def _text(text: str) -> str:
    """XML cannot hold control characters: they are shown as escapes, as everywhere."""
    return _NOT_XML.sub("", wording.block(text))
