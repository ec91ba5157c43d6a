"""Writes what a report of a bug needs into one Markdown file."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import __version__, locations
from workflow.addresses import scrubbed
from workflow.printable import block, markdown_code
from workflow.processes import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence


def write_report(error: BaseException, arguments: Sequence[str]) -> Path:
    """Write command, versions and traceback to a new file below the tool's cache and return its path."""
    text = "\n".join(
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
    path = _folder() / f"bug-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.md"
    path.write_text(text, encoding="utf-8")
    return path


def _folder() -> Path:
    folder = locations.cache() / "bugs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder
