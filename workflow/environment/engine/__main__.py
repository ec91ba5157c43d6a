"""Reads one request from stdin, writes events to stdout, and leaves before rattler can crash."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import BinaryIO, NoReturn

from workflow.base.errors import EnvironmentProblem, InterruptedRunError, WorkflowError
from workflow.environment import tether
from workflow.environment.engine.protocol import Event, Request, failed


class PipeListener:
    """Writes each piece of news as a line of JSON; may be called from any thread."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Send a line of progress."""
        self.send(Event("say", text))

    def warn(self, text: str) -> None:
        """Send a warning."""
        self.send(Event("warn", text))

    def advance(self, what: str, done: int, total: int) -> None:
        """Send a figure."""
        self.send(Event("advance", what, done, total))

    def send(self, event: Event) -> None:
        """Write the event and flush."""
        with self._lock:
            self._pipe.write(event.encode())
            self._pipe.flush()


def main() -> NoReturn:
    """Serve one request and end the process."""
    # the descriptor that events go to must not receive what a library prints
    events = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    outcome = _serve(PipeListener(events))
    sys.stderr.flush()
    # not sys.exit: rattler's threads sometimes crash an interpreter that shuts down in order
    os._exit(outcome)


def _serve(listener: PipeListener) -> int:
    try:
        request = Request.decode(sys.stdin.buffer.readline())
        threading.Thread(target=_end_with_parent, daemon=True).start()
        tie = tether.tied(Path(request.tie))
        from workflow.environment.engine.installation import build  # noqa: PLC0415  imports rattler, which may fail

        asyncio.run(build(request, listener))
        tie.close()
        listener.send(Event("done"))
    except WorkflowError as error:
        return _fail(listener, error)
    except Exception as error:  # noqa: BLE001  the boundary of this process
        traceback.print_exc()
        return _fail(listener, EnvironmentProblem(f"the embedded conda failed: {type(error).__name__}: {error}"))
    return 0


def _fail(listener: PipeListener, error: WorkflowError) -> int:
    listener.send(failed(error))
    return error.exit_code


def _end_with_parent() -> NoReturn:
    """Leave when the other end of stdin closes: whoever asked for this is gone, perhaps by kill -9."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(InterruptedRunError.exit_code)


if __name__ == "__main__":
    main()
