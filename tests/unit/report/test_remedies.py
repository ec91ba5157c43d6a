from __future__ import annotations

from tests.unit.report.runs import full_check, place, run_of, step
from workflow.report.conclusions import shortfalls
from workflow.report.forms import junit_text
from workflow.report.html import render
from workflow.report.report_tables import matrix
from workflow.report.run_reading import read_run


def test_every_form_of_a_report_sets_the_remedy_apart() -> None:
    check = full_check()
    gone = {"why": "no program is there", "remedy": "correct TFJS_WORKFLOW_BROWSER", "outputs": []}
    check["runs"][2] = place("browser", "webgl", 0.0, status="not run") | gone
    record = read_run(run_of(step("web", "shard", check)))
    wanted = "no program is there; correct TFJS_WORKFLOW_BROWSER"
    assert [cell.note for cell in matrix(record).rows[0].cells if cell and cell.note] == [wanted]
    assert any(wanted in reason for reason in shortfalls(record.steps))
    assert wanted in junit_text(record)
    assert "no program is there correct" not in render(record)
    assert wanted in render(record)
