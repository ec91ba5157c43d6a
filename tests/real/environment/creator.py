"""A process that creates an environment, to be killed: ``python -m tests.real.environment.creator REQUEST``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workflow.base.events import Silent
from workflow.environment.managers.base import Order
from workflow.environment.managers.embedded import EmbeddedManager


def main(text: str) -> None:
    """Create what the JSON text says."""
    request = json.loads(text)
    order = Order(
        conda_lock=Path(request["lock"]),
        platform=request["platform"],
        cache=Path(request["cache"]),
        mirrors=(),
        offline=False,
        listener=Silent(),
        log=Path(request["log"]),
    )
    EmbeddedManager().create(Path(request["prefix"]), order)


if __name__ == "__main__":
    main(sys.argv[1])
