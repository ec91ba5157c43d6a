"""What a report of a bug needs, as one Markdown text, and a file with it where one can be written."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import __version__
from workflow.base import locations
from workflow.base.errors import WorkflowError
from workflow.base.processes import quoted
from workflow.base.wording import block, markdown_code, scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence


def report_of(error: BaseException, arguments: Sequence[str]) -> str:
    """Return command, versions and traceback as Markdown."""
    return "\n".join(
        (
            f"# {type(error).__name__} in tfjs-workflow {__version__}",
            "",
            f"- command: {markdown_code(scrubbed(f'tfjs-workflow {quoted(arguments)}'))}",
            f"- Python {platform.python_version()} on {platform.platform()}",
            "",
            "```",
            block(scrubbed("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())),
            "```",
            "",
        )
    )


def written(text: str) -> Path | None:
    """Write a report to a new file below the tool's cache, or among temporary files; None where neither can be."""
    name = f"bug-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.md"
    for folder in (_of_bugs, _of_temporary_files):
        with contextlib.suppress(OSError, WorkflowError):  # what went wrong may be the disk itself, or no home
            path = folder() / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_text(text, encoding="utf-8", errors="backslashreplace")
            except OSError:
                path.unlink(missing_ok=True)  # an empty report is none
                raise
            return path
    return None


def _of_bugs() -> Path:
    return locations.cache() / "bugs"


def _of_temporary_files() -> Path:
    return Path(tempfile.gettempdir())
