"""What the Node and the browser runtime share: a request as their scripts take it, and their answer as a result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from workflow.verification.requests import RuntimeFailure, run_result

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.requests import RunRequest, RunResult
    from workflow.verification.runtimes.conversation import Conversation

FORMATS = ("tfjs_layers_model", "tfjs_graph_model")


def perform(conversation: Conversation, request: RunRequest, *, backend: str) -> RunResult:
    """Have a script run a request; raises ``RuntimeFailure``."""
    if request.format not in FORMATS:
        raise RuntimeFailure("format", f"{request.format} does not run in TensorFlow.js")
    asked = wire(request, backend=backend)
    ready = conversation.ready()
    answer = conversation.ask(asked, timeout=request.timeout)
    facts = {**answer["facts"], "asked_backend": backend, "versions": ready.get("versions", {})}
    device = ready.get("abilities", {}).get(str(answer["backend"]).partition("-")[0])
    if device:
        facts["device"] = device
    return run_result(request, backend=str(answer["backend"]), told=answer, facts=facts)


def wire(request: RunRequest, *, backend: str) -> dict[str, Any]:
    """Return a request as JSON; raises ``RuntimeFailure`` when there is no model.json."""
    model = described_by(request.model)
    return {
        "key": _key(model),
        "model": str(model),
        "format": request.format,
        "backend": backend,
        "inputs": str(request.inputs.absolute()),
        "outputs": str(request.outputs.absolute()),
        "repeat": request.repeat,
    }


def described_by(path: Path) -> Path:
    """Return the model.json of a folder, or the only JSON file with another name; a file is what it is."""
    path = path.absolute()
    if not path.is_dir():
        file = path
    else:
        others = [entry for entry in path.glob("*.json") if entry.name != "tensors.json"]
        file = others[0] if len(others) == 1 else path / "model.json"
    if not file.is_file():
        raise RuntimeFailure("files", f"there is no {file}")
    return file


def _key(model: Path) -> str:
    """Return what changes when a file of the model does: a script must not go on with one that it loaded before."""
    listed: list[tuple[str, int, int]] = []
    with os.scandir(model.parent) as entries:
        for entry in entries:
            if entry.is_file():
                known = entry.stat()
                listed.append((entry.name, known.st_size, known.st_mtime_ns))
    return f"{model} {sorted(map(str, listed))}"
