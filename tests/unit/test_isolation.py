"""Nothing of the current folder is code: how every program is found and started."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from workflow.base import module_path, processes, programs

PACKAGE = sorted((ROOT / "workflow").rglob("*.py"))
STARTERS = frozenset({"start", "run", "run_foreground", "run_tied", "begin"})

STARTS = {
    "workflow/bridge/warm_worker.py": "the worker: -I, in its temporary folder",
    "workflow/base/dialogue.py": "starts what its callers name, in a temporary folder",
    "workflow/environment/activation/__init__.py": "the user's own shell, in the user's folder",
    "workflow/environment/activation/detection.py": "ps",
    "workflow/environment/execution.py": "the user's own command, in the user's folder",
    "workflow/environment/health.py": "the environment's programs, -I, in the environment's folder",
    "workflow/environment/interpreters.py": "candidates for an interpreter: -I",
    "workflow/environment/pins/pip.py": "uv, in the project's folder: for those who work on this tool",
    "workflow/environment/pins/regeneration.py": "conda-lock, likewise",
    "workflow/environment/managers/conda_cli.py": "conda, by an absolute path",
    "workflow/environment/managers/embedded.py": "our own engine: -I, in a temporary folder",
    "workflow/environment/managers/python.py": "uv, by an absolute path, beside the new environment",
    "workflow/environment/pip_packages.py": "uv, by an absolute path, in the log's folder",
    "workflow/models/hdf5/library.py": "libhdf5 behind a wall: -I, in a temporary folder",
    "workflow/verification/runtimes/conversation.py": "node with our scripts, without NODE_*, in a temporary folder",
    "workflow/verification/runtimes/node_program.py": "node without NODE_*, by an absolute path; uv",
    "workflow/verification/runtimes/packages.py": "npm, in the folder of its packages",
}
"""Every module that starts programs, and why nothing in the current folder becomes code by it. Extend with care."""

SHOWN = ("workflow/environment/blueprint.py",)
"""Modules with commands that users are shown, and type themselves."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def starts_programs(call: ast.Call) -> bool:
    named = call.func
    if isinstance(named, ast.Attribute):
        of = named.value
        return isinstance(of, ast.Name) and of.id in ("processes", "dialogue") and named.attr in STARTERS
    return isinstance(named, ast.Name) and named.id in ("run_tied", "run_foreground")


def imports_from_processes(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "workflow.base.processes"]
    return any(alias.name in STARTERS for node in found for alias in node.names)


def test_every_module_that_starts_programs_is_known() -> None:
    starting = {name_of(path) for path in PACKAGE if any(map(starts_programs, calls(path)))}
    starting |= {name_of(path) for path in PACKAGE if imports_from_processes(path)}
    assert starting == STARTS.keys()


def is_python(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value == "python"
    inner = node.args[0] if isinstance(node, ast.Call) and node.args else node
    return ast.unparse(inner) in ("sys.executable", "python", "self._python", "self._python.absolute()")


def test_every_python_of_ours_is_isolated() -> None:
    """Wherever a list begins with an interpreter and goes on with options, ``-I`` is the first of them."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE:
        for node in () if name_of(path) in SHOWN else ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) > 1 and is_python(node.elts[0]):
                words = [ast.unparse(element) for element in node.elts[1:]]
                if words[0].startswith(("'-", '"-')) and words[0] != "'--version'":
                    found.setdefault(name_of(path), []).append(words[0])
    assert {name: set(options) for name, options in found.items()} == {name: {"'-I'"} for name in found}
    assert {
        "workflow/bridge/warm_worker.py",
        "workflow/environment/health.py",
        "workflow/environment/interpreters.py",
        "workflow/environment/managers/embedded.py",
        "workflow/models/hdf5/library.py",
    } <= found.keys()


def test_programs_are_found_in_one_place() -> None:
    searching = [name_of(path) for path in PACKAGE for call in calls(path) if ast.unparse(call.func) == "shutil.which"]
    # processes.py looks whether a path that it is given can be started at all
    assert set(searching) == {"workflow/base/programs.py", "workflow/base/processes.py"}


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder full of programs and modules that leave a mark when they run; returns the mark."""
    here, mark = tmp_path / "here", tmp_path / "mark"
    (here / "bin").mkdir(parents=True)
    for name in ("node", "conda", "ps", "bin/node"):
        (here / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (here / name).chmod(0o755)
    for name in ("typer", "h5py", "numpy", "yaml", "pydantic", "json", "workflow_x"):
        (here / f"{name}.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    monkeypatch.chdir(here)
    return mark


@pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
@pytest.mark.parametrize("path", [".", "", "bin", ":.:", "./bin"])
def test_no_program_is_taken_from_the_current_folder(path: str, trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}/nowhere")
    assert programs.found("node") is None
    assert programs.found("conda") is None
    assert programs.folders() == [Path("/nowhere")]
    assert not trap.exists()


def test_a_program_on_path_is_found(tmp_path: Path, trap: Path) -> None:
    assert programs.found("node", path=os.pathsep.join([".", str(trap.parent / "here")])) == str(
        trap.parent / "here" / "node"
    )
    assert programs.found("node", path=str(tmp_path)) is None


def test_a_program_starts_somewhere_else_unless_it_is_the_users_own(trap: Path) -> None:
    asked = [sys.executable, "-I", "-c", "import os; print(os.getcwd())"]
    assert processes.run(asked).stdout.strip() == Path.cwd().anchor
    assert not trap.exists()


@pytest.mark.parametrize("how", [["-m", "workflow"], ["-c", "from workflow.__main__ import main; main()"]])
@pytest.mark.parametrize("variables", [{}, {"PYTHONPATH": ""}, {"PYTHONPATH": "."}, {"PYTHONPATH": os.pathsep}])
def test_the_tool_itself_takes_no_module_from_the_current_folder(
    how: list[str], variables: dict[str, str], trap: Path
) -> None:
    (trap.parent / "here" / "json.py").unlink()  # Python's own, which it has loaded before us
    environ = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, *how, "check", "none.yml"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 11, done.stderr
    assert not trap.exists()


def test_what_is_taken_off_the_module_path_and_what_stays() -> None:
    root = str(ROOT)
    assert module_path.cleaned(["", ".", "lib", "/a", "/b"], "/here") == ["/a", "/b"]
    assert module_path.cleaned(["/here", "/a"], "/here") == ["/a"]
    assert module_path.cleaned(["/a", "/here"], "/here") == ["/a"]
    assert module_path.cleaned([sys.prefix], sys.prefix) == [sys.prefix]
    assert module_path.cleaned([root, "/a"], root) == [root, "/a"]
