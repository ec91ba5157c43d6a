"""Opening addresses: proxies and certificates of the environment, passwords sent to their host alone, few redirects.

urllib is enough here, chosen on purpose: httpx and requests leave to their user what is hard (resuming after a
restart, a cache keyed by content, bounded retries), and pooch does not resume. Each would be one more dependency.
``~/.netrc`` is not read: what is sent stands in the address.
"""

from __future__ import annotations

import base64
import functools
import http.client
import os
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from workflow import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.base.download.stalls import TransferWatch

# some mirrors answer 403 to requests that do not say who sends them
USER_AGENT = f"tfjs-workflow/{__version__}"
NETWORK_ERRORS = (OSError, http.client.HTTPException)
"""What urllib, http.client and the socket below them raise; URLError, TimeoutError and ssl's are OSErrors, too."""
SCHEMES = ("http", "https", "file")
_REDIRECTED = ("http", "https")
_MOST_REDIRECTS = 10
_NOT_CARRIED = ("host", "proxy-authorization", "content-length", "content-type")
_CREATE = "_create_connection"
"""Where http.client has what makes its sockets, before TLS and proxies have their say."""

_AUTHORIZATION = "Authorization"
_SAFE = "/%:@!$&'()*+,;=~-._?[]"

# where systems keep their certificates, for Pythons that were built looking elsewhere
_BUNDLES = (
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


class NotOpenedError(urllib.error.URLError):
    """An address, or one that a server redirects to, which is not asked; the reason is a sentence without secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: str = reason


def opened(
    url: str,
    *,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    watch: TransferWatch | None = None,
) -> Any:
    """Return the response of an http, https or file address, whose body is as the server sent it.

    Raises ``NotOpenedError`` for what is never asked, ``urllib.error.HTTPError`` for a refusal, and what urllib,
    http.client and the socket below them raise when the other side is at fault.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise NotOpenedError(f"only {', '.join(SCHEMES)} addresses can be fetched")
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})}
    try:
        bare, secret = _without_credentials(url)
        request = urllib.request.Request(bare, headers=sent, method=method)  # noqa: S310  looked at above
        if secret:
            request.add_unredirected_header(_AUTHORIZATION, secret)
        return _opener(scheme, watch).open(request, timeout=timeout)
    except (http.client.InvalidURL, ValueError) as error:  # their words hold parts of the address
        raise NotOpenedError("it is no address that can be asked: its host, port or letters are impossible") from error


def _without_credentials(url: str) -> tuple[str, str]:
    """Return the address without userinfo and fragment, letters beyond ASCII escaped, and the header for userinfo."""
    parts = urlsplit(url)
    credentials, at, host = parts.netloc.rpartition("@")
    path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
    bare = urlunsplit((parts.scheme, host, path, query, ""))
    if not at:
        return bare, ""
    user, _, password = credentials.partition(":")
    token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return bare, f"Basic {token}"


def _opener(scheme: str, watch: TransferWatch | None) -> urllib.request.OpenerDirector:
    """Return what opens one address; a file only where the user named one, for a redirect never leads there."""
    opener = urllib.request.OpenerDirector()
    handlers: list[Any] = [
        urllib.request.ProxyHandler(),
        _Http(watch),
        _Https(watch),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ]
    if scheme == "file":
        handlers = [_RegularFiles(), urllib.request.UnknownHandler()]
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class _RegularFiles(urllib.request.FileHandler):
    """Opens files, and nothing that has no end."""

    def file_open(self, req: urllib.request.Request) -> Any:
        parts = urlsplit(req.full_url)
        if parts.netloc not in ("", "localhost"):
            raise NotOpenedError("a file: address names a file of this machine, as file:///path/to/file")
        path = Path(urllib.request.url2pathname(parts.path))
        if path.exists() and not path.is_file():
            raise NotOpenedError("it is no file")
        return self.open_local_file(req)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: TransferWatch | None) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_watched(http.client.HTTPConnection, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: TransferWatch | None) -> None:
        super().__init__(context=tls_context())
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_watched(http.client.HTTPSConnection, self._watch), req, context=tls_context())


def _watched(kind: type[http.client.HTTPConnection], watch: TransferWatch | None) -> Any:
    """Return a maker of connections whose sockets the watch knows from their first moment on."""

    class Connection(kind):  # type: ignore[valid-type,misc]
        def connect(self) -> None:
            create: Callable[..., Any] = getattr(self, _CREATE)

            def attached(*args: Any, **more: Any) -> Any:
                made = create(*args, **more)
                if watch is not None:
                    watch.attach(made)
                return made

            setattr(self, _CREATE, attached)
            super().connect()

    return Connection


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https alone; a password goes to no other host, and never from https to http."""

    max_redirections = _MOST_REDIRECTS

    def http_error_302(self, *asked: Any) -> Any:
        req, fp, _, _, headers = asked
        target = headers.get("location") or headers.get("uri") or ""
        try:
            scheme = urlsplit(urljoin(req.full_url, target)).scheme.lower()
        except ValueError:
            scheme = ""
        if scheme not in _REDIRECTED:
            fp.close()
            word = scheme if re.fullmatch(r"[a-z][a-z0-9+.-]{0,15}", scheme) else "something else"
            raise NotOpenedError(f"it redirects to {word}, and only http and https are followed")
        return super().http_error_302(*asked)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302  # type: ignore[assignment]

    def redirect_request(self, *asked: Any) -> Any:
        req, *_, newurl = asked
        bare, _ = _without_credentials(newurl.replace(" ", "%20"))  # a server has no password of ours to give
        secret = req.unredirected_hdrs.get(_AUTHORIZATION)
        kept = {name: value for name, value in req.headers.items() if name.lower() not in _NOT_CARRIED}
        onward = urllib.request.Request(bare, headers=kept, method=req.get_method())  # noqa: S310  looked at above
        if secret and _origin(bare) == _origin(req.full_url):
            onward.add_unredirected_header(_AUTHORIZATION, secret)
        elif secret and bare.startswith("http:") and req.full_url.startswith("https:"):
            raise NotOpenedError("it redirects from https to http, which is not followed where a password was sent")
        return onward


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return how servers are trusted: as the environment says, else by the system's certificates."""
    context = ssl.create_default_context()
    # Python 3.13 began to refuse the certificates of many company proxies; every file is hashed anyway
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
