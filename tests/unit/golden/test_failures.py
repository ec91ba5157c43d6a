"""What users are told of jobs that failed, to the letter; ``scripts/write_golden.py`` writes it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.golden import failures
from tests.unit.golden.store import require_equal, stored
from workflow.bridge.known_failures import RULES

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_failure_is_told_in_the_words_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflow.base.disk.crowded", lambda *_: "")  # is told of this machine's disks
    require_equal(failures.FILE, failures.all_failures(tmp_path))


def test_each_known_failure_has_something_that_is_told_as_it_is_and_nothing_else() -> None:
    told = {words[1]: said for said, words in stored(failures.FILE)["said"].items()}
    for rule in RULES:
        first = [
            said for said in failures.SAID if next((one for one in RULES if one.pattern.search(said)), None) == rule
        ]
        assert first, rule.message
    assert len(told) > len(RULES) / 2
