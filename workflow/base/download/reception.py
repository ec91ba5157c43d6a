"""One attempt to receive a file: resumes what is there if it is still the same file, and takes no more than allowed.

What the server said of the file (its ETag or date, and its length) is kept beside the part. A transfer goes on only
with an answer that continues exactly there; a file that changed meanwhile is begun anew, once.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.base.download.opening import NETWORK_ERRORS, NotOpenedError, opened
from workflow.base.download.stalls import TransferWatch
from workflow.base.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BLOCK = 1 << 18
SILENCE_SECONDS = 30.0
"""How long a connection may be without a single byte."""
_SLOW_SECONDS, _SLOW_BYTES = 60.0, 4096
_OK, _PARTIAL, _RANGE_REFUSED = 200, 206, 416
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = range(300, 400)
_LONGEST = 120  # of what a server says
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_FINAL = (FileNotFoundError, IsADirectoryError, PermissionError)


class InterruptedTransferError(Exception):
    """The transfer broke off, or the server was not ready: another attempt may do better."""


class RefusedTransferError(Exception):
    """The file cannot be had from there, and trying again is useless."""


@dataclass(frozen=True)
class Told:
    """What a server said of a file: what tells it from a later one (empty: nothing), and its length (0: unknown)."""

    validator: str = ""
    total: int = 0


@dataclass
class Reception:
    """What to receive, where its bytes gather, and how many there may be.

    ``on_bytes`` receives how many bytes came, are there, and are to come in all (0: unknown). ``is_checked`` says that
    the caller knows the file's digest, so that a part may be continued on trust.
    """

    url: str
    part: Path
    most: int
    on_bytes: Callable[[int, int, int], None]
    is_checked: bool = True
    silence: float = SILENCE_SECONDS
    changes: int = 0

    def attempt(self) -> None:
        """Complete ``part``; raises ``InterruptedTransferError`` or, when a retry is useless, ``RefusedTransferError``.

        Both have what was raised below as their cause, where something was.
        """
        with TransferWatch(least=_SLOW_BYTES, seconds=_SLOW_SECONDS) as watch:
            try:
                while not self._received(watch):
                    self._begin_anew()
            except urllib.error.HTTPError as error:
                error.close()
                raise _refusal(error) from error
            except NETWORK_ERRORS as error:
                if watch.has_cut:
                    raise InterruptedTransferError(_too_slow()) from error
                raise _loss(error) from error

    def discard(self) -> None:
        """Forget what is there of the file."""
        with storing(self.part):
            self.part.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.part.with_name(f"{self.part.name}.told")

    def _received(self, watch: TransferWatch) -> bool:
        """Return whether the answer fitted what is there, and has completed it."""
        told, have = self._known()
        headers = {"Range": f"bytes={have}-"} if have else {}
        if have and told.validator:
            headers["If-Range"] = told.validator
        try:
            response = opened(self.url, timeout=self.silence, headers=headers, watch=watch)
        except urllib.error.HTTPError as error:
            if error.code != _RANGE_REFUSED or not have:
                raise
            error.close()
            return False  # the part is as long as the file, or longer: it holds other bytes
        with contextlib.closing(response):
            start = _start(response, have, told)
            if start is None:
                return False
            now = _told(response, start)
            if have and not start and told.validator and now.validator != told.validator:
                self._note_change()
            self._bound(now.total)
            self._take(response, start, now=now, watch=watch)
        return True

    def _known(self) -> tuple[Told, int]:
        """Return what was told of the part that is there, and its length; both nothing where it cannot be continued."""
        have = self.part.stat().st_size if self.part.exists() else 0
        told = Told()
        with contextlib.suppress(OSError, ValueError, TypeError):
            value = json.loads(self._note.read_bytes())
            told = Told(str(value["validator"]), int(value["total"]))
        if have and not self.is_checked and not told.validator:
            self.discard()
            return Told(), 0
        return told, have

    def _begin_anew(self) -> None:
        self.discard()
        self._note_change()

    def _note_change(self) -> None:
        self.changes += 1
        if self.changes > 1:
            self.discard()
            raise RefusedTransferError("it changes on the server while it is fetched, or the server cannot resume")

    def _bound(self, size: int) -> None:
        if size > self.most:
            self.discard()
            raise RefusedTransferError(f"it has {size:,} bytes or more, and at most {self.most:,} are taken")

    def _take(self, response: Any, start: int, *, now: Told, watch: TransferWatch) -> None:
        done = start
        with storing(self.part):
            if not start:
                self._note.write_text(json.dumps({"validator": now.validator, "total": now.total}), encoding="utf-8")
            sink = self.part.open("ab" if start else "wb")
        with sink:
            while block := response.read1(_BLOCK):
                watch.received(len(block))
                done += len(block)
                self._bound(done)
                with storing(self.part):
                    sink.write(block)
                    sink.flush()
                self.on_bytes(len(block), done, now.total)
        if watch.has_cut:
            raise InterruptedTransferError(_too_slow())
        if now.total and done < now.total:
            raise InterruptedTransferError(f"the connection broke off after {done:,} of {now.total:,} bytes")
        if now.total and done > now.total:
            self.discard()
            raise RefusedTransferError(f"the server sent more than the {now.total:,} bytes that it spoke of")
        with storing(self.part):
            self._note.unlink(missing_ok=True)


def _start(response: Any, have: int, told: Told) -> int | None:
    """Return where in the file the answer begins; None when it does not continue what is there."""
    if getattr(response, "status", None) != _PARTIAL:
        return 0
    found = _RANGE.fullmatch((response.headers.get("Content-Range") or "").strip())
    if not have or found is None or int(found[1]) != have:
        return None
    validator = _validator(response)
    length = _length(response)
    total = 0 if found[3] == "*" else int(found[3])
    same = not (told.validator and validator) or validator == told.validator
    whole = not total or (int(found[2]) + 1 == total and (not told.total or told.total == total))
    return have if same and whole and length in (0, int(found[2]) + 1 - have) else None


def _told(response: Any, start: int) -> Told:
    length = _length(response)
    found = _RANGE.fullmatch((response.headers.get("Content-Range") or "").strip()) if start else None
    total = int(found[2]) + 1 if found else length
    return Told(_validator(response), total)


def _length(response: Any) -> int:
    text = (response.headers.get("Content-Length") or "").strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0  # noqa: PLR2004  digits of 2^60


def _validator(response: Any) -> str:
    """Return what ``If-Range`` takes: a strong ETag, else the date of the last change."""
    tag = (response.headers.get("ETag") or "").strip()
    found = tag if tag.startswith('"') else (response.headers.get("Last-Modified") or "").strip()
    return found if found.isascii() and found.isprintable() and len(found) <= 2 * _LONGEST else ""


def _refusal(error: urllib.error.HTTPError) -> Exception:
    if error.code in _REDIRECTS:
        return RefusedTransferError("it redirects in a circle, or too often")
    answer = f"the server answered {error.code} {_cut(str(error.reason))}".strip()
    return InterruptedTransferError(answer) if error.code in _RETRIED else RefusedTransferError(answer)


def _loss(error: BaseException) -> Exception:
    if isinstance(error, NotOpenedError):
        return RefusedTransferError(error.reason)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RefusedTransferError(f"its certificate cannot be trusted ({reason.verify_message})")
    if isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN:
        return RefusedTransferError("there is no such host, or this machine is offline")
    words = _cut(wording.scrubbed(str(reason))) or type(reason).__name__
    return RefusedTransferError(words) if isinstance(reason, (*_FINAL, str)) else InterruptedTransferError(words)


def _too_slow() -> str:
    return f"less than {_SLOW_BYTES:,} bytes came within {_SLOW_SECONDS:g} s"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
