"""The evidence of a verification: how each level ended, what was found in each place, and where differences come from.

Verifications make it, runs keep it in sidecars and records, reports and screens show it. What stands here alone knows
its keys in JSON (``check`` among the facts of a step); what older versions wrote is read, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from workflow.base.record_json import Finite, JsonRecord, MalformedError, plain
from workflow.base.records import Record
from workflow.base.wording import sentence

LevelName = Literal["structure", "weights", "contract", "outputs"]
PlaceStatus = Literal["passed", "failed", "not run"]
LevelStatus = Literal["passed", "failed", "not run", "not applicable", "no proof", "costly"]
Verdict = Literal[LevelStatus, "incomplete"]

LEVELS: tuple[LevelName, ...] = get_args(LevelName)
_STATUSES: tuple[LevelStatus, ...] = get_args(LevelStatus)
_WEAKEST: tuple[LevelStatus, ...] = ("failed", "costly", "no proof", "not run")
_UNDEFINED = ("relative", "cosine", "top1", "top5", "bound")
"""Figures that outputs of some shapes and values do not have, or quantized models."""


class Finding(Record):
    """One thing that is wrong: a sentence that names ``subject`` (tensor, output, file), the figure and its bound."""

    text: str
    subject: str = ""
    figure: float | None = None
    bound: float | None = None
    look: str = ""
    """Where to look next."""
    remedy: str = ""
    """What to do about it, where more is known than the level tells."""


class LevelReport(JsonRecord):
    """How one level ended; ``remarks`` are worth saying and no failures, ``facts`` go into the record."""

    level: LevelName
    status: LevelStatus
    findings: tuple[Finding, ...] = ()
    why: str = ""
    remarks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    table: str = ""
    """Figures by tensor, for people."""

    seconds: float = 0.0

    @classmethod
    def from_json(cls, value: Any) -> LevelReport:
        """Return a level as it was written; a status that is not known proves nothing."""
        told = _LevelJson.from_json(value)
        subjects = (*told.subjects, *[""] * len(told.findings))
        findings = tuple(Finding(text, subject) for text, subject in zip(told.findings, subjects, strict=False))
        status: LevelStatus = next((known for known in _STATUSES if known == told.status), "not run")
        return cls(told.level, status, findings, told.why, told.remarks, told.facts, seconds=told.seconds)

    def as_json(self) -> dict[str, Any]:
        """Return the level as records hold it."""
        return {
            "level": self.level,
            "status": self.status,
            "findings": [finding.text for finding in self.findings],
            "subjects": [finding.subject for finding in self.findings],
            "why": self.why,
            "remarks": list(self.remarks),
            "facts": dict(self.facts),
            "seconds": round(self.seconds, 3),
        }


class _LevelJson(JsonRecord):
    lenient = True

    level: LevelName
    status: str = ""
    findings: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    why: str = ""
    remarks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    seconds: float = 0.0


class Place(Record):
    """Where a result runs: a runtime and, in JavaScript, one of its backends."""

    runtime: str
    backend: str | None = None

    def __str__(self) -> str:
        """Return what messages call it: "python", "node wasm"."""
        return f"{self.runtime} {self.backend}" if self.backend else self.runtime


PYTHON = Place("python")


class Histogram(JsonRecord):
    """Absolute differences by decade: ``counts`` between ``edges``, and how many are zero or not finite."""

    edges: tuple[Finite, ...]
    counts: tuple[int, ...]
    zero: int = 0
    not_finite: int = 0


class WorstElement(JsonRecord):
    """One element that differs much; numbers that JSON does not have are text (``nan``, ``inf``)."""

    index: tuple[int, ...]
    expected: Finite | str
    actual: Finite | str
    difference: Finite | str


class Accuracy(JsonRecord):
    """Share of labelled samples answered right, by the source and by the result."""

    source: Finite
    result: Finite


class Timing(JsonRecord):
    """Milliseconds of loading and predicting; ``count`` predictions make the median, ``spread_ms`` is their spread."""

    load_ms: Finite | None = None
    first_ms: Finite | None = None
    median_ms: Finite | None = None
    spread_ms: Finite | None = None
    count: int | None = None


NOT_TIMED = Timing()


class Attribution(JsonRecord):
    """Where the largest difference comes from: the weights as they were stored, or the place that runs them."""

    quantization: Finite
    runtime: Finite
    place: str


class ValueRange(JsonRecord):
    """The least and the largest of an output's values, and their standard deviation."""

    min: float = 0.0
    max: float = 0.0
    std: float = 0.0


class FiniteSides(JsonRecord):
    """Whether source and result are finite everywhere."""

    source: bool = True
    result: bool = True


class OutputFigures(JsonRecord):
    """How far one output is from the source's; distances are taken where both are finite, or both the same.

    ``lost`` counts the elements that are finite in the source alone, ``spread`` is the most that any changes between
    inputs. ``bound`` is what is allowed against the source (None where what quantizing costs is measured instead),
    ``running_bound`` against what the same weights give in Python; ``in_python`` and ``beyond_python`` are how far
    those are from the source, and the place from those.
    """

    lenient = True

    name: str = ""
    result_name: str = ""
    dtype: str = ""
    shape: tuple[int, ...] = ()
    max_abs: float = 0.0
    mean_abs: float | None = None
    p99: float | None = None
    relative: float | None = None
    cosine: float | None = None
    top1: float | None = None
    top5: float | None = None
    finite: FiniteSides = FiniteSides()
    lost: int = 0
    reference: ValueRange = ValueRange()
    spread: float = 0.0
    histogram: Histogram | None = None
    worst: tuple[WorstElement, ...] = ()
    bound: float | None = None
    running_bound: float | None = None
    in_python: float | None = None
    beyond_python: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the figures as records hold them: those that text has not are absent."""
        is_text = self.dtype == "string"
        return {
            key: plain(value)
            for key, value in self.as_dict().items()
            if not (value is None and (is_text or key not in _UNDEFINED)) and not (is_text and key == "worst")
        }


class PlaceReport(JsonRecord):
    """What was found where a result ran, or why it did not; ``outputs`` is None where it answered nothing."""

    lenient = True

    runtime: str
    status: PlaceStatus
    backend: str | None = None
    seconds: float | None = None
    why: str = ""
    remedy: str = ""
    outputs: tuple[OutputFigures, ...] | None = None
    accuracy: Accuracy | None = None
    samples: int | None = None
    timings: Timing = NOT_TIMED
    facts: Mapping[str, Any] = {}
    versions: Mapping[str, Any] = {}
    load_average: float | None = None

    @property
    def place(self) -> Place:
        """Where it ran."""
        return Place(self.runtime, self.backend)

    @property
    def reason(self) -> str:
        """Why it did not run there, and how it would."""
        return sentence(self.why, self.remedy)

    def as_json(self) -> dict[str, Any]:
        """Return the place as records hold it."""
        told: dict[str, Any] = {"runtime": self.runtime, "backend": self.backend}
        told |= {} if self.seconds is None else {"seconds": self.seconds}
        told |= {"status": self.status, "why": self.why}
        if self.status == "not run":
            return told | {"remedy": self.remedy}
        if self.outputs is None:
            return told
        timings = {key: value for key, value in self.timings.as_dict().items() if value is not None}
        found = {key: plain(getattr(self, key)) for key in ("outputs", "accuracy", "samples")}
        ends = {key: plain(getattr(self, key)) for key in ("facts", "versions", "load_average")}
        return told | found | {"timings": timings} | ends


class Evidence(JsonRecord):
    """A whole verification; ``runs`` has one report per place where the result ran or was meant to run.

    ``inputs`` are the source's, ``drawn`` tells whether their values were; ``samples`` and ``versions`` are of its run.
    """

    lenient = True

    levels: tuple[LevelReport, ...] = ()
    runs: tuple[PlaceReport, ...] = ()
    attribution: Attribution | None = None
    inputs: Any = None
    drawn: bool | None = None
    samples: int | None = None
    versions: Mapping[str, Any] | None = None
    not_run: str = ""
    """Why nothing was run."""

    warnings: tuple[str, ...] | None = None
    """What is to be known of the result; None where it is only verified, and made by somebody else."""

    @classmethod
    def from_json(cls, value: Any) -> Evidence:
        """Return the evidence that a record holds, of whatever version; raises ``MalformedError``."""
        found = super().from_json(value)
        if "runs" in value or "outputs" not in value:
            return found
        return found.replaced(runs=(PlaceReport.from_json({"status": "passed", **value}),))  # before there were places

    @property
    def failed(self) -> LevelReport | None:
        """The first level that failed."""
        return next((level for level in self.levels if level.status == "failed"), None)

    @property
    def verdict(self) -> Verdict:
        """The weakest of the levels: failed, costly, no proof, not run, passed; incomplete if a place was not run."""
        statuses = [level.status for level in self.levels]
        lacking = any(run.status == "not run" for run in self.runs)
        return next((status for status in _WEAKEST if status in statuses), "incomplete" if lacking else "passed")

    @property
    def remarks(self) -> tuple[str, ...]:
        """What every level has to say that is no failure."""
        return tuple(remark for level in self.levels for remark in level.remarks)

    @property
    def absent(self) -> tuple[PlaceReport, ...]:
        """The places where the result was to run and did not."""
        return tuple(run for run in self.runs if run.status == "not run")

    @property
    def outputs(self) -> tuple[OutputFigures, ...]:
        """The figures of every output in every place."""
        return tuple(output for run in self.runs for output in run.outputs or ())

    @property
    def max_abs(self) -> float | None:
        """The largest difference of any output in any place; None where nothing was compared."""
        return max((output.max_abs for output in self.outputs), default=None)

    @property
    def top1(self) -> float | None:
        """How often the top answer is the source's, where that is least."""
        return min((output.top1 for output in self.outputs if output.top1 is not None), default=None)

    @property
    def accuracy(self) -> Accuracy | None:
        """The shares of right answers, of the place that has least."""
        shares = [run.accuracy for run in self.runs if run.outputs and run.accuracy]
        return min(shares, key=lambda share: share.result, default=None)

    def level(self, name: LevelName) -> LevelReport | None:
        """Return the report of one level, if it was reached."""
        return next((level for level in self.levels if level.level == name), None)

    def as_json(self) -> dict[str, Any]:
        """Return the evidence as a record holds it: ``verdict``, ``levels``, ``runs``, and the figures of one run."""
        told: dict[str, Any] = {
            "verdict": self.verdict,
            "levels": [level.as_json() for level in self.levels],
            "runs": [run.as_json() for run in self.runs],
        }
        for key in ("attribution", "inputs", "drawn", "samples", "versions"):
            value = getattr(self, key)
            told |= {} if value is None else {key: plain(value)}
        ran = next((run for run in self.runs if run.outputs), None)
        if ran is not None:
            told |= {"runtime": ran.runtime, "max_abs": self.max_abs, "top1": self.top1}
            told |= {"accuracy": plain(self.accuracy), "outputs": plain(ran.outputs)}
        told |= {"not_run": self.not_run} if self.not_run else {}
        return told | ({} if self.warnings is None else {"warnings": list(self.warnings)})


def evidence_of(facts: Mapping[str, Any]) -> Evidence:
    """Return the evidence among the facts of a step, empty where there is none; raises ``MalformedError``."""
    check = facts.get("check")
    if check is None:
        return Evidence()
    try:
        return Evidence.from_json(check)
    except MalformedError as fault:
        raise fault.within("check") from None
