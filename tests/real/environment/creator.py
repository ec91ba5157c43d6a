"""A process that creates an environment, to be killed: ``python -m tests.real.environment.creator REQUEST``."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from tests.unit.environment.orders import order_for
from workflow.base.events import Silent
from workflow.environment.managers.embedded import EmbeddedManager


def main(text: str) -> None:
    """Create what the JSON text says."""
    request = json.loads(text)
    made = order_for(Path(request["lock"]), Path(request["cache"]).parent, Silent(), platform=request["platform"])
    order = replace(made, log=Path(request["log"]))
    EmbeddedManager().create(Path(request["prefix"]), order)


if __name__ == "__main__":
    main(sys.argv[1])
