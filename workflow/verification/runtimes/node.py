"""Runs TensorFlow.js models in Node: one warm process, backends wasm and cpu."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow import locations
from workflow.events import Silent
from workflow.verification.model import NotRun, RuntimeFailure
from workflow.verification.runtimes import javascript, node_program, packages
from workflow.verification.runtimes.conversation import Conversation, Program

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.events import Listener
    from workflow.verification.model import RunRequest, RunResult

_BACKENDS = ("wasm", "cpu")


class NodeRuntime:
    """Node.js with TensorFlow.js' own packages; both are fetched on first use if need be."""

    name = "node"

    def __init__(self, *, listener: Listener | None = None, log: Path | None = None) -> None:
        self._listener = listener or Silent()
        self._log = log or locations.home() / "logs" / "runtime-node.log"
        self._found: Conversation | NotRun | None = None

    @property
    def pid(self) -> int | None:
        """The process that is running now, if any."""
        return self._found.pid if isinstance(self._found, Conversation) else None

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return why it is not here; the first time, fetches what it needs and starts it."""
        if self._found is None:
            self._found = self._find()
        if isinstance(self._found, NotRun):
            return self._found
        if backend not in (None, *_BACKENDS):
            return NotRun(f"Node.js has no backend {backend}", f"its backends are {' and '.join(_BACKENDS)}")
        return None

    def backends(self) -> tuple[str, ...]:
        """Return wasm and cpu."""
        return _BACKENDS if self.missing() is None else ()

    def run(self, request: RunRequest) -> RunResult:
        """Run a model; raises ``RuntimeFailure``."""
        backend = request.backend or _BACKENDS[0]
        missing = self.missing(backend)
        if missing is not None or not isinstance(self._found, Conversation):
            raise RuntimeFailure("not here", missing.why if missing else "it is closed")
        return javascript.perform(self._found, request, backend=backend)

    def close(self) -> None:
        """End the process."""
        if isinstance(self._found, Conversation):
            self._found.close()

    def _find(self) -> Conversation | NotRun:
        node = node_program.find(self._listener)
        if isinstance(node, NotRun):
            return node
        folder = packages.ensure(node, listener=self._listener)
        if isinstance(folder, NotRun):
            return folder
        argv = [str(node.program), str(packages.SCRIPTS / "node.mjs"), str(folder)]
        conversation = Conversation(Program(lambda scratch: [*argv, str(scratch)], environ(), self._log))
        try:
            conversation.ready()
        except RuntimeFailure as failure:
            return NotRun(f"{node.program} cannot run our script: {failure.message}", f"look into {self._log}")
        return conversation


def environ() -> dict[str, str]:
    """Return the variables for our Node processes: the user's, without what would change what Node loads."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
