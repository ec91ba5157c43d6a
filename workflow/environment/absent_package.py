"""A stand-in that tfjs-workflow put here because the real package does not exist for this platform.

tensorflowjs imports it at start-up; the conversions of tfjs-workflow never call it.
"""

from __future__ import annotations

import importlib.util


def __getattr__(name: str) -> object:
    """Refuse everything but what Python itself asks of a module: its dunders, and whether it has a submodule."""
    is_dunder = name.startswith("__") and name.endswith("__")
    if is_dunder or importlib.util.find_spec(f"{__name__}.{name}"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = __name__.partition(".")[0]
    raise ImportError(
        f"{__name__}.{name}: this environment has only a stand-in for {package!r}, made by tfjs-workflow, "
        f"because the lean set of packages does without it. Where the full set exists (Linux x86_64, "
        f"macOS), an environment has the real one.",
        name=__name__,
    )
