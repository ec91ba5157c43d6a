from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import SEQUENTIAL, layers_document, write_h5, write_model
from workflow.base.errors import ModelFileError
from workflow.models.hazards import browser_hazards
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path


def topology(class_name: str, **config: Any) -> dict[str, Any]:
    layer = {"class_name": class_name, "config": {"name": "it", **config}}
    return {"model_config": {"class_name": "Functional", "config": {"name": "net", "layers": [layer]}}}


HARMFUL = [
    *(
        (f"Global{kind}Pooling{axes}D", {"keepdims": True}, "tfjs#5381")
        for kind in ("Average", "Max")
        for axes in (1, 2)
    ),
    *(("SeparableConv2D", {f"kernel_{key}": {}}, "tfjs#4479") for key in ("initializer", "regularizer", "constraint")),
    ("GRU", {"reset_after": True}, "tfjs#5728"),
    ("GRUCell", {"reset_after": True}, "or train with reset_after=False"),
    ("Conv1D", {"padding": "causal"}, "tfjs#3578"),
    *((f"Conv{axes}D", {"groups": 2}, "groups are not supported in") for axes in (1, 2, 3)),
    ("Resizing", {}, "Resizing"),
    ("Dense", {"activation": "exponential"}, "activation"),
    ("LSTM", {"recurrent_activation": "silu"}, "activation"),
    ("Lambda", {}, "Lambda"),
    ("TFOpLambda", {}, "TFOpLambda"),
    ("MultiHeadAttention", {}, "MultiHeadAttention"),
    ("MyLayer", {}, "does not know MyLayer"),
]
HARMLESS = [
    ("GlobalAveragePooling2D", {"keepdims": False}),
    ("SeparableConv2D", {"kernel_initializer": None}),
    ("GRU", {"reset_after": False}),
    ("GRU", {}),
    ("UpSampling2D", {"interpolation": "nearest"}),
    ("Conv2D", {"groups": 1, "padding": "same"}),
    ("Conv2D", {"groups": "nonsense", "activation": 3}),
    ("LSTM", {"activation": "tanh", "recurrent_activation": "hard_sigmoid"}),
]


@pytest.mark.parametrize(("class_name", "config", "words"), HARMFUL)
def test_what_does_not_load_is_told_with_the_way_out(class_name: str, config: dict[str, Any], words: str) -> None:
    (sentence,) = browser_hazards(topology(class_name, **config))
    assert sentence.startswith("TensorFlow.js 4.22 will not load this layers model: ")
    assert words in sentence
    assert "'it'" in sentence
    assert "graph" in sentence


WHOLE = {
    ("MyLayer", None): "will not load this layers model: it does not know MyLayer (layer 'it'; tfjs#1521): ",
    ("GRU", "reset_after"): "will not load this layers model: reset_after=True is not supported in GRU "
    "(layer 'it'; tfjs#5728): ",
    ("Resizing", None): "will not load this layers model: it cannot set up Resizing (layer 'it'): ",
}


@pytest.mark.parametrize(("class_name", "option"), WHOLE)
def test_a_sentence_names_the_effect_the_layers_and_the_issue(class_name: str, option: str | None) -> None:
    (sentence,) = browser_hazards(topology(class_name, **({option: True} if option else {})))
    assert sentence.startswith(f"TensorFlow.js 4.22 {WHOLE[class_name, option]}use a graph model (a `graph` step)")


@pytest.mark.parametrize(("class_name", "config"), HARMLESS)
def test_what_works_is_not_warned_about(class_name: str, config: dict[str, Any]) -> None:
    assert browser_hazards(topology(class_name, **config)) == ()


def test_wrong_numbers_are_told_apart_from_not_loading() -> None:
    (sentence,) = browser_hazards(topology("UpSampling2D", interpolation="bilinear"))
    assert "computes other numbers" in sentence


@pytest.mark.parametrize("key", ["layer", "cell", "backward_layer"])
def test_layers_inside_wrappers_are_found(key: str) -> None:
    inner = {"class_name": "GRUCell", "config": {"name": "inner", "reset_after": True}}
    assert "'inner'" in browser_hazards(topology("RNN", **{key: inner}))[0]


def test_stacked_cells_and_nested_models_are_found() -> None:
    cells = [{"class_name": "GRUCell", "config": {"name": "inner", "reset_after": True}}]
    nested = topology("StackedRNNCells", cells=cells)["model_config"]
    outer = {"class_name": "Sequential", "config": {"layers": [nested]}}
    assert "'inner'" in browser_hazards({"model_config": outer})[0]


def test_a_bare_topology_is_read_too() -> None:
    assert browser_hazards(SEQUENTIAL) == ()


def test_many_layers_make_one_sentence() -> None:
    layers = [{"class_name": "Lambda", "config": {"name": f"l{number}"}} for number in range(9)]
    (sentence,) = browser_hazards({"class_name": "Sequential", "config": {"layers": layers}})
    assert "'l0', 'l1', 'l2' and 6 more" in sentence


@pytest.mark.parametrize("value", [None, 3, [], {}, {"model_config": None}, {"class_name": "Sequential"}])
def test_what_is_no_topology_is_refused(value: object) -> None:
    with pytest.raises(ModelFileError):
        browser_hazards(value)


def test_a_layers_model_carries_its_hazards_and_its_source_does_not(tmp_path: Path) -> None:
    document = layers_document(modelTopology=topology("Lambda"))
    assert inspect_model(write_model(tmp_path, document), "tfjs_layers_model").warnings
    assert inspect_model(write_h5(tmp_path / "model.h5"), "keras").warnings == ()
