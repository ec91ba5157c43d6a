r"""How text from elsewhere is shown: nothing in it commands a terminal, a page, a table or a CI machine.

Names in models, what servers answer, what recipes say and what programs print may hold anything. What would act rather
than be read is written as an escape (``\x1b``); words of every script, emoji and combining marks stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_HOSTILE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\u202a-\u202e\u2066-\u2069"  # turn the direction of what stands beside them
    "\u2028\u2029"  # further ends of lines
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # of shorthand, music and hieroglyphs
    "\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # annotations, noncharacters, tags
    "\ud800-\udfff"  # half characters
    "]"
    # joiners make one emoji of two and shape Arabic and Indic letters; beside anything else they are not seen
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff\u0600-\u0dff])[\u200c\u200d]"
    "|[\u200c\u200d](?![\u2190-\u2bff\U0001f000-\U0001faff\u0600-\u0dff])"
)
_BREAKS = re.compile("[\t\n]")
_COMMAND = re.compile(r"(?m)^((?:[^\S\n]|\x1b\[[\d;]*m)*)::|##(?=\[|vso\[|teamcity\[)")
_MARKDOWN = re.compile(r"([\\`*\[\]|~#$!])|(?<![^\W_])(_)|(_)(?![^\W_])|(>)")
_BEGINNING = re.compile(r"^(\d{0,9})(?=[-+.)](?:\s|\Z)|[-=]+\Z)")


def block(text: str) -> str:
    """Return text of one or more lines with everything that acts on what shows it written as an escape."""
    return text if text.isascii() and text.isprintable() else _HOSTILE.sub(_escape, text)


def line(text: str) -> str:
    """Return text as one line: as ``block``, and tabs and ends of lines are escapes too."""
    return text if text.isascii() and text.isprintable() else _BREAKS.sub(_escape, block(text))


def disarmed(text: str) -> str:
    """Return lines of output in which nothing is a command to the CI machine that reads them (``::error::``)."""
    if "::" not in text and "##" not in text:
        return text
    return _COMMAND.sub(lambda found: f"{found[1]}\\::" if found[1] is not None else "#\\#", text)


def markdown(text: str) -> str:
    """Return text as it stands in a paragraph or a table's cell of Markdown."""
    inner = _MARKDOWN.sub(lambda found: f"\\{found[0]}", line(text).replace("&", "&amp;"))
    return _BEGINNING.sub(r"\1\\", inner.replace("<", "&lt;").strip())


def markdown_code(text: str) -> str:
    """Return text as a code span of Markdown."""
    inner = line(text)
    fence = "`" * (max(map(len, re.findall("`+", inner)), default=0) + 1)
    pad = " " if inner.startswith("`") or inner.endswith("`") else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def json_text(text: str) -> str:
    """Return JSON as it may go to a terminal or a CI machine: what would act there is in escapes of JSON's own."""
    inner = _HOSTILE.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])), text)
    return _COMMAND.sub(lambda found: found[0] if found[1] is not None else "#\\u0023", inner)


def everywhere(value: Any, change: Callable[[str], str] = block) -> Any:
    """Return a value made of mappings, lists and texts with every text in it, also of keys, changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {everywhere(key, change): everywhere(inner, change) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [everywhere(inner, change) for inner in value]
    return value


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _units(letter: str) -> list[int]:
    pairs = letter.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(pairs[at : at + 2], "big") for at in range(0, len(pairs), 2)]
