from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conversion.native.models import graph_node
from workflow.base.errors import ConversionError
from workflow.conversion.native.quantization_choice import by_name, by_operation, required_words
from workflow.models.graph import read_graph


def words(topology: dict[str, Any]) -> dict[str, str]:
    return by_operation(read_graph({"modelTopology": topology}, Path("model.json")))


def test_words_apply_to_the_names_that_keras_gives() -> None:
    names = ["conv/kernel", "conv/bias", "gru/gru_cell/recurrent_bias", "bn/gamma", "a/bn/moving_variance"]
    assert by_name(names) == {
        "conv/bias": "biases",
        "gru/gru_cell/recurrent_bias": "biases",
        "bn/gamma": "normalisation",
        "a/bn/moving_variance": "normalisation",
    }


def test_in_a_graph_words_apply_to_what_enters_an_operation() -> None:
    nodes = [
        graph_node("add", "BiasAdd", "conv", "b", "^control"),
        graph_node("bn", "FusedBatchNormV3", "x", "gamma:0", "beta", "mean", "pass"),
        graph_node("pass", "Identity", "variance"),
    ]
    assert words({"node": nodes}) == {
        "b": "biases",
        **dict.fromkeys(("gamma", "beta", "mean", "variance"), "normalisation"),
    }


@pytest.mark.parametrize(("fused", "word"), [(b"BiasAdd", "biases"), (b"FusedBatchNorm", "normalisation")])
def test_in_a_fused_operation_the_first_fused_one_says_what_its_inputs_are(fused: bytes, word: str) -> None:
    node = graph_node("conv", "_FusedConv2D", "x", "kernel", "extra")
    node["attr"] = {"fused_ops": {"list": {"s": [base64.b64encode(fused).decode()]}}}
    assert words({"node": [node]}) == {"extra": word}


def test_functions_have_their_name_before_their_constants() -> None:
    function = {"signature": {"name": "f"}, "nodeDef": [graph_node("add", "BiasAdd", "x", "b:output:0")]}
    assert words({"node": [graph_node("x", "Placeholder")], "library": {"function": [function]}}) == {"f/b": "biases"}


def test_a_node_that_feeds_itself_and_text_that_is_no_base64_break_nothing() -> None:
    fused = graph_node("c", "_FusedConv2D", "x", "kernel", "extra")
    fused["attr"] = {"fused_ops": {"list": {"s": ["ü", "="]}}}
    nodes = [graph_node("a", "Identity", "a"), graph_node("b", "BiasAdd", "x", "a"), fused]
    assert words({"node": nodes}) == {"a": "biases"}


def test_an_unknown_word_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConversionError, match="does not know 'normalization'") as caught:
        required_words(["biases", "normalization"])
    assert "normalisation" in caught.value.hint
