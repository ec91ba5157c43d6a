"""What TensorFlow.js holds values of a graph's types as: a constant of each is accepted so, and not otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow.models.weights_manifest import Weight
from workflow.verification.topology_faults import graph_faults

HELD_AS = {
    "DT_FLOAT": "float32",
    "DT_HALF": "float32",
    "DT_DOUBLE": "float32",
    "DT_INT32": "int32",
    "DT_INT64": "int32",
    "DT_BOOL": "bool",
    "DT_STRING": "string",
    "DT_COMPLEX64": "complex64",
}


def document(dtype: str) -> dict[str, Any]:
    tensor = {"dtype": dtype, "tensorShape": {"dim": [{"size": "2"}]}}
    nodes = [{"name": "c", "op": "Const", "attr": {"dtype": {"type": dtype}, "value": {"tensor": tensor}}}]
    return {"format": "graph-model", "modelTopology": {"node": nodes, "versions": {}}, "weightsManifest": []}


@pytest.mark.parametrize(("dtype", "held"), HELD_AS.items())
def test_a_constant_is_held_as_its_own_type(dtype: str, held: str) -> None:
    def found(as_: str) -> list[str]:
        weights = {"c": Weight("c", (2,), as_)}
        return [one.text for one in graph_faults(document(dtype), Path("model.json"), weights=weights)]

    assert found(held) == []
    other = "bool" if held != "bool" else "int32"
    assert found(other) == [f"the weight c is {other} in the manifest and {held} in the graph"]
