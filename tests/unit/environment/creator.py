"""One process that makes the environment ``e`` with a slow crew of fakes: to be killed, or to race with others."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.environment.crews import FakeCrew
from workflow.base import locations
from workflow.base.events import Recording
from workflow.environment import Wishes, lifecycle

if __name__ == "__main__":
    project, seconds = Path(sys.argv[1]), float(sys.argv[2])
    locations.project_file = lambda name: project / name
    listener = Recording()
    fake = FakeCrew(seconds=seconds)
    lifecycle.ensure("e", wishes=Wishes(), listener=listener, crew=fake.crew())
    sys.stdout.write("\n".join([f"made {len(fake.equipped)}", *listener.lines]))
