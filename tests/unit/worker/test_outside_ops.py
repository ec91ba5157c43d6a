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
