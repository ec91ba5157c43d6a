"""The command line with the locks of another project: ``python -m ...tool PROJECT env create ...``."""

from __future__ import annotations

import sys
from pathlib import Path

from workflow.__main__ import main
from workflow.base import locations

if __name__ == "__main__":
    project = Path(sys.argv.pop(1))
    locations.project_file = lambda name: project / name
    main()
