"""Entry point of the ``tfjs-workflow`` command and of ``python -m workflow``."""

from __future__ import annotations

import gc
import os
import sys

from workflow.cli.boundary import guarded

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for those of other packages takes its time
gc.set_threshold(100_000)  # importing makes objects that stay: looking through them every 700 costs a tenth of a run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(guarded(sys.argv[1:]))


if __name__ == "__main__":
    main()
