"""Entry point of the ``tfjs-workflow`` command and of ``python -m workflow``."""

from __future__ import annotations

import gc
import os
import sys

from workflow.base import module_path

module_path.clean()  # before anything of another package is looked for

from workflow.cli import boundary  # noqa: E402

gc.set_threshold(100_000)  # importing makes objects that stay: looking through them every 700 costs a tenth of a run


def main() -> None:
    """Run the command line and exit with its code."""
    boundary.set_up()
    code = boundary.READER_GONE
    try:
        code = boundary.guarded(sys.argv[1:])
        sys.stdout.flush()
        sys.stderr.flush()
    except boundary.ReaderGoneError:  # also while a failure was told
        os._exit(boundary.READER_GONE)
    except (OSError, ValueError, AttributeError):
        sys.exit(code)  # closed, full or none at all: Python knows what to do, and says so
    os._exit(code)  # taking thousands of objects apart, one by one, takes a twentieth of a short run


if __name__ == "__main__":
    main()
