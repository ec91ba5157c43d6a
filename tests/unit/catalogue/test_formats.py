from __future__ import annotations

from workflow.catalogue import formats
from workflow.catalogue.formats import EDGES, KERAS, Edge, Missing, edge, reasons
from workflow.conversion import native


def test_the_twelve_conversions_of_the_reference_converter_are_there_and_five_more() -> None:
    assert sum(found.reference for found in EDGES.values()) == 12
    assert {pair for pair, found in EDGES.items() if not found.reference} == {
        ("keras_keras", "tfjs_graph_model"),
        ("keras_saved_model", "tfjs_graph_model"),
        ("tfjs_layers_model", "tf_saved_model"),
        ("tfjs_graph_model", "tf_saved_model"),
        ("tfjs_graph_model", "tfjs_graph_model"),
    }
    assert formats.targets("tfjs_graph_model") == ("tf_saved_model", "tfjs_graph_model")
    assert formats.sources("tfjs_layers_model") == (*KERAS, "tfjs_layers_model")


def test_a_pair_is_an_edge_or_a_reason_with_a_way_out() -> None:
    assert isinstance(edge("keras", "tfjs_layers_model"), Edge)
    gap = edge("tfjs_graph_model", "keras")
    assert isinstance(gap, Missing)
    assert "holds no layers" in gap.reason
    assert all(gap.reason and gap.instead for gap in reasons().values())


def test_every_source_that_goes_anywhere_has_one_natural_target() -> None:
    natural = [found for found in EDGES.values() if found.natural]
    assert sorted(found.source for found in natural) == sorted({source for source, _ in EDGES})
    assert formats.natural_target("tf_saved_model") == "tfjs_graph_model"
    assert formats.natural_target("tfjs_graph_model") == "tf_saved_model"


def test_the_pairs_that_need_no_tensorflow_are_those_that_the_native_engine_has() -> None:
    assert native.EDGES.keys() == formats.NATIVE
