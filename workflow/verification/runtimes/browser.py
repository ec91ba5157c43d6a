"""Runs TensorFlow.js models in a headless browser with a fresh profile: one launch serves many runs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from workflow import locations
from workflow.events import Silent
from workflow.verification.model import NotRun, RuntimeFailure
from workflow.verification.runtimes import browsers, javascript, node_program, packages
from workflow.verification.runtimes.conversation import Conversation, Program
from workflow.verification.runtimes.node import environ

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from workflow.events import Listener
    from workflow.verification.model import RunRequest, RunResult

_PROBED = {
    "webgl": "give the machine a graphics driver, or a browser that brings SwiftShader",
    "webgpu": "take a machine with a GPU and driver that the browser's WebGPU supports",
}
"""Backends that a browser may lack, in the order in which one is chosen when none is named."""

_ALWAYS = ("wasm", "cpu")
_VARIANTS = {"webgl-f16": "webgl"}
"""Backends with a setting: half-float textures are what many mobile GPUs have."""


class BrowserRuntime:
    """Chromium, Chrome or Edge as found on this machine, driven from Node.js; it can reach nothing but this machine."""

    name = "browser"

    def __init__(self, *, listener: Listener | None = None, log: Path | None = None) -> None:
        self._listener = listener or Silent()
        self._log = log or locations.home() / "logs" / "runtime-browser.log"
        self._found: Conversation | NotRun | None = None
        self._abilities: Mapping[str, Any] = {}

    @property
    def pid(self) -> int | None:
        """The process that drives the browser now, if any."""
        return self._found.pid if isinstance(self._found, Conversation) else None

    def missing(self, backend: str | None = None) -> NotRun | None:
        """Return why it is not here; the first time, fetches what it needs and starts the browser."""
        if self._found is None:
            self._found = self._find()
        if isinstance(self._found, NotRun):
            return self._found
        if backend is None:
            return None
        plain = _VARIANTS.get(backend, backend)
        if plain in _ALWAYS or self._abilities.get(plain):
            return None
        if plain in _PROBED:
            return NotRun(f"the browser has no {plain} here (it offers no adapter)", _PROBED[plain])
        return NotRun(f"the browser has no backend {backend}", f"its backends are {', '.join(self.backends())}")

    def backends(self) -> tuple[str, ...]:
        """Return what this browser has of webgl, wasm, cpu and webgpu."""
        if self.missing() is not None:
            return ()
        webgl = ("webgl", *_VARIANTS) if self._abilities.get("webgl") else ()
        return (*webgl[:1], *_ALWAYS, *(("webgpu",) if self._abilities.get("webgpu") else ()), *webgl[1:])

    def run(self, request: RunRequest) -> RunResult:
        """Run a model; raises ``RuntimeFailure``."""
        backend = request.backend or next(iter(self.backends()), "wasm")
        missing = self.missing(backend)
        if missing is not None or not isinstance(self._found, Conversation):
            raise RuntimeFailure("not here", missing.why if missing else "it is closed")
        return javascript.perform(self._found, request, backend=backend)

    def close(self) -> None:
        """End the browser and what drives it."""
        if isinstance(self._found, Conversation):
            self._found.close()

    def _find(self) -> Conversation | NotRun:
        program = browsers.find()
        if isinstance(program, NotRun):
            return program
        node = node_program.find(self._listener)
        if isinstance(node, NotRun):
            return node
        folder = packages.ensure(node, listener=self._listener)
        if isinstance(folder, NotRun):
            return folder

        def argv(scratch: Path) -> list[str]:
            settings = {
                "modules": str(folder),
                "executable": str(program),
                "sandbox": not _is_root(),
                "scratch": str(scratch),
            }
            return [str(node.program), str(packages.SCRIPTS / "browser.mjs"), json.dumps(settings)]

        return self._started(Conversation(Program(argv, environ(), self._log)), program)

    def _started(self, conversation: Conversation, program: Path) -> Conversation | NotRun:
        try:
            self._abilities = conversation.ready().get("abilities", {})
        except RuntimeFailure as failure:
            why = f"{program} cannot be driven: {failure.message}"
            return NotRun(why, f"look into {self._log}, or set {browsers.VARIABLE} to another browser")
        return conversation


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
