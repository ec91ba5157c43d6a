"""What is asked of places: the jobs of sources and results, what is remembered of them, and what a search says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.golden.places import failing, made_of
from workflow.base.events import Recording
from workflow.bridge.fake_worker import FakeWorker
from workflow.recipe.recipes import Verification
from workflow.verification import searching, warm_places
from workflow.verification.cutting import Point
from workflow.verification.evidence import LEVELS, Evidence, LevelReport, PlaceReport
from workflow.verification.levels import Case
from workflow.verification.locate import Located
from workflow.verification.requests import NotRun, Subject
from workflow.verification.runtimes.fake_runtime import FakeRuntime
from workflow.verification.source_answers import Question, SourceAnswers, ask_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "inquiries.json"


def all_inquiries(folder: Path) -> dict[str, Any]:
    """Return what is asked, remembered and said, as plain values; the folder is called FOLDER."""
    return made_of(_PARTS, folder)


def _warm(folder: Path) -> Any:
    listener, keras3 = Recording(), FakeWorker({"reference": [{"feeds": []}, {"not_run": "no class"}]})
    worker = FakeWorker({"reference": {"not_run": "Keras 3"}, "predict": {"versions": {}}})
    absent = NotRun("no browser", "install one")
    nodes: dict[str, Any] = {"node": FakeRuntime(), "browser": absent}
    made: list[Any] = []

    def maker(name: str, *, listener: Any) -> Any:
        made.append([name, listener is not None])
        return nodes[name]

    runtimes = warm_places.Runtimes(maker)
    places = warm_places.WarmPlaces(
        lambda: worker, runtimes, log=folder / "log", timeout=7.0, listener=listener, keras3=lambda: keras3
    )
    alone = warm_places.WarmPlaces(lambda: worker, runtimes, log=folder / "log")
    jobs = [("predict", "keras"), *(("reference", kind) for kind in ("keras", "keras_keras", "tf_saved_model"))]
    found: dict[str, Any] = {
        "jobs": [places.job(name, {"model": {"format": kind, "path": "m"}}) for name, kind in jobs]
    }
    found["without Keras 3"] = alone.job("reference", {"model": {"format": "keras"}})
    asked = [("node", "wasm"), ("node", "webgl"), ("node", None), ("browser", None), ("browser", "webgl")]
    found["runtimes"] = [
        getattr(place, "name", None) or vars(place) for place in (places.runtime(*one) for one in asked)
    ]
    found["alone"] = alone.runtime("node", None) is nodes["node"]
    found["asked"] = [vars(one) for one in (*worker.requests, *keras3.requests)]
    runtimes.close()
    runtimes.get("node")
    found |= {"made": made, "closed": nodes["node"].closed, "said": [vars(listener)]}
    return found


_SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "inputs": {"inputs": Path("i.npz")},
    "labels": {"labels": Path("l.txt")},
    "a range": {"image_range": (0.0, 1.0)},
    "samples": {"samples": 5},
    "batches": {"batches": (1, 2)},
    "a seed": {"seed": 3},
    "no matter": {"repeat": 9, "atol": 1.0, "runtimes": ("node",)},
}
_ANSWERS: dict[str, Any] = {
    "not run": {"not_run": "Keras 3"},
    "no feeds": {},
    "feeds that are none": {"feeds": [3]},
    "no samples": {"feeds": [{"inputs": "a", "outputs": "b", "samples": "many"}]},
    "elsewhere": {"feeds": [{"inputs": "/etc/a", "outputs": "/etc/b", "samples": 1}]},
    "outputs elsewhere": {"feeds": [{"inputs": "HERE/a", "outputs": "/etc/b", "samples": 1}]},
    "out of it": {"feeds": [{"inputs": "HERE/../a", "outputs": "HERE/b", "samples": 1}]},
    "good": {"feeds": [{"inputs": "HERE/a", "outputs": "HERE/b", "samples": "2"}], "labels": [1], "samples": 2},
}


class _Asked:
    """Keeps the jobs that it is given, and answers each with nothing to run."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.jobs: list[Any] = []

    def job(self, name: str, arguments: Any) -> Any:
        self.jobs.append([name, dict(arguments)])
        return self.answer

    def job_in_keras3(self, name: str, arguments: Any) -> None:
        return None

    def runtime(self, name: str, backend: str | None) -> Any:
        raise AssertionError(name, backend)


def _sources(folder: Path) -> Any:
    (folder / "m").mkdir()
    (folder / "m" / "saved_model.pb").write_text("{}")
    os.utime(folder / "m" / "saved_model.pb", ns=(5, 5))
    source = Subject(folder / "m", "tf_saved_model", {"signature_name": "s"})
    found: dict[str, Any] = {}
    for name, answer in _ANSWERS.items():
        told = json.loads(json.dumps(answer).replace("HERE", str(folder / "space")))
        done = failing(
            lambda told=told: ask_source(Question(source, Verification(), _Asked(told)), folder=folder / "space")
        )
        found[name] = [vars(done), getattr(done, "labels", None)] if hasattr(done, "feeds") else done
    answers, asked = SourceAnswers(), _Asked({"feeds": []})
    for name, settings in _SETTINGS.items():
        before = len(asked.jobs)
        chosen: dict[str, Any] = {
            key: folder / value if isinstance(value, Path) else value for key, value in settings.items()
        }
        for value in chosen.values():
            if isinstance(value, Path):
                value.write_text("x")
        for _ in range(2):
            answers.of(Question(source, Verification(**chosen), asked))
        jobs = [{**job, "folder": Path(job["folder"]).name[:3]} for _, job in asked.jobs[before:]]
        found[f"asked with {name}"] = jobs
    others = (
        source.replaced(format="keras"),
        source.replaced(options={}),
        source.replaced(path=folder / "m" / "saved_model.pb"),
    )
    for other in others:
        answers.of(Question(other, Verification(), asked))
    count = len(asked.jobs)
    os.utime(folder / "m" / "saved_model.pb", ns=(6, 6))
    answers.of(Question(source, Verification(), asked))
    found["other sources"] = [count, len(asked.jobs)]
    answers.close()
    answers.of(Question(source, Verification(), asked))
    answers.close()
    answers.close()
    found["after closing"] = len(asked.jobs)
    return found


def _searches(folder: Path) -> Any:
    reports = {
        **{f"{name} failed": Evidence((LevelReport(name, "failed"),)) for name in LEVELS},
        "nothing ran": Evidence((), (PlaceReport("python", "not run"),)),
        "all passed": Evidence((LevelReport("outputs", "passed"),), (PlaceReport("python", "passed"),)),
        "weights and runs": Evidence((LevelReport("weights", "failed"),), (PlaceReport("python", "passed"),)),
    }
    model = Subject(folder / "a b", "tfjs_layers_model")
    case = Case(model, None, Verification(), folder / "space")
    compared = Case(model, Subject(folder / "source.h5", "keras"), Verification(), folder / "space")
    found: dict[str, Any] = {
        name: searching.search(case, _Asked({}), report=report, keep=folder) for name, report in reports.items()
    }
    point = Point("p", "Dense", ())
    located = Located(point, 1.0, 0.1, 2, (), reproduction=folder / "keep" / "model")
    places = [PlaceReport("node", "failed", "wasm"), PlaceReport("browser", "failed"), PlaceReport("python", "failed")]
    for name, one in (("alone", case), ("compared", compared)):
        found[name] = [searching._command(one, located, place=report.place) for report in places]
    found["no cut"] = searching._command(case, Located(point, 1.0, 0.1, 2, ()), place=places[0].place)
    found["worst"] = [str(searching._worst_place(places)), str(searching._worst_place(places[:2]))]
    silent = _Asked({"not_run": "no Keras"})
    report = Evidence((LevelReport("outputs", "failed"),), tuple(places))
    found["source that does not run"] = searching.search(compared, silent, report=report, keep=folder)
    found["asked"] = silent.jobs
    return found


_PARTS: Mapping[str, Callable[[Path], Any]] = {"warm places": _warm, "sources": _sources, "searches": _searches}
