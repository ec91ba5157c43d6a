"""The job ``graph``: anything that TensorFlow can freeze to a graph model, by our own stages."""

from __future__ import annotations

import gc
from typing import Any, Dict

from ..jobs import Progress
from . import back_end, converter_options, explaining, front_ends


def graph(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Convert ``source`` {path, format} to a graph model in the folder ``output`` and return the facts.

    ``options`` has the reference converter's own names; ``repairs`` False leaves the graph as the reference has it.
    Where the options leave a choice open, the facts say what was chosen: ``signature_name``, ``saved_model_tags``,
    ``output_node_names`` and, with ``output_node_names_found``, whether nobody had named the latter.
    """
    chosen, clock = converter_options.parse(args.get("options") or {}), back_end.Clock()
    back_end.check_output(args["output"])
    source = args["source"]
    taken = front_ends.take(
        front_ends.FrontEndRequest(source["path"], source["format"], chosen, clock, progress, source)
    )
    gc.collect()  # from here on the constants in the graph are all that is needed
    progress("optimising the graph")
    plan = back_end.Plan(args["output"], chosen, repairs=bool(args.get("repairs", True)), layers=taken.layers)
    with explaining.naming_others(taken.others):
        facts = back_end.convert(back_end.named(taken.frozen, chosen), plan, clock=clock)
    return {**taken.facts, **facts, "seconds": clock.seconds}
