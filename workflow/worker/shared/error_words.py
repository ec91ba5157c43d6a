"""What an exception says in one line: the words of whoever raised it, without the frames that libraries put round them.

Keras tells a whole configuration before what was wrong with it, and TensorFlow where in its own code that was noticed.
"""

from __future__ import annotations

import re
from typing import List

_LONGEST = 1000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ENCOUNTERED = re.compile(r"^.*Exception encountered: ", re.DOTALL)
_CALLING = re.compile(r"^Exception encountered when calling (?P<what>[^\n]+?)\.?\s*\n(?P<rest>.+)", re.DOTALL)
_ARGUMENTS = re.compile(r"\n\s*(?:Call arguments|Arguments) received by .*", re.DOTALL)
_AT_NODE = re.compile(r"^Graph execution error:.*^Node: '[^'\n]*'\n(?P<rest>.+)", re.DOTALL | re.MULTILINE)
_PLACES = re.compile(r"\n\s*(?:\[\[\{\{node .*|Original stack trace for .*)", re.DOTALL)
_IN_USER_CODE = re.compile(r"^in user code:")


def of(text: str) -> str:
    """Return what a message says: its first paragraph, in one line."""
    text = _ENCOUNTERED.sub("", _COLOURS.sub("", text).strip())
    at_node = _AT_NODE.search(text)
    if at_node is not None:
        text = at_node["rest"]
    text = _PLACES.sub("", _ARGUMENTS.sub("", text))
    calling = _CALLING.match(text)
    if calling is not None:
        return f"{of(calling['rest'])} (when calling {calling['what']})"
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    told = [paragraph for paragraph in paragraphs if paragraph]
    if not told:
        return "(no message)"
    return _shortened(_last_line(text) if _IN_USER_CODE.match(text) else told[0])


def of_exception(problem: BaseException) -> str:
    """Return the type of an exception, and what it says."""
    return f"{type(problem).__name__}: {of(str(problem))}"


def _last_line(text: str) -> str:
    lines: List[str] = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1]


def _shortened(text: str) -> str:
    """Return a text of bearable length, cut between words and with a sign that it was."""
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rsplit(" ", 1)[0] + " [...]"
