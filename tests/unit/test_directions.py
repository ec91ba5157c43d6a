"""The directions that docs/architecture.md draws: which room may know of which, and that no modules go in circles."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHARED = "worker.shared"

_ORDER = (
    "report",
    "runs",
    "verification",
    "conversion",
    "recipe",
    "bridge",
    "models",
    "environment",
    "catalogue",
    "base",
)
BELOW: Mapping[str, tuple[str, ...]] = {
    "cli": _ORDER,
    "report": _ORDER[1:],
    "runs": (*_ORDER[2:], SHARED),
    "verification": ("recipe", "bridge", "models", "environment", "catalogue", "base", SHARED),
    "conversion": ("recipe", "bridge", "models", "environment", "catalogue", "base", SHARED),
    "recipe": ("models", "catalogue", "base"),
    "bridge": ("base", SHARED),
    "models": ("catalogue", "base", SHARED),
    "environment": ("base",),
    "catalogue": ("base",),
    "base": (SHARED,),
    "worker": (SHARED,),
    SHARED: (),
}
"""The rooms from top to bottom, and those that each may import from; ``worker`` runs in an environment of its own."""

EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()
"""Modules that import from a room that they must not know; this list may only shrink."""

CIRCLES: frozenset[frozenset[str]] = frozenset()
"""Modules that import each other, at whatever moment or for their types alone; this list may only shrink."""


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "workflow").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def base_of(module: str, node: ast.ImportFrom) -> str:
    """Return the absolute name of the module or package that an import names."""
    if not node.level:
        return node.module or ""
    package = module.split(".") if MODULES[module].name == "__init__.py" else module.split(".")[:-1]
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def imports(module: str) -> Iterator[str]:
    """Yield every module of the package that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            base = base_of(module, node)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                if full in MODULES or base in MODULES:
                    yield full if full in MODULES else base


ARROWS = {module: frozenset(imports(module)) - {module} for module in MODULES}


def room_of(module: str) -> str:
    if module.startswith(f"workflow.{SHARED}"):
        return SHARED
    return module.split(".")[1] if module.count(".") else ""


def circles() -> set[frozenset[str]]:
    """Return the sets of modules each of which leads to all the others."""
    reached = {module: reachable(module) for module in ARROWS}
    found = set()
    for module, others in reached.items():
        circle = frozenset(other for other in others if module in reached[other])
        if len(circle) > 1:
            found.add(circle)
    return found


def reachable(module: str) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        for other in ARROWS[waiting.pop()] - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def test_every_folder_of_the_package_is_a_room() -> None:
    folders = {path.parent.name for path in (ROOT / "workflow").glob("*/__init__.py")}
    assert folders == {room for room in BELOW if "." not in room}


@pytest.mark.parametrize("room", BELOW)
def test_a_room_knows_only_of_rooms_below_it(room: str) -> None:
    wrong = {
        (module, room_of(other))
        for module in ARROWS
        if room_of(module) == room
        for other in ARROWS[module]
        if room_of(other) not in ("", room, *BELOW[room])
    }
    assert wrong == {found for found in EXCEPTIONS if room_of(found[0]) == room}


def test_no_modules_import_each_other() -> None:
    assert circles() == CIRCLES
