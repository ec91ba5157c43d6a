"""Graphs as TensorFlow's protocol buffers have them, of plain objects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def attribute(function: str = "", *listed: str) -> Any:
    """Return an attribute that names a function, and a list of others."""
    every = [SimpleNamespace(name=name) for name in listed]
    return SimpleNamespace(func=SimpleNamespace(name=function), list=SimpleNamespace(func=every))


def node(name: str, op: str, *inputs: str, **attributes: Any) -> Any:
    """Return a node."""
    return SimpleNamespace(name=name, op=op, input=list(inputs), attr=attributes)


def function(name: str, arguments: str, *nodes: Any) -> Any:
    """Return a function with the names of its arguments, divided by spaces."""
    given = [SimpleNamespace(name=argument) for argument in arguments.split()]
    return SimpleNamespace(signature=SimpleNamespace(name=name, input_arg=given), node_def=list(nodes))


def graph(*nodes: Any, functions: tuple[Any, ...] = ()) -> Any:
    """Return a graph."""
    return SimpleNamespace(node=list(nodes), library=SimpleNamespace(function=list(functions)))


class Part(SimpleNamespace):
    """A MetaGraphDef: its assets by file and tensor, and what concrete functions are bound to."""

    @staticmethod
    def of(
        assets: dict[str, str], bound: dict[str, list[int]] | None = None, *, objects: tuple[bool, ...] = ()
    ) -> Part:
        """Return one; ``objects`` tells of each object whether it is an asset."""
        listed = [
            SimpleNamespace(filename=file, tensor_info=SimpleNamespace(name=tensor)) for file, tensor in assets.items()
        ]
        described = SimpleNamespace(
            concrete_functions={name: SimpleNamespace(bound_inputs=places) for name, places in (bound or {}).items()},
            nodes=[SimpleNamespace(HasField=lambda _, is_asset=is_asset: is_asset) for is_asset in objects],
        )
        return Part(
            asset_file_def=listed, collection_def={}, object_graph_def=described, HasField=lambda _: bound is not None
        )
