"""Opening URLs: proxies and certificates of the environment, our name sent, passwords out of messages."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from workflow import __version__

# some mirrors answer 403 to requests that do not say who sends them
USER_AGENT = f"tfjs-workflow/{__version__}"
TRANSIENT_CODES = frozenset({408, 425, 429, 500, 502, 503, 504})
# what urllib, http.client and the socket below them raise when the other side is at fault
NETWORK_ERRORS = (OSError, http.client.HTTPException)

# where systems keep their certificates, for Pythons that were built looking elsewhere
_BUNDLES = (
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


class Web:
    """Opens http, https and file URLs. Connections and silences end after the given seconds."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_tls_context()))

    def open(self, url: str, *, timeout: float, headers: dict[str, str] | None = None, method: str = "GET") -> Any:
        """Return the response; raises one of NETWORK_ERRORS, ``urllib.error.HTTPError`` for a refusal."""
        bare, credentials = _without_credentials(url)
        sent = {"User-Agent": USER_AGENT, **(headers or {})}
        request = urllib.request.Request(bare, headers=sent, method=method)  # noqa: S310  the user's own URL
        if credentials:
            token = base64.b64encode(credentials.encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")
        return self._opener.open(request, timeout=timeout)


def shown(url: str) -> str:
    """Return the URL as it may be printed: without a password."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"***@{host}")) if at else url


def reason(error: BaseException) -> str:
    """Say in a few words why a URL could not be read."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}".strip()
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__


def _without_credentials(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    credentials, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), unquote(credentials)


def _tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Python 3.13 began to refuse the certificates of many company proxies; every package is hashed anyway
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not (_chosen_certificates() or context.cert_store_stats()["x509_ca"] or _default_folder_filled()):
        bundle = next((path for path in _BUNDLES if Path(path).is_file()), None)
        if bundle is not None:
            context.load_verify_locations(bundle)
    return context


def _chosen_certificates() -> bool:
    return bool(os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"))


def _default_folder_filled() -> bool:
    folder: str | None = ssl.get_default_verify_paths().capath  # typeshed has it without the None
    return bool(folder) and any(Path(str(folder)).iterdir())
