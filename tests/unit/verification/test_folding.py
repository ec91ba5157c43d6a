"""The weights of graphs: the source's own, folded with a normalization, damaged, or of another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.verification.folding import Folded, compare
from workflow.verification.named_weights import Named
from workflow.verification.normalizations import epsilons_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

CHANNELS = 24
EPSILON = 1e-3


def named(arrays: dict[str, Array]) -> dict[str, Named]:
    def reader(array: Array) -> Callable[[], Array]:
        return lambda: array.reshape(-1)

    return {name: Named(name, array.shape, array.dtype.name, reader(array)) for name, array in arrays.items()}


@pytest.fixture
def source() -> dict[str, Array]:
    rng = np.random.default_rng(4)

    def drawn(*shape: int, low: float = -1.0) -> Array:
        return rng.uniform(low, 1.0, shape).astype(np.float32)

    found = {"conv/kernel": drawn(3, 3, 5, CHANNELS), "conv/bias": drawn(CHANNELS)}
    for norm in ("norm", "other"):
        found |= {f"{norm}/gamma": drawn(CHANNELS, low=0.5), f"{norm}/beta": drawn(CHANNELS)}
        found |= {f"{norm}/moving_mean": drawn(CHANNELS), f"{norm}/moving_variance": drawn(CHANNELS, low=0.2)}
    return found | {name: drawn(8, 8) for name in ("one/kernel", "two/kernel")}


@pytest.fixture
def graph(source: dict[str, Array]) -> dict[str, Array]:
    ratio = source["norm/gamma"] / np.sqrt(source["norm/moving_variance"] + np.float32(EPSILON))
    offset = source["norm/beta"] + (source["conv/bias"] - source["norm/moving_mean"]) * ratio
    return {
        "model/conv/Conv2D_weights": source["conv/kernel"] * ratio,
        "model/conv/Conv2D_bn_offset": offset,
        "model/one/MatMul/ReadVariableOp": source["one/kernel"].copy(),
        "model/two/MatMul/ReadVariableOp": source["two/kernel"].copy(),
        "model/reshape/shape": np.array([1, 2, 3, 4, 5], np.int32),
    }


def compared(source: dict[str, Array], graph: dict[str, Array]) -> Folded:
    return compare(named(source), named(graph), declared={"epsilon": EPSILON})


def test_weights_that_are_the_sources_or_folded_are_all_accounted_for(source: Any, graph: Any) -> None:
    assert compared(source, graph) == Folded(equal=2, folded=2)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (
            "model/conv/Conv2D_weights",
            lambda array: array + 1e-3 * (np.arange(array.size) == 7).reshape(array.shape),
            "by",
        ),
        ("model/conv/Conv2D_weights", lambda array: array + np.float32(1e-3), "differs from conv/kernel"),
        ("model/conv/Conv2D_weights", lambda array: array * np.float32(1.001), "factors that are off by"),
        ("model/conv/Conv2D_bn_offset", lambda array: array + np.float32(1e-3), "differs by up to"),
        ("model/one/MatMul/ReadVariableOp", lambda array: array + np.float32(1e-3), "differs from one/kernel"),
        ("model/one/MatMul/ReadVariableOp", lambda array: array * np.float32(1.001), "factors that are off by"),
    ],
)
def test_a_damaged_weight_is_found_and_named(source: Any, graph: Any, name: str, change: Any, words: str) -> None:
    shape = graph[name].shape
    graph[name] = np.asarray(change(graph[name].copy()), np.float32).reshape(shape)
    (finding,) = compared(source, graph).findings
    assert finding.subject == name
    assert words in finding.text


def test_products_of_half_floats_are_rounded_as_such_where_the_source_computes_in_them(source: Any, graph: Any) -> None:
    half = source["conv/kernel"].astype(np.float16).astype(np.float32)
    ratio = graph["model/conv/Conv2D_weights"] / source["conv/kernel"]
    graph["model/conv/Conv2D_weights"] = (half * ratio).astype(np.float16).astype(np.float32)
    declared = {"epsilon": EPSILON}
    assert compare(named(source), named(graph), declared=declared, in_halves=True).findings == ()
    assert len(compare(named(source), named(graph), declared=declared).findings) == 1
    graph["model/conv/Conv2D_weights"][0, 0, 0, 0] *= np.float32(1.1)
    (finding,) = compare(named(source), named(graph), declared=declared, in_halves=True).findings
    assert finding.subject == "model/conv/Conv2D_weights"


def test_a_weight_in_the_place_of_another_is_found(source: Any, graph: Any) -> None:
    graph["model/one/MatMul/ReadVariableOp"] = source["two/kernel"]
    (finding,) = compared(source, graph).findings
    assert "holds two/kernel of the source, and one/kernel belongs there" in finding.text


def test_weights_of_another_kind_are_counted_and_no_fault(source: Any, graph: Any) -> None:
    found = compared(source, graph | {"model/scaled": source["two/kernel"] * 3})
    assert (found.others, found.findings) == (("model/scaled",), ())


def test_parts_of_weights_are_accounted_for_and_named_where_they_are_mostly_right(source: Any, graph: Any) -> None:
    parts = {"model/gru/slice": source["one/kernel"][:, 4:].copy(), "model/zeros": np.zeros(6, np.float32)}
    assert compared(source, graph | parts) == Folded(equal=2, folded=4)
    parts["model/gru/slice"][:, 0] = parts["model/gru/slice"][:, 1]
    (finding,) = compared(source, graph | parts).findings
    assert "model/gru/slice differs by" in finding.text
    assert "from the part of one/kernel of the source that it is" in finding.text


def test_zeros_that_are_not_called_so_are_no_weight_of_the_source(source: Any, graph: Any) -> None:
    ruined = {"model/head/MatMul": np.zeros((8, 4), np.float32)}
    assert compared(source, graph | ruined).others == ("model/head/MatMul",)


def test_a_variable_of_a_layer_that_holds_something_else_is_found_in_loops_too(source: Any, graph: Any) -> None:
    source["gru/gru_cell/bias"] = np.linspace(-1, 1, 15, dtype=np.float32)
    read = "model/gru/while/body/_9/model/gru/while/gru_cell/BiasAdd/ReadVariableOp"
    assert compared(source, graph | {read: source["gru/gru_cell/bias"]}).findings == ()
    (finding,) = compared(source, graph | {read: source["gru/gru_cell/bias"] * np.float32(1.01)}).findings
    assert "is nothing that the source's weights make, and gru/gru_cell/bias belongs there" in finding.text


def test_what_quantized_weights_were_before_is_told(source: Any, graph: Any) -> None:
    graph["model/gru/slice"] = source["one/kernel"][:, :4].copy()
    kept: dict[str, Any] = {}
    weights = stored(graph, "uint8")
    compare(
        named(source), weights, declared={"epsilon": EPSILON}, keep=lambda one, values: kept.update({one.name: values})
    )
    assert kept.keys() == {name for name, one in weights.items() if one.quantization}
    for name, values in kept.items():
        assert np.allclose(values, graph[name].reshape(-1), atol=1e-6, rtol=1e-5), name


def test_quantized_weights_that_nothing_explains_are_named(source: Any, graph: Any) -> None:
    graph["model/head/MatMul"] = np.random.default_rng(1).uniform(-1, 1, (8, 4)).astype(np.float32)
    found = compared_stored(source, stored(graph, "float16"))
    assert found.others == found.lossy == ("model/head/MatMul",)


def test_a_few_numbers_that_look_alike_prove_no_damage(source: Any, graph: Any) -> None:
    """Of short vectors some are near each other by chance."""
    source["tiny/bias"] = np.linspace(-1, 1, 15, dtype=np.float32)
    found = compared(source, graph | {"model/tiny": source["tiny/bias"] * np.float32(1.01)})
    assert (found.others, found.findings) == (("model/tiny",), ())
    source["tiny/bias"] = np.linspace(-1, 1, 16, dtype=np.float32)
    (finding,) = compared(source, graph | {"model/tiny": source["tiny/bias"] * np.float32(1.01)}).findings
    assert finding.text.startswith("the weight model/tiny differs by up to 0.01 ")


def test_equal_weights_of_two_layers_are_in_the_right_place_in_either(source: Any, graph: Any) -> None:
    source["two/kernel"] = graph["model/two/MatMul/ReadVariableOp"] = source["one/kernel"]
    assert compared(source, graph).findings == ()


def test_epsilons_are_found_however_deep_they_stand() -> None:
    config = {"layers": [{"config": {"epsilon": 0.01, "layers": [{"epsilon": 0.002}]}}, {"config": {"name": "a"}}]}
    assert epsilons_in(config) == [0.002, 0.01]


def stored(arrays: dict[str, Array], dtype: str) -> dict[str, Named]:
    """Return weights as they are restored after quantizing each to ``dtype``."""
    found = {}
    for name, one in named(arrays).items():
        values = one.read()
        low, scale = float(values.min()), max(float(np.ptp(values)), 1e-3) / (255 if dtype == "uint8" else 65535)
        codes = np.round((values - low) / scale)
        halves = values.astype(np.float16)
        restored = (halves if dtype == "float16" else codes * scale + low).astype(np.float32)
        field = {"dtype": dtype, "scale": scale, "min": low}
        plain = one.dtype != "float32"
        found[name] = one if plain else Named(name, one.shape, one.dtype, lambda own=restored: own, field)  # type: ignore[misc]
    return found


def compared_stored(source: dict[str, Array], weights: dict[str, Named]) -> Folded:
    return compare(named(source), weights, declared={"epsilon": EPSILON})


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_quantized_weights_are_held_against_what_they_were_before(source: Any, graph: Any, dtype: str) -> None:
    assert compared_stored(source, stored(graph, dtype)) == Folded(quantized=4)


def test_a_quantized_weight_that_is_scaled_is_found(source: Any, graph: Any) -> None:
    graph["model/one/MatMul/ReadVariableOp"] = graph["model/one/MatMul/ReadVariableOp"] * np.float32(1.03)
    (finding,) = compared_stored(source, stored(graph, "uint8")).findings
    assert finding.subject == "model/one/MatMul/ReadVariableOp"
    assert "(one/kernel); half a step of uint8 allows" in finding.text


def test_a_quantized_weight_in_the_place_of_another_is_found(source: Any, graph: Any) -> None:
    graph["model/one/MatMul/ReadVariableOp"] = source["two/kernel"]
    (finding,) = compared_stored(source, stored(graph, "uint8")).findings
    assert "holds two/kernel of the source, and one/kernel belongs there" in finding.text


def test_a_shuffled_quantized_weight_is_not_explained(source: Any, graph: Any) -> None:
    kernel = graph["model/conv/Conv2D_weights"]
    graph["model/conv/Conv2D_weights"] = np.random.default_rng(1).permutation(kernel.reshape(-1)).reshape(kernel.shape)
    found = compared_stored(source, stored(graph, "uint8"))
    assert (found.others, found.quantized) == (("model/conv/Conv2D_weights",), 3)
