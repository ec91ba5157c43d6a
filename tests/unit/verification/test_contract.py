"""Contracts: what may be called otherwise, what may not, and what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.verification import contract
from workflow.verification.model_ports import ModelPort, ModelPorts, of_config

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.verification.evidence import LevelReport

KERAS: Format = "keras"
GRAPH: Format = "tfjs_graph_model"


def outputs(*ports: ModelPort) -> ModelPorts:
    return ModelPorts((ModelPort("x", (None, 4), "float32"),), ports)


def checked(source: ModelPorts, result: ModelPorts, formats: tuple[Format, Format] = (KERAS, GRAPH)) -> LevelReport:
    return contract.check(source, result, formats=formats)


def test_the_order_of_a_saved_models_outputs_may_differ_and_is_recorded() -> None:
    swapped = outputs(ModelPort("a"), ModelPort("b")), outputs(ModelPort("b"), ModelPort("a"))
    found = checked(*swapped, ("tf_saved_model", GRAPH))  # its signature is sorted by names
    assert found.status == "passed"
    assert contract.positions(found) == {"a": 1, "b": 0}
    assert "another order" in found.remarks[0]


@pytest.mark.parametrize("numbered", ["source", "result", "both"])
def test_the_number_of_a_nodes_first_output_is_no_part_of_a_name(numbered: str) -> None:
    def side(which: str, *names: str) -> ModelPorts:
        ending = ":0" if numbered in (which, "both") else ""
        ports = tuple(ModelPort(f"{name}{ending}", (None, 4)) for name in names)
        return ModelPorts((ModelPort(f"x{ending}", (None, 4)),), ports)

    found = checked(side("source", "a", "b"), side("result", "b", "a"), (GRAPH, "tf_saved_model"))
    assert found.status == "passed"
    assert list(contract.positions(found).values()) == [1, 0]
    (name,) = contract.renamed(found, "inputs").values()
    assert name == ("x" if numbered == "source" else "x:0")


def test_numbers_of_names_stay_apart_where_another_output_is_gone() -> None:
    found = checked(
        outputs(ModelPort("a:0"), ModelPort("b:0")),
        outputs(ModelPort("c"), ModelPort("b")),
        (GRAPH, "tf_saved_model"),
    )
    assert [finding.text for finding in found.findings] == ["the output a:0 is called c in the result"]
    assert contract.positions(found) == {"a:0": 0, "b:0": 1}


def test_letters_that_no_argument_of_a_function_may_have_are_written_otherwise_by_tensorflow() -> None:
    dotted = ModelPorts((ModelPort("net_0.25/in", (None, 4)),), (ModelPort("y"),))
    for name, status in (("net_0_25_in", "passed"), ("net_0_26_in", "failed")):
        result = ModelPorts((ModelPort(name, (None, 4)),), (ModelPort("y"),))
        assert checked(dotted, result, ("tfjs_layers_model", "tf_saved_model")).status == status


def test_who_reads_the_outputs_of_a_graph_by_number_finds_them_in_the_order_of_the_layers_model() -> None:
    found = checked(outputs(ModelPort("a"), ModelPort("b")), outputs(ModelPort("b"), ModelPort("a")))
    assert found.status == "failed"
    assert "the outputs stand in another order: b, a" in found.findings[0].text


def test_the_order_of_a_graphs_inputs_is_recorded() -> None:
    x, y = ModelPort("x"), ModelPort("y")
    found = checked(ModelPorts((x, y), (ModelPort("z"),)), ModelPorts((y, x), (ModelPort("z"),)))
    assert found.status == "passed"
    assert "the inputs stand in another order" in found.remarks[0]


def test_the_order_of_layers_may_not_differ() -> None:
    found = checked(
        outputs(ModelPort("a"), ModelPort("b")), outputs(ModelPort("b"), ModelPort("a")), (KERAS, "tfjs_layers_model")
    )
    assert found.status == "failed"


def test_a_graph_may_lose_the_names_of_outputs_and_shapes_tell_which_is_which() -> None:
    theirs = outputs(ModelPort("classes", (None, 3)), ModelPort("sums", (None, 2)))
    found = checked(theirs, outputs(ModelPort("Identity", (None, 2)), ModelPort("Identity_1", (None, 3))))
    assert found.status == "passed"
    assert contract.renamed(found, "outputs") == {"classes": "Identity_1", "sums": "Identity"}


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (ModelPort("y", (None, 3)), ModelPort("z", (None, 3)), "the output y is called z"),
        (ModelPort("y", (None, 3)), ModelPort("y", (1, 3)), "[1, 3] in the result and [?, 3] in its source"),
        (ModelPort("y", (None, 3)), ModelPort("y", (None, 3, 1)), "[?, 3, 1]"),
        (ModelPort("y", None, "float32"), ModelPort("y", None, "int32"), "is int32 in the result and float32"),
    ],
)
def test_what_differs_is_named(theirs: ModelPort, ours: ModelPort, words: str) -> None:
    found = checked(outputs(theirs), outputs(ours))
    assert found.findings[0].subject == "y"
    assert words in found.findings[0].text


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (ModelPort("y", None, "int64"), ModelPort("y", None, "int32")),
        (ModelPort("y", (1, 3)), ModelPort("y", (None, 3))),
        (ModelPort("y", (None, 32), None, observed=True), ModelPort("y", (None, None))),
        (ModelPort("y", (None, None)), ModelPort("y", (None, 32), None, observed=True)),
        (ModelPort("y"), ModelPort("y", (None, 3), "float32")),
    ],
)
def test_what_is_no_difference(theirs: ModelPort, ours: ModelPort) -> None:
    assert checked(outputs(theirs), outputs(ours)).status == "passed"


@pytest.mark.parametrize(
    ("formats", "status"),
    [
        (("tfjs_graph_model", "tf_saved_model"), "passed"),
        (("tfjs_graph_model", "tfjs_graph_model"), "failed"),
        (("keras", "tf_saved_model"), "failed"),
    ],
)
def test_what_is_made_of_a_graph_may_say_what_an_int32_stands_for(formats: tuple[Format, Format], status: str) -> None:
    theirs, ours = outputs(ModelPort("y", None, "int32")), outputs(ModelPort("y", None, "int64"))
    assert checked(theirs, ours, formats).status == status


def test_a_size_of_an_input_that_is_open_in_the_result_alone_is_named() -> None:
    """A source of 10 rows may flatten them: nobody said what it does with 11."""
    theirs = ModelPorts(inputs=(ModelPort("x", (None, 10, 3)),), outputs=(ModelPort("y", (None, 4)),))
    ours = ModelPorts(inputs=(ModelPort("x", (None, None, 3)),), outputs=(ModelPort("y", (None, None)),))
    (finding,) = checked(theirs, ours).findings
    assert finding.text == "the input x has the shape [?, ?, 3] in the result and [?, 10, 3] in its source"


def test_how_many_samples_a_result_takes_may_be_open() -> None:
    theirs, ours = (ModelPorts(inputs=(ModelPort("x", (size, 10)),)) for size in (1, None))
    assert checked(theirs, ours).findings == ()


def test_a_lost_output_is_named() -> None:
    found = checked(outputs(ModelPort("a"), ModelPort("b")), outputs(ModelPort("a")))
    assert found.findings[0].text == "the result has 1 outputs, and its source 2 (b is gone)"


def test_nothing_known_is_not_applicable() -> None:
    assert checked(ModelPorts(), ModelPorts()).status == "not applicable"


def test_a_sequential_model_is_called_as_keras_calls_it() -> None:
    layers = [
        {"class_name": "Dense", "config": {"name": "one", "batch_input_shape": [None, 4]}},
        {"class_name": "Dense", "config": {"name": "two"}},
    ]
    found = of_config({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
    assert found == ModelPorts((ModelPort("one_input", (None, 4)),), (ModelPort("two"),))


def test_outputs_of_one_layer_are_numbered() -> None:
    layers = [{"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 1]}}]
    config = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0], ["d", 1, 0]]}
    found = of_config({"class_name": "Functional", "config": config})
    assert found.outputs == (ModelPort("d"), ModelPort("d_1"))


def test_outputs_that_keep_their_names_stay_and_the_others_go_by_their_order() -> None:
    theirs = outputs(
        ModelPort("a", (None, 3)), ModelPort("b", (None, 3)), ModelPort("c", (None, 2)), ModelPort("d", (None, 2))
    )
    ours = outputs(
        ModelPort("Identity", (None, 3)),
        ModelPort("b", (None, 3)),
        ModelPort("Identity_1", (None, 2)),
        ModelPort("d", (None, 2)),
    )
    found = checked(theirs, ours)
    assert found.status == "passed"
    assert contract.renamed(found, "outputs") == {"a": "Identity", "b": "b", "c": "Identity_1", "d": "d"}
    assert contract.positions(found) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_every_difference_is_told_whole() -> None:
    theirs = outputs(ModelPort("a", (None, 2), "float32"), ModelPort("b", (None, 3), "int32"))
    turned = checked(theirs, outputs(*reversed(theirs.outputs or ())), (KERAS, "tfjs_layers_model"))
    assert [(one.text, one.subject) for one in turned.findings] == [
        ("the outputs stand in another order: b, a; in the source a, b", "a"),
    ]
    other = outputs(ModelPort("a", (None, 5), "int32"), ModelPort("c", (None, 3), "int32"))
    found = checked(theirs, other, (KERAS, "tfjs_layers_model"))
    assert [(one.text, one.subject) for one in found.findings] == [
        ("the output b is called c in the result", "b"),
        ("the output a is int32 in the result and float32 in its source", "a"),
        ("the output a has the shape [?, 5] in the result and [?, 2] in its source", "a"),
    ]
    (fewer,) = checked(theirs, outputs(ModelPort("b", (None, 3), "int32"))).findings
    assert (fewer.text, fewer.subject) == ("the result has 1 outputs, and its source 2 (a is gone)", "a")
    assert (fewer.figure, fewer.bound) == (1, 2)
    (more,) = checked(theirs, outputs(*(theirs.outputs or ()), ModelPort("c"))).findings
    assert (more.text, more.subject) == ("the result has 3 outputs, and its source 2", "")
