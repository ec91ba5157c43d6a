from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow.converters.options import OPTIONS, applicable
from workflow.recipe import grammar
from workflow.recipe.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.recipe.conftest import Load, Refuse

ALL = ["*"]
READ: dict[str, tuple[str, dict[str, Any]]] = {
    "shard size in kB": ("shard: {input: w, output: o, shard_size: 100kB}", {"weight_shard_size_bytes": 100_000}),
    "shard size in MiB": ("shard: {input: w, output: o, shard_size: 1.5 MiB}", {"weight_shard_size_bytes": 1_572_864}),
    "shard size in bytes": ("shard: {input: w, output: o, weight_shard_size_bytes: 7}", {"weight_shard_size_bytes": 7}),
    "dtype": ("quantize: {input: w, output: o, dtype: uint16}", {"quantize_uint16": ALL}),
    "dtype of some": (
        "quantize: {input: w, output: o, dtype: uint8, weights: [a*, b]}",
        {"quantize_uint8": ["a*", "b"]},
    ),
    "old quantization": ("quantize: {input: w, output: o, quantization_bytes: 2}", {"quantize_uint16": ALL}),
    "quantize true": ("graph: {input: a.h5, output: o, quantize_float16: true}", {"quantize_float16": ALL}),
    "quantize false": ("graph: {input: a.h5, output: o, quantize_float16: false}", {}),
    "quantize star": ("graph: {input: a.h5, output: o, quantize_float16: '*'}", {"quantize_float16": ALL}),
    "quantize pattern": ("graph: {input: a.h5, output: o, quantize_uint8: 'a/*'}", {"quantize_uint8": ["a/*"]}),
    "quantize commas": ("graph: {input: a.h5, output: o, quantize_uint8: 'a, b'}", {"quantize_uint8": ["a", "b"]}),
    "two dtypes": (
        "quantize: {input: w, output: o, quantize_uint8: true, quantize_float16: [a*]}",
        {"quantize_float16": ["a*"], "quantize_uint8": ALL},
    ),
    "flag on": (
        "python_to_js: {input: a.h5, output: o, split_weights_by_layer: yes}",
        {"split_weights_by_layer": True},
    ),
    "flag off": ("python_to_js: {input: a.h5, output: o, split_weights_by_layer: no}", {}),
    "strip off": ("graph: {input: a.h5, output: o, strip_debug_ops: off}", {"strip_debug_ops": False}),
    "strip on": ("graph: {input: a.h5, output: o, strip_debug_ops: on}", {}),
    "signature": ("graph: {input: s, output: o, from: tf_saved_model, signature_name: f}", {"signature_name": "f"}),
    "no tags": ("graph: {input: s, output: o, from: tf_saved_model, saved_model_tags: ''}", {"saved_model_tags": []}),
    "tags": (
        "graph: {input: s, output: o, from: tf_saved_model, saved_model_tags: 'a,b'}",
        {"saved_model_tags": ["a", "b"]},
    ),
    "nodes": ("graph: {input: f.pb, output: o, output_node_names: [x, y]}", {"output_node_names": ["x", "y"]}),
}


@pytest.mark.parametrize(("step", "expected"), READ.values(), ids=READ.keys())
def test_options_reach_the_step_by_the_converters_names(step: str, expected: dict[str, Any], loaded: Load) -> None:
    assert loaded(f"steps: [{{{step}}}]").steps[0].options == expected


def test_metadata_paths_are_absolute(loaded: Load, tmp_path: Path) -> None:
    (step,) = loaded("steps: [{graph: {input: a.h5, output: o, metadata: {labels: l.json}}}]").steps
    assert step.options == {"metadata": {"labels": str(tmp_path / "l.json")}}


MISPLACED = {
    "signature": ("graph: {input: a.h5, output: o, signature_name: f}", "from tf_saved_model or tf_hub"),
    "split": (
        "python_to_js: {input: a.pb, output: o, output_node_names: x, split_weights_by_layer: true}",
        "it applies from keras",
    ),
    "split to graph": (
        "convert: {from: keras, to: tfjs_graph_model, input: a.h5, output: o, split_weights_by_layer: false}",
        "`split_weights_by_layer` means nothing from keras to tfjs_graph_model",
    ),
    "shard size": (
        "convert: {from: tfjs_layers_model, to: keras, input: w, output: o.h5, weight_shard_size_bytes: 1}",
        "TensorFlow.js model",
    ),
    "metadata": (
        "convert: {from: tfjs_layers_model, to: tfjs_layers_model, input: w, output: o, metadata: {a: b}}",
        "the reference converter ignores it",
    ),
    "metadata in shard": (
        "shard: {input: w, output: o, shard_size: 1kB, metadata: {a: b}}",
        "`metadata` means nothing in `shard`",
    ),
    "control flow": (
        "python_to_js: {input: a.h5, output: o, control_flow_v2: true}",
        "when the result is a tfjs_graph_model",
    ),
    "nodes": ("graph: {input: a.h5, output: o, output_node_names: x}", "from tf_frozen_model, where it is required"),
    "no nodes": (
        "graph: {input: f.pb, output: o}",
        "`output_node_names` is missing: tf_frozen_model needs a list of names",
    ),
    "structured": (
        "graph: {input: w, from: tfjs_layers_model, output: o, use_structured_outputs_names: true}",
        "from keras, tf_saved_model",
    ),
    "two sizes": ("shard: {input: w, output: o, shard_size: 1, weight_shard_size_bytes: 1}", "one of the two"),
    "size elsewhere": ("graph: {input: a.h5, output: o, shard_size: 1kB}", "Did you mean `weight_shard_size_bytes`?"),
    "dtype twice": ("quantize: {input: w, output: o, dtype: uint8, quantize_uint8: x}", "both say how to quantize"),
    "old and new": (
        "graph: {input: a.h5, output: o, quantization_bytes: 1, quantize_uint8: x}",
        "both say how to quantize",
    ),
    "all twice": (
        "graph: {input: a.h5, output: o, quantize_float16: true, quantize_uint8: true}",
        "are both for all weights",
    ),
    "one twice": (
        "graph: {input: a.h5, output: o, quantize_float16: a, quantize_uint8: [b, a]}",
        "both for the weights `a`",
    ),
    "weights alone": ("quantize: {input: w, output: o, quantize_uint8: x, weights: y}", "`weights` goes with `dtype`"),
}


@pytest.mark.parametrize(("step", "expected"), MISPLACED.values(), ids=MISPLACED.keys())
def test_an_option_in_the_wrong_place_says_where_it_applies(step: str, expected: str, refusal: Refuse) -> None:
    assert expected in refusal(f"steps: [{{{step}}}]")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_offers_the_options_that_can_apply_to_it(kind: Any) -> None:
    declared = grammar.AnyStep.model_fields[kind].annotation
    assert declared is not None
    assert set(declared.model_fields) & OPTIONS.keys() == set(applicable(KINDS[kind].pairs()))
