"""The runtimes in which results are verified, and the backends of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

RuntimeName = Literal["python", "node", "browser"]
Backend = Literal["wasm", "cpu", "webgl", "webgpu", "webgl-f16"]
NodeBackend = Literal["wasm", "cpu"]
_BACKENDS: dict[str, tuple[str, ...]] = {"node": get_args(NodeBackend), "browser": get_args(Backend)}


def backends_by_runtime(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return a list of backends as those of each runtime that has some of them, in the list's order."""
    chosen = {runtime: tuple(name for name in names if name in has) for runtime, has in _BACKENDS.items()}
    return {runtime: found for runtime, found in chosen.items() if found}
