from __future__ import annotations

from workflow.catalogue.options import OPTIONS, QUANTIZATIONS, applying, lacking, misplaced, ours
from workflow.catalogue.pairs import EDGES, Pair

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
