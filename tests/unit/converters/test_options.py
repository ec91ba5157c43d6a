from __future__ import annotations

from workflow.converters.options import OPTIONS, QUANTIZATIONS, applicable, lacking, misplaced
from workflow.converters.pairs import EDGES


def names(options: list[object]) -> list[str]:
    return [getattr(option, "name", "") for option in options]


def test_options_apply_to_conversions_that_exist() -> None:
    assert all(option.pairs and option.pairs <= EDGES.keys() for option in OPTIONS.values())
    assert all(option.required <= option.pairs for option in OPTIONS.values())


def test_nothing_applies_to_the_way_back_to_python() -> None:
    assert applicable([("tfjs_layers_model", "keras")]) == ()


def test_a_misplaced_option_is_found() -> None:
    found = misplaced(["signature_name", "skip_op_check", "timeout"], ("keras", "tfjs_graph_model"))
    assert names([*found]) == ["signature_name"]


def test_a_frozen_graph_needs_the_names_of_its_outputs() -> None:
    assert names([*lacking([], ("tf_frozen_model", "tfjs_graph_model"))]) == ["output_node_names"]
    assert lacking(["output_node_names"], ("tf_frozen_model", "tfjs_graph_model")) == []
    assert lacking([], ("keras", "tfjs_graph_model")) == []


def test_each_dtype_has_its_option() -> None:
    assert all(option in OPTIONS for option in QUANTIZATIONS.values())
