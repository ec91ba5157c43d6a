"""Runs TensorFlow.js models in Node: one warm process, backends wasm and cpu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.verification.runtimes.scripted import ScriptedRuntime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class NodeRuntime(ScriptedRuntime):
    """Node.js with TensorFlow.js' own packages; both are fetched on first use if need be."""

    name = "node"
    title = "Node.js"

    def _arguments(self, modules: Path, scratch: Path) -> Sequence[str]:
        return ("node.mjs", str(modules), str(scratch))

    def _offered(self) -> tuple[str, ...]:
        return ("wasm", "cpu")
