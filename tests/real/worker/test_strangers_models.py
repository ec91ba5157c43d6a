"""Models that other people made: they convert and agree, or are refused in words that help."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.worker.jobs import compare, convert, reference, side
from workflow.base.errors import ConversionError, ModelFileError, ReferenceConverterError, UsageError
from workflow.verification import exchange, figures

if TYPE_CHECKING:
    from workflow.base.errors import WorkflowError
    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real

LAYERS, GRAPH = "tfjs_layers_model", "tfjs_graph_model"
AGREEING = [
    ("h5/lenet/LeNet.h5", "keras", LAYERS),
    ("h5/lenet/LeNet.h5", "keras", GRAPH),
    ("h5/keras2_11_magika/model.h5", "keras", GRAPH),
    ("layers/doodlenet/model.json", LAYERS, "keras_saved_model"),
    ("layers/xor/model.json", LAYERS, "keras"),
    ("saved_model/half_plus_two_tf1", "tf_saved_model", GRAPH),
    ("saved_model/keras_two_inputs", "tf_saved_model", GRAPH),
    ("saved_model/keyword_spotting", "tf_saved_model", GRAPH),
    ("saved_model/multi_output", "tf_saved_model", GRAPH),
]
REFUSED: list[tuple[str, str, str, tuple[str, ...], type[WorkflowError], str]] = [
    ("broken/lenet_crlf/LeNet.h5", "keras", LAYERS, (), ModelFileError, "not a sound HDF5"),
    ("broken/lenet_lfs_pointer/LeNet.h5", "keras", LAYERS, (), ModelFileError, "not a sound HDF5"),
    ("broken/dataset_hdf5/alphago-vs-lee-sedol-features.hdf5", "keras", GRAPH, (), ModelFileError, "no model topology"),
    ("h5_weights_only/cartpole_keras2/cartpole_dqn.h5", "keras", LAYERS, (), ModelFileError, "no topology"),
    ("h5/keras3_7_resnet/trainedResnet.h5", "keras", GRAPH, (), ReferenceConverterError, "Keras 3"),
    ("h5/keras1_2_sequential/random_minimodel_value_weights.hdf5", "keras", GRAPH, (), ModelFileError, "Keras 1"),
    ("broken/missing_shards/model.json", LAYERS, "keras", (), ModelFileError, "shard1of6"),
    ("graph/basic_pitch/model.json", LAYERS, "keras", (), ModelFileError, "graph model"),
    ("layers/gru_sentiment/model.json", LAYERS, "keras", (), ReferenceConverterError, "GRU"),
    ("layers/xor/model.json", LAYERS, "keras_keras", (), ReferenceConverterError, "dense_1/0"),
    ("layers/xor", "tf_saved_model", GRAPH, (), ModelFileError, "no SavedModel"),
    ("saved_model/half_plus_two_tf1", "tf_saved_model", GRAPH, ("--signature_name=no",), ModelFileError, "regress_x"),
    ("frozen/ds_cnn/DS_CNN_S.pb", "tf_frozen_model", GRAPH, ("--output_node_names=no",), ModelFileError, "called no"),
    (
        "frozen/ds_cnn/DS_CNN_S.pb",
        "tf_frozen_model",
        GRAPH,
        ("--output_node_names=labels_softmax",),
        ReferenceConverterError,
        "Mfcc",
    ),
    ("h5/lenet/LeNet.h5", "keras", LAYERS, ("--nonsense",), UsageError, "nonsense"),
    ("h5/lenet/LeNet.h5", "keras", LAYERS, ("--quantize_uint8=*", "--quantize_uint16=*"), UsageError, "two quant"),
]


@pytest.mark.parametrize("row", AGREEING, ids=[f"{row[0]}-{row[2]}" for row in AGREEING])
def test_it_converts_and_agrees(worker: Worker, corpus: Path, tmp_path: Path, row: tuple[str, str, str]) -> None:
    path, source, target = row
    output = tmp_path / ("result.h5" if target == "keras" else "result")
    convert(worker, (source, target), source=corpus / path, output=output)
    answers = reference(worker, side(source, corpus / path), tmp_path / "answers")
    found = compare(worker, answers, result=side(target, output))
    assert found
    for one in found:
        assert one.max_abs <= 1e-5, one


@pytest.mark.parametrize("row", REFUSED, ids=[f"{row[0]}-{row[5]}" for row in REFUSED])
def test_it_is_refused_in_words_that_help(
    worker: Worker,
    corpus: Path,
    tmp_path: Path,
    row: tuple[str, str, str, tuple[str, ...], type[WorkflowError], str],
) -> None:
    path, source, target, flags, error, words = row
    with pytest.raises(error, match=words) as caught:
        convert(worker, (source, target), source=corpus / path, output=tmp_path / "result", flags=flags)
    assert caught.value.hint
    assert worker.pid is not None


def test_a_frozen_graph_is_run_by_its_output_names(worker: Worker, corpus: Path, tmp_path: Path) -> None:
    path = corpus / "frozen/mnist_mlp/deep_mlp.pb"
    flags = ("--output_node_names=logits",)
    convert(worker, ("tf_frozen_model", GRAPH), source=path, output=tmp_path / "web", flags=flags)
    source = side("tf_frozen_model", path, output_node_names=["logits"])
    answers = reference(worker, source, tmp_path / "answers")
    (output,) = compare(worker, answers, result=side(GRAPH, tmp_path / "web"))
    assert output.max_abs <= 1e-5 * max(abs(output.reference.min), output.reference.max)


@pytest.mark.parametrize(
    "path",
    [
        "graph/basic_pitch/model.json",
        "graph/blazeface/blazeface.json",
        "graph/faceboxes/faceboxes.json",
        "graph/structured_outputs/model_structured_outputs.json",
    ],
)
def test_strangers_graph_models_run_in_python(worker: Worker, corpus: Path, tmp_path: Path, path: str) -> None:
    found = reference(worker, side(GRAPH, corpus / path), tmp_path / "run", batches=[2])
    answers = [exchange.read(Path(feed["outputs"])) for feed in found["feeds"]]
    spreads = [figures.spread(figures.joined([answer[name] for answer in answers])) for name in answers[0]]
    assert any(spread > 0 for spread in spreads)


def test_a_layers_result_with_names_that_fit_no_layer_does_not_load(
    worker: Worker, corpus: Path, tmp_path: Path
) -> None:
    path = next((corpus / "h5/keras2_0_mini_xception").iterdir())
    convert(worker, ("keras", LAYERS), source=path, output=tmp_path / "web")
    job = {"model": side(LAYERS, tmp_path / "web"), "feeds": [{"inputs": "unread", "outputs": "unwritten"}]}
    assert "kernel" in worker.run("predict", job, log=tmp_path / "log", timeout=60)["not_run"]


def test_a_model_that_python_cannot_run_is_neither_passed_nor_failed(
    worker: Worker, corpus: Path, tmp_path: Path
) -> None:
    source = side("keras", corpus / "h5/keras3_7_resnet/trainedResnet.h5")
    assert "batch_shape" in reference(worker, source, tmp_path / "run")["not_run"]


def test_the_error_is_a_conversion_error_where_nobody_knows_better(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"modelTopology": {"class_name": 3}, "weightsManifest": []}')
    with pytest.raises(ConversionError) as caught:
        convert(worker, (LAYERS, "keras"), source=tmp_path / "model.json", output=tmp_path / "out.h5")
    assert caught.value.log


def test_an_archive_of_keras_3_is_not_run_rather_than_loaded_for_ever(worker: Worker, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "later.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.writestr("config.json", "{}")
    found = reference(worker, side("keras_keras", tmp_path / "later.keras"), tmp_path / "run")
    assert "saved by Keras 3.5.0" in found["not_run"]
