"""The house rules that a program can check, measured on every file of the package, the tests and the scripts."""

from __future__ import annotations

import ast
import statistics
from typing import TYPE_CHECKING

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = sorted((ROOT / "workflow").rglob("*.py"))
EVERYTHING = sorted([*PACKAGE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")])
Function = ast.FunctionDef | ast.AsyncFunctionDef

MAY_PRINT = ("workflow/cli/", "workflow/report/", "workflow/worker/", "workflow/environment/builder/")
LONG_WITH_A_REASON: dict[str, str] = {}
MANY_PARAMETERS = {
    "workflow/base/processes.py:start": "the one place for subprocesses takes what a subprocess can be given",
}
PROTOCOL_METHODS = {"advance": "what, done, total read well in order, and every listener has it"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_no_file_is_over_400_lines() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_the_median_file_is_at_most_150_lines() -> None:
    assert statistics.median(len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE) <= 150


def test_no_function_is_over_50_lines_without_a_reason() -> None:
    found = {f"{name_of(path)}:{node.name}" for path in PACKAGE for node in functions(path) if length(node) > 50}
    assert found - LONG_WITH_A_REASON.keys() == set()


def test_the_median_function_is_at_most_12_lines() -> None:
    assert statistics.median(length(node) for path in PACKAGE for node in functions(path)) <= 12


def is_command(path: Path) -> bool:
    return name_of(path).startswith("workflow/cli/")  # a command's options are its parameters


def parameters(node: Function) -> tuple[int, int]:
    """Return how many parameters a function has by position, and how many in all; self and cls do not count."""
    positional = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    by_position = len(positional) - (positional[:1] in (["self"], ["cls"]))
    return by_position, by_position + len(node.args.kwonlyargs)


@pytest.mark.parametrize("path", [path for path in PACKAGE if not is_command(path)], ids=name_of)
def test_functions_take_at_most_five_parameters_and_few_by_position(path: Path) -> None:
    for node in functions(path):
        by_position, in_all = parameters(node)
        if f"{name_of(path)}:{node.name}" not in MANY_PARAMETERS and node.name not in PROTOCOL_METHODS:
            assert in_all <= 5, f"{name_of(path)}:{node.lineno} {node.name}"
            assert by_position <= (3 if node.name.startswith("_") else 2), f"{name_of(path)}:{node.lineno} {node.name}"


def test_only_one_module_starts_processes() -> None:
    users = {name_of(path) for path in PACKAGE if {"subprocess", "pty"} & imported(path)}
    assert users == {"workflow/base/processes.py"}


def test_only_the_command_line_prints() -> None:
    for path in PACKAGE:
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        prints = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
        assert not prints or name_of(path).startswith(MAY_PRINT), f"{name_of(path)}:{prints}"


def test_the_host_never_imports_tensorflow() -> None:
    host = [path for path in PACKAGE if not name_of(path).startswith("workflow/worker/")]
    assert [
        name_of(path) for path in host if {"tensorflow", "tensorflowjs", "keras", "tf_keras"} & imported(path)
    ] == []


def test_no_module_is_called_utils_or_helpers() -> None:
    assert [name_of(path) for path in EVERYTHING if path.stem in {"utils", "util", "helpers", "misc", "common"}] == []


def test_no_exception_is_caught_bare() -> None:
    handlers = [
        f"{name_of(path)}:{node.lineno}"
        for path in EVERYTHING
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert handlers == []


def test_every_public_function_and_class_states_its_contract() -> None:
    silent = [
        f"{name_of(path)}:{node.name}"
        for path in PACKAGE
        for node in tree(path).body
        if isinstance(node, (Function, ast.ClassDef)) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []
