from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow.catalogue.kinds import KINDS
from workflow.catalogue.options import OPTIONS
from workflow.conversion.native.quantization_choice import WORDS
from workflow.recipe import grammar

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.recipe.conftest import Load, Refuse

ALL = ["*"]
LAYERS_AGAIN = "convert: {from: tfjs_layers_model, to: tfjs_layers_model, input: w, output: o"
GRAPH_AGAIN = "convert: {from: tfjs_graph_model, to: tfjs_graph_model, input: w, output: o"
READ: dict[str, tuple[str, dict[str, Any]]] = {
    "shard size in kB": ("shard: {input: w, output: o, shard_size: 100kB}", {"weight_shard_size_bytes": 100_000}),
    "shard size in MiB": ("shard: {input: w, output: o, shard_size: 1.5 MiB}", {"weight_shard_size_bytes": 1_572_864}),
    "shard size in bytes": ("shard: {input: w, output: o, weight_shard_size_bytes: 7}", {"weight_shard_size_bytes": 7}),
    "dtype": ("quantize: {input: w, output: o, dtype: uint16}", {"quantize_uint16": ALL}),
    "dtype of some": (
        "quantize: {input: w, output: o, dtype: uint8, weights: [a*, b]}",
        {"quantize_uint8": ["a*", "b"]},
    ),
    "for Keras 3": ("js_to_python: {input: w, output: o.keras, format: keras3}", {"for_keras3": True}),
    "to Keras 3": (
        "convert: {from: tfjs_layers_model, to: keras3, input: w, output: o.keras}",
        {"for_keras3": True},
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
    "no nodes": ("graph: {input: f.pb, output: o}", {}),
    "goal": ("quantize: {input: w, output: o, auto: {max_error: 0.01}}", {"quantize_auto": {"max_error": 0.01}}),
    "size as goal": (
        "quantize: {input: w, output: o, auto: {max_bytes: 5MB}}",
        {"quantize_auto": {"max_bytes": 5_000_000}},
    ),
    "goal of a conversion": (
        "python_to_js: {input: a.h5, output: o, quantize_auto: {max_error: 0.1}}",
        {"quantize_auto": {"max_error": 0.1}},
    ),
    "one word": (
        "quantize: {input: w, output: o, dtype: uint8, keep_float: biases}",
        {"quantize_uint8": ALL, "keep_float": ["biases"]},
    ),
    "no words": (
        "quantize: {input: w, output: o, auto: {max_error: 0.1}, keep_float: []}",
        {"quantize_auto": {"max_error": 0.1}, "keep_float": []},
    ),
    "two words": (
        "python_to_js: {input: a.h5, output: o, quantize_uint8: true, keep_float: [biases, normalisation]}",
        {"quantize_uint8": ALL, "keep_float": ["biases", "normalisation"]},
    ),
    "dequantize": ("quantize: {input: w, output: o, dequantize: true}", {"dequantize": True}),
    "some dequantized": (
        "quantize: {input: w, output: o, dequantize: true, dtype: uint8, weights: a*}",
        {"quantize_uint8": ["a*"], "dequantize": True},
    ),
    "one group again": (
        f"{LAYERS_AGAIN}, split_weights_by_layer: false}}",
        {"split_weights_by_layer": False},
    ),
    "split again": (f"{LAYERS_AGAIN}, split_weights_by_layer: true}}", {"split_weights_by_layer": True}),
    "graph again": (f"{GRAPH_AGAIN}, weight_shard_size_bytes: 1kB}}", {"weight_shard_size_bytes": 1000}),
    "raw graph": ("graph: {input: a.h5, output: o, repairs: off}", {"repairs": False}),
    "repaired graph": ("graph: {input: a.h5, output: o, repairs: on}", {}),
    "unsafe": ("graph: {input: a.keras, output: o, unsafe: true}", {"unsafe": True}),
    "unsafe graph": ("graph: {input: a.pb, output: o, unsafe: true}", {"unsafe": True}),
    "options of either": (
        "python_to_js: {input: a.h5, output: o, format: auto, split_weights_by_layer: true, repairs: off}",
        {"split_weights_by_layer": True, "repairs": False},
    ),
}


@pytest.mark.parametrize(("step", "expected"), READ.values(), ids=READ.keys())
def test_options_reach_the_step_by_the_converters_names(step: str, expected: dict[str, Any], loaded: Load) -> None:
    assert loaded(f"steps: [{{{step}}}]").steps[0].options == expected


def test_metadata_paths_are_absolute(loaded: Load, tmp_path: Path) -> None:
    (step,) = loaded("steps: [{graph: {input: a.h5, output: o, metadata: {labels: l.json}}}]").steps
    assert step.options == {"metadata": {"labels": str(tmp_path / "l.json")}}


def test_modules_of_custom_objects_are_absolute_one_or_many(loaded: Load, tmp_path: Path) -> None:
    steps = loaded(
        "steps:\n- graph: {input: a.keras, output: o, custom_objects: l.py}\n"
        "- graph: {input: a.keras, output: o2, custom_objects: [l.py, /m.py]}\n"
    ).steps
    assert [step.options["custom_objects"] for step in steps] == [
        [str(tmp_path / "l.py")],
        [str(tmp_path / "l.py"), "/m.py"],
    ]


def test_the_words_of_the_grammar_are_those_of_the_native_engine() -> None:
    assert OPTIONS["keep_float"].words == WORDS


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
    "control flow": (
        "python_to_js: {input: a.h5, output: o, control_flow_v2: true}",
        "when a tfjs_graph_model is made of another model",
    ),
    "repairs": (f"{GRAPH_AGAIN}, repairs: off}}", "`repairs` means nothing from tfjs_graph_model to tfjs_graph_model"),
    "nodes": ("graph: {input: a.h5, output: o, output_node_names: x}", "it applies from tf_frozen_model"),
    "split graph": (f"{GRAPH_AGAIN}, split_weights_by_layer: true}}", "tfjs_layers_model to tfjs_layers_model"),
    "dequantize": ("graph: {input: a.h5, output: o, dequantize: true}", "`dequantize` means nothing in `graph`"),
    "goal for the reference": (
        "python_to_js: {from: keras_saved_model, format: tfjs_layers_model, input: s, output: o, keep_float: biases}",
        "except from keras_saved_model to tfjs_layers_model",
    ),
    "neither": (
        "python_to_js: {input: a.h5, output: o, format: auto, signature_name: f}",
        "`signature_name` means nothing from keras to tfjs_layers_model",
    ),
    "code": (
        "python_to_js: {input: s, from: keras_saved_model, format: tfjs_layers_model, output: o, custom_objects: a.py}",
        "from keras or keras_keras",
    ),
    "structured": (
        "graph: {input: w, from: tfjs_layers_model, output: o, use_structured_outputs_names: true}",
        "from a Keras model, tf_saved_model",
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
    "dtype and goal": (
        "quantize: {input: w, output: o, dtype: uint8, auto: {max_error: 0.1}}",
        "1:56: `auto` and `dtype` both say how to quantize",
    ),
    "goal and patterns": (
        "quantize: {input: w, output: o, quantize_uint8: a*, auto: {max_error: 0.1}}",
        "`quantize_uint8` and `auto` both say how to quantize",
    ),
    "goal twice": (
        "quantize: {input: w, output: o, auto: {max_error: 0.1}, quantize_auto: {max_error: 0.1}}",
        "`quantize_auto` and `auto` both say how to quantize",
    ),
    "goal and back": (
        "quantize: {input: w, output: o, auto: {max_error: 0.1}, dequantize: true}",
        "`dequantize` cannot stand beside a goal",
    ),
    "not dequantized": (
        "quantize: {input: w, output: o, dequantize: false}",
        "`dtype` is missing in `quantize`. Expected `dtype` (`uint8`",
    ),
    "kept for nothing": ("graph: {input: a.h5, output: o, keep_float: biases}", "nothing is quantized"),
    "no Python": ("graph: {input: a.h5, output: o, custom_objects: [l.txt]}", "`l.txt` is no Python file"),
    "no such module": ("graph: {input: a.h5, output: o, custom_objects: l.py}", "`l.py` does not exist"),
    "for Keras 3 as a key": (
        "js_to_python: {input: w, output: o.keras, for_keras3: true}",
        "`for_keras3` means nothing in `js_to_python`",
    ),
    "for Keras 3 as HDF5": ("js_to_python: {input: w, output: o.h5, format: keras3}", "a name that ends in `.keras`"),
    "weights alone": ("quantize: {input: w, output: o, quantize_uint8: x, weights: y}", "`weights` goes with `dtype`"),
}


@pytest.mark.parametrize(("step", "expected"), MISPLACED.values(), ids=MISPLACED.keys())
def test_an_option_in_the_wrong_place_says_where_it_applies(step: str, expected: str, refusal: Refuse) -> None:
    assert expected in refusal(f"steps: [{{{step}}}]")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_offers_the_options_that_can_apply_to_it(kind: Any) -> None:
    declared: Any = grammar.AnyStep.keys[kind].reader
    keys = {name: option for name, option in OPTIONS.items() if not option.format}
    offered = {name for name, option in keys.items() if not option.pairs.isdisjoint(KINDS[kind].pairs)}
    assert declared.entry.keys.keys() & OPTIONS.keys() == offered


REFERENCE = {
    "conversion": (
        "convert: {from: keras_keras, to: tfjs_graph_model, input: a.keras, output: o, engine: reference}",
        "1:96: the reference converter does not convert keras_keras to tfjs_graph_model. Expected `engine: auto`",
    ),
    "graph": (
        "shard: {input: graph, output: o, shard_size: 1kB, engine: reference}",
        "does not convert tfjs_graph_model to tfjs_graph_model",
    ),
    "goal": (
        "python_to_js: {input: a.h5, output: o, quantize_auto: {max_error: 0.1}, engine: reference}",
        "1:49: the reference converter has no `quantize_auto` from keras to tfjs_layers_model",
    ),
    "repairs": ("graph: {input: a.h5, output: o, repairs: off, engine: reference}", "has no `repairs` from keras"),
    "metadata again": (
        f"{LAYERS_AGAIN}, metadata: {{a: a.json}}, engine: reference}}",
        "has no `metadata` from tfjs_layers_model to tfjs_layers_model",
    ),
    "for Keras 3": (
        "js_to_python: {input: w, output: o.keras, format: keras3, engine: reference}",
        "1:60: the reference converter has no `format: keras3`. Expected `engine: auto`",
    ),
    "choice": (
        "python_to_js: {input: a.h5, output: o, format: auto, engine: reference}",
        "`engine: reference` leaves no choice between a layers and a graph model",
    ),
    "native choice": (
        "python_to_js: {input: a.h5, output: o, format: auto, engine: native}",
        "`engine: native` leaves no choice",
    ),
}


@pytest.fixture
def graph(tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "model.json").write_text('{"format": "graph-model"}')


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize(("step", "expected"), REFERENCE.values(), ids=REFERENCE.keys())
def test_what_the_named_engine_lacks_is_refused_with_place_and_way_out(
    step: str, expected: str, refusal: Refuse
) -> None:
    assert expected in refusal(f"steps: [{{{step}}}]")


def test_an_engine_for_the_whole_recipe_is_where_the_finding_points(refusal: Refuse) -> None:
    details = refusal("engine: reference\nsteps: [{graph: {input: a.keras, output: o}}]")
    assert "1:9: the reference converter does not convert keras_keras to tfjs_graph_model" in details


def test_a_goal_in_quantize_is_called_as_the_recipe_calls_it(loaded: Load, refusal: Refuse) -> None:
    step = "quantize: {input: w, output: o, auto: {max_error: 0.1}"
    assert loaded(f"steps: [{{{step}}}}}]").steps
    again = f"{LAYERS_AGAIN}, quantize_auto: {{max_error: 0.1}}, engine: reference}}"
    assert "has no `quantize_auto`" in refusal(f"steps: [{{{again}}}]")
