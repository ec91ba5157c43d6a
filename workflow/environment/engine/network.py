"""Opening package servers: as everything is opened, with what can go wrong in words."""

from __future__ import annotations

import http.client
import urllib.error
from typing import Any

from workflow.base import addresses
from workflow.base.download.opening import USER_AGENT, NotOpenedError, opened

__all__ = ["NETWORK_ERRORS", "USER_AGENT", "Web", "reason", "shown"]

# what urllib, http.client and the socket below them raise when the other side is at fault
NETWORK_ERRORS = (OSError, http.client.HTTPException)
_LONGEST = 120


class Web:
    """Opens http, https and file URLs. Connections and silences end after the given seconds."""

    def open(self, url: str, *, timeout: float, headers: dict[str, str] | None = None, method: str = "GET") -> Any:
        """Return the response; raises one of NETWORK_ERRORS, ``urllib.error.HTTPError`` for a refusal."""
        return opened(url, timeout=timeout, headers=headers, method=method)


def shown(url: str) -> str:
    """Return the URL as it may be printed: without a password or a token."""
    return addresses.shown(url)


def reason(error: BaseException) -> str:
    """Say in a few words why a URL could not be read."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {str(error.reason)[:_LONGEST]}".strip()
    if isinstance(error, NotOpenedError):
        return error.reason
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return addresses.scrubbed(str(cause))[:_LONGEST] or type(cause).__name__
