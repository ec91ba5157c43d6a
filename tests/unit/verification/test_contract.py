"""Contracts: what may be called otherwise, what may not, and what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.verification import contract
from workflow.verification.ports import Port, Ports, of_config

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.verification.evidence import LevelReport

KERAS: Format = "keras"
GRAPH: Format = "tfjs_graph_model"


def outputs(*ports: Port) -> Ports:
    return Ports((Port("x", (None, 4), "float32"),), ports)


def checked(source: Ports, result: Ports, formats: tuple[Format, Format] = (KERAS, GRAPH)) -> LevelReport:
    return contract.check(source, result, formats=formats)


def test_the_order_of_a_graph_may_differ_and_is_recorded() -> None:
    found = checked(outputs(Port("a"), Port("b")), outputs(Port("b"), Port("a")))
    assert found.status == "passed"
    assert contract.positions(found) == {"a": 1, "b": 0}
    assert "another order" in found.remarks[0]


def test_the_order_of_layers_may_not_differ() -> None:
    found = checked(outputs(Port("a"), Port("b")), outputs(Port("b"), Port("a")), (KERAS, "tfjs_layers_model"))
    assert found.status == "failed"


def test_a_graph_may_lose_the_names_of_outputs_and_shapes_tell_which_is_which() -> None:
    theirs = outputs(Port("classes", (None, 3)), Port("sums", (None, 2)))
    found = checked(theirs, outputs(Port("Identity", (None, 2)), Port("Identity_1", (None, 3))))
    assert found.status == "passed"
    assert contract.renamed(found, "outputs") == {"classes": "Identity_1", "sums": "Identity"}


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (Port("y", (None, 3)), Port("z", (None, 3)), "the output y is called z"),
        (Port("y", (None, 3)), Port("y", (1, 3)), "[1, 3] in the result and [?, 3] in its source"),
        (Port("y", (None, 3)), Port("y", (None, 3, 1)), "[?, 3, 1]"),
        (Port("y", None, "float32"), Port("y", None, "int32"), "is int32 in the result and float32"),
    ],
)
def test_what_differs_is_named(theirs: Port, ours: Port, words: str) -> None:
    found = checked(outputs(theirs), outputs(ours))
    assert found.findings[0].subject == "y"
    assert words in found.findings[0].text


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (Port("y", None, "int64"), Port("y", None, "int32")),
        (Port("y", (1, 3)), Port("y", (None, 3))),
        (Port("y", (None, 32), None, observed=True), Port("y", (None, None))),
        (Port("y", (None, None)), Port("y", (None, 32), None, observed=True)),
        (Port("y"), Port("y", (None, 3), "float32")),
    ],
)
def test_what_is_no_difference(theirs: Port, ours: Port) -> None:
    assert checked(outputs(theirs), outputs(ours)).status == "passed"


def test_a_lost_output_is_named() -> None:
    found = checked(outputs(Port("a"), Port("b")), outputs(Port("a")))
    assert found.findings[0].text == "the result has 1 outputs, and its source 2 (b is gone)"


def test_nothing_known_is_not_applicable() -> None:
    assert checked(Ports(), Ports()).status == "not applicable"


def test_a_sequential_model_is_called_as_keras_calls_it() -> None:
    layers = [
        {"class_name": "Dense", "config": {"name": "one", "batch_input_shape": [None, 4]}},
        {"class_name": "Dense", "config": {"name": "two"}},
    ]
    found = of_config({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
    assert found == Ports((Port("one_input", (None, 4)),), (Port("two"),))


def test_outputs_of_one_layer_are_numbered() -> None:
    layers = [{"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 1]}}]
    config = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0], ["d", 1, 0]]}
    found = of_config({"class_name": "Functional", "config": config})
    assert found.outputs == (Port("d"), Port("d_1"))
