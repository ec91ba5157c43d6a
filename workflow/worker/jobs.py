"""The jobs that the worker knows: one table, name to function, each module loaded when it is first needed."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict

from .failure import JobError

Progress = Callable[[str], None]
Job = Callable[[Dict[str, Any], Progress], Dict[str, Any]]

JOBS = {
    "versions": ("versions", "versions"),
    "convert": ("convert_job", "convert"),
    "application": ("applications", "build"),
    "script": ("scripts", "run"),
    "graph": ("graph.graph_job", "graph"),
    "resave": ("resaving", "resave"),
    "saved_model": ("rebuilding.saved_model_job", "saved_model"),
    "source": ("prediction", "source"),
    "images": ("samples", "images"),
    "predict": ("prediction", "predict"),
    "export": ("keras3.export_job", "export"),
}


def find(name: str) -> Job:
    """Return the function that does the job called ``name``."""
    if name not in JOBS:
        raise JobError("unknown_job", f"the worker knows no job {name!r}, only {', '.join(sorted(JOBS))}")
    module, function = JOBS[name]
    job: Job = getattr(importlib.import_module("." + module, __package__), function)
    return job
