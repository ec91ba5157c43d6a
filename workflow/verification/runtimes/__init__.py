"""Where models run: Python, Node and browsers behind one small protocol. Light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.verification.requests import NotRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.verification.requests import Runtime

__all__ = ["NAMES", "make"]


def _node(listener: Listener | None, log: Path | None) -> Runtime:
    from workflow.verification.runtimes.scripted import NodeRuntime  # noqa: PLC0415  only for those who run models

    return NodeRuntime(listener=listener, log=log)


def _browser(listener: Listener | None, log: Path | None) -> Runtime:
    from workflow.verification.runtimes.browser import BrowserRuntime  # noqa: PLC0415  as above

    return BrowserRuntime(listener=listener, log=log)


_MAKERS: dict[str, Callable[[Listener | None, Path | None], Runtime]] = {"node": _node, "browser": _browser}
NAMES = tuple(_MAKERS)
"""Runtimes for JavaScript; Python's is made around a worker (``python.PythonRuntime``)."""


def make(name: str, *, listener: Listener | None = None, log: Path | None = None) -> Runtime | NotRun:
    """Return the runtime of this name, which starts nothing until it is asked; close it when done."""
    maker = _MAKERS.get(name)
    if maker is None:
        return NotRun(f"there is no JavaScript runtime {name}", f"there are {' and '.join(NAMES)}")
    return maker(listener, log)
