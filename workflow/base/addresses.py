"""Addresses as they may be shown and kept: host and path stay, whatever may be a secret goes.

Userinfo holds passwords, and queries and fragments hold tokens and signatures (``?X-Amz-Signature=``, ``?sig=``).
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<rest>(?:[^\s/@?#]*@)*[^\s\"'<>`|^{}\\]+)")
_PARTS = re.compile(r"(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?", re.DOTALL)
_ODD_PORT = re.compile(r"(?<!\[):(?!\d*\Z)(?![^\[]*\])")
_LONGEST_HOST = 260
_TRAILING = ".,:;!)]*…"
_CUT = "?..."
_HIDDEN = "..."


def shown(address: str) -> str:
    """Return an address without userinfo and fragment, and with ``?...`` for its query; other texts stay."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    host, path, query = _open_parts(rest)
    return f"{scheme}://{host}{path}{_CUT if len(query) > 1 else query}"


def scrubbed(text: str) -> str:
    """Return text with every address in it as ``shown`` returns it."""
    return _ADDRESS.sub(_scrubbed, text) if "://" in text else text


def identified(text: str) -> str:
    """Return text with every address in it as ``identity`` returns it."""
    return _ADDRESS.sub(lambda found: identity(found[0]), text) if "://" in text else text


def masked(text: str) -> str:
    """Return text as long as before, with an asterisk for each letter of the secrets of addresses in it."""
    return _ADDRESS.sub(_masked, text) if "://" in text else text


def identity(address: str) -> str:
    """Return what tells one address from others in records: itself, or as shown with a digest of its query."""
    plain = shown(address)
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
    return shown(found["head"] + rest) + tail


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
