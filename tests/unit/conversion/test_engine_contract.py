"""The contract of ``engine``: which one does a conversion, what is said about it, and when it fails instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers
from tests.unit.runs.recipes import shard_step, write_layers_model
from workflow.base.errors import ConversionError, DeclinedError, WorkflowError
from workflow.base.events import Recording
from workflow.conversion import engines, in_worker, native
from workflow.conversion.job import Job

if TYPE_CHECKING:
    from workflow.bridge.fake_worker import FakeWorker
    from workflow.catalogue.formats import Engine, Format
    from workflow.recipe.recipes import Step

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"
WHY = "layer 'x' (GRU): reset_after=True"


class Workers:
    """One fake worker for both environments."""

    def __init__(self) -> None:
        self.fake = FakeWorkers().fake

    def warm(self) -> FakeWorker:
        return self.fake

    def keras3(self) -> FakeWorker:
        return self.fake


def declines(route: str) -> Any:
    def edge(_: object) -> dict[str, Any]:
        raise DeclinedError(WHY, route=route)

    return edge


EDGES = {
    "does it": lambda _: {"weights": 1},
    "declines, reference can": declines("reference"),
    "declines, graph can": declines("graph"),
    "declines, nothing can": declines("none"),
}


@dataclass(frozen=True)
class Case:
    """What is asked for, what our code does, and what comes of it: an engine, or a failure."""

    engine: Engine
    ours: str
    fallback: Format | None = None
    did: str = ""
    said: str = ""
    message: str = ""
    hint: str = ""
    source: str = "web"
    of_archive: bool = False


INSTEAD = "`format: auto` makes a graph model where layers do not suffice"
ROUTE = "`engine: auto` takes the reference converter for it"
NEITHER = "the reference converter would not either"
CASES = [
    Case("auto", "does it", did="native"),
    Case("native", "does it", did="native"),
    Case("reference", "does it", did="reference"),
    Case("reference", "declines, graph can", did="reference"),
    Case("auto", "declines, reference can", did="reference", said=f"shard: by the reference converter, because {WHY}"),
    Case(
        "native",
        "declines, reference can",
        message=f"step shard: the native engine declines: {WHY}",
        hint=ROUTE,
    ),
    Case(
        "native",
        "declines, graph can",
        message=f"step shard: the native engine declines: {WHY}",
        hint=INSTEAD,
    ),
    Case(
        "native",
        "declines, nothing can",
        message=f"step shard: the native engine declines: {WHY}",
        hint=NEITHER,
    ),
    Case(
        "native",
        "declines, reference can",
        message=f"step shard: the native engine declines: {WHY}",
        hint=INSTEAD,
        of_archive=True,
    ),
    Case(
        "auto",
        "declines, graph can",
        message=f"step shard: web cannot become a layers model: {WHY}",
        hint=INSTEAD,
    ),
    Case(
        "auto",
        "declines, reference can",
        message=f"step shard: web cannot become a layers model: {WHY}",
        hint=INSTEAD,
        of_archive=True,
    ),
    *[
        Case(engine, f"declines, {route} can", GRAPH, did="worker", said=f"shard: a graph model, because {WHY}")
        for engine in ("auto", "native")
        for route in ("reference", "graph")
    ],
]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def asked(step: Step, base: Path) -> Job:
    formats = step.from_format, step.to_format
    return Job(
        Path(step.input), formats[0], base / "target", formats[1], step.options, Recording(), step, workers=Workers()
    )


def job_of(case: Case, base: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    before: Format = "keras_keras" if case.of_archive else LAYERS
    monkeypatch.setitem(native.EDGES, (before, LAYERS), EDGES[case.ours])
    monkeypatch.setattr(in_worker, "to_graph_model", lambda job: {"made": str(job.target.name)})
    step = shard_step(base).replaced(engine=case.engine, from_format=before, fallback_format=case.fallback)
    return asked(step, base)


def titled(case: Case) -> str:
    asked = f"{case.engine}, and ours {case.ours}"
    return f"{asked}{', or a graph' if case.fallback else ''}{', of an archive' if case.of_archive else ''}"


@pytest.mark.parametrize("case", CASES, ids=titled)
def test_who_converts_and_what_is_said(case: Case, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(case, base, monkeypatch)
    found: dict[str, Any] = {}
    error: WorkflowError | None = None
    try:
        found = engines.convert(job)
    except ConversionError as failure:
        error = failure
    told = [request.job for request in job.workers.warm().requests]  # type: ignore[attr-defined]
    assert told == (["convert"] if case.did == "reference" else [])
    assert found.get("engine", "") == case.did
    assert found.get("declined") == (WHY if case.said else None)
    assert job.listener.lines == ([case.said] if case.said else [])  # type: ignore[attr-defined]
    assert (error.message if error else "") == case.message
    assert error is None or (error.exit_code == 30 and error.hint.startswith(case.hint))


def test_the_reference_converter_is_told_its_command_and_the_record_has_it(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(Case("reference", "does it"), base, monkeypatch)
    facts = engines.convert(job)
    (request,) = job.workers.warm().requests  # type: ignore[attr-defined]
    words = ["--input_format=tfjs_layers_model", "--output_format=tfjs_layers_model", "--weight_shard_size_bytes=4"]
    assert request.args == {"argv": [*words, str(base / "web"), str(base / "target")], "unsafe": False}
    assert facts["command"].startswith("tensorflowjs_converter ")
    assert all(word in facts["command"] for word in words)


@pytest.mark.parametrize(
    ("engine", "pair", "needs"),
    [
        ("auto", (LAYERS, LAYERS), False),
        ("native", ("keras", LAYERS), False),
        ("reference", (LAYERS, LAYERS), True),
        ("auto", ("keras", GRAPH), True),
        ("auto", (GRAPH, "tf_saved_model"), True),
    ],
)
def test_a_step_is_known_to_need_the_environment_before_it_runs(
    engine: Engine, pair: tuple[Format, Format], *, needs: bool, base: Path
) -> None:
    step = shard_step(base).replaced(engine=engine, from_format=pair[0], to_format=pair[1])
    assert engines.may_need_worker(step) is needs


def test_what_only_tensorflow_can_make_is_made_in_the_worker_whatever_declines(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def making(name: str) -> Any:
        def make(_: object) -> dict[str, Any]:
            made.append(name)
            return {"engine": "not this one"}

        return make

    for name in ("to_graph_model", "to_saved_model", "to_layers_model"):
        monkeypatch.setattr(in_worker, name, making(name))
    targets: list[Format] = [GRAPH, "tf_saved_model", "keras_saved_model"]
    for target in targets:
        step = shard_step(base).replaced(engine="auto", from_format="tf_saved_model", to_format=target)
        facts = engines.convert(asked(step, base))
        assert facts["engine"] == "worker"
    assert made == ["to_graph_model", "to_saved_model", "to_saved_model"]
    assert Path(base / "web").is_dir()
