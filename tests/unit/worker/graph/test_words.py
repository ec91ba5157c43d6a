"""The parts of the graph path that need no TensorFlow: options, names, origins."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from workflow.bridge.failure_kinds import KINDS
from workflow.catalogue.formats import EDGES
from workflow.catalogue.options import of_the_reference
from workflow.worker.failure import JobError
from workflow.worker.graph import converter_options, freezing, hub_modules, kept_outputs, origins, reach, signatures
from workflow.worker.graph.signatures import Signature, TensorPort

if TYPE_CHECKING:
    from pathlib import Path


def keys(names: list[str]) -> list[str]:
    ports = tuple(TensorPort(name, f"{name}:0") for name in names)
    return [port.key for port in signatures.in_order_of(Signature((), ports), [], outputs=[]).outputs]


def test_numbered_outputs_are_sorted_as_numbers() -> None:
    assert keys(["output_10", "output_2", "output_1"]) == ["output_1", "output_2", "output_10"]


def test_names_with_and_without_numbers_can_be_sorted() -> None:
    assert keys(["b", "2", "a_1", "a", "10"]) == ["2", "10", "a", "a_1", "b"]


def test_inputs_without_a_node_leave_the_signature() -> None:
    signature = Signature((TensorPort("a", "a:0"), TensorPort("b", "scope/b:0")), (TensorPort("y", "Identity:0"),))
    assert [port.key for port in signatures.present(signature, ["scope/b", "Identity"]).inputs] == ["b"]


def test_options_have_the_reference_converters_defaults() -> None:
    found = converter_options.parse({})
    assert (found.shard_bytes, found.strip_debug_ops, found.control_flow_v2) == (4 * 2**20, True, False)
    assert found.quantize == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"quantize_uint8": ["*"]}, {"uint8": True}),
        ({"quantize_uint8": True}, {"uint8": True}),
        ({"quantize_float16": "conv*,dense*"}, {"float16": ["conv*", "dense*"]}),
        ({"quantization_bytes": 2}, {"uint16": True}),
        ({"quantize_uint8": [], "quantize_uint16": ["a"]}, {"uint16": ["a"]}),
    ],
)
def test_quantization_is_understood_in_all_its_spellings(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert converter_options.parse(given).quantize == expected


BYTES = "quantization_bytes is 1 or 2, and excludes quantize_*"


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"weight_shard_size_bytes": 0}, "usage", "weight_shard_size_bytes is 0, not a positive number"),
        ({"weight_shard_size_bytes": "1"}, "usage", "weight_shard_size_bytes is '1', not a positive number"),
        ({"quantization_bytes": 1, "quantize_uint8": ["*"]}, "usage", BYTES),
        ({"quantization_bytes": 3}, "usage", BYTES),
        ({"zeta": 1, "alpha": 2}, "usage", "making a graph model has no option alpha, zeta"),
        (
            {"metadata": {"labels": "nowhere.json"}},
            "metadata",
            "the metadata labels cannot be read from nowhere.json: [Errno 2] No such file or directory: 'nowhere.json'",
        ),
    ],
)
def test_bad_options_are_refused_by_kind(given: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(JobError) as caught:
        converter_options.parse(given)
    assert (caught.value.kind, str(caught.value)) == (kind, words)


def test_metadata_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(JobError, match=r"^the metadata a cannot be read from .*m.json: Expecting"):
        converter_options.parse({"metadata": {"a": str(tmp_path / "m.json")}})


DEFAULTS = {
    "shard_bytes": 4 * 2**20,
    "quantize": {},
    "skip_op_check": False,
    "strip_debug_ops": True,
    "control_flow_v2": False,
    "experiments": False,
    "structured_names": False,
    "metadata": {},
    "signature_name": None,
    "saved_model_tags": None,
    "output_node_names": (),
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"weight_shard_size_bytes": 1}, {"shard_bytes": 1}),
        ({"signature_name": "serve"}, {"signature_name": "serve"}),
        ({"signature_name": ""}, {}),
        ({"saved_model_tags": " a, ,b"}, {"saved_model_tags": ("a", "b")}),
        ({"output_node_names": ["x", " "]}, {"output_node_names": ("x",)}),
        ({"skip_op_check": True}, {"skip_op_check": True}),
        ({"strip_debug_ops": False}, {"strip_debug_ops": False}),
        ({"use_structured_outputs_names": 1}, {"structured_names": True}),
        ({"control_flow_v2": True}, {"control_flow_v2": True}),
        ({"experiments": True}, {"experiments": True}),
        ({"quantization_bytes": 1}, {"quantize": {"uint8": True}}),
        ({"quantize_uint8": False, "quantize_float16": ["a", "*"]}, {"quantize": {"float16": ["a", "*"]}}),
        (dict.fromkeys(converter_options.TAKEN), {}),
    ],
)
def test_each_option_is_read_into_its_field(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert asdict(converter_options.parse(given)) == {**DEFAULTS, **expected}


def test_metadata_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(json.dumps(["cat", "dog"]), encoding="utf-8")
    assert converter_options.parse({"metadata": {"labels": str(tmp_path / "labels.json")}}).metadata == {
        "labels": ["cat", "dog"]
    }


def test_an_op_comes_from_the_innermost_layer_in_its_name() -> None:
    assert origins.origin("StatefulPartitionedCall/model/block/conv/Conv2D", ["block", "conv"]) == "conv"


def test_an_op_of_no_known_layer_keeps_its_scope() -> None:
    assert origins.origin("StatefulPartitionedCall/model/conv/Conv2D", []) == "model/conv"
    assert origins.origin("Einsum", []) == "Einsum"


def test_each_layer_is_named_once_for_an_op() -> None:
    assert origins.grouped({"Erfc": ["m/a/x", "m/b/x", "m/a/y"]}, ["a", "b"]) == {"Erfc": ["a", "b"]}


@pytest.mark.parametrize(
    "kind",
    [
        *("unsupported_ops", "too_large", "keras_declines", "source", "not_built", "input_kind"),
        *("weights", "weights_only", "quantization", "metadata", "output", "usage", "signature"),
        *("tags", "unsigned", "unfed", "resource", "output_names", "no_outputs", "not_frozen", "freezing"),
    ],
)
def test_the_host_knows_every_kind_of_failure(kind: str) -> None:
    assert kind in KINDS


def function_with(*shapes: list[int]) -> Any:
    """Return what the check looks at of a concrete function: its float32 variables."""
    dtype = SimpleNamespace(base_dtype=SimpleNamespace(size=4))
    variables = [SimpleNamespace(dtype=dtype, shape=SimpleNamespace(as_list=lambda s=shape: s)) for shape in shapes]
    return SimpleNamespace(graph=SimpleNamespace(variables=variables))


def test_weights_beyond_two_gigabytes_are_refused_before_any_work() -> None:
    freezing.check_size(function_with([1000, 1000], []))
    with pytest.raises(JobError) as caught:
        freezing.check_size(function_with([2**14, 2**14], [2**14, 2**14]))
    words = "its weights have 2.00 GiB, and a graph cannot hold more than 2 GiB"
    assert (caught.value.kind, str(caught.value)) == ("too_large", words)
    most = 2**31 - 1 - 16 * 2**20
    freezing.check_bytes(most)
    with pytest.raises(JobError, match=r"1\.98 GiB"):
        freezing.check_bytes(most + 1)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        *(("a", "b"), ("^a", "^b"), ("a:1", "b:1"), ("a:12", "b:12"), ("loc:@a", "loc:@b"), ("a:x", "a:x")),
        *(("other", "other"), ("^other:0", "^other:0"), ("a/a", "a/a"), ("a\nb", "c"), ("", "")),
    ],
)
def test_references_to_renamed_nodes_are_renamed_in_every_form(reference: str, expected: str) -> None:
    assert freezing.renamed(reference, {"a": "b", "a\nb": "c"}) == expected


def test_ports_are_in_the_order_of_the_models_notes_and_resources_come_last() -> None:
    table = TensorPort("a_table:0", "a_table:0", resource=1)
    signature = Signature(
        (table, TensorPort("b", "b:0"), TensorPort("a", "a:0")), (TensorPort("y_10", "y:0"), TensorPort("y_2", "z:0"))
    )
    noted = signatures.in_order_of(signature, ["b", "a"], outputs=["others", "than", "these"])
    assert [port.key for port in noted.inputs] == ["b", "a", "a_table:0"]
    assert [port.key for port in noted.outputs] == ["y_2", "y_10"]


@pytest.mark.parametrize(("given", "expected"), [(None, None), ("serve,gpu", ("serve", "gpu")), ("", ()), ([], ())])
def test_no_tags_are_something_else_than_the_usual_tags(given: Any, expected: Any) -> None:
    assert (
        converter_options.parse({"saved_model_tags": given} if given is not None else {}).saved_model_tags == expected
    )


def test_names_of_outputs_come_as_a_list_or_divided_by_commas() -> None:
    assert converter_options.parse({"output_node_names": "a, b:1"}).output_node_names == ("a", "b:1")
    assert converter_options.parse({"output_node_names": ["a", "b:1"]}).output_node_names == ("a", "b:1")


def test_resources_come_behind_the_ports_in_their_own_order() -> None:
    ports = [TensorPort("b", "b:0"), TensorPort("t", "t:0", resource=2), TensorPort("a", "a:0", resource=1)]
    for names in ([], ["b"], ["b", "a"]):
        found = signatures.in_order_of(Signature(tuple(ports), ()), names, outputs=[])
        assert [port.key for port in found.inputs] == ["b", "a", "t"]
    assert [port.node for port in ports] == ["b", "t", "a"]
    mixed = Signature((TensorPort("b", "b:0"), TensorPort("a", "a:0")), ())
    for names, expected in ((["b", "a"], "ba"), (["a", "b"], "ab"), (["b"], "ab"), (["b", "a", "c"], "ab")):
        assert "".join(p.key for p in signatures.in_order_of(mixed, names, outputs=[]).inputs) == expected


def graph_of(**inputs: list[str]) -> Any:
    return SimpleNamespace(node=[SimpleNamespace(name=name, input=found, op="Mul") for name, found in inputs.items()])


def test_a_node_is_needed_by_data_and_by_control() -> None:
    graph = graph_of(x=[], noise=["x"], check=["x"], y=["x:1", "^check"])
    assert reach.names(graph, ["y", "not there"]) == {"x", "check", "y"}


def test_outputs_that_others_read_and_outputs_that_are_gone_are_told() -> None:
    signature = Signature((), tuple(TensorPort(name, f"{name}:0") for name in ("conv", "end", "gone")))
    graph = graph_of(conv=[], end=["conv"])
    assert [port.key for port in kept_outputs.shared(graph, signature)] == ["conv"]
    assert [port.key for port in kept_outputs.lost(graph, signature)] == ["gone"]


TAKEN = "Conv2D DepthwiseConv2dNative MatMul Add AddV2 BiasAdd Relu Relu6 Elu Abs Mul Neg Sub FusedBatchNorm "
TAKEN += "FusedBatchNormV3 BatchNormWithGlobalNormalization"


@pytest.mark.parametrize(("op", "shared"), [*((op, True) for op in TAKEN.split()), ("Softmax", False)])
def test_an_output_is_shared_where_its_op_becomes_a_part_of_others(op: str, *, shared: bool) -> None:
    graph = graph_of(a=[], b=["a:0"])
    graph.node[0].op = op
    found = kept_outputs.shared(graph, Signature((), (TensorPort("y", "a:0"), TensorPort("z", "b:0"))))
    assert [port.key for port in found] == (["y"] if shared else [])


def test_a_hub_module_is_a_folder_and_the_worker_fetches_none(tmp_path: Path) -> None:
    assert hub_modules.folder_of(str(tmp_path)) == str(tmp_path)
    for place in (str(tmp_path / "nothing"), "https://tfhub.dev/x/1"):
        with pytest.raises(JobError, match="is no folder of a module"):
            hub_modules.folder_of(place)


def test_the_worker_takes_the_options_that_the_reference_converter_has_for_new_graph_models() -> None:
    made = [pair for pair in EDGES if pair[1] == "tfjs_graph_model" and pair[0] != pair[1]]
    assert {name for pair in made for name in of_the_reference(pair)} == converter_options.TAKEN


@pytest.mark.parametrize("name", ["keep_float", "repairs", "unsafe", "dequantise"])
def test_an_option_of_which_nothing_is_made_is_refused_by_the_worker(name: str) -> None:
    with pytest.raises(JobError, match=f"making a graph model has no option {name}"):
        converter_options.parse({name: True})
