"""Locating: the first layer or node that differs is found with few cuts, and can be shown again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification import changes
from tests.unit.verification.models import GRAPH, NumpyPlaces, graph_model, keras_twin, layers_model, port, run, save
from workflow.recipe.recipes import Verification
from workflow.verification.cutting import cut, points_of
from workflow.verification.evidence import PlaceReport
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun, Subject
from workflow.verification.searching import SearchResult, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def searched(case: Case, places: NumpyPlaces, keep: Path) -> SearchResult:
    found = search(case, places, report=verify(case, places), keep=keep)
    assert isinstance(found, SearchResult), found
    return found


@pytest.mark.parametrize(
    ("hurt", "name"),
    [
        (changes.layer("first", activation="linear"), "first"),
        (changes.layer("second", activation="tanh"), "second"),
        (changes.layer("third", activation="linear"), "third"),
        (changes.layer("second", use_bias=False), "second"),
    ],
)
def test_a_changed_layer_is_found_against_the_source(hurt: Callable[[Path], None], name: str, tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    shutil.copytree(source.path, tmp_path / "bad")
    hurt(tmp_path / "bad")
    case = Case(Subject(tmp_path / "bad", source.format), source, Verification(runtimes=("python",)), tmp_path / "work")
    bench = NumpyPlaces()
    forged = verify(case, bench).replaced(levels=(), runs=(PlaceReport("python", "failed"),))  # the layers are compared
    found = search(case, bench, report=forged, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == name
    assert name in found.located.sentence()
    assert not any(arguments.get("weights") for _, arguments in bench.jobs)  # which are for quantized results alone
    assert "--inputs" in found.command
    assert (tmp_path / "keep" / "inputs.npz").is_file()


@pytest.mark.parametrize("wrong", ["first/Tanh", "second/MatMul", "third/Softmax"])
def test_a_node_that_javascript_computes_wrongly_is_found(wrong: str, tmp_path: Path) -> None:
    model = graph_model(tmp_path / "graph")

    def spoiled(outputs: dict[str, Any], request: Any) -> dict[str, Any]:
        """Be wrong wherever the spoilt node has been computed."""
        names = {point.name for point in points_of(Subject(request.model, request.format))}
        return {name: array + np.float32(0.1) if wrong in names else array for name, array in outputs.items()}

    case = Case(model, None, Verification(runtimes=("python", "node")), tmp_path / "work")
    found = searched(case, NumpyPlaces(wrong=spoiled), tmp_path / "keep")
    assert (found.located.point.name, found.place) == (wrong, "node wasm")
    assert "--runtime node --backend wasm" in found.command


def test_nan_is_located_in_a_model_whose_source_has_infinity_elsewhere(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "good")
    changes.layer("third", activation="linear")(source.path)
    changes.values("third/bias", lambda bias: np.where(np.arange(4) == 1, np.inf, bias))(source.path)

    def spoiled(outputs: dict[str, Any], _: Any) -> dict[str, Any]:
        return {name: np.where(np.isfinite(a), np.nan, a) if a.shape[-1] == 4 else a for name, a in outputs.items()}

    case = Case(source, keras_twin(source), Verification(runtimes=("python", "node")), tmp_path / "work")
    found = searched(case, NumpyPlaces(wrong=spoiled), tmp_path / "keep")
    assert (found.located.point.name, found.place) == ("third", "node wasm")
    assert "holds NaN" in found.located.sentence()


def branched_model(folder: Path) -> Subject:
    """Make a graph that parts behind ``first/Tanh``: the left branch forgets what comes in, the right one does not."""
    rng = np.random.default_rng(3)
    values = {
        "first/kernel": rng.normal(0, 0.7, (6, 6)).astype(np.float32),
        "left/kernel": np.zeros((6, 4), np.float32),
        "left/bias": rng.normal(0, 0.3, 4).astype(np.float32),
        "right/kernel": rng.normal(0, 0.7, (6, 4)).astype(np.float32),
    }
    edges = {
        "first/MatMul": ("x", "first/kernel"),
        "first/Tanh": ("first/MatMul",),
        "left/MatMul": ("first/Tanh", "left/kernel"),
        "left/BiasAdd": ("left/MatMul", "left/bias"),
        "left/Tanh": ("left/BiasAdd",),
        "right/MatMul": ("first/Tanh", "right/kernel"),
        "left/more/Tanh": ("left/Tanh",),
        "left/most/Tanh": ("left/more/Tanh",),
        "sum/BiasAdd": ("left/most/Tanh", "right/MatMul"),
        "Identity": ("sum/BiasAdd",),
    }
    nodes: list[dict[str, Any]] = [{"name": "x", "op": "Placeholder", "attr": {}}]
    for name, array in values.items():
        shape = {"dim": [{"size": str(size)} for size in array.shape]}
        attr = {"value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": shape}}}
        nodes.append({"name": name, "op": "Const", "attr": attr})
    nodes += [{"name": name, "op": name.split("/")[-1], "input": list(above)} for name, above in edges.items()]
    signature = {"inputs": {"x": port("x:0", -1, 6)}, "outputs": {"sum": port("Identity:0", -1, 4)}}
    document = {"format": "graph-model", "signature": signature, "modelTopology": {"node": nodes, "versions": {}}}
    return Subject(save(folder, document, values), GRAPH)


@pytest.mark.parametrize("wrong", ["first/Tanh", "right/MatMul", "sum/BiasAdd"])
def test_a_branch_that_hides_the_difference_does_not_mislead(wrong: str, tmp_path: Path) -> None:
    def spoiled(outputs: dict[str, Any], request: Any) -> dict[str, Any]:
        """Be wrong where the spoilt node has been computed, but not behind the branch that forgets."""
        names = {point.name for point in points_of(Subject(request.model, request.format))}
        hidden = "left/MatMul" in names and "right/MatMul" not in names
        amiss = wrong in names and not hidden
        return {name: array + np.float32(0.1) if amiss else array for name, array in outputs.items()}

    case = Case(branched_model(tmp_path / "graph"), None, Verification(runtimes=("python", "node")), tmp_path / "work")
    found = searched(case, NumpyPlaces(wrong=spoiled), tmp_path / "keep")
    assert found.located.point.name == wrong


def test_nothing_is_located_where_nothing_differs(tmp_path: Path) -> None:
    case = Case(layers_model(tmp_path / "good"), None, Verification(runtimes=("python",)), tmp_path / "work")
    places = NumpyPlaces()
    assert isinstance(search(case, places, report=verify(case, places), keep=tmp_path / "keep"), NotRun)


def test_a_cut_keeps_only_the_weights_that_it_needs(tmp_path: Path) -> None:
    whole = layers_model(tmp_path / "good")
    part = cut(whole, "second", into=tmp_path / "part")
    inputs = {"x": np.ones((2, 6), np.float32)}
    assert np.array_equal(run(part, inputs)["second"], run(whole, inputs, at="second")["second"])
    assert (part.path / "weights.bin").stat().st_size == 2 * (36 + 6) * 4


def test_a_cut_of_a_graph_computes_what_the_whole_does_there(tmp_path: Path) -> None:
    whole = graph_model(tmp_path / "good")
    part = cut(whole, "third/Softmax", into=tmp_path / "part")
    inputs = {"x": np.ones((2, 6), np.float32)}
    assert np.array_equal(run(part, inputs)["third/Softmax"], run(whole, inputs)["third"])


def test_where_the_place_is_not_there_any_more_nothing_is_located(tmp_path: Path) -> None:
    model = layers_model(tmp_path / "m")

    def spoiled(outputs: dict[str, Any], _: Any) -> dict[str, Any]:
        return {name: array + np.float32(0.1) for name, array in outputs.items()}

    case = Case(model, keras_twin(model), Verification(runtimes=("python", "node")), tmp_path / "work")
    report = verify(case, NumpyPlaces(wrong=spoiled))
    gone = NumpyPlaces(runtimes={"node": NotRun("there is no node", "install it")})
    found = search(case, gone, report=report, keep=tmp_path / "keep")
    assert isinstance(found, NotRun)
    assert found.why == "the model cannot be cut, or its cuts not run in Python"
