"""Where a package can be had: mirrors first, then the lock's own channel; and which of those answer."""

from __future__ import annotations

import threading
import time
import urllib.error
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.environment.engine.network import NETWORK_ERRORS, reason, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.base.events import Listener
    from workflow.environment.conda_lock import LockedPackage
    from workflow.environment.engine.network import Web

MIRRORED_CHANNEL = "conda-forge"
_CONNECT_SECONDS = 5.0
_DECISION_SECONDS = 8.0


@dataclass(frozen=True)
class Source:
    """One URL of a package, and the base URL of the server or folder that it belongs to."""

    base: str
    url: str

    @property
    def local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.startswith("file:")


def sources(package: LockedPackage, mirrors: Iterable[str]) -> tuple[Source, ...]:
    """Return the places of a package in the order to try them. Mirrors hold the channel conda-forge."""
    own = Source(package.channel, package.url)
    if not package.channel.endswith(f"/{MIRRORED_CHANNEL}"):
        return (own,)
    bases = dict.fromkeys(mirror.rstrip("/") for mirror in mirrors)
    return (*(Source(base, f"{base}/{package.place}") for base in bases if base != own.base), own)


class Reachability:
    """Knows which servers answer. All are asked at once, and 8 seconds are enough for all answers together.

    A server that answers with an error code is reachable: what it has is another question.
    """

    def __init__(self, web: Web, samples: Mapping[str, Source], listener: Listener) -> None:
        self._web = web
        self._listener = listener
        self._deadline = time.monotonic() + _DECISION_SECONDS
        self._faults: dict[str, str] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._answers: dict[str, Future[str | None]] = {}
        for base, source in samples.items():
            answer: Future[str | None] = Future()
            self._answers[base] = answer
            if source.local:
                answer.set_result(None)
            else:
                # a daemon, as looking up a name can hang longer than anybody wants to wait
                threading.Thread(target=self._ask, args=(source.url, answer), daemon=True).start()

    def fault(self, source: Source) -> str | None:
        """Return why the server of this source cannot be used, or None. Waits for its answer."""
        with self._lock:
            known = self._faults.get(source.base)
        if known is not None:
            return known
        try:
            fault = self._answers[source.base].result(timeout=max(0.0, self._deadline - time.monotonic()))
        except FutureTimeoutError:
            fault = "no answer in time"
        if fault is not None:
            self.give_up(source, fault)
        return fault

    def give_up(self, source: Source, fault: str) -> None:
        """Use this server no more, and say so."""
        with self._lock:
            self._faults.setdefault(source.base, fault)
        self.pass_over(source, f"{shown(source.base)} cannot be used: {fault}")

    def pass_over(self, source: Source, text: str, *, again: bool = False) -> None:
        """Say why another server is used in place of this one: once, or every time with ``again``."""
        with self._lock:
            news = again or source.base not in self._told
            self._told.add(source.base)
        if news and len(self._answers) > 1:  # with no other server the failure says it all
            self._listener.warn(text)

    def _ask(self, url: str, answer: Future[str | None]) -> None:
        try:
            self._web.open(url, timeout=_CONNECT_SECONDS, method="HEAD").close()
        except urllib.error.HTTPError as error:
            error.close()
            answer.set_result(None)
        except (*NETWORK_ERRORS, ValueError) as error:
            answer.set_result(reason(error))
        else:
            answer.set_result(None)
