"""The job ``script``: run a user's Python script as if started by hand, in a process that is thrown away afterwards."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
from typing import Any, Dict, List

from . import stubs
from .failure import JobError
from .shared import error_words
from .jobs import Progress

_KEPT_LINES = 20


class Tee(io.TextIOBase):
    """A text stream that writes to another one and reports each complete line."""

    def __init__(self, target: Any, report: Progress) -> None:
        self._target = target
        self._report = report
        self._rest = ""
        self.lines: List[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._target.write(text)
        *complete, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
        for line in filter(None, map(str.strip, complete)):
            self.lines = [*self.lines[1 - _KEPT_LINES :], line]
            self._report(line)
        return len(text)

    def flush(self) -> None:
        self._target.flush()

    def fileno(self) -> int:
        number: int = self._target.fileno()
        return number


def run(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Run ``script`` with ``arguments`` in ``cwd``; printed lines are reported as progress, the last ones returned."""
    script = os.path.abspath(args["script"])
    stubs.remove()  # the script may want the real packages
    os.chdir(args.get("cwd") or os.path.dirname(script))
    sys.argv = [script, *args.get("arguments", [])]
    sys.path.insert(0, os.path.dirname(script))
    tee = Tee(sys.stdout, progress)
    with contextlib.redirect_stdout(tee):
        _execute(script)
    return {"lines": tee.lines}


def _execute(script: str) -> None:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        if stop.code not in (None, 0):
            raise JobError("script", f"{script} ended with exit code {stop.code}") from stop
    except Exception as problem:
        raise JobError("script", f"{script}: {error_words.of_exception(problem)}{_place(script, problem)}") from problem


def _place(script: str, problem: BaseException) -> str:
    trace, line = problem.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == script:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line})" if line else ""
