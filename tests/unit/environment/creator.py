"""One process that makes the environment ``e`` with slow fakes as builders: to be killed, or to race with others."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.environment.builders import FakeBuilders
from workflow.base import locations
from workflow.base.events import Recording
from workflow.environment import Wishes, lifecycle

if __name__ == "__main__":
    project, seconds = Path(sys.argv[1]), float(sys.argv[2])
    locations.project_file = lambda name: project / name
    listener = Recording()
    fake = FakeBuilders(seconds=seconds)
    lifecycle.ensure("e", wishes=Wishes(), listener=listener, builders=fake.builders())
    sys.stdout.write("\n".join([f"made {len(fake.equipped)}", *listener.lines]))
