"""SavedModels of TensorFlow 1 and 2, hub modules and frozen graphs: as the reference, but right, named and whole."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.graph.test_against_reference import files_of, model_of, ops_of
from workflow.base.errors import ConversionError, ModelFileError, WorkflowError
from workflow.verification import exchange
from workflow.verification.requests import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

SAVED = "tf_saved_model"
FROZEN_OUTPUTS = {"output_node_names": ["last", "halves:1"]}
SOURCES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "several": ("several", SAVED, {}),
    "distance": ("several", SAVED, {"signature_name": "distance"}),
    "flow": ("flow", SAVED, {}),
    "flow, as functions": ("flow", SAVED, {"control_flow_v2": True}),
    "keras": ("keras", "keras_saved_model", {}),
    "tables": ("tables", SAVED, {}),
    "vocabulary": ("vocabulary", SAVED, {}),
    "classic": ("classic", SAVED, {"saved_model_tags": ["serve", "gpu"]}),
    "classic_table": ("classic_table", SAVED, {}),
    "hub": ("hub", "tf_hub", {}),
    "frozen": ("frozen.pb", "tf_frozen_model", FROZEN_OUTPUTS),
}
CORPUS = {
    "saved_model/keyword_spotting": (SAVED, {}),
    "saved_model/half_plus_two_tf1": (SAVED, {}),
    "saved_model/keras_two_inputs": (SAVED, {}),
    "saved_model/multi_output": (SAVED, {}),
    "frozen/mnist_mlp/deep_mlp.pb": ("tf_frozen_model", {"output_node_names": ["y_pred"]}),
}


@pytest.fixture(scope="module")
def make(
    worker: Worker, saved: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Convert one of the sources by the job ``graph``, each once unless something else is wanted of it."""
    done: dict[str, tuple[Path, dict[str, Any]]] = {}

    def convert(name: str, **more: Any) -> tuple[Path, dict[str, Any]]:
        if name in done and not more:
            return done[name]
        folder, (place, kind, options) = tmp_path_factory.mktemp("made"), SOURCES[name]
        job = {"source": {"path": str(saved / place), "format": kind}, "options": options, **more}
        facts = worker.run("graph", {**job, "output": str(folder / "out")}, log=folder / "job.log", timeout=120)
        if not more:
            done[name] = (folder / "out", facts)
        return folder / "out", facts

    return convert


def reference(worker: Worker, source: dict[str, str], options: dict[str, Any], output: Path) -> Path:
    """Convert by the reference, which reads what Keras saved as any other SavedModel."""
    kind = SAVED if source["format"] == "keras_saved_model" else source["format"]
    flags = [f"--{name}={','.join(value) if isinstance(value, list) else value}" for name, value in options.items()]
    argv = [f"--input_format={kind}", "--output_format=tfjs_graph_model", *flags, source["path"], str(output)]
    worker.run("convert", {"argv": argv}, log=output.parent / "reference.log", timeout=120)
    return output


def compare(worker: Worker, source: dict[str, str], options: dict[str, Any], folder: Path) -> None:
    slow = reference(worker, source, options, folder / "slow")
    job = {"source": source, "options": options, "output": str(folder / "fast"), "repairs": False}
    worker.run("graph", job, log=folder / "job.log", timeout=120)
    fast = folder / "fast"
    assert files_of(fast) == files_of(slow)
    assert ops_of(fast) - ops_of(slow) in ({}, {"Identity": 1})  # an output that is its node's second tensor
    assert not ops_of(slow) - ops_of(fast)
    names = [[entry["name"] for entry in model_of(one)["weightsManifest"][0]["weights"]] for one in (fast, slow)]
    assert names[0] == names[1]
    assert model_of(fast)["generatedBy"] == model_of(slow)["generatedBy"]


@pytest.mark.parametrize("name", ["several", "flow", "keras", "classic", "frozen"])
def test_weight_files_ops_and_weight_names_are_the_references(
    name: str, worker: Worker, saved: Path, tmp_path: Path
) -> None:
    place, kind, options = SOURCES[name]
    compare(worker, {"path": str(saved / place), "format": kind}, options, tmp_path)


@pytest.mark.parametrize("name", CORPUS)
def test_strangers_models_become_what_the_reference_makes_of_them(
    name: str, worker: Worker, corpus: Path, tmp_path: Path
) -> None:
    kind, options = CORPUS[name]
    compare(worker, {"path": str(corpus / name), "format": kind}, options, tmp_path)


ON_CPU = [(name, "cpu") for name in SOURCES]
ON_WASM = [(name, "wasm") for name in ("keras", "flow", "tables", "classic")]


@pytest.mark.parametrize(("name", "backend"), ON_CPU + ON_WASM)
def test_they_compute_in_node_what_they_computed_in_python(
    name: str, backend: str, *, node: NodeRuntime, saved: Path, make: Callable[..., Any], tmp_path: Path
) -> None:
    folder, facts = make(name)
    assert not any(facts["unsupported"].values())
    arrays = np.load((saved / name.partition(",")[0]).with_suffix(".npz"))
    given, answered = tmp_path / "given", tmp_path / "answered"
    exchange.write(given, {key[2:]: arrays[key] for key in arrays if key.startswith("x:")})
    request = RunRequest(folder, "tfjs_graph_model", given, answered, "node", backend=backend)
    node.run(request)
    answers, expected = exchange.read(request.outputs), {key[2:] for key in arrays if key.startswith("y:")}
    assert set(answers) == expected
    assert all(np.allclose(answers[key], arrays[f"y:{key}"], atol=1e-5) for key in expected)


def test_outputs_are_in_natural_order_and_in_the_models_own_where_keras_noted_it(make: Callable[..., Any]) -> None:
    folder, facts = make("several")
    assert list(model_of(folder)["signature"]["outputs"]) == [f"out_{number}" for number in range(12)]
    assert (facts["signature_name"], facts["saved_model_tags"]) == ("serving_default", ["serve"])
    assert list(model_of(make("keras")[0])["signature"]["outputs"]) == ["zeta", "alpha"]


def test_structured_names_are_sorted_as_tensorflow_sorts_them(make: Callable[..., Any]) -> None:
    folder, _ = make("several", options={"use_structured_outputs_names": True})
    model = model_of(folder)
    keys = model["userDefinedMetadata"]["structuredOutputKeys"]
    assert keys == list(model["signature"]["outputs"]) == sorted(f"out_{number}" for number in range(12))


def test_repairs_hold_for_saved_models(make: Callable[..., Any]) -> None:
    done = {repair["repair"] for repair in make("keras")[1]["repairs"]}
    assert done == {"normalization", "fusions"}
    assert [repair["repair"] for repair in make("tables")[1]["repairs"]] == ["lookups"]
    kept = make("classic")[1]["repairs"]
    assert {name for repair in kept if repair["repair"] == "outputs" for name in repair["at"]} == {
        "gate/depthwise",
        "last",
    }


def test_tables_get_numbers_that_do_not_depend_on_the_process(make: Callable[..., Any]) -> None:
    model = model_of(make("tables")[0])
    assert model["signature"]["inputs"]["unknown:0"]["resourceId"] == 1
    assert model["initializerSignature"]["outputs"]["table_1:0"]["resourceId"] == 1
    assert {node["op"] for node in model["modelInitializer"]["node"]} == {
        *("Const", "HashTableV2", "LookupTableImportV2", "Identity")
    }


def test_a_decision_forest_goes_into_an_archive_without_times(worker: Worker, saved: Path, tmp_path: Path) -> None:
    if not (saved / "forest").is_dir():
        pytest.skip("the environment has no TensorFlow Decision Forests")
    job = {"source": {"path": str(saved / "forest"), "format": SAVED}, "output": str(tmp_path / "out")}
    facts = worker.run("graph", job, log=tmp_path / "job.log", timeout=120)
    assert facts["addons"] == ["SimpleMLInferenceOpWithHandle"]
    filled = [node["op"] for node in model_of(tmp_path / "out")["modelInitializer"]["node"]]
    assert filled == ["Const", "SimpleMLCreateModelResource", "SimpleMLLoadModelFromPathWithHandle", "Identity"]
    with zipfile.ZipFile(tmp_path / "out" / "assets.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert sorted(archive.namelist()) == sorted(path.name for path in (saved / "forest" / "assets").iterdir())


@pytest.mark.parametrize("name", ["keras", "vocabulary", "classic"])
def test_another_worker_gives_the_same_bytes(
    name: str, make: Callable[..., Any], another: Worker, saved: Path, tmp_path: Path
) -> None:
    first, _ = make(name)
    place, kind, options = SOURCES[name]
    job = {"source": {"path": str(saved / place), "format": kind}, "output": str(tmp_path / "second")}
    another.run("graph", {**job, "options": options}, log=tmp_path / "another.log", timeout=120)
    for path in first.iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_outputs_of_a_frozen_graph_are_found_and_the_facts_say_so(make: Callable[..., Any]) -> None:
    folder, facts = make("frozen", options={})
    assert facts["output_node_names"] == list(model_of(folder)["signature"]["outputs"]) == ["last", "halves"]
    assert facts["output_node_names_found"] is True
    assert make("frozen")[1]["output_node_names_found"] is False


REFUSED = [
    ("several", SAVED, {"signature_name": "dist"}, ModelFileError, "no signature 'dist'; there are: distance, serving"),
    ("unsigned", SAVED, {}, ModelFileError, "has no signature"),
    ("classic", SAVED, {}, ModelFileError, "no graph with the tags serve; there are: gpu,serve; train"),
    ("classic", SAVED, {"saved_model_tags": ["train"], "signature_name": "x"}, ModelFileError, "there are: other"),
    ("hungry", SAVED, {}, ModelFileError, "outputs depend on keep_prob, which the signature does not have"),
    ("huge_several", SAVED, {}, ConversionError, r"\d\d\.\d\d GiB"),
    ("huge_classic", SAVED, {"saved_model_tags": ["serve", "gpu"]}, ConversionError, r"44\.00 GiB"),
    ("needy", SAVED, {}, ConversionError, r"MatrixInverse \(from decompose\)"),
    ("nowhere", SAVED, {}, ModelFileError, "no SavedModel in"),
    ("nowhere", "tf_hub", {}, ModelFileError, "is no folder of a module"),
    ("unfrozen.pb", "tf_frozen_model", {"output_node_names": ["scores"]}, ModelFileError, "variables .*: .*dense"),
    ("frozen.pb", "tf_frozen_model", {"output_node_names": ["score"]}, ModelFileError, "nearest names are scores"),
    ("messy.pb", "tf_frozen_model", {}, ModelFileError, "13 nodes are read by no other: end_0, end_1"),
    ("keras.npz", "tf_frozen_model", {}, ModelFileError, "no TensorFlow graph"),
    ("several/saved_model.pb", "tf_frozen_model", {}, ModelFileError, "give its folder"),
]


@pytest.mark.parametrize(("place", "kind", "options", "error", "message"), REFUSED)
def test_what_cannot_be_converted_is_refused_with_what_there_is_and_nothing_is_left(
    place: str, kind: str, options: dict[str, Any], error: type[WorkflowError], message: str, *,
    worker: Worker, saved: Path, tmp_path: Path,
) -> None:  # fmt: skip
    source = {"path": str(saved / place), "format": kind}
    job = {"source": source, "output": str(tmp_path / "out"), "options": options}
    with pytest.raises(error, match=message):
        worker.run("graph", job, log=tmp_path / "job.log", timeout=120)
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]


def test_the_worker_fetches_no_handle(worker: Worker, tmp_path: Path) -> None:
    source = {"path": "https://localhost:1/module", "format": "tf_hub"}
    with pytest.raises(ModelFileError, match="https://localhost:1/module is no folder of a module"):
        worker.run("graph", {"source": source, "output": str(tmp_path / "out")}, log=tmp_path / "job.log", timeout=120)


def test_ops_for_sound_are_named_where_the_reference_only_lists_them(
    worker: Worker, corpus: Path, tmp_path: Path
) -> None:
    source = {"path": str(corpus / "frozen" / "ds_cnn" / "DS_CNN_S.pb"), "format": "tf_frozen_model"}
    with pytest.raises(ConversionError, match=r"DecodeWav \(from decoded_sample_data\); AudioSpectrogram .*; Mfcc"):
        worker.run("graph", {"source": source, "output": str(tmp_path / "out")}, log=tmp_path / "job.log", timeout=120)
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]
