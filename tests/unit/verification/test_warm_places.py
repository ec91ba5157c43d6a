"""A source that the converter's Keras does not load runs in the environment for files of Keras 3, where that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

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


def archived(folder: Path, version: str) -> dict[str, Any]:
    file = folder / "m.keras"
    with ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": []}}))
        archive.writestr("model.weights.h5", b"")
    return {"model": {"path": str(file), "format": "keras_keras"}}


def test_a_result_for_keras_3_alone_is_run_there(tmp_path: Path) -> None:
    today, older = FakeWorker({"predict": {"feeds": [3]}}), FakeWorker({"predict": {"feeds": [2]}})
    where = WarmPlaces(lambda: older, Runtimes(), log=tmp_path / "log", keras3=lambda: today)
    assert where.job("predict", archived(tmp_path, "3.15.1")) == {"feeds": [3]}
    assert where.job("predict", archived(tmp_path, "2.15.0")) == {"feeds": [2]}


def test_without_that_environment_such_a_result_is_not_run_and_not_to_blame(tmp_path: Path) -> None:
    told = places(None).job("predict", archived(tmp_path, "3.15.1"))
    assert "Keras 3 alone" in told["not_run"]
    assert "env create keras3" in told["absent"]


def test_both_reasons_are_told_when_neither_runs_it() -> None:
    told = places(FakeWorker({"source": {"not_run": "it needs the class Scale"}})).job("source", MODEL)["not_run"]
    assert "Keras 3.15" in told
    assert "class Scale" in told
