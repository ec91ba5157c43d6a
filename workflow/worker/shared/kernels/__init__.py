"""What TensorFlow.js can run where: a graph's ops held against the tables of its kernels.

The tables beside this file are written by ``scripts/write_kernel_tables.py`` from the npm packages of TensorFlow.js.
"""

from __future__ import annotations

import functools
import json
import os
from typing import Any, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Tuple

_FOLDER = os.path.dirname(os.path.abspath(__file__))
BACKENDS = ("cpu", "wasm", "webgl", "webgpu")


class Use(NamedTuple):
    """One node: its op, its name, and what is fused into it."""

    op: str
    node: str
    fused: Tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The op with what is fused into it, as a report names it."""
        return "+".join([self.op, *self.fused])


Places = Dict[str, List[str]]
"""What is lacking, and the nodes that need it."""


def uses_of_graph(graph: Any) -> List[Use]:
    """Return what the nodes of a GraphDef and of its functions use."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return [Use(node.op, node.name, _steps(node)) for node in nodes]


def unknown(uses: Iterable[Use]) -> Places:
    """Return the ops that no backend runs, for the runtime does not know them."""
    known = {**_ops()["ops"], **dict.fromkeys(_ops()["addons"])}
    found: Places = {}
    for use in uses:
        if use.op not in known:
            found.setdefault(use.op, []).append(use.node)
    return found


def lacking(uses: Iterable[Use]) -> Dict[str, Places]:
    """Return for each backend what it has no kernel for; an empty table is a backend on which the graph runs."""
    listed = list(uses)
    return {name: _lacking(listed, backend) for name, backend in _backends().items()}


def addons(uses: Iterable[Use]) -> List[str]:
    """Return the ops that run only with a package besides TensorFlow.js, such as tfjs-tfdf."""
    return sorted({use.op for use in uses} & set(_ops()["addons"]))


def names_addon(text: str) -> bool:
    """Whether a text names an op that runs only with a package besides TensorFlow.js."""
    return any(op in text for op in _ops()["addons"])


def activations() -> FrozenSet[str]:
    """Return the activations that the fused kernels of every backend know, in lower case."""
    return frozenset.intersection(*(frozenset(backend["activations"]) for backend in _backends().values()))


def report(unsupported: Mapping[str, Mapping[str, Any]]) -> str:
    """Return ``runs on cpu, webgl; not on wasm: Einsum``: the backends, and what those that cannot run it lack."""
    running = [name for name in BACKENDS if not unsupported.get(name)]
    failing = [f"not on {name}: {', '.join(unsupported[name])}" for name in BACKENDS if unsupported.get(name)]
    return "; ".join([f"runs on {', '.join(running)}" if running else "runs on no backend", *failing])


def version() -> str:
    """Return the version of TensorFlow.js that the tables are about."""
    return str(_ops()["version"])


def _lacking(uses: List[Use], backend: Dict[str, Any]) -> Places:
    kernels, fusible = set(backend["kernels"]), {*backend["activations"], "biasadd"}
    needs = _ops()["ops"]
    found: Places = {}
    for use in uses:
        missing = set(needs.get(use.op, ["?"])) - kernels if use.op not in _ops()["addons"] else set()
        if missing or any(step.lower() not in fusible for step in use.fused):
            found.setdefault(use.what if use.fused else use.op, []).append(use.node)
    return found


def _steps(node: Any) -> Tuple[str, ...]:
    if "fused_ops" not in node.attr:
        return ()
    return tuple(step.decode() for step in node.attr["fused_ops"].list.s if step != b"NoOp")


@functools.lru_cache(maxsize=None)
def _table(name: str) -> Dict[str, Any]:
    with open(os.path.join(_FOLDER, f"{name}.json"), encoding="utf-8") as file:
        table: Dict[str, Any] = json.load(file)
    return table


def _ops() -> Dict[str, Any]:
    return _table("ops")


def _backends() -> Dict[str, Any]:
    backends: Dict[str, Any] = _table("backends")["backends"]
    return backends
