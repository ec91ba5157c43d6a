"""Entry point of the ``tfjs-workflow`` command and of ``python -m workflow``."""

from __future__ import annotations

import gc
import os
import sys

from workflow.base import module_path

module_path.clean()  # before anything of another package is looked for

from workflow.cli import streams  # noqa: E402
from workflow.cli.boundary import guarded  # noqa: E402

gc.set_threshold(100_000)  # importing makes objects that stay: looking through them every 700 costs a tenth of a run


def main() -> None:
    """Run the command line and exit with its code."""
    streams.set_up()
    code = streams.READER_GONE
    try:
        code = guarded(sys.argv[1:])
        sys.stdout.flush()
        sys.stderr.flush()
    except streams.ReaderGoneError:  # also while a failure was told
        os._exit(streams.READER_GONE)
    except (OSError, ValueError, AttributeError):
        sys.exit(code)  # closed, full or none at all: Python knows what to do, and says so
    os._exit(code)  # taking thousands of objects apart, one by one, takes a twentieth of a short run


if __name__ == "__main__":
    main()
