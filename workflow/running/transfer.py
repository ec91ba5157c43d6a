"""One attempt to transfer a file, over http or from a disk: resumes what is there, and says how it failed.

urllib is enough here, chosen on purpose: httpx and requests leave to their user what is hard (resuming after a
restart, a cache keyed by content, bounded retries), and pooch does not resume. Each would be one more dependency.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow import __version__
from workflow.errors import DownloadError
from workflow.running.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BLOCK = 1 << 18
_TIMEOUT = 30.0  # seconds without a single byte
_PARTIAL, _RANGE_REFUSED = 206, 416
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = range(300, 400)
_FINAL = (FileNotFoundError, IsADirectoryError, PermissionError, str)  # urllib puts texts where reasons go, too
_LOST = (http.client.HTTPException, ConnectionError, TimeoutError, urllib.error.URLError)
_SCHEMES = ("http", "https", "file")
_HINT = "Check the address in the recipe, and that this machine may fetch it (a proxy is read from HTTPS_PROXY)."


class InterruptedTransferError(Exception):
    """The transfer broke off, or the server was not ready: another attempt may do better."""


@dataclass(frozen=True)
class Transfer:
    """What to fetch and where its bytes gather; ``on_progress`` receives bytes done and in all (0: unknown)."""

    url: str
    part: Path
    on_progress: Callable[[int, int], None]

    def attempt(self) -> None:
        """Complete ``part``; raises ``InterruptedTransferError`` or, when a retry is useless, ``DownloadError``."""
        if urllib.parse.urlsplit(self.url).scheme not in _SCHEMES:
            raise self.failed(f"only {', '.join(_SCHEMES)} addresses can be fetched")
        have = self.part.stat().st_size if self.part.exists() else 0
        try:
            with _open(self.url, have) as response:
                self._receive(response, have)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except _LOST as error:
            raise self._lost(error) from error

    def _receive(self, response: Any, have: int) -> None:
        """Append the body to the part file, or begin anew when the server sent everything again."""
        resumed = have > 0 and getattr(response, "status", None) == _PARTIAL
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length and length.isdigit() else 0
        with storing(self.part):
            sink = self.part.open("ab" if resumed else "wb")
        with sink:
            while block := response.read1(_BLOCK):
                with storing(self.part):
                    sink.write(block)
                    sink.flush()
                done += len(block)
                self.on_progress(done, total)
        if total and done < total:
            raise InterruptedTransferError(f"the connection closed after {done:,} of {total:,} bytes")

    def _refused(self, error: urllib.error.HTTPError) -> Exception:
        error.close()
        if error.code == _RANGE_REFUSED:  # the part is as long as the file, or longer: it holds other bytes
            self.part.unlink(missing_ok=True)
            return InterruptedTransferError("the server could not resume the transfer")
        if error.code in _REDIRECTS:
            return self.failed("it redirects in a circle, or too often")
        answer = f"the server answered {error.code} {error.reason}"
        return InterruptedTransferError(answer) if error.code in _RETRIED else self.failed(answer)

    def _lost(self, error: Exception) -> Exception:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            return self.failed(f"its certificate cannot be trusted ({reason.verify_message})")
        if isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN:
            return self.failed("there is no such host, or this machine is offline")
        if isinstance(reason, _FINAL):
            return self.failed(str(reason))
        return InterruptedTransferError(str(reason) or type(reason).__name__)

    def failed(self, reason: str, *, hint: str = _HINT) -> DownloadError:
        """Return the error that says why the file cannot be had."""
        return DownloadError(f"cannot fetch {without_password(self.url)}: {reason}", hint=hint)


def without_password(url: str) -> str:
    """Return a URL as it may be shown and recorded."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit(parts._replace(netloc=host))


def _open(url: str, have: int) -> Any:
    """Return the response, from byte ``have`` on if the server will; proxies come from the process environment."""
    headers = {"User-Agent": f"tfjs-workflow/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  attempt() has looked at the scheme
    return urllib.request.build_opener().open(request, timeout=_TIMEOUT)
