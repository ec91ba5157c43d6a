r"""How plain text says things, the same on every screen and page, and how text from elsewhere is shown.

Names in models, what servers answer, what recipes say and what programs print may hold anything: nothing in it commands
a terminal, a page, a table or a CI machine. What would act rather than be read is written as an escape (``\x1b``);
words of every script, emoji and combining marks stay as they are. Of addresses host and path stay, and whatever may be
a secret goes: userinfo holds passwords, queries and fragments hold tokens and signatures (``?X-Amz-Signature=``).
Sizes that the worker says, too, are said by ``worker.shared.containment_rules``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNKNOWN = "\N{EN DASH}"
"""What stands for a number that there is not."""

_LONGEST = 60
_STEP = 1000
_SMALL_SECONDS = 0.1
_TENS = 10
_TIMES = "\N{MULTIPLICATION SIGN}"
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}

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

_ADDRESS = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<rest>(?:[^\s/@?#]*@)*[^\s\"'<>`|^{}\\]+)")
_PARTS = re.compile(r"(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?", re.DOTALL)
_ODD_PORT = re.compile(r"(?<!\[):(?!\d*\Z)(?![^\[]*\])")
_LONGEST_HOST = 260
_TRAILING = ".,:;!)]*…"
_CUT = "?..."
_HIDDEN = "..."


def shown(text: str) -> str:
    """Return text from a file in quotes, with what a terminal must not receive escaped, and cut when long."""
    if len(text) <= _LONGEST and text.isascii() and text.isprintable():  # as nearly all are
        return f"'{text}'"
    return f"'{line(text[:_LONGEST])}{'…' if len(text) > _LONGEST else ''}'"


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words: "a list", "null"."""
    return _KINDS.get(type(value), "null")


def some(names: Iterable[str], *, limit: int = 5) -> str:
    """Return names as a comma list, with "and 7 more" in place of what goes beyond ``limit``."""
    every = list(names)
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest:,} more" if rest > 0 else "")


def plural(count: int, noun: str) -> str:
    """Return "1 file", "3 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size_text(size: float) -> str:
    """Return bytes in powers of ten: ``17.1 MB``."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if round(value, 1) < _STEP:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} GB"


def round_text(text: str) -> str:
    """Leave the zero behind the point out, for the ticks of an axis: ``50 kB``."""
    return text.replace(".0 ", " ")


def difference_text(value: float | None) -> str:
    """Return a difference with two digits, ``0`` when there is none."""
    return UNKNOWN if value is None else "0" if value == 0 else f"{value:.1e}"


def number_text(value: float | str) -> str:
    """Return a number with four digits; what is not finite is text already."""
    return value if isinstance(value, str) else f"{value:.4g}"


def share_text(value: float | None) -> str:
    """Return a share in per cent; only what is whole is written as 100%."""
    if value is None:
        return UNKNOWN
    text = f"{value:.1%}"
    return "<100%" if text == "100.0%" and value < 1 else text.replace("100.0%", "100%")


def accuracy_text(value: float | None) -> str:
    """Return an accuracy in per cent with two decimals."""
    return UNKNOWN if value is None else f"{value:.2%}"


def milliseconds_text(value: float | None) -> str:
    """Return milliseconds with as many digits as mean something."""
    if value is None:
        return UNKNOWN
    digits = 2 if value < 1 else 1 if value < _TENS else 0
    return f"{value:,.{digits}f} ms"


def seconds_text(value: float | None) -> str:
    """Return seconds; below a tenth of one in milliseconds."""
    if value is None:
        return UNKNOWN
    if value < _SMALL_SECONDS:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < _TENS else f"{value:.1f} s"


def ratio_text(value: float) -> str:
    """Return a factor: ``1.40`` times."""
    return (f"{value:.2f}" if value < _TENS else f"{value:.0f}") + _TIMES


def sentence(why: str, remedy: str) -> str:
    """Return a reason and what to do about it as one sentence; either may be empty."""
    return "; ".join(part for part in (why.rstrip("."), remedy) if part)


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


def address_text(address: str) -> str:
    """Return an address without userinfo and fragment, and with ``?...`` for its query; other texts stay."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    host, path, query = _open_parts(rest)
    return f"{scheme}://{host}{path}{_CUT if len(query) > 1 else query}"


def scrubbed(text: str) -> str:
    """Return text with every address in it as ``address_text`` returns it."""
    return _ADDRESS.sub(_scrubbed, text) if "://" in text else text


def identified(text: str) -> str:
    """Return text with every address in it as ``identity`` returns it."""
    return _ADDRESS.sub(lambda found: identity(found[0]), text) if "://" in text else text


def masked(text: str) -> str:
    """Return text as long as before, with an asterisk for each letter of the secrets of addresses in it."""
    return _ADDRESS.sub(_masked, text) if "://" in text else text


def identity(address: str) -> str:
    """Return what tells one address from others in records: itself, or as shown with a digest of its query."""
    plain = address_text(address)
    query = _open_parts(address.partition("://")[2])[2]
    if query in ("", "?", _CUT):
        return plain
    import hashlib  # noqa: PLC0415  for queries alone

    return f"{plain} sha256:{hashlib.sha256((plain + query).encode(errors='surrogatepass')).hexdigest()}"


def _open_parts(rest: str) -> tuple[str, str, str]:
    """Return host, path and query of what stands behind ``://``, the first two without what may be a secret."""
    found = _PARTS.match(rest)
    if found is None:
        raise AssertionError(rest)  # it matches every text
    host = found["authority"].rpartition("@")[2]
    if len(host) > _LONGEST_HOST or _ODD_PORT.search(host):  # no port, but a password with a slash in it
        return _HIDDEN, "", ""
    return host, found["path"], found["query"] or ""


def _scrubbed(found: re.Match[str]) -> str:
    rest, tail = _without_tail(found["rest"])
    return address_text(found["head"] + rest) + tail


def _masked(found: re.Match[str]) -> str:
    rest, tail = _without_tail(found["rest"])
    host, path, query = _open_parts(rest)
    kept = f"{host}{path}{query[:1]}" if host != _HIDDEN else ""
    at = rest.find(kept)
    return found["head"] + "*" * at + kept + "*" * (len(rest) - at - len(kept)) + tail


def _without_tail(rest: str) -> tuple[str, str]:
    """Return the address that stands in a sentence, and the punctuation behind it."""
    at = len(rest.rstrip(_TRAILING))
    return rest[:at], rest[at:]
