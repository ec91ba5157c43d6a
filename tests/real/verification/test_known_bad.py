"""What converts without complaint and is wrong is caught, as numbers; what is right passes on the same places."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.real.verification.conftest import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.real.verification.conftest import Lab
    from workflow.catalogue.formats import Format

pytestmark = pytest.mark.real

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"
BACKENDS = {"node": ("wasm", "cpu")}
NOT_A_NUMBER = float("nan")

# What the reference converter makes of small models, and what each place makes of that: the output is off by so much,
# holds NaN, or does not come about with these words. Python sees nothing of it.
KNOWN_BAD: list[tuple[str, Format, dict[str, float | str]]] = [
    ("bilinear", LAYERS, dict.fromkeys(("node wasm", "node cpu", "browser webgl", "browser wasm"), 0.96)),
    ("keepdims", LAYERS, dict.fromkeys(("node wasm", "node cpu", "browser webgl"), "expected ndim=4, found ndim=2")),
    (
        "layer_normalization",
        GRAPH,
        {
            "node wasm": NOT_A_NUMBER,
            "node cpu": NOT_A_NUMBER,
            "browser wasm": NOT_A_NUMBER,
            "browser webgl": "reading '0'",
        },
    ),
    ("fused_tanh", GRAPH, {"node wasm": "tanh activation not yet supported", "node cpu": "Activation tanh"}),
    ("lstm", GRAPH, dict.fromkeys(("node wasm", "browser wasm"), "_FusedMatMul only supports rank-1 bias")),
]


def backends(places: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for runtime, backend in (name.split() for name in places):
        found[runtime] = (*found.get(runtime, ()), backend)
    return found


@pytest.mark.parametrize(
    ("name", "target", "wrong"), KNOWN_BAD, ids=[f"{name}-{target}" for name, target, _ in KNOWN_BAD]
)
def test_what_converts_without_complaint_and_is_wrong_is_caught(
    lab: Lab, name: str, target: Format, wrong: dict[str, float | str]
) -> None:
    source, where = lab.source(name), backends(wrong)
    report = lab.verify(lab.converted(source, target), source, runtimes=("python", *where), backends=where)
    assert report.failed is not None
    assert report.failed.level == "outputs"
    assert place(report, "python").status == "passed", "reloading in Python does not see it"
    for there, expected in wrong.items():
        run = place(report, there)
        assert run.status == "failed", there
        if isinstance(expected, str):
            assert expected in run.why, there
            continue
        (output,) = run.outputs or ()
        assert output.finite.result != math.isnan(expected), there
        if not math.isnan(expected):
            assert output.max_abs == pytest.approx(expected, abs=0.01), there
            assert output.max_abs > 10 * (output.bound or 0.0), there


@pytest.mark.parametrize(("name", "there"), [("lstm", "node cpu"), ("lstm", "browser webgl"), ("einsum", "node cpu")])
def test_what_fails_on_wasm_alone_passes_elsewhere(lab: Lab, name: str, there: str) -> None:
    source, where = lab.source(name), backends([there])
    report = lab.verify(lab.converted(source, GRAPH), source, runtimes=("python", *where), backends=where)
    assert place(report, there).status == "passed"


def test_a_kernel_that_wasm_lacks_is_run_on_the_processor_and_said(lab: Lab) -> None:
    source = lab.source("einsum")
    report = lab.verify(lab.converted(source, GRAPH), source, backends={"node": ("wasm",)})
    fallback = place(report, "node wasm").facts["fallback"]
    assert (fallback["from"], fallback["to"], fallback["kernels"]) == ("wasm", "cpu", ["Einsum"])
    outputs = report.level("outputs")
    assert outputs is not None
    assert any("Einsum" in remark and "node wasm" in remark for remark in outputs.remarks), outputs.remarks


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
    assert {run.status for run in report.runs} == {"passed"}


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
    assert report.attribution is not None
    assert report.attribution.quantization > 10 * report.attribution.runtime
