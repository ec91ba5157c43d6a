"""Options that mean nothing to a conversion: the native engine declines them by their names, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import archive, dense, given, numbers, row, whole_file
from tests.unit.conversion.native.models import Stored, graph_node, save
from workflow.base.errors import ConversionError, DeclinedError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format, Pair

TO_LAYERS = "making a layers model natively has no option"
TO_KERAS = "making a Keras file natively has no option"
REWRITING = "rewriting a model natively has no option"
WORDS: dict[Pair, str] = {
    ("keras", "tfjs_layers_model"): TO_LAYERS,
    ("keras_keras", "tfjs_layers_model"): TO_LAYERS,
    ("tfjs_layers_model", "keras"): TO_KERAS,
    ("tfjs_layers_model", "keras_keras"): TO_KERAS,
    ("tfjs_layers_model", "tfjs_layers_model"): REWRITING,
    ("tfjs_graph_model", "tfjs_graph_model"): REWRITING,
}
NODES = [graph_node("x", "Placeholder"), graph_node("w", "Const"), graph_node("y", "MatMul", "x", "w")]


def source_of(kind: Format, folder: Path) -> Path:
    """Write a sound model, so that nothing but the options can be refused."""
    config, kernel, bias = row(given([None, 2]), dense()), numbers(2, 2), numbers(2)
    if kind == "keras":
        return whole_file(folder / "m.h5", config, {"dense": {"dense/kernel": kernel, "dense/bias": bias}})
    if kind == "keras_keras":
        return archive(folder / "m.keras", config, {"layers/dense/vars/0": kernel, "layers/dense/vars/1": bias})
    if kind == "tfjs_layers_model":
        weights = [Stored("dense/kernel", kernel), Stored("dense/bias", bias)]
        topology: dict[str, Any] = {"keras_version": "2.13.1", "model_config": config}
        return save(folder / "m", [weights], format="layers-model", modelTopology=topology)
    topology = {"node": NODES, "library": {}, "versions": {}}
    return save(folder / "m", [[Stored("w", np.ones((2, 2), "f4"))]], format="graph-model", modelTopology=topology)


def convert(pair: Pair, folder: Path, **options: Any) -> dict[str, Any]:
    return EDGES[pair](Job(source_of(pair[0], folder), pair[0], folder / "made", pair[1], options, Silent()))


def test_there_are_words_for_every_conversion() -> None:
    assert WORDS.keys() == EDGES.keys()


@pytest.mark.parametrize("pair", WORDS, ids=" to ".join)
def test_options_that_mean_nothing_are_declined_by_their_names(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(DeclinedError) as caught:
        convert(pair, tmp_path, wobble=1, strip_debug_ops=True, quantized=False)
    assert caught.value.reason == f"{WORDS[pair]} quantized, strip_debug_ops, wobble"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("pair", WORDS, ids=" to ".join)
def test_without_options_the_same_model_is_converted(pair: Pair, tmp_path: Path) -> None:
    assert convert(pair, tmp_path)["weights"] == (1 if pair[0] == "tfjs_graph_model" else 2)
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("target", ["keras", "keras_keras"])
def test_a_keras_file_is_made_whether_code_may_run_or_not(target: Format, tmp_path: Path) -> None:
    assert convert(("tfjs_layers_model", target), tmp_path, unsafe=True)["weights"] == 2


def test_a_graph_model_is_not_split_by_layers_that_it_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(("tfjs_graph_model", "tfjs_graph_model"), tmp_path, split_weights_by_layer=True)
    assert caught.value.message == "a graph model has no layers to split its weights by"
    assert caught.value.hint == "Leave split_weights_by_layer out."
