"""Where a result is run: in Python through the worker, in JavaScript through a runtime; one shape for both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workflow.base.errors import VerificationError, WorkflowError
from workflow.base.record_json import MalformedError
from workflow.base.records import Record
from workflow.verification import exchange
from workflow.verification.contract import NARROWED
from workflow.verification.evidence import NOT_TIMED, PYTHON, Place, Timing
from workflow.verification.exchange import NONSENSE
from workflow.verification.requests import NotRun, RunRequest, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.verification.requests import Runtime, Subject, Tensors

TIMEOUT = 120.0
"""Seconds that a model may take for one answer where nobody says more."""

_TIMES = tuple(Timing().as_dict())
_TIMING_MS = 2000.0
"""A first prediction that takes longer (shaders are compiled for it) is not repeated."""


@dataclass(frozen=True)
class Feed:
    """What goes into a model at once: an exchange set, how many samples it is, and the reference's answer."""

    inputs: Path
    outputs: Path
    samples: int


class SourceAnswer(Record):
    """What the source answered where it was asked: the feeds with its answers, and the facts about them."""

    feeds: tuple[Feed, ...]
    facts: Mapping[str, Any]
    place: Place = PYTHON
    remarks: tuple[str, ...] = ()

    @property
    def labels(self) -> Sequence[int] | None:
        """The class of each sample, where a file tells."""
        found: Sequence[int] | None = self.facts.get("labels")
        return found


@dataclass(frozen=True)
class Answers:
    """What a result gave for each feed, as exchange sets in their order, and the facts about the place."""

    outputs: tuple[Path, ...]
    timings: Timing = NOT_TIMED
    facts: Mapping[str, Any] = field(default_factory=dict)
    load_average: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, Any] = field(default_factory=dict)
    """What the model takes and gives, as a run in Python tells it."""


class Places(Protocol):
    """Where a verification runs models; they belong to whoever asks for the verification."""

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run a job in the converter environment's worker."""

    def job_in_keras3(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run a job in the environment for files of Keras 3; None where nobody has made that."""

    def runtime(self, name: str, backend: str | None) -> Runtime | NotRun:
        """Return a runtime that has the backend, or why there is none."""


@dataclass(frozen=True)
class Ask:
    """One result to run on feeds; ``inputs`` are its names for the source's inputs, where they differ."""

    subject: Subject
    feeds: tuple[Feed, ...]
    folder: Path
    inputs: Mapping[str, str] = field(default_factory=dict)
    repeat: int = 0
    timeout: float = TIMEOUT


def answers(ask: Ask, places: Places, *, place: Place) -> Answers | NotRun:
    """Run a model on every feed in one place; raises ``RuntimeFailure`` or a ``WorkflowError`` when it fails there."""
    if place.runtime == "python":
        return in_python(places, ask)
    try:
        found = places.runtime(place.runtime, place.backend)
    except WorkflowError as error:  # what a runtime needs could not be fetched
        return NotRun(error.message, error.hint)
    return found if isinstance(found, NotRun) else in_javascript(found, ask, name=place.runtime, backend=place.backend)


def in_python(places: Places, ask: Ask, *, cut: str | None = None, weights: Path | None = None) -> Answers | NotRun:
    """Run a model in the converter environment; raises a ``WorkflowError`` when it fails there.

    ``cut`` is the layer whose output is wanted; ``weights`` a layers model whose weights it is to have.
    """
    feeds = [
        {"inputs": str(feed.inputs), "outputs": str(ask.folder / f"python_{number}")}
        for number, feed in enumerate(ask.feeds)
    ]
    job = {"model": model_argument(ask.subject), "feeds": feeds, "repeat": ask.repeat, "cut": cut}
    job |= {} if weights is None else {"weights": str(weights)}
    answer = places.job("predict", job)
    if answer.get("absent"):
        return NotRun(str(answer["not_run"]), str(answer["absent"]), absent=True)
    if answer.get("not_run"):
        return NotRun(str(answer["not_run"]), "run it in Node.js or a browser: Python is not where it lives")
    return Answers(
        tuple(Path(feed["outputs"]) for feed in feeds),
        timings=_timing(answer.get("timings")),
        load_average=answer.get("load_average"),
        versions=answer.get("versions") or {},
        ports={side: answer[side] for side in ("inputs", "outputs") if side in answer},
    )


def in_keras3(places: Places, ask: Ask) -> Answers | NotRun | None:
    """Run a file of Keras in today's Keras; None where there is none, ``NotRun`` where that does not open it."""
    feeds = [
        {"inputs": str(feed.inputs), "outputs": str(ask.folder / f"keras3_{number}")}
        for number, feed in enumerate(ask.feeds)
    ]
    job = {"model": model_argument(ask.subject), "feeds": feeds, "repeat": 0, "cut": None}
    answer = places.job_in_keras3("predict", job)
    if answer is None:
        return None
    if answer.get("not_run"):
        return NotRun(str(answer["not_run"]), "")
    return Answers(tuple(Path(feed["outputs"]) for feed in feeds), versions=answer.get("versions") or {})


def in_javascript(runtime: Runtime, ask: Ask, *, name: str, backend: str | None) -> Answers:
    """Run a TensorFlow.js model on every feed, then time it on the first; raises ``RuntimeFailure``."""
    if not ask.feeds:
        raise RuntimeFailure("inputs", "there is nothing to run the model on")
    requests = [_request(ask, number, name=name, backend=backend) for number in range(len(ask.feeds))]
    answers = [runtime.run(request) for request in requests]
    first = answers[0]
    timings = _timing(first.timings)
    if ask.repeat and (timings.first_ms or 0.0) <= _TIMING_MS:
        again = runtime.run(requests[0].replaced(repeat=ask.repeat, outputs=ask.folder / f"{name}_{backend}_timed"))
        repeated = _timing(again.timings)
        timings = repeated.replaced(load_ms=timings.load_ms, first_ms=timings.first_ms)
    facts = {key: value for key, value in first.facts.items() if key != "versions"}
    versions = {str(key): str(value) for key, value in dict(first.facts.get("versions") or {}).items()}
    return Answers(tuple(answer.outputs for answer in answers), timings, facts, first.load_average, versions)


def _timing(told: Mapping[str, Any] | None) -> Timing:
    """Return what a run says of the time that it took; raises ``VerificationError`` where those are no times."""
    try:
        return Timing.from_json({key: value for key, value in (told or {}).items() if key in _TIMES})
    except MalformedError as fault:
        raise VerificationError(f"a run answers nonsense for its times: {fault}", hint=NONSENSE) from None


def _request(ask: Ask, number: int, *, name: str, backend: str | None) -> RunRequest:
    inputs = ask.folder / f"inputs_{number}"
    if not inputs.exists():
        exchange.write(inputs, _translated(exchange.read(ask.feeds[number].inputs), ask.inputs))
    return RunRequest(
        model=ask.subject.path,
        format=ask.subject.format,
        inputs=inputs,
        outputs=ask.folder / f"{name}_{backend}_{number}",
        runtime=name,
        backend=backend,
        timeout=ask.timeout,
    )


def save_feed(feeds: Sequence[Feed], file: Path) -> None:
    """Write the inputs of all feeds as one .npz file, as ``verify --inputs`` takes it."""
    import numpy as np  # noqa: PLC0415  for this alone

    pieces = [exchange.read(feed.inputs) for feed in feeds]
    names = list(pieces[0]) if pieces else []
    arrays: Any = {name: np.concatenate([np.atleast_1d(piece[name]) for piece in pieces]) for name in names}
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)


def model_argument(subject: Subject) -> dict[str, Any]:
    """Return a model as the worker's jobs take it."""
    return {"path": str(subject.path), "format": subject.format, **subject.options}


def absolute(subject: Subject) -> Subject:
    """Return the same model by an absolute path, as the worker needs it."""
    return subject.replaced(path=subject.path.absolute())


def _translated(tensors: Tensors, names: Mapping[str, str]) -> Tensors:
    """Return inputs by the result's names and in the dtypes that TensorFlow.js has."""
    return {
        names.get(name, name): array.astype(NARROWED.get(array.dtype.name, array.dtype.name), copy=False)
        for name, array in tensors.items()
    }


@dataclass(frozen=True)
class OutputNames:
    """The result's names for the source's outputs, and where they stand among the result's."""

    names: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)

    def pairs(self, reference: Sequence[str], result: Sequence[str]) -> list[tuple[str, str]]:
        """Return which output of a run is which of the reference's: by name, else by position, else by order."""
        wanted = [_plain(self.names.get(name, self.names.get(_plain(name), name))) for name in reference]
        plain = {_plain(name): name for name in result}
        if all(name in plain for name in wanted):
            return list(zip(reference, [plain[name] for name in wanted], strict=True))
        if len(reference) != len(result):
            return []
        return [(name, result[self.positions.get(_plain(name), place)]) for place, name in enumerate(reference)]


def _plain(name: str) -> str:
    """Return the name of an output without the number of a node's first."""
    return name.removesuffix(":0")
