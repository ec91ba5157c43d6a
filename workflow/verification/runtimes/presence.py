"""Whether a runtime that a record says was absent is here now: a look at names on disk, no process is started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.verification.runtimes import browsers, node_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_ABSENT: tuple[tuple[str, str, Callable[[], bool]], ...] = (
    (browsers.ABSENT, "the browser", lambda: isinstance(browsers.find(), Path)),
    (f"{browsers.VARIABLE} is ", "the browser", lambda: isinstance(browsers.find(), Path)),
    (node_program.ABSENT, "Node.js", lambda: node_program.named(os.environ.get("PATH", os.defpath)) is not None),
)
"""How a reason begins that speaks of a program that is not there, what the program is, and whether it is there now.

Other reasons (no graphics, too old a Node.js) are not undone by a program's being there, and so never looked into.
"""


def arrived(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each program that these runs of a record lacked and that is here now."""
    whys = {str(run.get("why")) for run in runs}
    found = {name: None for start, name, is_here in _ABSENT if any(why.startswith(start) for why in whys) and is_here()}
    return [f"{name} is here now; it was not when this was verified" for name in found]


def lacking(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return where runs of a record were to be that did not come about: ``browser webgl``."""
    places = ((run.get("runtime"), run.get("backend")) for run in runs)
    return [" ".join(str(part) for part in place if part) for place in places]
