"""Where a graph model runs: what the worker found out, or a topology on disk, in words.

The tables beside this file are written by ``scripts/write_kernel_tables.py`` from the npm packages of TensorFlow.js.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.worker.graph.support import Use

BACKENDS = ("cpu", "wasm", "webgl", "webgpu")
Unsupported = dict[str, dict[str, list[str]]]
"""For each backend on which a model does not run: what it lacks, and where that comes from."""


def report(unsupported: Mapping[str, Mapping[str, Any]]) -> str:
    """Return ``runs on cpu, webgl; not on wasm: Einsum``: the backends, and what those that cannot run it lack."""
    running = [name for name in BACKENDS if not unsupported.get(name)]
    failing = [f"not on {name}: {', '.join(unsupported[name])}" for name in BACKENDS if unsupported.get(name)]
    return "; ".join([f"runs on {', '.join(running)}" if running else "runs on no backend", *failing])


def unsupported_by(topology: Mapping[str, Any]) -> Unsupported:
    """Return what the backends lack for the ``modelTopology`` of a graph model's model.json."""
    from workflow.worker.graph import support  # noqa: PLC0415  reads the tables, which most runs do not need

    return {name: places for name, places in support.lacking(_uses(topology)).items() if places}


def _uses(topology: Mapping[str, Any]) -> Iterator[Use]:
    from workflow.worker.graph.support import Use  # noqa: PLC0415  as above

    functions = topology.get("library", {}).get("function", [])
    for node in (*topology.get("node", []), *(node for function in functions for node in function.get("nodeDef", []))):
        fused = node.get("attr", {}).get("fused_ops", {}).get("list", {}).get("s", [])
        steps = tuple(base64.b64decode(step).decode("utf-8", "replace") for step in fused)
        yield Use(node["op"], node["name"], tuple(step for step in steps if step != "NoOp"))
