"""Whether a runtime that a record says was absent is here now: a look at names on disk, no process is started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.verification.runtimes import browsers, node_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workflow.verification.evidence import PlaceReport

_ABSENT: tuple[tuple[str, str, Callable[[], bool]], ...] = (
    (browsers.ABSENT, "the browser", lambda: isinstance(browsers.find(), Path)),
    (f"{browsers.VARIABLE} is ", "the browser", lambda: isinstance(browsers.find(), Path)),
    (node_program.ABSENT, "Node.js", lambda: node_program.named(os.environ.get("PATH", os.defpath)) is not None),
)
"""How a reason begins that speaks of a program that is not there, what the program is, and whether it is there now.

Other reasons (no graphics, too old a Node.js) are not undone by a program's being there, and so never looked into.
"""


def arrived(runs: Iterable[PlaceReport]) -> list[str]:
    """Return a sentence for each program that these places lacked and that is here now."""
    whys = {run.why for run in runs}
    found = {name: None for start, name, is_here in _ABSENT if any(why.startswith(start) for why in whys) and is_here()}
    return [f"{name} is here now; it was not when this was verified" for name in found]
