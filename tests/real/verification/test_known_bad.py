"""What converts without complaint and is wrong is caught, as numbers; what is right passes on the same places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real.verification.conftest import place

if TYPE_CHECKING:
    from tests.real.verification.conftest import Lab
    from workflow.recipe.model import Format

pytestmark = pytest.mark.real

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"
BACKENDS = {"node": ("wasm", "cpu")}


@pytest.mark.parametrize(
    ("name", "target", "where", "words"),
    [
        ("bilinear", LAYERS, "node wasm", "the output last differs by up to"),
        ("bilinear", LAYERS, "node cpu", "the output last differs by up to"),
        ("keepdims", LAYERS, "node wasm", "Input 0 is incompatible with layer head"),
        ("fused_tanh", GRAPH, "node wasm", "tanh activation not yet supported"),
        ("fused_tanh", GRAPH, "node cpu", "Activation tanh has not been implemented"),
        ("layer_normalization", GRAPH, "node wasm", "the output last"),
        ("layer_normalization", GRAPH, "node cpu", "the output last holds nan"),
    ],
)
def test_what_is_wrong_in_javascript_is_caught(lab: Lab, name: str, target: Format, where: str, words: str) -> None:
    source = lab.source(name)
    report = lab.verify(lab.converted(source, target), source, backends=BACKENDS)
    assert report.failed is not None
    assert report.failed.level == "outputs"
    run = place(report, where)
    assert run["status"] == "failed"
    assert words in run["why"]
    assert place(report, "python")["status"] == "passed", "reloading in Python does not see it"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("bilinear", GRAPH),
        ("keepdims", GRAPH),
        ("layer_normalization", LAYERS),
        ("lstm", LAYERS),
        ("fused_tanh", LAYERS),
        ("two_ends", LAYERS),
        ("two_ends", GRAPH),
        ("embedding", LAYERS),
        ("embedding", GRAPH),
        ("network", LAYERS),
        ("network", GRAPH),
    ],
)
def test_what_is_right_passes_everywhere(lab: Lab, name: str, target: Format) -> None:
    source = lab.source(name)
    report = lab.verify(lab.converted(source, target), source, backends=BACKENDS)
    assert report.verdict == "passed", [finding.text for level in report.levels for finding in level.findings]
    assert {run["status"] for run in report.runs} == {"passed"}


@pytest.mark.parametrize("name", ["lstm", "einsum"])
def test_a_kernel_that_wasm_lacks_is_retried_on_the_processor_and_said(lab: Lab, name: str) -> None:
    source = lab.source(name)
    report = lab.verify(lab.converted(source, GRAPH), source, backends=BACKENDS)
    run = place(report, "node wasm")
    assert run["status"] == "failed" or run["facts"], "a fallback is never silent"
    assert place(report, "node cpu")["status"] == "passed"


def test_a_dead_reference_is_no_proof(lab: Lab) -> None:
    source = lab.source("dead")
    report = lab.verify(lab.converted(source, LAYERS), source)
    assert report.verdict == "no proof"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
@pytest.mark.parametrize("target", [LAYERS, GRAPH])
def test_quantized_models_pass_and_their_error_is_the_conversions(lab: Lab, target: Format, dtype: str) -> None:
    source = lab.source("network")
    report = lab.verify(lab.converted(source, target, f"--quantize_{dtype}=*"), source)
    assert report.verdict == "passed", [finding.text for level in report.levels for finding in level.findings]
    attribution = report.facts["attribution"]
    assert attribution["quantization"] > 10 * attribution["runtime"]
