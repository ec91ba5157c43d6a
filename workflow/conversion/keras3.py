"""Files of Keras 3 that neither our own code nor the converter's Keras can read: by way of a Keras that can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.conversion.job import Work

Facts = dict[str, Any]


def export_with_keras3(work: Work, target: Path, *, modules: Sequence[str], unsafe: bool) -> Facts:
    """Write a SavedModel of the step's input to ``target``, a path where nothing is yet, and return facts about it.

    Makes the environment ``keras3`` when it is not there. ``modules`` are Python files that the model's own classes
    come from; they, and bytecode in the file where ``unsafe`` allows it, run in a worker that does nothing else.
    Raises a ``WorkflowError``.
    """
    source: Facts = {"path": str(work.step.input), "format": work.step.from_format}
    source |= {"custom_objects": list(modules), "unsafe": unsafe}
    job = {"source": source, "output": str(target)}
    worker = work.workers.keras3()
    try:
        return worker.run("export", job, log=work.log, timeout=work.timeout, on_progress=work.listener.say)
    except WorkerDiedError as death:
        if unsafe:
            death.hint = f"bytecode in the model may be of another Python than the environment's; {death.hint}"
        raise
