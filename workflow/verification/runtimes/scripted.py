"""Runs TensorFlow.js models by a script of ours in a warm Node.js: there itself, or in a browser that it drives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from workflow.base import locations
from workflow.base.events import Silent
from workflow.verification.requests import NotRun, RuntimeFailure
from workflow.verification.runtimes import javascript, node_program, packages
from workflow.verification.runtimes.conversation import Conversation, Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from workflow.base.events import Listener
    from workflow.verification.requests import RunRequest, RunResult


class ScriptedRuntime(ABC):
    """A ``Runtime`` but for what its kind says: how its script starts, and which backends it has.

    ``title`` is what messages call it, ``way_out`` what else can be done where it does not start.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    way_out: ClassVar[str] = ""

    def __init__(self, *, listener: Listener | None = None, log: Path | None = None) -> None:
        self._listener = listener or Silent()
        self._log = log or locations.home() / "logs" / f"runtime-{self.name}.log"
        self._found: Conversation | NotRun | None = None
        self._abilities: Mapping[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """The process of the script that is running now, if any."""
        return self._found.pid if isinstance(self._found, Conversation) else None

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return why it is not here; the first time, fetches what it needs and starts it."""
        if self._found is None:
            self._found = self._find()
        if isinstance(self._found, NotRun):
            return self._found
        return None if backend is None else self._lack(backend)

    def backends(self) -> tuple[str, ...]:
        """Return the backends that are here."""
        return self._offered() if self.missing() is None else ()

    def run(self, request: RunRequest) -> RunResult:
        """Run a model; raises ``RuntimeFailure``."""
        backend = request.backend or next(iter(self.backends()), None)
        missing = self.missing(backend)
        if missing is not None or backend is None or not isinstance(self._found, Conversation):
            raise RuntimeFailure("not here", missing.why if missing else "it is closed")
        return javascript.perform(self._found, request, backend=backend)

    def close(self) -> None:
        """End the script and what it drives."""
        if isinstance(self._found, Conversation):
            self._found.close()

    @abstractmethod
    def _arguments(self, modules: Path, scratch: Path) -> Sequence[str]:
        """Return the script's name and its arguments, for the folder of the packages and a folder for its files."""

    @abstractmethod
    def _offered(self) -> tuple[str, ...]:
        """Return the backends that there are, now that it runs; the one that is taken when none is named first."""

    def _needed(self) -> Path | NotRun | None:
        """Return a program that the script drives, or why it is not here; None where it drives none."""
        return None

    def _lack(self, backend: str) -> NotRun | None:
        """Return why there is no such backend, now that it runs, if there is none."""
        offered = self._offered()
        if backend in offered:
            return None
        return NotRun(f"{self.title} has no backend {backend}", f"its backends are {', '.join(offered)}")

    def _find(self) -> Conversation | NotRun:
        driven = self._needed()
        if isinstance(driven, NotRun):
            return driven
        node = node_program.find(self._listener)
        if isinstance(node, NotRun):
            return node
        modules = packages.ensure(node, listener=self._listener)
        if isinstance(modules, NotRun):
            return modules

        def argv(scratch: Path) -> list[str]:
            script, *arguments = self._arguments(modules, scratch)
            return [str(node.program), str(packages.SCRIPTS / script), *arguments]

        conversation = Conversation(Program(argv, node_program.environ(), self._log))
        try:
            self._abilities = conversation.ready().get("abilities", {})
        except RuntimeFailure as failure:
            why = f"{driven or node.program} cannot be driven: {failure.message}"
            return NotRun(why, f"look into {self._log}{self.way_out}")
        return conversation


class NodeRuntime(ScriptedRuntime):
    """Node.js with TensorFlow.js' own packages; both are fetched on first use if need be."""

    name = "node"
    title = "Node.js"

    def _arguments(self, modules: Path, scratch: Path) -> Sequence[str]:
        return ("node.mjs", str(modules), str(scratch))

    def _offered(self) -> tuple[str, ...]:
        return ("wasm", "cpu")
