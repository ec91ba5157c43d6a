"""From a source to a frozen graph: one table of front ends by format. All that follows is the same for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, Tuple

from .. import outside_ops
from ..containment import answers
from ..failure import JobError
from ..jobs import Progress
from . import explaining, freezing, frozen_graphs, hub_modules, keras_metadata, origins, saved_models, sources, tracing
from .back_end import Clock
from .freezing import Frozen
from .converter_options import Options
from .signatures import SignedGraph


@dataclass(frozen=True)
class FrontEndRequest:
    """A source, and what its front end needs to know. The clock gets the phases."""

    path: str
    format: str
    options: Options
    clock: Clock
    progress: Progress
    allowed: Dict[str, Any] = field(default_factory=dict)
    """``custom_objects`` and ``unsafe``: code of the user's that may run."""


@dataclass(frozen=True)
class Taken:
    """A frozen graph, the layers that errors can refer to, and the facts about what was taken."""

    frozen: Frozen
    layers: FrozenSet[str] = frozenset()
    facts: Dict[str, Any] = field(default_factory=dict)
    others: Tuple[str, ...] = ()
    """The signatures that the source has besides the one that was taken."""


def take(request: FrontEndRequest) -> Taken:
    """Return the frozen graph of the request's source; raises ``JobError`` for what cannot be one."""
    if request.format not in FRONT_ENDS:
        raise JobError("usage", f"no way to a graph starts from {request.format}, only from {', '.join(FRONT_ENDS)}")
    return FRONT_ENDS[request.format](request)


def _keras(request: FrontEndRequest) -> Taken:
    with request.clock.phase("load"):
        model = sources.load({**request.allowed, "path": request.path, "format": request.format})
    request.progress("tracing the model")
    with request.clock.phase("trace"):
        traced = tracing.trace(model)
        answers.require_moderate_function(traced.function, answers.CONVERSION)
    with request.clock.phase("freeze"):
        options = request.options
        frozen = freezing.freeze(traced.function, traced.signature, control_flow_v2=options.control_flow_v2)
    return Taken(frozen, origins.layer_names(model))


def _saved_model(request: FrontEndRequest) -> Taken:
    return _chosen(request, saved_models.choose)


def _hub(request: FrontEndRequest) -> Taken:
    return _chosen(request, hub_modules.choose)


def _chosen(request: FrontEndRequest, choose: Callable[[str, Options], SignedGraph]) -> Taken:
    with request.clock.phase("load"):
        choice = choose(request.path, request.options)
        outside_ops.require_none_in_saved_model(choice.folder, unsafe=bool(request.allowed.get("unsafe")))
    request.progress(f"freezing the signature {choice.signature_name}")
    with request.clock.phase("freeze"), explaining.naming_others(choice.others):
        frozen = saved_models.freeze(choice, request.options)
    return Taken(frozen, keras_metadata.read(choice.folder).layers, choice.facts(), choice.others)


def _frozen(request: FrontEndRequest) -> Taken:
    with request.clock.phase("load"):
        frozen, facts = frozen_graphs.freeze(request.path, request.options)
        outside_ops.require_none(frozen.graph, unsafe=bool(request.allowed.get("unsafe")))
    return Taken(frozen, facts=facts)


FRONT_ENDS: Dict[str, Callable[[FrontEndRequest], Taken]] = {
    **dict.fromkeys(sources.LOADERS, _keras),
    "keras_saved_model": _saved_model,
    "tf_saved_model": _saved_model,
    "tf_hub": _hub,
    "tf_frozen_model": _frozen,
}
