"""Jobs as the runner asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.verification import exchange, figures
from workflow.worker import pairing
from workflow.worker.pairing import PairedPort

if TYPE_CHECKING:
    from workflow.bridge.warm_worker import Worker
    from workflow.verification.evidence import OutputFigures

LIMIT = 300.0


def convert(
    worker: Worker, formats: tuple[str, str], *, source: Path, output: Path, flags: tuple[str, ...] = ()
) -> Any:
    named = [f"--input_format={formats[0]}", f"--output_format={formats[1]}"]
    job = {"argv": [*named, *flags, str(source), str(output)]}
    return worker.run("convert", job, log=output.parent / f"{output.name}.log", timeout=LIMIT)


def reference(worker: Worker, model: dict[str, Any], folder: Path, **more: Any) -> dict[str, Any]:
    """Run a source on four drawn samples, or on what ``more`` names."""
    job = {"model": model, "folder": str(folder), "inputs": None, "labels": None, "batches": [4], "seed": 0, **more}
    return worker.run("source", job, log=folder.with_suffix(".log"), timeout=LIMIT)


def side(form: str, path: Path, **options: Any) -> dict[str, Any]:
    return {"format": form, "path": str(path), **options}


def compare(worker: Worker, found: dict[str, Any], *, result: dict[str, Any]) -> list[OutputFigures]:
    """Return the figures of every output of a result against its source's, which ``reference`` has found."""
    assert "not_run" not in found, found
    given = found["feeds"]
    feeds = [{"inputs": feed["inputs"], "outputs": f"{result['path']} feed {n}"} for n, feed in enumerate(given)]
    told = worker.run("predict", {"model": result, "feeds": feeds}, log=Path(f"{result['path']}.log"), timeout=LIMIT)
    assert "not_run" not in told, told
    theirs, ours = ([exchange.read(Path(feed["outputs"])) for feed in side] for side in (given, feeds))
    ports = [[PairedPort(one["name"], tuple(one["shape"])) for one in side["outputs"]] for side in (found, told)]
    return [
        figures.measure(
            figures.joined([one[ports[0][pair.source].name] for one in theirs]),
            figures.joined([one[ports[1][pair.result].name] for one in ours]),
        )
        for pair in pairing.pair("outputs", ports[0], result=ports[1])
    ]
