from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.verification.measures.models import write_model
from workflow.base.errors import ModelFileError
from workflow.base.events import Recording
from workflow.verification.measures import Wanted, measure, sweep
from workflow.verification.measures.artifact_sizes import Payload
from workflow.verification.measures.links import LINKS, Link
from workflow.verification.measures.measured import METHOD, Memory
from workflow.verification.measures.sweep import LoadCase, Sweep, cases

if TYPE_CHECKING:
    from pathlib import Path

SMALL, LARGE = Payload(10, (100,)), Payload(10, (1_000_000,))


def by_size(payload: Payload, link: Link) -> float:
    return payload.bytes / link.bytes_per_second


def test_layouts_that_are_the_same_files_are_tried_once() -> None:
    found = cases({"web": SMALL, "quantized": Payload(10, (50,))}, cut="web")
    assert [(case.artifact, case.layout) for case in found] == [
        ("web", "as made"),
        ("quantized", "as made"),
        ("web", "1 file"),
    ]
    large = [case.layout for case in cases({"web": LARGE}, cut="web")]
    assert large == ["as made", "1 file", "100 kB"]


def test_what_was_not_made_is_not_cut() -> None:
    assert [case.layout for case in cases({"quantized": SMALL}, cut="web")] == ["as made"]


def test_equal_payloads_are_measured_once_per_link() -> None:
    asked: list[tuple[Payload, Link]] = []

    def counting(payload: Payload, link: Link) -> float:
        asked.append((payload, link))
        return 1.0

    found = list(Sweep({}, measure=counting).run(cases({"web": SMALL}, cut="web")))
    assert len(found) == 2 * len(LINKS)
    assert len(asked) == len(LINKS)


def test_what_the_budget_does_not_allow_is_left_open_and_never_guessed() -> None:
    known = {(LINKS[0], SMALL): 0.5}
    found = list(Sweep(known, budget=0.0, measure=by_size).run([LoadCase("web", "as made", SMALL)]))
    assert [load.seconds for load in found] == [0.5, None, None, None, None]


@pytest.fixture
def fast_links(monkeypatch: pytest.MonkeyPatch) -> list[Payload]:
    asked: list[Payload] = []

    def fast(payload: Payload, link: Link) -> float:
        asked.append(payload)
        return by_size(payload, link)

    monkeypatch.setattr(sweep, "load_seconds", fast)
    return asked


def test_what_was_measured_once_is_kept(tmp_path: Path, fast_links: list[Payload]) -> None:
    model = write_model(tmp_path / "m", bytes(1000))
    wanted, memory = Wanted({"web": model}, cut="web"), tmp_path / "measures.json"
    first = measure(wanted, memory=memory, listener=Recording())
    asked, again = len(fast_links), Recording()
    assert measure(wanted, memory=memory, listener=again) == first
    assert len(fast_links) == asked > 0
    assert again.lines == []


def test_changed_bytes_are_measured_anew(tmp_path: Path, fast_links: list[Payload]) -> None:
    memory = tmp_path / "measures.json"
    for count in (1000, 2000):
        model = write_model(tmp_path / "m", bytes(count))
        found = measure(Wanted({"web": model}), memory=memory, listener=Recording())
        assert found.sizes["web"].raw == count + (model / "model.json").stat().st_size
    assert len({payload.bytes for payload in fast_links}) == 2


def test_files_that_no_browser_loads_have_sizes_and_no_load_times(tmp_path: Path, fast_links: list[Payload]) -> None:
    file = tmp_path / "keras.h5"
    file.write_bytes(bytes(10))
    found = measure(Wanted({"model": file}), memory=None, listener=Recording())
    assert found.sizes["model"].raw == 10
    assert found.loads == ()
    assert fast_links == []


def test_an_artifact_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        measure(Wanted({"web": tmp_path / "gone"}), memory=None, listener=Recording())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"method": 0, "values": {}}', '{"method": 2, "values": 3}'])
def test_a_damaged_memory_counts_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "measures.json"
    path.write_text(text)
    memory = Memory(path)
    assert memory.seconds(LINKS[0], SMALL) is None
    memory.keep_seconds(LINKS[0], SMALL, seconds=1.5)
    memory.save()
    assert Memory(path).seconds(LINKS[0], SMALL) == 1.5
    assert json.loads(path.read_text())["method"] == METHOD
