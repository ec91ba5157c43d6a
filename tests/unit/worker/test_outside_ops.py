"""Ops on the list are run, others not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workflow.worker import allow_list, outside_ops
from workflow.worker.failure import JobError


class Attributes(dict[str, Any]):
    """Attributes as protobuf has them."""


def attribute(text: bytes = b"", function: str = "") -> Any:
    return SimpleNamespace(s=text, func=SimpleNamespace(name=function), list=SimpleNamespace(func=[]))


def node(op: str, name: str = "n", inputs: tuple[str, ...] = (), **attributes: Any) -> Any:
    return SimpleNamespace(op=op, name=name, input=list(inputs), attr=Attributes(attributes))


def function(name: str, nodes: list[Any], *arguments: str) -> Any:
    signature = SimpleNamespace(name=name, input_arg=[SimpleNamespace(name=argument) for argument in arguments])
    return SimpleNamespace(signature=signature, node_def=nodes)


def graph(*nodes: Any, functions: tuple[Any, ...] = ()) -> Any:
    return SimpleNamespace(node=list(nodes), library=SimpleNamespace(function=list(functions)))


def test_every_op_that_is_refused_is_named_with_its_node() -> None:
    ops = allow_list.ops()
    for op in ops.refused:
        with pytest.raises(JobError, match=f"{op} \\(at evil\\)"):
            outside_ops.require_none(graph(node(op, "evil")))
    for op in ops.allowed:
        outside_ops.require_none(graph(node(op)))
    assert not ops.allowed & ops.refused


LEAVING: tuple[str, ...] = (
    "ReadFile",
    "WriteFile",
    "MatchingFiles",
    "ImmutableConst",
    "PyFunc",
    "EagerPyFunc",
    "TFRecordDataset",
)
LEAVING += ("Abort", "DatasetFromGraph", "CacheDataset", "DebugIdentity", "RpcClient", "XlaCustomCall", "Skipgram")


@pytest.mark.parametrize("op", LEAVING)
def test_what_reaches_files_processes_or_machines_is_refused(op: str) -> None:
    assert op in allow_list.ops().refused


@pytest.mark.parametrize("op", ["SimpleMLInferenceOpWithHandle", "SimpleMLCreateModelResource", "OpOfNobody"])
def test_forests_are_run_and_unknown_ops_are_left_to_who_loads_them(op: str) -> None:
    outside_ops.require_none(graph(node(op)))


@pytest.mark.parametrize(
    ("op", "name", "bad", "good"),
    [
        ("PrintV2", "output_stream", b"file:///tmp/x", b"stderr"),
        ("DecodeProtoV2", "descriptor_source", b"/etc/passwd", b"local://"),
        ("EncodeProto", "descriptor_source", b"x.desc", b"bytes://\n\x00"),
        ("FixedUnigramCandidateSampler", "vocab_file", b"words.txt", b""),
    ],
)
def test_ops_with_the_path_of_a_file_are_refused_and_those_without_are_not(
    op: str, name: str, bad: bytes, good: bytes
) -> None:
    with pytest.raises(JobError, match=op):
        outside_ops.require_none(graph(node(op, **{name: attribute(bad)})))
    outside_ops.require_none(graph(node(op, **{name: attribute(good)})))
    outside_ops.require_none(graph(node(op)))


def test_with_unsafe_nothing_is_refused() -> None:
    outside_ops.require_none(graph(node("WriteFile")), unsafe=True)


def refused(*given: Any, **how: Any) -> str:
    with pytest.raises(JobError) as caught:
        outside_ops.require_none(*given, **how)
    assert caught.value.kind == "outside_ops"
    return str(caught.value)


TOLD = ": reaches files, processes or Python; only `unsafe: true` allows that"


@pytest.mark.parametrize(
    ("op", "allowed"),
    [
        ("SimpleMLCreateModelResource", True),
        ("SimpleMLLoadModelFromPath", True),
        ("SimpleMLLoadModelFromPathWithHandle", True),
        ("SimpleMLInferenceOp", True),
        ("SimpleMLInference", False),
        ("SimpleMLFileModelTrainer", False),
        ("XSimpleMLCreateModelResource", False),
    ],
)
def test_of_the_ops_of_forests_those_that_train_are_refused_where_they_are_there(
    op: str, monkeypatch: pytest.MonkeyPatch, *, allowed: bool
) -> None:
    monkeypatch.setattr(outside_ops, "_is_registered", lambda _: True)
    if allowed:
        outside_ops.require_none(graph(node(op)))
    else:
        assert refused(graph(node(op, "a"))) == f"{op} (at a){TOLD}"


def test_what_is_refused_is_told_by_op_with_five_nodes_of_each() -> None:
    nodes = [node("WriteFile", f"w{number}") for number in range(6)]
    assert refused(graph(*nodes, node("PyFunc", "p"))) == f"PyFunc (at p); WriteFile (at w5, w4, w3, w2, w1){TOLD}"


@pytest.mark.parametrize("op", ["MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices"])
def test_checkpoints_are_read_and_written_by_a_saver_alone(op: str) -> None:
    assert refused(graph(node(op, "r"))) == f"{op} (at r){TOLD}"


def test_only_what_the_outputs_need_is_looked_at_and_functions_wherever_they_stand() -> None:
    given = [
        *(node("Add", "y", ("x:0", "^wait", "elsewhere")), node("Relu", "x"), node("Relu", "wait", ("deep:1",))),
        *(node("ReadFile", "deep"), node("WriteFile", "unused")),
    ]
    assert refused(graph(*given), ["y:0"]) == f"ReadFile (at deep){TOLD}"
    outside_ops.require_none(graph(*given), ["x", "^x:0", "not there"])
    assert refused(graph(*given)) == f"ReadFile (at deep); WriteFile (at unused){TOLD}"
    uncalled = function("f", [node("PyFunc", "inner")])
    assert refused(graph(node("Relu", "x"), functions=(uncalled,)), ["x"]) == f"PyFunc (at inner){TOLD}"


def test_a_function_may_have_the_name_of_an_op_that_is_refused() -> None:
    harmless = function("WriteFile", [node("Relu", "r")])
    outside_ops.require_none(graph(node("WriteFile", "call"), functions=(harmless,)))
    assert refused(graph(node("Save", "call"), functions=(function("Save", []),))) == f"Save (at call){TOLD}"


def test_functions_that_call_each_other_are_looked_at_once() -> None:
    one = function("one", [node("Call", "a", f=attribute(function="two"))])
    two = function("two", [node("one", "b"), node("PyFunc", "c")])
    found = refused(graph(node("Call", "start", f=attribute(function="one")), functions=(one, two)), ["start"])
    assert found == f"PyFunc (at c){TOLD}"


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        (b"", True),
        (b"local://", True),
        (b"local://x", False),
        (b"bytes://x", True),
        (b"local:/x", False),
        (b"xbytes://", False),
    ],
)
def test_protocols_are_described_by_what_is_there(source: bytes, *, stays: bool) -> None:
    for op in ("DecodeProtoV2", "EncodeProto"):
        given = graph(node(op, "p", descriptor_source=attribute(source)))
        if stays:
            outside_ops.require_none(given)
        else:
            assert refused(given) == f"{op} (at p){TOLD}"


def test_ops_that_may_name_files_are_named() -> None:
    of_attributes = {"PrintV2", "DecodeProtoV2", "EncodeProto", "FixedUnigramCandidateSampler"}
    of_inputs = {"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"}
    assert of_attributes | of_inputs == outside_ops.MAY_NAME_FILES
