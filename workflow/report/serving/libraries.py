"""Where the TensorFlow.js that the page runs comes from: the tool's own installation of it, never the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import RuntimeRequiredError
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import packages

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener


def tfjs_packages(listener: Listener) -> Path:
    """Return the node_modules folder with TensorFlow.js, installed on first use.

    Raises ``RuntimeRequiredError`` when it cannot be had.
    """
    found = packages.modules(listener)
    if isinstance(found, NotRun):
        raise RuntimeRequiredError(f"the demo page needs TensorFlow.js: {found.why}", hint=found.remedy)
    return found
