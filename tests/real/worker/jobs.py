"""Jobs as the runner asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.converters.bridge import Worker

LIMIT = 300.0


def convert(
    worker: Worker, formats: tuple[str, str], *, source: Path, output: Path, flags: tuple[str, ...] = ()
) -> Any:
    named = [f"--input_format={formats[0]}", f"--output_format={formats[1]}"]
    job = {"argv": [*named, *flags, str(source), str(output)]}
    return worker.run("convert", job, log=output.parent / f"{output.name}.log", timeout=LIMIT)


def compare(worker: Worker, source: tuple[str, Path], *, result: tuple[str, Path], **more: Any) -> dict[str, Any]:
    sides = {name: {"format": side[0], "path": str(side[1])} for name, side in (("source", source), ("result", result))}
    job = {**sides, "inputs": None, "labels": None, "batch": 4, "seed": 0, **more}
    return worker.run("compare", job, log=result[1].parent / "compare.log", timeout=LIMIT)
