"""One worker, one set of runtimes, small Keras models and their conversions by the reference, for all tests here."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.bridge.warm_worker import Worker
from workflow.recipe.recipes import Verification
from workflow.verification.levels import Case, verify
from workflow.verification.requests import Subject
from workflow.verification.warm_places import Runtimes, WarmPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.catalogue.formats import Format
    from workflow.verification.evidence import Evidence, PlaceReport

LIMIT = 300.0
ENDINGS: dict[Format, str] = {"keras": ".h5", "keras_keras": ".keras"}


@dataclass
class Lab:
    """Converts and verifies; conversions are made once."""

    worker: Worker
    places: WarmPlaces
    folder: Path
    made: dict[tuple[str, Format], Subject] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def source(self, name: str) -> Subject:
        """Return a Keras model of ``make_models.py``."""
        return Subject(self.folder / "models" / f"{name}.h5", "keras")

    def converted(self, source: Subject, target: Format, *flags: str) -> Subject:
        """Return what the reference converter makes of a model."""
        key = (f"{source.path}{flags}", target)
        if key not in self.made:
            output = self.folder / f"made_{len(self.made)}{ENDINGS.get(target, '')}"
            argv = [
                f"--input_format={source.format}",
                f"--output_format={target}",
                *flags,
                str(source.path),
                str(output),
            ]
            self.worker.run("convert", {"argv": argv}, log=self.folder / "convert.log", timeout=LIMIT)
            self.made[key] = Subject(output, target)
        return self.made[key]

    def graph(self, source: Subject) -> Subject:
        """Return the graph model that our own code makes of a model."""
        key: tuple[str, Format] = (f"graph of {source.path}", "tfjs_graph_model")
        if key not in self.made:
            output = self.folder / f"made_{len(self.made)}"
            given = {"path": str(source.path), "format": source.format}
            job = {"source": given, "output": str(output), "options": {}}
            self.worker.run("graph", job, log=self.folder / "convert.log", timeout=LIMIT)
            self.made[key] = Subject(output, "tfjs_graph_model")
        return self.made[key]

    def case(self, result: Subject, source: Subject | None, **settings: Any) -> Case:
        """Return a case with a folder of its own."""
        chosen = Verification(**{"runtimes": ("python", "node"), "repeat": 0, **settings})
        return Case(result, source, chosen, self.folder / f"case_{next(self.numbers)}", timeout=120)

    def verify(self, result: Subject, source: Subject | None, **settings: Any) -> Evidence:
        """Go through the four levels."""
        case = self.case(result, source, **settings)
        case.folder.mkdir()
        return verify(case, self.places)


@pytest.fixture(scope="session")
def lab(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("verification")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    pool = Runtimes()
    absent = pool.get("node").missing()
    if absent is not None:
        pytest.skip(f"{absent.why}: {absent.remedy}")
    with Worker(converter_python, environ=environ, log=folder / "worker.log") as worker:
        (folder / "models").mkdir()
        script = Path(__file__).with_name("make_models.py")
        job = {"script": str(script), "arguments": [str(folder / "models")], "cwd": str(folder)}
        worker.run("script", job, log=folder / "models.log", timeout=LIMIT)
        try:
            yield Lab(worker, WarmPlaces(lambda: worker, pool, log=folder / "jobs.log", timeout=LIMIT), folder)
        finally:
            pool.close()


def place(report: Evidence, name: str) -> PlaceReport:
    """Return the run in one place, "node wasm"; skips where that is not there."""
    for run in report.runs:
        if name == str(run.place):
            if run.status == "not run":
                pytest.skip(f"not run in {name}: {run.why}: {run.remedy}")
            return run
    raise AssertionError(f"{name} is not among {[str(run.place) for run in report.runs]}")
