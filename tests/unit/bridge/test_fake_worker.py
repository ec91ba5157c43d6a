from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import WorkerDiedError
from workflow.bridge.fake_worker import FakeWorker

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.bridge.warm_worker import WorkerLike


def test_it_answers_from_its_script_and_remembers_the_questions(tmp_path: Path) -> None:
    fake = FakeWorker({"versions": {"python": "3.8"}, "convert": lambda args: {"argv": args["argv"]}})
    worker: WorkerLike = fake
    assert worker.run("versions", {}, log=tmp_path) == {"python": "3.8"}
    assert worker.run("convert", {"argv": ["x"]}, log=tmp_path, timeout=3) == {"argv": ["x"]}
    assert [(asked.job, asked.timeout) for asked in fake.requests] == [("versions", None), ("convert", 3)]


def test_a_list_of_answers_is_used_up_in_order(tmp_path: Path) -> None:
    fake = FakeWorker({"convert": [WorkerDiedError("gone"), {"files": 1}]})
    with pytest.raises(WorkerDiedError):
        fake.run("convert", {}, log=tmp_path)
    assert fake.run("convert", {}, log=tmp_path) == {"files": 1}


def test_starts_and_closes_are_counted() -> None:
    fake = FakeWorker({})
    fake.start()
    fake.close()
    assert (fake.starts, fake.closes) == (1, 1)
