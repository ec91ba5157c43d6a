"""The job ``graph``: a Keras model straight to a graph model, without the SavedModel that is thrown away."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any, Dict

from ..jobs import Progress
from . import conversion, freezing, options, origins, sources, tracing


def graph(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Convert ``source`` {path, format} to a graph model in the folder ``output`` and return the facts.

    ``options`` has the reference converter's own names; ``repairs`` False leaves the graph as the reference has it.
    """
    chosen, clock = options.parse(args.get("options") or {}), conversion.Clock()
    with clock.phase("load"):
        model = sources.load(args["source"])
    progress("tracing the model")
    with clock.phase("trace"):
        traced = tracing.trace(model)
    with clock.phase("freeze"):
        frozen = freezing.freeze(traced.function, traced.signature, control_flow_v2=chosen.control_flow_v2)
    layers = origins.layer_names(model)
    del model, traced
    gc.collect()  # from here on the constants in the graph are all that is needed
    progress("optimising the graph")
    plan = conversion.Plan(args["output"], chosen, repairs=bool(args.get("repairs", True)), layers=layers)
    facts = conversion.convert(conversion.named(frozen, chosen), plan, clock=clock)
    return {**facts, "seconds": clock.seconds, "memory": _memory()}


def _memory() -> Dict[str, int]:
    """Return the process's memory in bytes, at its highest and, where the system tells, now."""
    try:
        import resource
    except ImportError:  # Windows
        return {}
    unit = 1 if sys.platform == "darwin" else 1024
    found = {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as file:
            found["now"] = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return found
