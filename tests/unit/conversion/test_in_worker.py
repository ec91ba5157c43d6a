"""What is made with TensorFlow in the worker: what the worker is told, by which way, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import dense, given, layer, numbers, row, whole_file
from tests.unit.runs.recipes import shard_step
from tests.unit.verification.models import graph_model
from workflow.base.errors import ConversionError, DeclinedError, WorkerDiedError
from workflow.base.events import Recording
from workflow.bridge.fake_worker import FakeWorker
from workflow.conversion import in_worker
from workflow.conversion.job import Job
from workflow.models.inspection import ModelSummary
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from workflow.bridge.fake_worker import ScriptedAnswer

WEIGHTS = {"dense": {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}}


class Workers:
    """One fake worker for each environment."""

    def __init__(self, **answers: ScriptedAnswer) -> None:
        self.first = FakeWorker({**answers})
        self.second = FakeWorker({**answers})

    def warm(self) -> FakeWorker:
        return self.first

    def keras3(self) -> FakeWorker:
        return self.second


def job_of(tmp_path: Path, workers: Workers, *, version: str = "2.13.1", **step: Any) -> Job:
    source = step.pop("source", str(tmp_path / "m.h5"))
    options = step.pop("options", {})
    first = shard_step(tmp_path).replaced(input=source, from_format="keras", to_format="tfjs_graph_model")
    summary = ModelSummary("keras", (Path(source),), 0, {"keras_version": version})
    made = first.replaced(options=options, **step)
    formats = made.from_format, made.to_format
    job = Job(Path(source), formats[0], tmp_path / "target", formats[1], made.options, Recording(), made)
    return job.replaced(log=tmp_path / "log", timeout=60.0, workers=workers, summary=summary)


def lines(job: Job) -> list[str]:
    listener: Any = job.listener
    return list(listener.lines)


def test_a_graph_is_traced_of_the_file_itself_with_the_options_of_the_step(tmp_path: Path) -> None:
    workers = Workers(graph={"nodes": 7})
    options = {"repairs": False, "strip_debug_ops": True, "unsafe": True, "custom_objects": ["/mine.py"]}
    job = job_of(tmp_path, workers, options=options)
    assert in_worker.to_graph_model(job) == {"nodes": 7}
    (request,) = workers.first.requests
    assert (request.job, request.timeout, request.log) == ("graph", 60.0, tmp_path / "log")
    assert request.args == {
        "source": {
            "path": str(tmp_path / "m.h5"),
            "format": "keras",
            "custom_objects": ["/mine.py"],
            "unsafe": True,
        },
        "options": {"strip_debug_ops": True},
        "repairs": False,
        "output": str(tmp_path / "target"),
    }
    assert not (tmp_path / "target.scratch").exists()


def test_repairs_are_made_unless_the_step_says_otherwise(tmp_path: Path) -> None:
    workers = Workers(graph={})
    in_worker.to_graph_model(job_of(tmp_path, workers))
    assert workers.first.requests[0].args["repairs"] is True


def test_a_file_of_keras_3_goes_by_way_of_a_layers_model_where_layers_suffice(tmp_path: Path) -> None:
    whole_file(tmp_path / "m.h5", row(given([None, 3]), dense()), WEIGHTS, version="3.5.0")
    seen: list[bool] = []

    def graph(args: dict[str, Any]) -> dict[str, Any]:
        seen.append(Path(args["source"]["path"], "model.json").is_file())
        return {}

    workers = Workers(graph=graph)
    options = {"split_weights_by_layer": True, "unsafe": True}
    facts = in_worker.to_graph_model(job_of(tmp_path, workers, version="3.5.0", options=options))
    args = workers.first.requests[0].args
    assert facts == {"by_way_of": "tfjs_layers_model"}
    assert args["source"]["format"] == "tfjs_layers_model"
    assert "unsafe" not in args["source"]  # nothing of the model's own code is left in it
    assert args["options"] == {}
    assert seen == [True]
    assert workers.second.requests == []


def lambda_file(tmp_path: Path) -> None:
    whole_file(tmp_path / "m.h5", row(given([None, 3]), layer("Lambda", "odd")), {}, version="3.5.0")


@pytest.mark.parametrize("fallback", [None, "tfjs_graph_model"])
def test_else_it_goes_by_way_of_the_environment_for_keras_3(tmp_path: Path, fallback: Any) -> None:
    lambda_file(tmp_path)
    workers = Workers(graph={"nodes": 1}, export={"keras": "3.5.0"})
    options = {"custom_objects": ["/mine.py"], "unsafe": True}
    job = job_of(tmp_path, workers, version="3.5.0", options=options, fallback_format=fallback)
    facts = in_worker.to_graph_model(job)
    assert facts == {"by_way_of": "keras3", "exported": {"keras": "3.5.0"}, "nodes": 1}
    (export,) = workers.second.requests
    assert export.job == "export"
    source = {"path": str(tmp_path / "m.h5"), "format": "keras", "custom_objects": ["/mine.py"], "unsafe": True}
    assert export.args == {"source": source, "output": str(tmp_path / "target.scratch" / "exported")}
    made = workers.first.requests[0].args["source"]
    assert made == {"path": str(tmp_path / "target.scratch" / "exported"), "format": "tf_saved_model"}
    because = "" if fallback else ", because layer 'odd': TensorFlow.js has no layer class 'Lambda'"
    assert lines(job)[0] == f"shard: by way of the environment for Keras 3{because}"


@pytest.mark.parametrize("unsafe", [True, False])
def test_where_bytecode_was_run_a_death_may_be_of_another_python(tmp_path: Path, *, unsafe: bool) -> None:
    lambda_file(tmp_path)
    workers = Workers(export=WorkerDiedError("it died", hint="look"))
    with pytest.raises(WorkerDiedError) as caught:
        in_worker.to_graph_model(job_of(tmp_path, workers, version="3.5.0", options={"unsafe": unsafe}))
    other = "bytecode in the model may be of another Python than the environment's; "
    assert caught.value.hint == f"{other if unsafe else ''}look"


def test_layers_of_a_saved_model_are_taken_out_by_keras_and_written_by_our_own_code(tmp_path: Path) -> None:
    def resave(args: dict[str, Any]) -> dict[str, Any]:
        whole_file(Path(args["output"]), row(given([None, 3]), dense()), WEIGHTS)
        return {"resaved": True}

    workers = Workers(resave=resave)
    options = {"unsafe": True, "quantize_uint8": ["*"]}
    job = job_of(tmp_path, workers, from_format="keras_saved_model", to_format="tfjs_layers_model", options=options)
    facts = in_worker.to_layers_model(job)
    assert (facts["resaved"], facts["by_way_of"], facts["weights"]) == (True, "keras", 2)
    assert facts["quantization"]
    assert (tmp_path / "target" / "model.json").is_file()
    assert workers.first.requests[0].args["source"] == {
        "path": str(tmp_path / "m.h5"),
        "format": "keras_saved_model",
        "unsafe": True,
    }


def test_what_layers_cannot_say_is_declined_also_of_a_saved_model(tmp_path: Path) -> None:
    def resave(args: dict[str, Any]) -> dict[str, Any]:
        whole_file(Path(args["output"]), row(given([None, 3]), layer("Lambda", "odd")), {})
        return {}

    with pytest.raises(DeclinedError, match="Lambda"):
        in_worker.to_layers_model(job_of(tmp_path, Workers(resave=resave), from_format="keras_saved_model"))
    assert not (tmp_path / "target.scratch").exists()


def test_a_saved_model_is_made_of_the_kind_that_was_asked_for(tmp_path: Path) -> None:
    workers = Workers(saved_model={"made": True})
    job = job_of(
        tmp_path, workers, from_format="tfjs_graph_model", to_format="tf_saved_model", options={"unsafe": True}
    )
    assert in_worker.to_saved_model(job) == {"made": True}
    (request,) = workers.first.requests
    assert request.args == {
        "source": {"path": str(tmp_path / "m.h5"), "format": "tfjs_graph_model", "unsafe": True},
        "output": str(tmp_path / "target"),
        "target": "tf_saved_model",
    }


@pytest.mark.parametrize(("found", "said"), [(True, True), (False, False)])
def test_outputs_that_were_guessed_are_told(tmp_path: Path, *, found: bool, said: bool) -> None:
    facts = {"output_node_names": ["a", "b"], "output_node_names_found": found}
    job = job_of(tmp_path, Workers(graph=facts))
    assert in_worker.to_graph_model(job) == facts
    words = "shard: its outputs, found in the graph: a, b (`output_node_names:` names others)"
    assert lines(job) == ([words] if said else [])


def test_where_a_model_lacks_kernels_is_said_in_whole(tmp_path: Path) -> None:
    lacking = {"wasm": {"Einsum": ["a"]}, "webgpu": {"Einsum": ["a"]}}
    job = job_of(tmp_path, Workers(graph={"unsupported": lacking}))
    in_worker.to_graph_model(job)
    listener: Any = job.listener
    assert listener.warnings == [f"shard: in TensorFlow.js it {kernels.report(lacking)}"]


def test_where_a_model_lacks_kernels_is_a_warning_unless_it_is_webgpu_alone(tmp_path: Path) -> None:
    for backend, warned in (("wasm", True), ("webgpu", False)):
        job = job_of(tmp_path, Workers(graph={"unsupported": {backend: {"Einsum": ["a"]}}}))
        in_worker.to_graph_model(job)
        listener: Any = job.listener
        assert [bool(listener.warnings), bool(listener.lines)] == [warned, not warned]


def test_where_no_folder_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    job = job_of(tmp_path, Workers(graph={})).replaced(target=tmp_path / "file" / "target")
    with pytest.raises(ConversionError, match=r"step shard: .*Not a directory"):
        in_worker.to_graph_model(job)


@pytest.mark.parametrize(
    ("kept", "dtype"), [({"keep_float": ["biases"]}, "uint8"), ({"quantize_auto": {"max_bytes": 10_000}}, None)]
)
def test_what_the_worker_cannot_do_to_weights_is_done_to_its_graph_afterwards(
    tmp_path: Path, kept: Any, dtype: Any
) -> None:
    def graph(args: dict[str, Any]) -> dict[str, Any]:
        graph_model(Path(args["output"]))
        return {"nodes": 7}

    workers = Workers(graph=graph)
    patterns = {} if "quantize_auto" in kept else {"quantize_uint8": ["*"]}
    options = {**patterns, "weight_shard_size_bytes": 100, "strip_debug_ops": True, **kept}
    facts = in_worker.to_graph_model(job_of(tmp_path, workers, options=options))
    args = workers.first.requests[0].args
    assert args["options"] == {"strip_debug_ops": True}
    assert args["output"] == str(tmp_path / "target.scratch" / "graph")
    assert facts["nodes"] == 7
    (group,) = json.loads((tmp_path / "target" / "model.json").read_text())["weightsManifest"]
    stored = {one["name"].rpartition("/")[2]: one.get("quantization", {}).get("dtype") for one in group["weights"]}
    assert stored == {"kernel": dtype, "bias": None}
    assert max(path.stat().st_size for path in (tmp_path / "target").glob("*.bin")) <= 100
    assert not (tmp_path / "target.scratch").exists()


QUANTIZING = ("quantize_float16", "quantize_uint8", "quantize_uint16")


@pytest.mark.parametrize("name", QUANTIZING)
def test_patterns_alone_are_for_the_worker(tmp_path: Path, name: str) -> None:
    workers = Workers(graph={})
    options = {name: ["*"], "weight_shard_size_bytes": 100}
    in_worker.to_graph_model(job_of(tmp_path, workers, options=options))
    args = workers.first.requests[0].args
    assert (args["options"], args["output"]) == (options, str(tmp_path / "target"))


@pytest.mark.parametrize("name", QUANTIZING)
def test_with_a_word_all_of_its_kind_is_done_afterwards(tmp_path: Path, name: str) -> None:
    workers = Workers(graph=lambda args: {"made": str(graph_model(Path(args["output"])).path)})
    in_worker.to_graph_model(job_of(tmp_path, workers, options={name: ["*"], "keep_float": ["biases"]}))
    assert workers.first.requests[0].args["options"] == {}
