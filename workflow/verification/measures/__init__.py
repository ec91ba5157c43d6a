"""What is measured of artifacts beside their numbers: sizes, and load time over simulated links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.verification.measures.artifact_sizes import Sizes
    from workflow.verification.measures.links import Link
    from workflow.verification.measures.measured import Memory
    from workflow.verification.measures.sweep import LoadTime

__all__ = ["Measures", "Wanted", "measure"]


@dataclass(frozen=True)
class Measures:
    """Sizes by artifact name, and load times of those that a browser can load."""

    sizes: Mapping[str, Sizes]
    loads: tuple[LoadTime, ...]


@dataclass(frozen=True)
class Wanted:
    """What to measure: artifacts by name, the one to ``cut`` into files of several sizes, and for how long."""

    artifacts: Mapping[str, Path]
    cut: str | None = None
    budget_seconds: float = 45.0
    with_links: bool = True


def measure(wanted: Wanted, *, memory: Path | None, listener: Listener) -> Measures:
    """Measure artifacts; ``memory`` is the file in which results are kept for the next time.

    Raises ``ModelFileError`` for an artifact that is not there.
    """
    from workflow.verification.measures.measured import Memory  # noqa: PLC0415  with the sockets it leads to

    kept = Memory(memory)
    sizes = {name: _sizes(path, kept) for name, path in wanted.artifacts.items()}
    loads = _loads(wanted, kept, listener) if wanted.with_links else ()
    kept.save()
    return Measures(sizes, loads)


def _sizes(artifact: Path, memory: Memory) -> Sizes:
    from workflow.verification.measures import artifact_sizes  # noqa: PLC0415  as above

    stats = [
        (str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in artifact_sizes.artifact_files(artifact)
    ]
    key = repr(stats)
    known = memory.sizes(key)
    if known is None:
        known = artifact_sizes.measure_sizes(artifact)
        memory.keep_sizes(key, known)
    return known


def _loads(wanted: Wanted, memory: Memory, listener: Listener) -> tuple[LoadTime, ...]:
    from workflow.verification.measures import artifact_sizes, links, sweep  # noqa: PLC0415  as above

    loadable = {name: path for name, path in wanted.artifacts.items() if artifact_sizes.is_tfjs(path)}
    payloads = {name: artifact_sizes.payload(path) for name, path in loadable.items()}
    planned = sweep.cases(payloads, cut=wanted.cut)
    known: dict[tuple[Link, artifact_sizes.Payload], float] = {}
    for link in links.LINKS:
        for case in planned:
            seconds = memory.seconds(link, case.payload)
            if seconds is not None:
                known[link, case.payload] = seconds
    if all((link, case.payload) in known for link in links.LINKS for case in planned):
        return tuple(sweep.Sweep(known).run(planned))
    listener.say(f"measuring load times over simulated links (once; at most {wanted.budget_seconds:.0f} s)")
    found = tuple(sweep.Sweep(known, budget=wanted.budget_seconds).run(planned))
    for (link, payload), seconds in known.items():
        memory.keep_seconds(link, payload, seconds=seconds)
    return found
