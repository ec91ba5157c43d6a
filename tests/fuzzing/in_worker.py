"""The worker's jobs on damaged models, inside an environment of the worker: in the syntax of Python 3.8.

``python in_worker.py TASKS FINDINGS PROGRESS``: each line of TASKS is JSON with ``seed``, ``format`` and ``path``. A
result, a ``JobError``, a ``NotRunnableError`` and an error that TensorFlow or Keras raised itself are right; an
exception that comes out of a line of ours, a hang and a crash are findings.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import ROOT

sys.path.insert(0, str(ROOT))

from workflow.worker import jobs, serving
from workflow.worker.failure import JobError, NotRunnableError
from workflow.worker.shared import error_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]

LONGEST = 60
"""Seconds that all jobs of one model may take."""

OURS = f"{ROOT / 'workflow' / 'worker'}{os.sep}"
CONVERSIONS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "tfjs_layers_model": [("saved_model", {"target": "tf_saved_model"}), ("graph", {})],
    "tfjs_graph_model": [("saved_model", {})],
    "keras": [("graph", {})],
    "keras_keras": [("graph", {})],
    "keras_saved_model": [("graph", {}), ("resave", {})],
    "tf_saved_model": [("graph", {}), ("resave", {})],
    "tf_frozen_model": [("graph", {})],
}
OF_KERAS3 = ("keras", "keras_keras")


class HiddenError(BaseException):
    """A mistake of ours that a job was about to make an answer of."""


def main() -> None:
    """Do the tasks from the one on that PROGRESS names."""
    tasks, findings, progress = map(Path, sys.argv[1:])
    begin = int(progress.read_text()) if progress.exists() else 0
    serving.warm_up()
    later = serving._is_for_keras3()
    for number, line in enumerate(tasks.read_text().splitlines()):
        task = json.loads(line)
        if number < begin or (later and task["format"] not in OF_KERAS3):
            continue
        progress.write_text(str(number))
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        for found in _tried(task, later=later):
            with findings.open("a") as file:
                file.write(json.dumps({**task, **found}) + "\n")
    faulthandler.cancel_dump_traceback_later()


def _tried(task: Json, *, later: bool) -> Iterator[Json]:
    source = {"path": task["path"], "format": task["format"]}
    with tempfile.TemporaryDirectory() as folder:
        drawn = {"model": source, "folder": folder, "inputs": None, "labels": None, "batches": [2], "seed": 0}
        calls: list[tuple[str, Json]] = [("source", {**drawn, "samples": 2})]
        for number, (job, more) in enumerate([("export", {})] if later else CONVERSIONS[task["format"]]):
            calls.append((job, {**more, "source": source, "output": f"{folder}/out{number}", "options": {}}))
        for job, args in calls:
            found = _one(job, args)
            if found:
                yield {"job": job, **found}


def _one(job: str, args: Json) -> Json | None:
    try:
        with serving._clean_state(), _quiet(), _told():
            jobs.find(job)(args, lambda _: None)
    except (JobError, NotRunnableError):
        return None
    except HiddenError as hidden:
        found: Json = hidden.args[0]
        return found
    except Exception as problem:  # noqa: BLE001  whether it is a finding is looked at
        return _finding(problem)
    return None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Let what a job makes an answer of (a model that Python cannot run) be seen: it may hide a mistake of ours."""
    former = error_words.of_exception

    def words(problem: BaseException) -> str:
        found = _finding(problem)
        if found:
            raise HiddenError(found)
        return former(problem)

    error_words.of_exception = words
    try:
        yield
    finally:
        error_words.of_exception = former


def _finding(problem: BaseException) -> Json | None:
    """Return what to note of an exception that a line of ours raised; None when others raised it."""
    frames = traceback.extract_tb(problem.__traceback__)
    if isinstance(problem, MemoryError) or not frames or not frames[-1].filename.startswith(OURS):
        return None
    last = frames[-1]
    text = "".join(traceback.format_exception(type(problem), problem, problem.__traceback__))
    place = f"{last.filename[len(OURS) :]}:{last.lineno} {type(problem).__name__}"
    return {"place": place, "traceback": text[-5000:]}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    nothing = Path(os.devnull)
    with nothing.open("w") as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        yield


if __name__ == "__main__":
    main()
