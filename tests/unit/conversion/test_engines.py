"""Engines: native where it can, the reference where it must, and the record says which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import given, layer, row, whole_file
from tests.unit.runs.fakes import FakeWorkers
from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from workflow.base.errors import DeclinedError
from workflow.conversion import native
from workflow.models.keras.allowed import QUANTIZED_IN_KERAS
from workflow.runs.runner import Manner, Runner
from workflow.runs.tasks import Selection
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from workflow.bridge.fake_worker import ScriptedAnswer
    from workflow.catalogue.formats import Engine
    from workflow.recipe.recipes import Step
    from workflow.runs.tasks import Outcome


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def run(
    base: Path,
    engine: Engine,
    workers: FakeWorkers,
    *,
    verify: bool = False,
    watcher: RecordingWatcher | None = None,
) -> Outcome:
    recipe = recipe_of(base, shard_step(base).replaced(engine=engine), verify=verify)
    (outcome,) = Runner(recipe, workers, watcher or RecordingWatcher(), manner=Manner()).execute(Selection())
    return outcome


def declining_what_the_reference_can(_job: Any) -> dict[str, Any]:
    raise DeclinedError("layer gru of class GRU has an option that it does not know")


def declining(_job: Any) -> dict[str, Any]:
    raise DeclinedError("layer gru of class GRU is more than it knows", route="graph")


FROZEN = bytes([10, 16, 10, 1]) + b"x" + bytes([18, 11]) + b"Placeholder"
"""A GraphDef of one placeholder."""


def traced(**facts: Any) -> ScriptedAnswer:
    """Return what answers the job ``graph``: a graph model of one node."""

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        folder = Path(args["output"])
        folder.mkdir()
        document = {
            "format": "graph-model",
            "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]},
            "weightsManifest": [],
        }
        (folder / "model.json").write_text(json.dumps(document))
        return dict(facts)

    return answer


def test_a_native_step_needs_no_environment(base: Path) -> None:
    workers = FakeWorkers()
    assert run(base, "auto", workers).facts["engine"] == "native"
    assert workers.prepared == 0


def test_the_reference_is_taken_when_it_is_asked_for(base: Path) -> None:
    workers = FakeWorkers()
    assert run(base, "reference", workers).facts["engine"] == "reference"
    assert workers.prepared > 0


def test_what_native_declines_goes_to_the_reference_and_the_user_and_the_record_are_told_why(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining_what_the_reference_can)
    watcher = RecordingWatcher()
    facts = run(base, "auto", FakeWorkers(), watcher=watcher).facts
    why = "layer gru of class GRU has an option that it does not know"
    assert (facts["engine"], facts["declined"]) == ("reference", why)
    assert f"shard: by the reference converter, because {why}" in watcher.lines


def test_what_no_layers_model_can_express_is_refused_with_the_way_that_works(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining)
    workers = FakeWorkers()
    error = run(base, "auto", workers).error
    assert error is not None
    assert "class GRU" in error.message
    assert "format: auto" in error.hint
    assert workers.fake.requests == []


@pytest.mark.parametrize(
    ("why", "helps", "does_not"),
    [
        ("layer 'o': TensorFlow.js has no layer class 'Own'", "custom_objects", "unsafe"),
        ("layer 'l': TensorFlow.js has no layer class 'Lambda'", "`unsafe: true`", "custom_objects"),
        ("layer 'p' (PReLU): shared_axes=[1] is not what TensorFlow.js can do", "format: auto", "custom_objects"),
        (f"layer 'd' (Dense): {QUANTIZED_IN_KERAS}", "as it was before", "format: auto"),
    ],
)
def test_what_is_advised_helps_for_that_reason(
    why: str, helps: str, does_not: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def declining_so(_job: Any) -> dict[str, Any]:
        raise DeclinedError(why, route="graph")

    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining_so)
    error = run(base, "auto", FakeWorkers()).error
    assert error is not None
    assert helps in error.hint
    assert does_not not in error.hint


def test_native_alone_fails_where_it_declines_and_names_the_route(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining)
    error = run(base, "native", FakeWorkers()).error
    assert error is not None
    assert error.exit_code == 30
    assert error.message == "step shard: the native engine declines: layer gru of class GRU is more than it knows"
    assert "`format: auto` makes a graph model" in error.hint
    assert "engine: auto" not in error.hint
    assert not (base / "shard").exists()


def test_a_graph_model_is_traced_by_our_own_code_in_the_worker(base: Path) -> None:
    workers = FakeWorkers(graph=traced(unsupported={"wasm": {"Einsum": ["attention"]}}))
    watcher = RecordingWatcher()
    step = shard_step(base).replaced(kind="graph", to_format="tfjs_graph_model", options={}, engine="auto")
    (outcome,) = Runner(recipe_of(base, step, verify=False), workers, watcher, manner=Manner()).execute(Selection())
    assert outcome.error is None
    assert outcome.facts["engine"] == "worker"
    assert workers.fake.requests[0].args["source"]["format"] == "tfjs_layers_model"
    assert any("not on wasm: Einsum" in warning for warning in watcher.warnings)


def test_outputs_that_nobody_named_are_said(base: Path) -> None:
    found = traced(output_node_names=["softmax"], output_node_names_found=True)
    watcher = RecordingWatcher()
    (base / "frozen.pb").write_bytes(FROZEN)
    step = shard_step(base).replaced(kind="graph", input=str(base / "frozen.pb"), options={}, engine="auto")
    step = step.replaced(from_format="tf_frozen_model", to_format="tfjs_graph_model")
    recipe = recipe_of(base, step, verify=False)
    (outcome,) = Runner(recipe, FakeWorkers(graph=found), watcher, manner=Manner()).execute(Selection())
    assert outcome.error is None
    assert any("found in the graph: softmax" in line for line in watcher.lines)


def test_where_layers_do_not_suffice_a_graph_model_is_made_instead(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(native.EDGES, ("tfjs_layers_model", "tfjs_layers_model"), declining)
    watcher = RecordingWatcher()
    step = shard_step(base).replaced(fallback_format="tfjs_graph_model", options={}, engine="auto")
    recipe = recipe_of(base, step, verify=False)
    runner = Runner(recipe, FakeWorkers(graph=traced()), watcher, manner=Manner())
    (outcome,) = runner.execute(Selection())
    assert outcome.error is None
    assert outcome.facts["format"] == "tfjs_graph_model"
    assert any("a graph model, because layer gru" in line for line in watcher.lines)


def keras_step(base: Path, *layers: dict[str, Any], engine: Engine) -> Step:
    """Return a step that makes a layers model of a Keras 3 file of these layers."""
    source = whole_file(base / "m.h5", row(given([None, 3]), *layers), {}, version="3.5.0")
    step = shard_step(base, "web2").replaced(kind="python_to_js", from_format="keras", options={}, engine=engine)
    return step.replaced(input=str(source))


def test_a_keras_3_file_that_is_declined_never_goes_to_the_reference(base: Path) -> None:
    step = keras_step(base, layer("Lambda", "twice", function="x"), engine="auto")
    workers = FakeWorkers()
    runner = Runner(recipe_of(base, step, verify=False), workers, RecordingWatcher(), manner=Manner())
    (outcome,) = runner.execute(Selection())
    assert outcome.error is not None
    assert "layer 'twice': TensorFlow.js has no layer class 'Lambda'" in outcome.error.message
    assert "graph model" in outcome.error.hint
    assert workers.fake.requests == []


def test_who_insists_on_the_reference_for_a_keras_3_file_is_warned(base: Path) -> None:
    watcher = RecordingWatcher()
    recipe = recipe_of(base, keras_step(base, engine="reference"), verify=False)
    (outcome,) = Runner(recipe, FakeWorkers(), watcher, manner=Manner()).execute(Selection())
    assert outcome.facts["engine"] == "reference"
    assert any("do not load in TensorFlow.js" in warning for warning in watcher.warnings)


def test_the_reference_converter_is_not_asked_for_what_it_does_not_offer(base: Path) -> None:
    step = shard_step(base).replaced(to_format="tf_saved_model", options={}, engine="reference")
    recipe = recipe_of(base, step, verify=False)
    (outcome,) = Runner(recipe, FakeWorkers(), RecordingWatcher(), manner=Manner()).execute(Selection())
    assert outcome.error is not None
    assert "reference" in outcome.error.message


def test_a_native_step_that_is_verified_uses_the_worker_for_that(base: Path) -> None:
    workers = FakeWorkers()
    outcome = run(base, "auto", workers, verify=True)
    assert [request.job for request in workers.fake.requests] == ["source", "predict"]
    assert outcome.facts["check"]["max_abs"] == 0.0
