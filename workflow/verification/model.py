"""What the parts of verification hand to each other: requests to runtimes, their answers, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.catalogue.formats import Format

    Tensors = dict[str, NDArray[Any]]
    """Arrays by name, in order."""

LevelName = Literal["structure", "weights", "contract", "outputs"]
Status = Literal["passed", "failed", "not run", "not applicable", "no proof"]
Verdict = Literal[Status, "incomplete"]

LEVELS: tuple[LevelName, ...] = ("structure", "weights", "contract", "outputs")


class TensorSpec(Record):
    """An input or output: dtypes are named float32, int32, bool, string; None is a size that is open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class RunRequest(Record):
    """Run a model once on an exchange set; ``repeat`` more times to measure. ``outputs`` is written."""

    model: Path
    format: Format
    inputs: Path
    outputs: Path
    runtime: str
    backend: str | None = None
    repeat: int = 0
    timeout: float = 120.0


class RunResult(Record):
    """What a runtime did: where the outputs are, what the model takes and gives, milliseconds, and facts.

    ``timings`` has load_ms, first_ms, median_ms, spread_ms, count; ``facts`` versions, fallbacks, executeAsync...
    """

    runtime: str
    backend: str | None
    outputs: Path
    specs_in: tuple[TensorSpec, ...]
    specs_out: tuple[TensorSpec, ...]
    timings: Mapping[str, Any] = {}
    facts: Mapping[str, Any] = {}
    load_average: float | None = None


class NotRun(Record):
    """Why a runtime or backend is not there, and how to get it. It is never a pass."""

    why: str
    remedy: str


class RuntimeFailure(Exception):  # noqa: N818  the word of the contract between runtimes and levels
    """A runtime that is there could not run the model; ``kind`` is a word such as ``load`` or ``timeout``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Subject(Record):
    """A model to verify, or the one to verify it against; ``options`` tell how to read it (``signature_name``...)."""

    path: Path
    format: Format
    options: Mapping[str, object] = {}

    @property
    def is_tfjs(self) -> bool:
        """Whether it lives in TensorFlow.js."""
        return self.format.startswith("tfjs_")


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


class LevelReport(Record):
    """How one level ended; ``remarks`` are worth saying and no failures, ``facts`` go into the record."""

    level: LevelName
    status: Status
    findings: tuple[Finding, ...] = ()
    why: str = ""
    remarks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    table: str = ""
    """Figures by tensor, for people."""

    seconds: float = 0.0


class Report(Record):
    """A whole verification; ``runs`` has one entry per place where the result ran or was meant to run."""

    levels: tuple[LevelReport, ...]
    runs: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = {}

    @property
    def failed(self) -> LevelReport | None:
        """The first level that failed."""
        return next((level for level in self.levels if level.status == "failed"), None)

    @property
    def verdict(self) -> Verdict:
        """The weakest of the levels: failed, no proof, not run, passed; incomplete if a place alone was not run."""
        statuses = [level.status for level in self.levels]
        weakest: tuple[Status, ...] = ("failed", "no proof", "not run")
        lacking = any(run["status"] == "not run" for run in self.runs)
        return next((status for status in weakest if status in statuses), "incomplete" if lacking else "passed")

    def level(self, name: LevelName) -> LevelReport | None:
        """Return the report of one level, if it was reached."""
        return next((level for level in self.levels if level.level == name), None)
