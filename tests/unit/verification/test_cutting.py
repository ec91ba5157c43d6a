"""Cutting models: every point after what feeds it, however many there are, and whatever is wrong with them."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.verification.cutting import points_of
from workflow.verification.model_ports import ModelPorts, ports_of
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

MANY = 20_000


def subject(folder: Path, topology: Any, kind: Format) -> Subject:
    (folder / "model.json").write_text(json.dumps({"modelTopology": topology, "weightsManifest": []}))
    return Subject(folder, kind)


def test_a_long_chain_in_the_wrong_order_is_put_right_at_once(tmp_path: Path) -> None:
    nodes = [{"name": f"n{number}", "op": "Relu", "input": [f"n{number + 1}"]} for number in range(MANY)]
    nodes.append({"name": f"n{MANY}", "op": "Placeholder", "input": []})
    begin = time.process_time()
    found = points_of(subject(tmp_path, {"node": nodes}, "tfjs_graph_model"))
    assert [found[0].name, found[-1].name, len(found)] == [f"n{MANY}", "n0", MANY + 1]
    assert time.process_time() - begin < 5


def test_what_lies_in_a_loop_is_left_out(tmp_path: Path) -> None:
    loop = [{"name": "a", "op": "Relu", "input": ["b"]}, {"name": "b", "op": "Relu", "input": ["a"]}]
    nodes = [*loop, {"name": "x", "op": "Placeholder"}, {"name": "y", "op": "Add", "input": ["x", "x"]}]
    found = points_of(subject(tmp_path, {"node": nodes}, "tfjs_graph_model"))
    assert [point.name for point in found] == ["x", "y"]


@pytest.mark.parametrize(
    "topology",
    [
        {"class_name": "Functional", "config": {"layers": 3}},
        {"class_name": "Functional", "config": {"layers": [3]}},
        {"class_name": "Functional", "config": {"layers": [{"class_name": "Dense", "config": {}}]}},
        {"class_name": "Sequential", "config": []},
        {"class_name": "Sequential", "config": [{"class_name": "Sequential", "config": {"name": "a", "layers": []}}]},
        {"class_name": "Functional", "config": {"name": "m", "layers": [], "input_layers": [["x", 0, 0]]}},
        {
            "class_name": "Sequential",
            "config": [{"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": "wide"}}],
        },
    ],
)
def test_a_damaged_topology_has_no_ports_and_raises_nothing_else(topology: Any, tmp_path: Path) -> None:
    damaged = subject(tmp_path, topology, "tfjs_layers_model")
    assert ports_of(damaged) == ModelPorts()
    with contextlib.suppress(ModelFileError):
        points_of(damaged)
