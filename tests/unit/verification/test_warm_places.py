"""A source that the converter's Keras does not load runs in the environment for files of Keras 3, where that is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflow.bridge.fake_worker import FakeWorker
from workflow.verification.warm_places import Runtimes, WarmPlaces

if TYPE_CHECKING:
    from workflow.bridge.fake_worker import ScriptedAnswer

REFUSAL = {"not_run": "it was saved by Keras 3.15"}
MODEL = {"model": {"path": "m.keras", "format": "keras_keras"}}


def places(keras3: FakeWorker | None, answer: ScriptedAnswer = REFUSAL) -> WarmPlaces:
    worker = FakeWorker({"source": answer})
    return WarmPlaces(lambda: worker, Runtimes(), log=Path("log"), keras3=lambda: keras3)


def test_the_source_is_asked_of_keras_3_when_the_other_refuses() -> None:
    assert places(FakeWorker({"source": {"feeds": []}})).job("source", MODEL) == {"feeds": []}


def test_keras_3_is_left_alone_when_the_model_runs_without_it() -> None:
    today = FakeWorker({})
    assert places(today, {"feeds": []}).job("source", MODEL) == {"feeds": []}
    assert today.requests == []


def test_without_that_environment_it_is_said_how_to_get_it() -> None:
    assert "env create keras3" in places(None).job("source", MODEL)["not_run"]


def test_a_saved_model_has_nothing_to_do_with_it() -> None:
    saved = {"model": {"path": "m", "format": "tf_saved_model"}}
    assert places(None).job("source", saved) == REFUSAL


def test_both_reasons_are_told_when_neither_runs_it() -> None:
    told = places(FakeWorker({"source": {"not_run": "it needs the class Scale"}})).job("source", MODEL)["not_run"]
    assert "Keras 3.15" in told
    assert "class Scale" in told
