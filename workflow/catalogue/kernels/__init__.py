"""Where a graph model runs: what the worker found out, in words.

The tables beside this file are written by ``scripts/write_kernel_tables.py`` from the npm packages of TensorFlow.js.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKENDS = ("cpu", "wasm", "webgl", "webgpu")


def report(unsupported: Mapping[str, Mapping[str, Any]]) -> str:
    """Return ``runs on cpu, webgl; not on wasm: Einsum``: the backends, and what those that cannot run it lack."""
    running = [name for name in BACKENDS if not unsupported.get(name)]
    failing = [f"not on {name}: {', '.join(unsupported[name])}" for name in BACKENDS if unsupported.get(name)]
    return "; ".join([f"runs on {', '.join(running)}" if running else "runs on no backend", *failing])
