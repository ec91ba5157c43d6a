"""The tables of kernels, and what is said of a topology that is held against them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow.worker.shared import kernels
from workflow.worker.shared.kernels import Use

TABLES = Path(kernels.__file__).parent


def told(*uses: Use) -> str:
    return kernels.report(kernels.lacking(uses))


def test_an_ordinary_model_runs_everywhere() -> None:
    uses = [Use("Conv2D", "a"), Use("Relu", "b"), Use("_FusedMatMul", "c", ("BiasAdd", "Relu"))]
    assert told(*uses) == "runs on cpu, wasm, webgl, webgpu"


def test_einsum_does_not_run_on_wasm() -> None:
    assert told(Use("Einsum", "a")) == "runs on cpu, webgl, webgpu; not on wasm: Einsum"


def test_a_fused_activation_without_a_kernel_runs_nowhere() -> None:
    found = told(Use("_FusedMatMul", "a", ("BiasAdd", "Tanh")))
    assert found.startswith("runs on no backend; not on cpu: _FusedMatMul+BiasAdd+Tanh")


def test_the_nodes_that_lack_a_kernel_are_named() -> None:
    assert kernels.lacking([Use("FFT", "model/layer/FFT")])["wasm"] == {"FFT": ["model/layer/FFT"]}


def test_what_functions_hold_counts_as_well_and_a_fused_nothing_does_not() -> None:
    steps = SimpleNamespace(list=SimpleNamespace(s=[b"BiasAdd", b"NoOp"]))
    inner = SimpleNamespace(op="_FusedMatMul", name="inner", attr={"fused_ops": steps})
    library = SimpleNamespace(function=[SimpleNamespace(node_def=[inner])])
    graph = SimpleNamespace(node=[SimpleNamespace(op="While", name="loop", attr={})], library=library)
    assert kernels.uses_of_graph(graph) == [Use("While", "loop"), Use("_FusedMatMul", "inner", ("BiasAdd",))]


def test_a_depthwise_convolution_with_an_activation_and_no_bias_has_a_kernel() -> None:
    assert told(Use("FusedDepthwiseConv2dNative", "a", ("Relu6",))) == "runs on cpu, wasm, webgl, webgpu"


def test_an_op_that_the_runtime_does_not_know_is_unknown_and_runs_nowhere() -> None:
    uses = [Use("Erfc", "a"), Use("Add", "b"), Use("Erfc", "c")]
    assert kernels.unknown(uses) == {"Erfc": ["a", "c"]}
    assert all("Erfc" in places for places in kernels.lacking(uses).values())


def test_ops_of_another_package_are_known_and_named() -> None:
    uses = [Use("SimpleMLInferenceOpWithHandle", "a")]
    assert kernels.unknown(uses) == {}
    assert kernels.addons(uses) == ["SimpleMLInferenceOpWithHandle"]


def test_every_backend_fuses_the_same_activations() -> None:
    assert kernels.activations() == {"linear", "relu", "relu6", "elu", "prelu", "leakyrelu", "sigmoid"}


@pytest.mark.parametrize("op", ["Transpose", "Abs", "_FusedConv2D", "Conv2DBackpropInput", "MatMul", "Square", "Zeros"])
def test_ops_that_lead_to_rare_kernels_only_for_complex_numbers_or_training_run_everywhere(op: str) -> None:
    assert not any(kernels.lacking([Use(op, "a")]).values())


def test_the_tables_are_of_one_version_and_name_the_kernels_they_refer_to() -> None:
    ops, backends = (json.loads((TABLES / f"{name}.json").read_text("utf-8")) for name in ("ops", "backends"))
    assert ops["version"] == backends["version"] == kernels.version()
    everything = set().union(*(backend["kernels"] for backend in backends["backends"].values()))
    assert {kernel for needed in ops["ops"].values() for kernel in needed} <= everything
    assert set(backends["backends"]) == set(kernels.BACKENDS)


def test_each_backend_names_what_it_lacks_with_all_nodes_that_need_it() -> None:
    forest = "SimpleMLInferenceOpWithHandle"
    uses = [
        *(Use("Einsum", "a"), Use("Einsum", "b"), Use("Nope", "c"), Use(forest, "d"), Use(forest, "e", ("Tanh",))),
        *(Use("_FusedMatMul", "f", ("BiasAdd", "Elu")), Use("_FusedMatMul", "g", ("Tanh",))),
    ]
    everywhere = {"Nope": ["c"], f"{forest}+Tanh": ["e"], "_FusedMatMul+Tanh": ["g"]}
    found = kernels.lacking(uses)
    assert list(found) == ["cpu", "wasm", "webgl", "webgpu"]
    assert [found[name] for name in ("cpu", "webgl", "webgpu")] == [everywhere] * 3
    assert found["wasm"] == {"Einsum": ["a", "b"], **everywhere}
    assert kernels.unknown(uses) == {"Nope": ["c"]}


def test_a_report_names_the_backends_in_one_order() -> None:
    assert kernels.report({}) == "runs on cpu, wasm, webgl, webgpu"
    assert kernels.report({"wasm": {"C": 1}, "cpu": {"A": [], "B": []}, "webgl": {}}) == (
        "runs on webgl, webgpu; not on cpu: A, B; not on wasm: C"
    )
    assert kernels.report({name: {"A": []} for name in kernels.BACKENDS}) == (
        "runs on no backend; not on cpu: A; not on wasm: A; not on webgl: A; not on webgpu: A"
    )
