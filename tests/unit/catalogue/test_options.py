from __future__ import annotations

from workflow.catalogue.formats import EDGES, Pair
from workflow.catalogue.options import (
    OPTIONS,
    QUANTIZATIONS,
    QUANTIZING,
    READING,
    Form,
    applying,
    lacking,
    listed,
    misplaced,
    of_the_reference,
    ours,
    understood,
)

GRAPH_AGAIN: Pair = ("tfjs_graph_model", "tfjs_graph_model")
LAYERS_AGAIN: Pair = ("tfjs_layers_model", "tfjs_layers_model")
TO_LAYERS: Pair = ("keras", "tfjs_layers_model")
TO_GRAPH: Pair = ("keras", "tfjs_graph_model")


def names(options: list[object]) -> list[str]:
    return [getattr(option, "name", "") for option in options]


def test_options_apply_to_conversions_that_exist() -> None:
    assert all(option.pairs and option.pairs <= EDGES.keys() for option in OPTIONS.values())
    for option in OPTIONS.values():
        assert option.required | option.ours | option.both_ways <= option.pairs
        assert not option.required & option.ours


def test_whether_the_reference_has_an_option_can_depend_on_the_conversion() -> None:
    assert names([*ours(["metadata", "split_weights_by_layer", "quantize_uint8"], LAYERS_AGAIN)]) == [
        "split_weights_by_layer",
        "metadata",
    ]
    assert ours(["metadata", "split_weights_by_layer"], TO_LAYERS) == []


def test_each_conversion_gets_the_options_that_mean_something_for_it() -> None:
    both = {"split_weights_by_layer": True, "repairs": False, "weight_shard_size_bytes": 4}
    assert applying(both, TO_LAYERS) == {
        "split_weights_by_layer": True,
        "weight_shard_size_bytes": 4,
    }
    assert applying(both, TO_GRAPH) == {"repairs": False, "weight_shard_size_bytes": 4}


def test_what_happens_anyway_is_idle_unless_a_no_says_something() -> None:
    split = OPTIONS["split_weights_by_layer"]
    assert split.is_idle(value=False, pair=TO_LAYERS)
    assert not split.is_idle(value=False, pair=LAYERS_AGAIN)
    assert OPTIONS["repairs"].is_idle(value=True, pair=TO_GRAPH)
    assert not OPTIONS["quantization_bytes"].is_idle(value=1, pair=TO_GRAPH)


def test_a_misplaced_option_is_found() -> None:
    found = misplaced(["signature_name", "skip_op_check", "timeout"], ("keras", "tfjs_graph_model"))
    assert names([*found]) == ["signature_name"]


def test_the_reference_needs_the_names_of_a_frozen_graphs_outputs() -> None:
    assert names([*lacking([], ("tf_frozen_model", "tfjs_graph_model"))]) == ["output_node_names"]
    assert lacking(["output_node_names"], ("tf_frozen_model", "tfjs_graph_model")) == []
    assert lacking([], ("keras", "tfjs_graph_model")) == []


def test_each_dtype_has_its_option() -> None:
    assert all(option in OPTIONS for option in QUANTIZATIONS.values())


def test_every_option_has_a_sentence_and_words_exactly_where_its_form_wants_them() -> None:
    assert [name for name, option in OPTIONS.items() if not (option.about.endswith(".") and option.where)] == []
    with_words = {name for name, option in OPTIONS.items() if option.words}
    assert with_words == {name for name, option in OPTIONS.items() if option.form in (Form.WORD, Form.WORDS)}


def test_what_the_native_engine_takes_is_what_means_something_for_the_conversion() -> None:
    assert understood(GRAPH_AGAIN) == understood(LAYERS_AGAIN) - {"split_weights_by_layer"}
    assert understood(TO_LAYERS) - understood(LAYERS_AGAIN) == {"custom_objects"}
    assert understood(("tfjs_graph_model", "tf_saved_model")) == {"unsafe"}


def test_what_the_worker_is_told_of_a_graph_model_leaves_out_whose_code_may_run_and_what_is_ours() -> None:
    told = of_the_reference(("tf_saved_model", "tfjs_graph_model"))
    assert told >= {"signature_name", "metadata", "quantize_uint8", "strip_debug_ops"}
    assert not told & {"unsafe", "custom_objects", "repairs", "keep_float", "quantize_auto", "output_node_names"}
    assert of_the_reference(LAYERS_AGAIN) == {*QUANTIZATIONS.values(), "quantization_bytes", "weight_shard_size_bytes"}


def test_a_source_is_always_read_with_its_signature_and_with_the_code_that_it_needs() -> None:
    assert {*READING} == {"signature_name", "saved_model_tags", "output_node_names", "custom_objects", "unsafe"}


def test_options_that_make_weights_smaller_are_those_with_a_dtype_and_the_goal() -> None:
    assert {*QUANTIZING} == {*QUANTIZATIONS.values(), "quantization_bytes", "quantize_auto"}


def test_the_options_of_every_result_are_listed_before_those_of_some() -> None:
    found = names([*listed([TO_LAYERS, LAYERS_AGAIN])])
    assert found[:8] == [
        "weight_shard_size_bytes",
        "quantize_float16",
        "quantize_uint8",
        "quantize_uint16",
        "quantization_bytes",
        "quantize_auto",
        "keep_float",
        "metadata",
    ]
    assert found[8:] == ["split_weights_by_layer", "dequantize", "unsafe", "custom_objects"]
