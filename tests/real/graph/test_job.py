"""The job ``graph``: what it records, what it refuses, and that it always gives the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ConversionError, ModelFileError, StorageError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real


def repairs_of(facts: dict[str, Any]) -> dict[str, int]:
    return {repair["repair"]: repair["nodes"] for repair in facts["repairs"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("activations", {"fusions": 2, "elementwise": 1}),
        ("grouped", {"grouped_convolutions": 1}),
        ("normalised", {"normalization": 1}),
        ("residual", {"fusions": 1}),
        ("many_outputs", {}),
    ],
)
def test_repairs_are_recorded(name: str, expected: dict[str, int], graph: Callable[..., Any]) -> None:
    assert repairs_of(graph(name)[1]) == expected


def test_loops_lose_their_control_edges(graph: Callable[..., Any]) -> None:
    assert repairs_of(graph("gru")[1])["control_edges"] > 0


def test_facts_say_ops_phases_and_engine(graph: Callable[..., Any]) -> None:
    _, facts = graph("residual")
    assert facts["engine"] == "direct"
    assert facts["ops"]["Conv2D"] == 1
    assert set(facts["seconds"]) == {"load", "trace", "freeze", "optimize", "repair", "write"}
    assert list(facts["signature"]["inputs"]) == ["x"]


def test_repairs_can_be_left_out(graph: Callable[..., Any]) -> None:
    folder, facts = graph("lstm", repairs=False)
    assert facts["repairs"] == []
    assert set(facts["unsupported"]) == set()
    assert "_FusedMatMul" in (folder / "model.json").read_text("utf-8")


@pytest.mark.parametrize("options", [{}, {"control_flow_v2": True}])
def test_two_workers_give_the_same_bytes_whatever_they_did_before(
    options: dict[str, Any], zoo: Path, graph: Callable[..., Any], another: Worker, tmp_path: Path
) -> None:
    graph("many_outputs")
    first, _ = graph("gru", options=options)
    job = {"source": {"path": str(zoo / "gru.h5"), "format": "keras"}, "output": str(tmp_path / "second")}
    another.run("graph", {**job, "options": options}, log=tmp_path / "another.log", timeout=300)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "second").iterdir())
    assert all((first / name).read_bytes() == (tmp_path / "second" / name).read_bytes() for name in names)


def test_an_op_that_tensorflow_js_lacks_is_named_with_its_layer(graph: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"Conv3DBackpropInputV2 \(from up\)"):
        graph("transposed_3d")
    assert not any(path.is_dir() for path in tmp_path.iterdir())


def test_skip_op_check_lets_it_pass_and_the_facts_say_where_it_does_not_run(graph: Callable[..., Any]) -> None:
    _, facts = graph("transposed_3d", options={"skip_op_check": True})
    assert facts["unsupported"]["cpu"] == {"Conv3DBackpropInputV2": ["up"]}


@pytest.mark.parametrize(
    ("content", "format_", "error"),
    [
        (b"no model at all", "keras", ModelFileError),
        (b"no model at all", "keras_keras", ModelFileError),
        (b"no model at all", "tfjs_layers_model", ModelFileError),
        (json.dumps({"modelTopology": None}).encode(), "tfjs_layers_model", ModelFileError),
    ],
)
def test_files_that_are_no_models_are_refused_and_nothing_is_left(
    content: bytes, format_: str, error: type[WorkflowError], worker: Worker, tmp_path: Path
) -> None:
    (tmp_path / "input").write_bytes(content)
    job = {"source": {"path": str(tmp_path / "input"), "format": format_}, "output": str(tmp_path / "out")}
    with pytest.raises(error):
        worker.run("graph", job, log=tmp_path / "job.log", timeout=120)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input", "job.log"]


def test_a_folder_with_something_in_it_is_left_alone(worker: Worker, zoo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    job = {"source": {"path": str(zoo / "residual.h5"), "format": "keras"}, "output": str(tmp_path / "out")}
    with pytest.raises(StorageError, match="not empty"):
        worker.run("graph", job, log=tmp_path / "job.log", timeout=120)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
