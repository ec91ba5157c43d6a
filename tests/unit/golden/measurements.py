"""What is measured of artifacts: their files and sizes, how they are cut, the simulated links, and what is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.unit.golden.places import failing, made_of
from workflow.verification.measures import artifact_sizes, links, measured, sweep
from workflow.verification.measures.artifact_sizes import Payload, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE = "measurements.json"


def all_measurements(folder: Path) -> dict[str, Any]:
    """Return what is measured and kept, as plain values; the folder is called FOLDER."""
    return made_of(_PARTS, folder)


def _payloads(folder: Path) -> Any:
    whole = (Payload(10, ()), Payload(10, (700, 300)), Payload(10, (1_000_000,) * 5), Payload(0, (0,)))
    found: dict[str, Any] = {
        str((one.first, *one.rest[:2])): [
            one.requests,
            one.bytes,
            *(one.cut(n).rest for n in (None, 1, 300, 1000, 1001)),
        ]
        for one in whole[:2]
    }
    found["cases"] = {
        f"{number} {cut}": [
            [case.artifact, case.layout, len(case.payload.rest)] for case in sweep.cases({"web": one}, cut=cut)
        ]
        for number, one in enumerate(whole)
        for cut in (None, "web", "other")
    }
    small = Payload(10, (100,))
    known = {(links.LINKS[0], small): 0.5}
    ran = sweep.Sweep(known, measure=lambda payload, link: payload.bytes / link.bytes_per_second * 1e3)
    found["sweep"] = [vars(one) for one in ran.run(sweep.cases({"web": small}, cut="web"))]
    for name in ("gone", "empty"):
        found[name] = failing(artifact_sizes.artifact_files, folder / name)
    (folder / "saved" / "variables").mkdir(parents=True)
    for file in ("saved_model.pb", "variables/v.data"):
        (folder / "saved" / file).write_bytes(b"12345" * 40)
    found["files"] = artifact_sizes.artifact_files(folder / "saved")
    found["payload"] = artifact_sizes.payload(folder / "saved").rest
    found["sizes"] = vars(artifact_sizes.measure_sizes(folder / "saved"))
    return found


class _Watch:
    """A clock that moves when somebody sleeps; ``slept`` is how long each time."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, list[float]()

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def _links(_folder: Path) -> Any:
    extra = (links.Link("both", 8, 100, per_connection_megabits=4, loss=0.01), links.Link("none lost", 8, 0))
    sizes = (Payload(100, ()), Payload(100, (100,)), Payload(1000, (400_000,) * 10), Payload(1000, (5 * 10**7,)))
    found: dict[str, Any] = {}
    for link in (*links.LINKS, *extra):
        rates = [link.bytes_per_second, link.round_trip, link.connection_rate if link.round_trip else 0.0]
        found[link.name] = [*rates, *(links._scale(size, link) for size in sizes if link.round_trip)]
    for scale in (1.0, 4.0):
        with mock.patch.object(links, "time", watch := _Watch()):
            shaper = links.Shaper(extra[0], scale=scale)
            first = shaper.connection()
            counts = []
            for _ in range(2):
                first.await_request()
                counts += [first.await_bytes(wanted) for wanted in (10_000, 10_000, 10_000, 32_768, 5)]
            second = shaper.connection()
            second.await_request()
            counts.append(second.await_bytes(20_000))
            watch.now += 10.0
            counts.append(second.await_bytes(20_000))
        found[f"shaped {scale:g}"] = [counts, watch.slept, watch.now]
    return found


def _memory(folder: Path) -> Any:
    path = folder / "deep" / "er" / "measures.json"
    memory, payload = measured.Memory(path), Payload(10, (5, 5, 3, 5))
    memory.keep_sizes("a", Sizes(1, 2, 3, 4))
    memory.keep_seconds(links.LINKS[4], payload, seconds=1.5)
    memory.save()
    found: dict[str, Any] = {"text": path.read_text().splitlines()}
    again = measured.Memory(path)
    found["kept"] = [again.sizes("a"), again.sizes("b"), again.seconds(links.LINKS[4], payload)]
    found["not kept"] = [again.seconds(links.LINKS[0], payload), again.seconds(links.LINKS[4], Payload(10, (5, 5)))]
    whole = json.loads(path.read_text())
    for value in ([1, 2, 3, 4], {"files": 1}, {"files": 1, "raw": 2, "gzip": 3, "brotli": -1}, None, 1, 1.5, "1"):
        values = dict.fromkeys(whole["values"], value)
        path.write_text(json.dumps({**whole, "values": values}))
        damaged = measured.Memory(path)
        found[f"damaged {value}"] = [damaged.sizes("a"), damaged.seconds(links.LINKS[4], payload)]
    other: list[dict[str, Any]] = [{"method": 1}, {"values": []}, {"values": 3}]
    for changes in other:
        path.write_text(json.dumps({**whole, **changes}))
        found[str(changes)] = measured.Memory(path)._values
    measured.Memory(None).save()
    return found


_PARTS: Mapping[str, Callable[[Path], Any]] = {"payloads": _payloads, "links": _links, "memory": _memory}
