"""The run record that reports are made from: typed, versioned, with a JSON Schema.

It is built by ``workflow.report.run_reading`` from what a run wrote down, and embedded in report.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from workflow.base.record_json import Finite, JsonRecord, json_schema
from workflow.verification.evidence import (
    Accuracy,
    Attribution,
    Histogram,
    LevelStatus,
    PlaceStatus,
    Timing,
    WorstElement,
)

StepVerdict = Literal["passed", "failed", "incomplete"]


class OutputDifference(JsonRecord):
    """How far one output of the result is from the source's; ``bound`` is what is allowed for ``max_abs``."""

    name: str
    max_abs: Finite | None = None
    mean_abs: Finite | None = None
    p99: Finite | None = None
    relative: Annotated[Finite | None, "max_abs in units of the reference's range"] = None
    cosine: Finite | None = None
    top1: Finite | None = None
    top5: Finite | None = None
    finite: bool = True
    bound: Finite | None = None
    spread: Annotated[Finite | None, "how much the reference varies between inputs"] = None
    histogram: Histogram | None = None
    worst: tuple[WorstElement, ...] = ()


class PlaceRun(JsonRecord, kw_only=True):
    """The result run in one place: ``python``, ``node`` or ``browser``, on one backend."""

    runtime: str
    backend: str | None = None
    status: PlaceStatus
    why: str = ""
    remedy: str = ""
    outputs: tuple[OutputDifference, ...] = ()
    accuracy: Accuracy | None = None
    timing: Timing = Timing()
    samples: int | None = None
    load_average: Finite | None = None
    versions: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """How the place is called in tables."""
        return f"{self.runtime} {self.backend}" if self.backend else self.runtime

    @property
    def max_abs(self) -> float | None:
        """The largest difference over all outputs."""
        return max((each.max_abs for each in self.outputs if each.max_abs is not None), default=None)

    @property
    def top1(self) -> float | None:
        """The smallest agreement over all outputs."""
        return min((each.top1 for each in self.outputs if each.top1 is not None), default=None)


class Level(JsonRecord):
    """One level of verification: ``structure``, ``weights``, ``contract`` or ``outputs``.

    ``findings`` are what is wrong, ``remarks`` what is worth saying; ``no proof``: the reference proves nothing.
    """

    name: str
    status: LevelStatus
    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: Finite | None = None


class Failure(JsonRecord):
    """What the user was told."""

    message: str
    hint: str = ""
    details: str = ""
    log: str = ""
    exit_code: int = 1


class ArtifactSizes(JsonRecord):
    """Bytes of an artifact, raw and as a server sends them, and its number of files."""

    files: int
    raw: int
    gzip: int
    brotli: int


class StepRecord(JsonRecord, kw_only=True):
    """One step of the run with everything that is known of its result."""

    step: str
    kind: str
    output: str
    format: str = ""
    status: str
    verdict: StepVerdict
    seconds: Finite
    reasons: tuple[str, ...] = ()
    command: str = ""
    engine: str = ""
    quantized: bool = False
    degraded: str = ""
    bytes: int = 0
    warnings: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    runs: tuple[PlaceRun, ...] = ()
    attribution: Attribution | None = None
    sizes: ArtifactSizes | None = None
    failure: Failure | None = None


class LoadMeasurement(JsonRecord):
    """Loading an artifact over a simulated link; ``seconds`` null: not measured."""

    artifact: str
    layout: str
    link: str
    requests: int
    bytes: int
    seconds: Finite | None


class Answer(JsonRecord):
    """What this run says about one of the tutorial's claims."""

    claim: str
    verdict: str
    evidence: str


class Host(JsonRecord):
    """The machine."""

    system: str
    processors: int
    python: str
    load_average: Finite | None = None


class RunRecord(JsonRecord, kw_only=True):
    """One run of a recipe, verified and measured.

    ``version`` rises when a field changes its meaning or goes away.
    """

    version: Literal[1] = 1
    recipe: str
    path: str
    started: str
    seconds: Finite
    tool: str
    command: str
    verdict: StepVerdict
    summary: str
    host: Host
    environment: Mapping[str, Any]
    versions: Mapping[str, str]
    steps: tuple[StepRecord, ...]
    loads: tuple[LoadMeasurement, ...] = ()
    answers: tuple[Answer, ...] = ()

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return json.dumps(self.as_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


SCHEMA = Path(__file__).with_name("schema.json")
"""Where the committed JSON Schema is; ``scripts/write_schema.py`` writes it."""


def schema_text() -> str:
    """Return the JSON Schema of the record."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema(RunRecord)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
