"""Entry point of the ``tfjs-workflow`` command and of ``python -m workflow``."""

from __future__ import annotations

import sys

from workflow.cli.boundary import guarded


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(guarded(sys.argv[1:]))


if __name__ == "__main__":
    main()
