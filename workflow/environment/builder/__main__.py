"""Answers one request on its line, with news before, and leaves before rattler can crash."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from workflow.base.errors import EnvironmentProblem, InterruptedRunError, WorkflowError
from workflow.environment import orphans
from workflow.environment.builder.protocol import BuildRequest, failure


class _Line:
    """Writes news and the answer as lines of JSON that bear the question's number; may be called from any thread."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self.number: int | None = None

    def say(self, text: str) -> None:
        """Send a line of progress."""
        self.send(progress={"say": [text]})

    def warn(self, text: str) -> None:
        """Send a warning."""
        self.send(progress={"warn": [text]})

    def advance(self, what: str, done: int, total: int) -> None:
        """Send a figure."""
        self.send(progress={"advance": [what, done, total]})

    def send(self, **message: Any) -> None:
        """Write a message and flush."""
        with self._lock:
            self._pipe.write(json.dumps({"id": self.number, **message}).encode() + b"\n")
            self._pipe.flush()


def main() -> NoReturn:
    """Serve one request and end the process."""
    # the descriptor of the line must not receive what a library prints
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    outcome = _serve(_Line(pipe))
    sys.stderr.flush()
    # not sys.exit: rattler's threads sometimes crash an interpreter that shuts down in order
    os._exit(outcome)


def _serve(line: _Line) -> int:
    try:
        question = json.loads(sys.stdin.buffer.readline())
        line.number = question["id"]
        request = BuildRequest.of(question)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        tie = orphans.tied(Path(request.tie))
        from workflow.environment.builder.installation import build  # noqa: PLC0415  imports rattler, which may fail

        asyncio.run(build(request, line))
        tie.close()
        line.send(failure=None)
    except WorkflowError as error:
        return _fail(line, error)
    except Exception as error:  # noqa: BLE001  the boundary of this process
        traceback.print_exc()
        return _fail(line, EnvironmentProblem(f"the embedded conda failed: {type(error).__name__}: {error}"))
    return 0


def _fail(line: _Line, error: WorkflowError) -> int:
    line.send(failure=failure(error))
    return error.exit_code


def _end_with_parent() -> NoReturn:
    """Leave when the other end of stdin closes: whoever asked for this is gone, perhaps by kill -9."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(InterruptedRunError.exit_code)


if __name__ == "__main__":
    main()
