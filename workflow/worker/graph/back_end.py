"""From a frozen graph to a graph model on disk: optimise, repair, check, write. What all front ends end in."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, Iterator, List, Tuple

from ..failure import JobError
from ..shared import kernels
from . import grouped, kept_outputs, number_types, optimizing, origins, repairs, stability, writing
from .freezing import CAPTURED, LARGEST, Frozen
from .converter_options import Options
from .signatures import Signature, present

_NAMED = 8


@dataclass
class Clock:
    """The seconds that each phase took."""

    seconds: Dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what is done within."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True)
class Plan:
    """How a frozen graph is to become a model. ``layers`` are the names that errors and reports can refer to."""

    output: str
    options: Options
    repairs: bool = True
    layers: FrozenSet[str] = frozenset()


def convert(frozen: Frozen, plan: Plan, *, clock: Clock) -> Dict[str, Any]:
    """Write the frozen graph as a graph model to ``plan.output`` and return the facts about it.

    The folder must not exist, or be empty; a failure leaves nothing in it.
    """
    options, signature = plan.options, frozen.signature
    graph, done = frozen.graph, []
    if graph.ByteSize() > LARGEST:
        raise JobError("too_large", f"the graph has {graph.ByteSize() / 2**30:.2f} GiB, and 2 GiB is the most")
    with clock.phase("optimize"):
        if plan.repairs:
            done += _ungrouped(graph)
        graph, kept = _optimized(graph, signature, plan)
        done += kept
    with clock.phase("repair"):
        if plan.repairs:
            done += repairs.repair(graph)
        stability.stabilize(graph)
    _refuse_unfed(graph, signature, plan.layers)
    if not options.skip_op_check:
        number_types.require_castable(graph, plan.layers)
    facts = _checked(graph, plan)
    facts.update(repairs=done, signature=present(signature, [node.name for node in graph.node]).as_json())
    with clock.phase("write"):
        artifact = writing.GraphFiles(
            graph,
            signature,
            frozen.initializer,
            frozen.generated_by,
            metadata=dict(options.metadata),
            assets=frozen.assets,
        )
        facts.update(_written(plan.output, artifact, options))
    return facts


def check_output(folder: str) -> None:
    """Raise ``JobError`` for a folder that holds something: what is there is never mixed with what is written."""
    if os.path.isdir(folder) and os.listdir(folder):
        raise JobError("output", f"{folder} is there and not empty")


def named(frozen: Frozen, options: Options) -> Frozen:
    """Return the frozen graph with its outputs declared a dictionary where the options ask for that."""
    if not options.structured_names:
        return frozen
    outputs = tuple(sorted(frozen.signature.outputs, key=lambda port: port.key))
    return replace(frozen, signature=replace(frozen.signature, outputs=outputs, structured=True))


def _optimized(graph: Any, signature: Signature, plan: Plan) -> Tuple[Any, List[Dict[str, Any]]]:
    """Return the optimised GraphDef, which has all outputs, and what had to be done for that."""
    options = plan.options

    def optimize(graph: Any) -> Any:
        return optimizing.optimize(
            graph, signature, strip_debug_ops=options.strip_debug_ops, experiments=options.experiments
        )

    if not plan.repairs:
        return optimize(graph), []
    kept = kept_outputs.shared(graph, signature)
    optimized = optimize(kept_outputs.guard(graph, kept))
    lost = kept_outputs.lost(optimized, signature)
    if lost:
        kept += lost
        optimized = optimize(kept_outputs.guard(graph, kept))
    names = [port.node for port in kept]
    return optimized, [{"repair": "outputs", "nodes": len(names), "ops": ["Identity"], "at": names}] if kept else []


def _ungrouped(graph: Any) -> List[Dict[str, Any]]:
    calls = grouped.ungroup(graph)
    names = [node.name for node in calls]
    return [{"repair": "grouped_convolutions", "nodes": len(names), "ops": ["Conv2D"], "at": names}] if calls else []


def _refuse_unfed(graph: Any, signature: Signature, layers: FrozenSet[str]) -> None:
    """Raise ``JobError`` where the graph wants more than its signature: nobody could know how to run the result."""
    fed = {port.node for port in signature.inputs}
    unfed = [node.name for node in graph.node if node.op == "Placeholder" and node.name not in fed]
    held = [name for name in unfed if name.startswith(CAPTURED)]
    if held:
        readers = [node.name for node in graph.node if any(name.split(":")[0] in held for name in node.input)]
        places = dict.fromkeys(origins.origin(name, layers) for name in readers)
        raise JobError("held_resource", _listed(list(places)))
    if unfed:
        raise JobError("unfed", f"the outputs depend on {_listed(unfed)}, which the signature does not have as inputs")


def _checked(graph: Any, plan: Plan) -> Dict[str, Any]:
    """Return what the graph uses and what runs it; raises ``JobError`` for ops that TensorFlow.js does not have."""
    uses = kernels.uses_of_graph(graph)
    unknown = origins.grouped(kernels.unknown(uses), plan.layers)
    if unknown and not plan.options.skip_op_check:
        kind = "stateful" if any(op.startswith("Assign") for op in unknown) else "unsupported_ops"
        raise JobError(kind, "; ".join(f"{op} (from {_listed(found)})" for op, found in unknown.items()))
    unsupported = {
        name: origins.grouped(places, plan.layers) for name, places in kernels.lacking(uses).items() if places
    }
    return {
        "ops": dict(sorted(Counter(use.op for use in uses).items())),
        "unsupported": unsupported,
        "addons": kernels.addons(uses),
        "tables": kernels.version(),
        "engine": "direct",
    }


def _listed(names: List[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _written(folder: str, artifact: writing.GraphFiles, options: Options) -> Dict[str, Any]:
    """Write beside the folder and rename, so that a folder that is there is whole."""
    check_output(folder)
    staged = f"{folder}.part"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        facts = writing.write(staged, artifact, options=options)
        if os.path.isdir(folder):
            os.rmdir(folder)
        os.rename(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return facts
