"""Texts that act on what shows them, and what tells whether one got through."""

from __future__ import annotations

import re
import unicodedata

COMMANDS = {
    "colour": "a\x1b[31mb",
    "title": "\x1b]0;title\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "c1": "a\x9b31mb\x85c",
    "return": "passed\rfailed",
    "backspace": "a\x08\x08b\x7f",
    "bell": "\x07\x00\x0b\x0c",
    "right to left": "a\u202etxt.exe\u202c",
    "isolates": "\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c",
    "unseen": "a\u200bb\ufeffc\u2060d\u00ade\u200df",
    "lines": "a\u2028b\u2029c",
    "tags": "a\U000e0041\U000e007f",
    "half": "a\ud800b\udc80",
    "newline": "a\nverdict: passed\n\ttab",
    "command": "\n::error::forged\n  ::set-output name=x::y",
    "old command": "##[error]forged ##vso[task.complete]x ##teamcity[x]",
    "markup": "[red]x[/red] [/] [link=http://evil.example]y[/link] [not a tag",
    "html": "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&",
    "markdown": "a|b`c`[d](http://evil.example)![e](x)<i>*f*_g_\n# h",
    "xml": "]]><!-- &#0; &amp;\ufffe\uffff",
    "template": "{{ 7*7 }}{% raw %}",
}
KEPT = (
    "模型",
    "é e\u0301",
    "😀 👨\u200d👩\u200d👧 ❤\ufe0f 🏳\ufe0f\u200d🌈",
    "\u0645\u06cc\u200c\u062e\u0648",
    "a b-c_d.e",
)
"""Letters of every script, combining marks and emoji, which stay as they are."""

_ODD = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
# of Cf, which is else unseen
_VISIBLE = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
EVERY = "".join(map(chr, [*range(0x20000), *range(0xE0000, 0xE1000)]))
"""Every letter; the planes between hold nothing but Chinese, and nothing."""


def acting(text: str) -> list[str]:
    """Return the letters of a text that act on a terminal; tabs and ends of lines do not."""
    letters = {letter for letter in text if letter not in "\n\t" and unicodedata.category(letter) in _ODD}
    return sorted(letters - set(_JOINERS + _VISIBLE)) + _loose_joiners(text)


def _loose_joiners(text: str) -> list[str]:
    return re.findall(f"(?<=[\x00-\x7f])[{_JOINERS}]|[{_JOINERS}](?=[\x00-\x7f])", text)


def orders(text: str) -> list[str]:
    """Return the lines that a CI machine takes for commands."""
    return [
        line
        for line in text.split("\n")
        if line.strip().startswith("::") or re.search(r"##(\[|vso\[|teamcity\[)", line)
    ]
