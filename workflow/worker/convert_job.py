"""The job ``convert``: the reference converter's own function, called in process, with its traps defused."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
import time
from typing import Any, Dict, List

from . import containment, foreign_code, outside_ops, stubs
from .failure import JobError
from .graph import frozen_graphs, hub_modules
from .jobs import Progress
from .products import check
from .scripts import Tee

_SUFFIXES = {"keras": (".h5", ".hdf5"), "keras_keras": (".keras",)}
"""Output formats which the reference converter chooses by the output's name, whatever it was told."""
_DEFAULT_OUTPUTS = {
    "keras": "tfjs_layers_model",
    "keras_saved_model": "tfjs_layers_model",
    "keras_keras": "",
    "tf_saved_model": "tfjs_graph_model",
    "tf_frozen_model": "tfjs_graph_model",
    "tf_hub": "tfjs_graph_model",
    "tfjs_layers_model": "keras",
}
_UNLOADED = {("keras", "tfjs_layers_model"), ("tfjs_layers_model", "tfjs_layers_model")}
"""Conversions that load no model, and so run no graph; what they write is loaded by others."""
_SAVED_MODELS = ("keras_saved_model", "tf_saved_model", "tf_hub")
_DECISION_FORESTS = b"SimpleML"


def convert(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Run the converter on ``argv`` and check what it promised; returns files, bytes and the lines that it printed."""
    from tensorflowjs.converters import converter

    argv = list(args["argv"])
    plan = _parse(converter.get_arg_parser(), argv)
    target_format = plan.output_format or _DEFAULT_OUTPUTS[plan.input_format]
    is_loaded = (plan.input_format, target_format) not in _UNLOADED
    _require_harmless({"path": plan.input_path, "format": plan.input_format, **args}, is_loaded=is_loaded)
    if is_loaded:
        _require_nothing_outside(plan, unsafe=bool(args.get("unsafe")))
    _load_what_the_model_needs(plan)
    begin = time.perf_counter()
    staged = _stage_output(plan.output_path, target_format)
    _replace(argv, plan.output_path, staged)
    _replace(argv, plan.input_path, _shield_input(plan.input_path, plan.input_format))
    tee = Tee(sys.stdout, lambda _: None)
    source = {"path": plan.input_path, "format": plan.input_format}
    guard = containment.guarded({"source": source})
    with foreign_code.known_classes(args), contextlib.redirect_stdout(tee), _explained(plan), guard:
        converter.convert(argv)
    found = check(staged, target_format)
    if staged != plan.output_path:
        shutil.move(staged, plan.output_path)
    return {**found, "notes": tee.lines, "seconds": time.perf_counter() - begin}


def _require_harmless(source: Dict[str, Any], *, is_loaded: bool) -> None:
    """Raise ``JobError`` as the list says; what cannot be read and is not loaded is left to the converter's words."""
    try:
        foreign_code.require_harmless(source)
    except JobError as problem:
        if is_loaded or problem.kind != "source":
            raise


def _require_nothing_outside(plan: Any, *, unsafe: bool) -> None:
    """Raise ``JobError`` where what is loaded to be frozen reaches out of its graph, which freezing may run."""
    if plan.input_format == "tf_frozen_model":
        names = (plan.output_node_names or "").split(",")
        outside_ops.require_none(frozen_graphs.read(plan.input_path), filter(None, names), unsafe=unsafe)
    elif plan.input_format in _SAVED_MODELS:
        folder = hub_modules.folder_of(plan.input_path) if plan.input_format == "tf_hub" else plan.input_path
        outside_ops.require_none_in_saved_model(folder, unsafe=unsafe)


def _parse(parser: Any, argv: List[str]) -> Any:
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            plan = parser.parse_args(argv)
    except SystemExit as stop:
        lines = complaint.getvalue().strip().splitlines() or [f"exit code {stop.code}"]
        raise JobError("usage", lines[-1].split("error: ")[-1]) from stop
    if not plan.input_path or not plan.output_path:
        raise JobError("usage", "the input path or the output path is missing")
    return plan


def _replace(argv: List[str], old: str, new: str) -> None:
    """Put another path in the place of a positional argument: they stand last."""
    if old != new:
        argv[len(argv) - 1 - argv[::-1].index(old)] = new


def _stage_output(path: str, target_format: str) -> str:
    suffixes = _SUFFIXES.get(target_format, ())
    if not suffixes or path.endswith(suffixes):
        return path
    return os.path.join(tempfile.mkdtemp(), "model" + suffixes[0])


def _shield_input(path: str, source_format: str) -> str:
    """Copy a .keras archive away, for the converter unpacks it into its own folder and leaves the pieces there."""
    if source_format != "keras_keras" or not os.path.isfile(path):
        return path
    copy = os.path.join(tempfile.mkdtemp(), "model.keras")
    shutil.copyfile(path, copy)
    return copy


def _load_what_the_model_needs(plan: Any) -> None:
    """Load TensorFlow Decision Forests for the models that use its ops, which is what the converter imports it for."""
    graph = os.path.join(plan.input_path, "saved_model.pb")
    if "tensorflow_decision_forests" not in stubs.installed() or not os.path.isfile(graph):
        return
    with open(graph, "rb") as source:
        if _DECISION_FORESTS not in source.read():
            return
    try:
        stubs.load_real("tensorflow_decision_forests")
    except ImportError as problem:
        raise JobError("decision_forests", f"{plan.input_path} uses TensorFlow Decision Forests") from problem


@contextlib.contextmanager
def _explained(plan: Any) -> Any:
    """Add what only this side can find out to errors that leave the user guessing."""
    try:
        yield
    except SystemExit as stop:
        raise JobError("usage", f"the converter stopped with exit code {stop.code}") from stop
    except ValueError as problem:
        if "ignature" in str(problem) and "does not exist" in str(problem):
            raise JobError("signature", f"{problem}; there are: {', '.join(_signatures(plan))}") from problem
        raise


def _signatures(plan: Any) -> List[str]:
    from tensorflow.python.saved_model.loader_impl import parse_saved_model

    graphs = parse_saved_model(plan.input_path).meta_graphs
    return sorted({name for graph in graphs for name in graph.signature_def if not name.startswith("__")})
