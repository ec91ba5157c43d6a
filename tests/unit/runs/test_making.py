"""How each kind of task makes its artifact: what a worker is asked, what is refused, and what goes into the record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.fakes import FakeWorkers
from tests.unit.runs.recipes import recipe_of, scripted, shard_step, write_layers_model
from tests.unit.verification.models import graph_model
from workflow.base import locations
from workflow.base.errors import ConversionError, ModelFileError, ReferenceConverterError
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.models.inspection import inspect_model
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import ApplicationModel, FetchedModel, Verification
from workflow.runs import making
from workflow.runs.making import SourceJob
from workflow.runs.tasks import tasks_of

BROKEN = ReferenceConverterError("it said no")


def script_of(base: Path) -> Any:
    return scripted(base).replaced(arguments=("--epochs", "3"))


def application(base: Path, weights: str = "imagenet") -> ApplicationModel:
    spot = Spot(2, 3, path=base / "recipe.yml")
    return ApplicationModel("MobileNet", weights, "seeded", 7, {"alpha": 0.5}, base / "m.h5", spot)


class Made:
    """A source or a step at work, with all that it says."""

    def __init__(self, base: Path, declared: Any, workers: FakeWorkers) -> None:
        self.listener = Recording()
        self.workers = workers
        self.task = tasks_of(recipe_of(base, model=declared))[0]
        self.job = SourceJob(declared, base / "staged", base / "a.log", 9.5, workers, self.listener)

    def make(self) -> dict[str, Any]:
        return making.make(self.job, self.task)


def writing(args: dict[str, Any]) -> dict[str, Any]:
    write_layers_model(Path(args.get("output") or args["arguments"][-1]))
    return {"wrote": "it"}


def test_a_script_is_run_in_its_folder_by_a_worker_of_its_own(tmp_path: Path) -> None:
    made = Made(tmp_path, script_of(tmp_path), FakeWorkers(script=writing))
    script = tmp_path / "train.py"
    assert made.make() == {"script": str(script), "arguments": ["--epochs", "3"], "printed": ["script"]}
    (request,) = made.workers.fake.requests
    assert (request.job, request.log, request.timeout) == ("script", tmp_path / "a.log", 9.5)
    arguments = ["--epochs", "3", str(tmp_path / "staged")]
    assert request.args == {"script": str(script), "arguments": arguments, "cwd": str(tmp_path)}
    assert made.workers.fake.closes == 1
    assert made.listener.lines == ["script"]


def test_of_what_a_script_prints_the_last_twenty_lines_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(tmp_path, script_of(tmp_path), FakeWorkers(script=writing))
    told = made.workers.fake.run

    def wordy(*words: Any, on_progress: Any, **more: Any) -> dict[str, Any]:
        for number in range(25):
            on_progress(f"epoch {number}")
        return told(*words, **more)

    monkeypatch.setattr(made.workers.fake, "run", wordy)
    assert made.make()["printed"] == [f"epoch {number}" for number in range(5, 25)]
    assert len(made.listener.lines) == 25


def test_a_worker_of_its_own_is_closed_after_a_failure_too(tmp_path: Path) -> None:
    for declared, job in ((script_of(tmp_path), "script"), (application(tmp_path), "application")):
        made = Made(tmp_path, declared, FakeWorkers(**{job: BROKEN}))
        with pytest.raises(ReferenceConverterError):
            made.make()
        assert made.workers.fake.closes == 1


@pytest.mark.parametrize("missing", ["train.py", "data.csv"])
def test_a_file_of_the_script_that_is_not_there_is_told_with_the_place_in_the_recipe(
    missing: str, tmp_path: Path
) -> None:
    source = script_of(tmp_path).replaced(depends=(tmp_path / "data.csv",))
    (tmp_path / "data.csv").touch()
    (tmp_path / missing).unlink()
    made = Made(tmp_path, source, FakeWorkers())
    with pytest.raises(ModelFileError) as caught:
        made.make()
    assert caught.value.message == f"step model needs {tmp_path / missing}, which is not there"
    assert caught.value.hint == f"named at {source.spot}"
    assert made.workers.fake.requests == []


@pytest.mark.parametrize(("weights", "closes"), [("imagenet", 1), ("seeded", 0), ("own.h5", 0)])
def test_a_network_is_made_by_the_warm_worker_unless_its_weights_are_fetched(
    weights: str, closes: int, tmp_path: Path
) -> None:
    (tmp_path / "own.h5").touch()
    named = str(tmp_path / weights) if weights.endswith(".h5") else weights
    made = Made(tmp_path, application(tmp_path, named), FakeWorkers(application=writing))
    assert made.make() == {"wrote": "it"}
    (request,) = made.workers.fake.requests
    assert (request.job, request.log, request.timeout) == ("application", tmp_path / "a.log", 9.5)
    assert request.args == {
        "application": "MobileNet",
        "weights": named,
        "offline": "seeded",
        "seed": 7,
        "options": {"alpha": 0.5},
        "output": str(tmp_path / "staged"),
    }
    assert made.workers.fake.closes == closes
    assert made.listener.warnings == []


def test_weights_that_are_not_there_and_a_network_that_is_less_than_asked_for_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"step model needs .*own\.h5, which is not there"):
        Made(tmp_path, application(tmp_path, str(tmp_path / "own.h5")), FakeWorkers()).make()
    made = Made(
        tmp_path,
        application(tmp_path),
        FakeWorkers(application=lambda args: {**writing(args), "degraded": "seeded weights"}),
    )
    assert made.make()["degraded"] == "seeded weights"
    assert made.listener.warnings == ["seeded weights"]


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("script", "the script gets the path to write to as its last argument (sys.argv[-1])"),
        ("application", "the log may say why"),
    ],
)
@pytest.mark.parametrize("empty", [True, False])
def test_an_end_without_a_result_is_a_failure_that_names_the_log(
    kind: str, hint: str, *, empty: bool, tmp_path: Path
) -> None:
    declared = script_of(tmp_path) if kind == "script" else application(tmp_path)
    made = Made(tmp_path, declared, FakeWorkers(**{kind: {}}))
    if empty:
        (tmp_path / "staged").mkdir()
    with pytest.raises(ConversionError) as caught:
        made.make()
    error = caught.value
    assert error.message == "step model ended without an error and without a result"
    assert (error.hint, error.log) == (hint, str(tmp_path / "a.log"))


TABLE = [
    (True, None, "native", True),
    (False, None, "native", False),
    (True, False, "native", False),
    (False, True, "native", True),
    (False, None, "reference", True),
]


@pytest.mark.parametrize(("whole", "own", "engine", "needed"), TABLE)
def test_a_step_needs_the_environment_to_be_verified_or_converted(
    whole: Any, own: Any, engine: Any, *, needed: bool, tmp_path: Path
) -> None:
    step = shard_step(tmp_path).replaced(engine=engine, verification=None if own is None else Verification(enabled=own))
    (task,) = tasks_of(recipe_of(tmp_path, step))
    assert making.needs_environment(task, Verification(enabled=whole)) is needed


def test_a_model_that_is_fetched_needs_no_environment_and_any_other_does(tmp_path: Path) -> None:
    spot = Spot(path=tmp_path / "recipe.yml")
    sources = (
        FetchedModel("file:///a", "0" * 64, tmp_path / "m.h5", spot),
        scripted(tmp_path),
        application(tmp_path),
    )
    tasks = [tasks_of(recipe_of(tmp_path, model=source))[0] for source in sources]
    assert [making.needs_environment(task, Verification()) for task in tasks] == [False, True, True]
    assert [making.may_come_to_need_it(task) for task in tasks] == [False, False, False]


@pytest.mark.parametrize(
    ("engine", "target", "may"),
    [("auto", "keras", True), ("auto", "tfjs_layers_model", False), ("native", "keras", False)],
)
def test_a_conversion_that_our_code_may_decline_may_come_to_need_it(
    engine: Any, target: Any, *, may: bool, tmp_path: Path
) -> None:
    step = shard_step(tmp_path).replaced(engine=engine, to_format=target)
    (task,) = tasks_of(recipe_of(tmp_path, step))
    assert making.may_come_to_need_it(task) is may


def test_what_an_input_is_decides_which_of_two_ways_a_step_goes(tmp_path: Path) -> None:
    write_layers_model(tmp_path / "layers")
    graph_model(tmp_path / "graph")
    other = ("tfjs_graph_model", "tfjs_graph_model")
    step = shard_step(tmp_path).replaced(alternative=other)

    def way(name: str) -> tuple[str, str, object]:
        found = making.provided(step.replaced(input=str(tmp_path / name)), Recording())
        return found.from_format, found.to_format, found.alternative

    assert way("layers") == ("tfjs_layers_model", "tfjs_layers_model", None)
    assert way("graph") == (*other, None)
    assert way("nothing") == ("tfjs_layers_model", "tfjs_layers_model", None)


def test_what_a_result_is_is_seen_on_disk_where_it_may_be_either(tmp_path: Path) -> None:
    graph_model(tmp_path / "graph")
    step = shard_step(tmp_path)
    assert making.result_format(step, tmp_path / "graph") == "tfjs_layers_model"
    either = step.replaced(fallback_format="tfjs_graph_model")
    assert making.result_format(either, tmp_path / "graph") == "tfjs_graph_model"
    assert making.result_format(either, tmp_path / "nothing") == "tfjs_layers_model"


def test_what_is_odd_about_the_input_stands_before_what_the_converter_says(tmp_path: Path) -> None:
    source = write_layers_model(tmp_path / "web")
    model = source / "model.json"
    layer = '[{"class_name": "MyLayer", "config": {"name": "mine"}}]'
    model.write_text(model.read_text().replace('"layers": []', f'"layers": {layer}'))
    step = shard_step(tmp_path)
    (task,) = tasks_of(recipe_of(tmp_path, step))
    refused = ReferenceConverterError("it said no", details="Traceback")
    job = Job(source, step.from_format, tmp_path / "out", step.to_format, step.options, Recording(), step)
    with pytest.raises(ReferenceConverterError) as caught:
        making.make(job.replaced(workers=FakeWorkers(convert=refused)), task)
    odd, said = caught.value.details.split("\n")
    assert odd.startswith("about the input: ")
    assert "MyLayer" in odd
    assert said == "Traceback"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((10, 11, *range(1, 10)), ["shard: the weight files are not listed by their numbers (10, 11, 1, 2, 3 ...)"]),
        (tuple(range(11, 0, -1)), ["shard: the weight files are not listed by their numbers (11, 10, 9, 8, 7 ...)"]),
        (tuple(range(1, 12)), []),
    ],
)
def test_weight_files_that_are_not_listed_by_their_numbers_are_warned_of(
    numbers: tuple[int, ...], said: list[str], tmp_path: Path
) -> None:
    folder = write_layers_model(tmp_path / "web", weights=bytes(44))
    for number in numbers:
        (folder / f"group1-shard{number}of11.bin").write_bytes(bytes(4))
    document = folder / "model.json"
    listed = json.dumps([f"group1-shard{number}of11.bin" for number in numbers])
    document.write_text(document.read_text().replace('["group1-shard1of1.bin"]', listed))
    step = shard_step(tmp_path).replaced(engine="native")
    (task,) = tasks_of(recipe_of(tmp_path, step))
    told = Recording()
    making.make(Job(folder, step.from_format, tmp_path / "out", step.to_format, step.options, told, step), task)
    assert [line.partition(": if")[0] for line in told.warnings] == said


def test_a_model_is_fetched_into_the_cache_and_known_by_its_address_and_digest(tmp_path: Path) -> None:
    origin = tmp_path / "origin.h5"
    origin.write_bytes(b"bytes")
    digest = hashlib.sha256(b"bytes").hexdigest()
    source = FetchedModel(origin.as_uri(), digest, tmp_path / "m.h5", Spot(path=tmp_path / "recipe.yml"))
    made = Made(tmp_path, source, FakeWorkers())
    assert made.make() == {"url": origin.as_uri(), "sha256": digest}
    assert (tmp_path / "staged").read_bytes() == b"bytes"
    assert (locations.cache() / "models" / digest).read_bytes() == b"bytes"
    assert made.listener.lines == [f"fetching {origin.as_uri()}"]


def test_a_step_has_the_format_of_its_result_among_its_facts(tmp_path: Path) -> None:
    source = write_layers_model(tmp_path / "web")
    step = shard_step(tmp_path).replaced(engine="native")
    (task,) = tasks_of(recipe_of(tmp_path, step))
    job = Job(source, step.from_format, tmp_path / "out", step.to_format, step.options, Recording(), step)
    facts = making.make(job, task)
    assert (facts["engine"], facts["format"]) == ("native", "tfjs_layers_model")
    assert "handle" not in facts


def test_who_converts_is_told_what_was_seen_of_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Job] = []

    def noting(job: Job) -> dict[str, Any]:
        asked.append(job)
        write_layers_model(job.target)
        return {}

    monkeypatch.setattr(making, "convert", noting)
    source, step = write_layers_model(tmp_path / "web"), shard_step(tmp_path)
    (task,) = tasks_of(recipe_of(tmp_path, step))
    job = Job(source, step.from_format, tmp_path / "out", step.to_format, step.options, Recording(), step)
    assert making.make(job, task) == {"format": "tfjs_layers_model"}
    assert asked == [job.replaced(summary=inspect_model(source, "tfjs_layers_model"))]
