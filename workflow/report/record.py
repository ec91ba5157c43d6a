"""The run record that reports are made from: typed, versioned, with a JSON Schema.

It is built by ``workflow.report.reading`` from what a run wrote down, and embedded in report.html.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["passed", "failed", "not run"]
LevelStatus = Literal["passed", "failed", "not run", "not applicable", "no proof"]
Verdict = Literal["passed", "failed", "incomplete"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(_Part):
    """Milliseconds of loading and predicting; ``count`` predictions make the median, ``spread_ms`` is their spread."""

    load_ms: float | None = None
    first_ms: float | None = None
    median_ms: float | None = None
    spread_ms: float | None = None
    count: int | None = None


class Histogram(_Part):
    """Absolute differences by decade: ``counts`` between ``edges``, and how many are zero or not finite."""

    edges: list[float]
    counts: list[int]
    zero: int = 0
    not_finite: int = 0


class WorstElement(_Part):
    """One element that differs much; numbers that JSON does not have are text (``nan``, ``inf``)."""

    index: list[int]
    expected: float | str
    actual: float | str
    difference: float | str


class OutputDifference(_Part):
    """How far one output of the result is from the source's; ``bound`` is what is allowed for ``max_abs``."""

    name: str
    max_abs: float | None = None
    mean_abs: float | None = None
    p99: float | None = None
    relative: float | None = Field(default=None, description="max_abs in units of the reference's range")
    cosine: float | None = None
    top1: float | None = None
    top5: float | None = None
    finite: bool = True
    bound: float | None = None
    spread: float | None = Field(default=None, description="how much the reference varies between inputs")
    histogram: Histogram | None = None
    worst: list[WorstElement] = []


class Accuracy(_Part):
    """Share of labelled samples answered right, by the source and by the result."""

    source: float
    result: float


class PlaceRun(_Part):
    """The result run in one place: ``python``, ``node`` or ``browser``, on one backend."""

    runtime: str
    backend: str | None = None
    status: Status
    why: str = ""
    remedy: str = ""
    outputs: list[OutputDifference] = []
    accuracy: Accuracy | None = None
    timing: Timing = Timing()
    samples: int | None = None
    load_average: float | None = None
    versions: dict[str, str] = {}
    notes: list[str] = []

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


class Level(_Part):
    """One level of verification: ``structure``, ``weights``, ``contract`` or ``outputs``.

    ``findings`` are what is wrong, ``remarks`` what is worth saying; ``no proof``: the reference proves nothing.
    """

    name: str
    status: LevelStatus
    findings: list[str] = []
    remarks: list[str] = []
    seconds: float | None = None


class Attribution(_Part):
    """Where the largest difference comes from: the weights as they were stored, or the place that runs them."""

    quantization: float
    runtime: float
    place: str


class Failure(_Part):
    """What the user was told."""

    message: str
    hint: str = ""
    details: str = ""
    log: str = ""
    exit_code: int = 1


class ArtifactSizes(_Part):
    """Bytes of an artifact, raw and as a server sends them, and its number of files."""

    files: int
    raw: int
    gzip: int
    brotli: int


class StepRecord(_Part):
    """One step of the run with everything that is known of its result."""

    step: str
    kind: str
    output: str
    format: str = ""
    status: str
    verdict: Verdict
    seconds: float
    reasons: list[str] = []
    command: str = ""
    engine: str = ""
    quantized: bool = False
    degraded: str = ""
    bytes: int = 0
    warnings: list[str] = []
    levels: list[Level] = []
    runs: list[PlaceRun] = []
    attribution: Attribution | None = None
    sizes: ArtifactSizes | None = None
    failure: Failure | None = None


class LoadMeasurement(_Part):
    """Loading an artifact over a simulated link; ``seconds`` null: not measured."""

    artifact: str
    layout: str
    link: str
    requests: int
    bytes: int
    seconds: float | None


class Answer(_Part):
    """What this run says about one of the tutorial's claims."""

    claim: str
    verdict: str
    evidence: str


class Host(_Part):
    """The machine."""

    system: str
    processors: int
    python: str
    load_average: float | None = None


class RunRecord(_Part):
    """One run of a recipe, verified and measured.

    ``version`` rises when a field changes its meaning or goes away.
    """

    version: Literal[1] = 1
    recipe: str
    path: str
    started: str
    seconds: float
    tool: str
    command: str
    verdict: Verdict
    summary: str
    host: Host
    environment: dict[str, Any]
    versions: dict[str, str]
    steps: list[StepRecord]
    loads: list[LoadMeasurement] = []
    answers: list[Answer] = []

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


SCHEMA = Path(__file__).with_name("schema.json")
"""Where the committed JSON Schema is; ``scripts/write_schema.py`` writes it."""


def schema_text() -> str:
    """Return the JSON Schema of the record."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunRecord.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
