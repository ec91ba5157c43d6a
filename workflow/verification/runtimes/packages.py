"""The JavaScript packages that models run with: installed from the project's lock into the tool's own folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import locations, processes
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import node_program
from workflow.verification.runtimes.package_installation import Installation

if TYPE_CHECKING:
    from workflow.base.events import Listener
    from workflow.verification.runtimes.node_program import NodeProgram

SCRIPTS = Path(__file__).resolve().parent / "js"
_FILES = ("package.json", "package-lock.json")
_TFJS = "node_modules/@tensorflow/tfjs-"
_NEEDED = (
    *(f"{_TFJS}{part}/package.json" for part in ("core", "layers", "converter")),
    *(f"{_TFJS}backend-{part}/package.json" for part in ("cpu", "wasm", "webgl", "webgpu")),
    f"{_TFJS}*/dist/tf-*.node.js",
    f"{_TFJS}*/dist/tf-*.min.js",
    f"{_TFJS}backend-wasm/dist/*.wasm",
    "node_modules/playwright-core/index.js",
)
_NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_SECONDS = 900.0
_POLL_SECONDS = 0.1
_UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ECONNRESET|network", re.IGNORECASE)


def installation() -> Installation:
    """Return where the packages of this version of the lock are, or will be."""
    digest = hashlib.sha256(locations.project_file("package-lock.json").read_bytes()).hexdigest()
    return Installation(f"js-{digest[:16]}", _NEEDED)


def ensure(node: NodeProgram, *, listener: Listener) -> Path | NotRun:
    """Return the folder that holds ``node_modules``, installing it first when it is not complete."""
    there = installation()
    if there.is_complete():
        return there.folder
    from workflow.environment import Wishes, settings  # noqa: PLC0415  only where something must be fetched

    offline = settings.resolve(Wishes()).offline
    with there.held(listener):
        return there.folder if there.is_complete() else _install(there, node, listener=listener, offline=offline)


def modules(listener: Listener) -> Path | NotRun:
    """Return the ``node_modules`` folder with TensorFlow.js; for pages that are served without a runtime."""
    there = installation()
    if there.is_complete():
        return there.folder / "node_modules"
    node = node_program.find(listener)
    if isinstance(node, NotRun):
        return node
    folder = ensure(node, listener=listener)
    return folder if isinstance(folder, NotRun) else folder / "node_modules"


def _install(there: Installation, node: NodeProgram, *, listener: Listener, offline: bool) -> Path | NotRun:
    if node.npm is None:
        return NotRun("the JavaScript packages are not installed, and there is no npm", node_program.REMEDY)
    listener.say("installing TensorFlow.js for Node and the browser (170 MB, once)")
    there.clear()
    for name in _FILES:
        shutil.copyfile(locations.project_file(name), there.folder / name)
    argv = [str(node.program), str(SCRIPTS / "tethered.mjs"), str(node.npm), *_NPM]
    code, output = _run([*argv, *(["--offline"] if offline else [])], there)
    if code == 0 and there.seal():
        return there.folder
    return _why(there, output, offline=offline)


def _run(argv: list[str], there: Installation) -> tuple[int, str]:
    """Run npm so that it ends when this process does, however that comes: it would write on into the folder."""
    there.log.parent.mkdir(parents=True, exist_ok=True)
    environ = {**node_program.environ(), "NO_UPDATE_NOTIFIER": "1", "npm_config_update_notifier": "false"}
    with there.log.open("wb") as sink:
        sink.write(os.fsencode(f"+ {processes.quoted(argv)}\n"))
        sink.flush()
        process = processes.start(
            argv, stdin=processes.PIPE, stdout=sink, stderr=processes.STDOUT, env=environ, cwd=there.folder
        )
        try:
            _await(process, time.monotonic() + _SECONDS)
        finally:
            processes.kill(process)
            if process.stdin is not None:
                process.stdin.close()
    return process.returncode, there.log.read_text(encoding="utf-8", errors="replace")


def _await(process: processes.Process, deadline: float) -> None:
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _why(there: Installation, output: str, *, offline: bool) -> NotRun:
    said = [line.removeprefix("npm error").strip() for line in output.splitlines() if line.startswith("npm error")]
    lines = [line for line in said if line]
    told = [line for line in lines if not line.startswith("code ")]
    reason = next((line for line in told if _UNREACHABLE.search(line)), (told or lines or ["its log has more"])[0])
    remedy = f"look into {there.log}, then try again"
    if offline:
        remedy = "run once without TFJS_WORKFLOW_OFFLINE; after that no network is needed"
    elif _UNREACHABLE.search(output):
        remedy = "check the network, the proxy and npm's registry setting, then try again; it is needed only once"
    return NotRun(f"npm could not install TensorFlow.js: {reason[:300]}", remedy)
