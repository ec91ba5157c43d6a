"""The load times of artifacts: each as it is, and one of them cut into files of several sizes, over every link."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.verification.measures.links import LINKS, Link, load_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.verification.measures.artifact_sizes import Payload

CUTS: Mapping[str, int | None] = {"1 file": None, "4 MB": 4_000_000, "1 MB": 1_000_000, "100 kB": 100_000}
"""Sizes of weight files that are tried; 4 MB is the converter's own, 100 kB the tutorial's."""

AS_MADE = "as made"
DEFAULT_BUDGET_SECONDS = 45.0

Measurement = tuple[Link, "Payload"]


@dataclass(frozen=True)
class LoadTime:
    """Loading one artifact over one link; ``seconds`` None: not measured, the time allowed was used up."""

    artifact: str
    layout: str
    link: str
    requests: int
    bytes: int
    seconds: float | None


@dataclass(frozen=True)
class LoadCase:
    """One artifact in one layout."""

    artifact: str
    layout: str
    payload: Payload


def cases(payloads: Mapping[str, Payload], *, cut: str | None) -> list[LoadCase]:
    """Return what to load: every artifact as made, and the artifact ``cut``, if it was made, in each other layout."""
    found = [LoadCase(name, AS_MADE, payload) for name, payload in payloads.items()]
    if cut is None or cut not in payloads:
        return found
    seen = set()
    for layout, size in CUTS.items():
        payload = payloads[cut].cut(size)
        if payload not in seen:
            found.append(LoadCase(cut, layout, payload))
        seen.add(payload)
    return found


class Sweep:
    """Measures cases over links within a time budget; what is known already (``known``) costs nothing."""

    def __init__(
        self,
        known: dict[Measurement, float],
        *,
        links: tuple[Link, ...] = LINKS,
        budget: float = DEFAULT_BUDGET_SECONDS,
        measure: Callable[[Payload, Link], float] | None = None,
    ) -> None:
        self.known = known
        self._links = links
        self._measure = measure or load_seconds
        self._end = time.monotonic() + budget

    def run(self, wanted: list[LoadCase]) -> Iterator[LoadTime]:
        """Yield the load times link by link; each is measured once, however many cases share it."""
        for link in self._links:
            for case in wanted:
                seconds = self._seconds(case.payload, link)
                payload = case.payload
                yield LoadTime(case.artifact, case.layout, link.name, payload.requests, payload.bytes, seconds)

    def _seconds(self, payload: Payload, link: Link) -> float | None:
        key = (link, payload)
        if key not in self.known and time.monotonic() < self._end:
            self.known[key] = round(self._measure(payload, link), 4)
        return self.known.get(key)
