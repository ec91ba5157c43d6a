"""Ops that only TensorFlow.js has are taken apart and compute the same; what TensorFlow does not have is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.rebuilding import handmade
from tests.real.rebuilding.handmade import convolving, fused, node, placeholder
from workflow.base.errors import ConversionError, ModelFileError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.rebuilding.conftest import Lab
    from workflow.base.errors import WorkflowError
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

RNG = np.random.default_rng(3)
X = RNG.normal(0, 1, (2, 4)).astype(np.float32)
IMAGE = RNG.normal(0, 1, (1, 3, 3, 4)).astype(np.float32)
WEIGHTS = {"w": RNG.normal(0, 1, (4, 4)), "b": RNG.normal(0, 1, 4), "alpha": RNG.normal(0, 1, 4)}
WEIGHTS |= {"k": WEIGHTS["w"].reshape(1, 1, 4, 4), "d": RNG.normal(0, 1, (2, 2, 4, 1)), "one": np.ones(4)}


def products() -> list[handmade.Json]:
    bent = {"leakyrelu_alpha": {"f": 0.4}}
    return [
        placeholder("x", (-1, 4)),
        fused("bent", "_FusedMatMul", ("x", "w", "b"), ("BiasAdd", "LeakyRelu"), **bent),
        fused("turned", "_FusedMatMul", ("x", "w", "b", "alpha"), ("BiasAdd", "Prelu")),
        node("lone", "Prelu", ("x", "alpha")),
    ]


def convolutions() -> list[handmade.Json]:
    plain = convolving()
    return [
        placeholder("image", (-1, 3, 3, 4)),
        fused("deep", "FusedDepthwiseConv2dNative", ("image", "d", "b"), ("BiasAdd", "Elu"), **plain),
        fused("flat", "_FusedConv2D", ("image", "k", "b", "alpha"), ("BiasAdd", "Prelu"), **plain),
        fused("six", "FusedDepthwiseConv2dNative", ("image", "d"), ("NoOp", "Relu6"), **plain),
    ]


@pytest.mark.parametrize(("make", "inputs"), [(products, {"x": X}), (convolutions, {"image": IMAGE})])
def test_fused_ops_compute_what_they_compute_in_tensorflow_js(
    make: Callable[[], list[handmade.Json]], inputs: dict[str, Any], lab: Lab, node: NodeRuntime
) -> None:
    model = handmade.write(lab.folder / "model", make(), WEIGHTS)
    saved, facts = lab.saved(model)
    assert sum(facts["lowered"].values()) == 3
    answer, expected = lab.answer(saved, inputs), lab.in_node(node, model, inputs)
    assert set(answer) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(answer[name], array, atol=1e-5)


def test_a_convolution_fused_with_batch_normalisation_and_one_with_channels_first_run(lab: Lab) -> None:
    settings = {"epsilon": {"f": 0.01}, **convolving()}
    nodes = [
        placeholder("image", (-1, 3, 3, 4)),
        placeholder("planes", (-1, 4, 3, 3)),
        fused(
            "normed", "_FusedConv2D", ("image", "k", "b", "alpha", "b", "one"), ("FusedBatchNorm", "Relu"), **settings
        ),
        fused("first", "_FusedConv2D", ("planes", "k", "b"), ("BiasAdd",), **convolving("NCHW")),
    ]
    saved, _ = lab.saved(handmade.write(lab.folder / "model", nodes, WEIGHTS))
    answer = lab.answer(saved, {"image": IMAGE, "planes": IMAGE.transpose(0, 3, 1, 2)})
    plain = IMAGE @ WEIGHTS["w"]
    normed = (plain - WEIGHTS["b"]) / np.sqrt(1.01) * WEIGHTS["b"] + WEIGHTS["alpha"]
    np.testing.assert_allclose(answer["normed"], np.maximum(normed, 0), atol=1e-5)
    np.testing.assert_allclose(answer["first"].transpose(0, 2, 3, 1), plain + WEIGHTS["b"], atol=1e-5)


def test_an_unfed_placeholder_becomes_an_input_besides_the_signatures(lab: Lab) -> None:
    nodes = [placeholder("x", (-1, 4)), placeholder("late", (4,)), node("y", "AddV2", ("x", "late"))]
    signature = {"inputs": {"first": {"name": "x"}}, "outputs": {"sum": {"name": "y:0"}}}
    saved, _ = lab.saved(handmade.write(lab.folder / "model", nodes, {}, signature=signature))
    answer = lab.answer(saved, {"first": X, "late": np.ones(4, np.float32)})
    np.testing.assert_allclose(answer["sum"], X + 1)


MALFORMED: dict[str, tuple[list[handmade.Json], dict[str, Any], type[WorkflowError], str]] = {
    "foreign": ([node("y", "Frobnicate", ("w",))], WEIGHTS, ConversionError, r"Frobnicate \(at y\)"),
    "fusion": ([fused("y", "_FusedMatMul", ("w", "w"), ("Frob",))], WEIGHTS, ConversionError, "fused with Frob"),
    "lost": ([node("y", "Relu", ("nothing",))], {}, ModelFileError, "nothing"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_tensorflow_cannot_run_is_refused_and_leaves_nothing(case: str, lab: Lab) -> None:
    nodes, weights, error, words = MALFORMED[case]
    model = handmade.write(lab.folder / "model", nodes, weights)
    with pytest.raises(error, match=words) as caught:
        lab.saved(model)
    assert caught.value.hint
    assert sorted(path.name for path in lab.folder.iterdir()) == ["job.log", "model"]


def test_a_graph_of_more_than_two_gib_is_refused_before_its_weights_are_read(lab: Lab) -> None:
    model = handmade.write(lab.folder / "model", [node("y", "Relu", ("w",))], WEIGHTS)
    text = (model / "model.json").read_text("utf-8")
    (model / "model.json").write_text(text.replace('"shape": [4, 4]', '"shape": [40000, 40000]'), "utf-8")
    with pytest.raises(ConversionError, match=r"5\.96 GiB"):
        lab.saved(model)


def test_damaged_and_wrong_inputs_are_refused(lab: Lab, corpus: Path) -> None:
    model = handmade.write(lab.folder / "model", [node("y", "Relu", ("w",))], WEIGHTS)
    with pytest.raises(UsageError, match="no layers"):
        lab.saved(model, target="keras_saved_model")
    with pytest.raises(ModelFileError, match="holds no graph"):
        lab.saved(corpus / "layers" / "xor")
    (model / "w.bin").write_bytes(b"12345")
    with pytest.raises(ModelFileError, match="ends 59 bytes before"):
        lab.saved(model)
    (lab.folder / "saved").mkdir()
    with pytest.raises(StorageError, match="there already"):
        lab.saved(model)
    assert list((lab.folder / "saved").iterdir()) == []
