"""Runs TensorFlow.js models in a headless browser with a fresh profile: one launch serves many runs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from workflow.verification.requests import NotRun
from workflow.verification.runtimes import browsers
from workflow.verification.runtimes.scripted import ScriptedRuntime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PROBED = {
    "webgl": "give the machine a graphics driver, or a browser that brings SwiftShader",
    "webgpu": "take a machine with a GPU and driver that the browser's WebGPU supports",
}
"""Backends that a browser may lack, in the order in which one is chosen when none is named."""

_ALWAYS = ("wasm", "cpu")
_VARIANTS = {"webgl-f16": "webgl"}
"""Backends with a setting: half-float textures are what many mobile GPUs have."""


class BrowserRuntime(ScriptedRuntime):
    """Chromium, Chrome or Edge as found on this machine, driven from Node.js; it can reach nothing but this machine."""

    name = "browser"
    title = "the browser"
    way_out = f", or set {browsers.VARIABLE} to another browser"

    def _needed(self) -> Path | NotRun:
        found = browsers.find()
        self._executable = str(found)
        return found

    def _arguments(self, modules: Path, scratch: Path) -> Sequence[str]:
        settings = {
            "modules": str(modules),
            "executable": self._executable,
            "sandbox": not _is_root(),
            "scratch": str(scratch),
        }
        return ("browser.mjs", json.dumps(settings))

    def _offered(self) -> tuple[str, ...]:
        webgl = ("webgl", *_VARIANTS) if self._abilities.get("webgl") else ()
        return (*webgl[:1], *_ALWAYS, *(("webgpu",) if self._abilities.get("webgpu") else ()), *webgl[1:])

    def _lack(self, backend: str) -> NotRun | None:
        plain = _VARIANTS.get(backend, backend)
        if plain in _PROBED and not self._abilities.get(plain):
            return NotRun(f"the browser has no {plain} here (it offers no adapter)", _PROBED[plain])
        return super()._lack(backend)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
