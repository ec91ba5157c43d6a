"""A source that lives in TensorFlow.js, asked there: in Node.js, in a browser where Node.js cannot run it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, ModelFileError, VerificationError, WorkflowError
from workflow.base.records import Record
from workflow.models.graph import read_graph
from workflow.models.keras.tree import is_container, leaves
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.topology import model_config
from workflow.verification import exchange, model_ports
from workflow.verification.asking import Feed, SourceAnswer
from workflow.verification.evidence import Place
from workflow.verification.graph_needs import needs_of_graph
from workflow.verification.requests import NotRun, RunRequest, RuntimeFailure
from workflow.verification.weights_by_layer import weights_of
from workflow.worker.shared import drawing, sample_files
from workflow.worker.shared.drawing import Spec, UndrawableError
from workflow.worker.shared.needs import needs_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.models.graph import Graph
    from workflow.recipe.recipes import Verification
    from workflow.verification.asking import Places
    from workflow.verification.named_weights import Named
    from workflow.verification.requests import RunResult, Runtime, Subject
    from workflow.worker.shared.needs import Need

HOMES = (Place("node", "wasm"), Place("browser", "wasm"), Place("browser", "webgl"))
"""Where a TensorFlow.js model is asked, the first that runs it; the runtimes fall back to cpu and say so."""

_WRONG_ON_WASM = frozenset({"Conv3DTranspose"})
"""Layers of which wasm alone computes something else than all other backends: models with them are not asked there."""

_GIVE_INPUTS = "give inputs as a file (`inputs`)"


class _Home:
    """One runtime that is asked for one model."""

    def __init__(self, place: Place, runtime: Runtime, source: Subject, *, folder: Path, timeout: float) -> None:
        self.place = place
        self._runtime = runtime
        self._source = source
        self._folder = folder
        self._timeout = timeout
        self._count = 0
        self.last: RunResult | None = None
        self.written: list[tuple[Path, Path]] = []
        self.begin = 0
        """Where the runs of the samples begin that are tried now."""

    def run(self, specs: Sequence[Spec], piece: list[Any]) -> drawing.Named:
        """Run the model once on one array per input; raises ``RuntimeFailure``."""
        here = self._folder / f"run_{self._count}"
        self._count += 1
        exchange.write(here / "inputs", {spec.name: array for spec, array in zip(specs, piece, strict=True)})
        request = RunRequest(
            model=self._source.path,
            format=self._source.format,
            inputs=here / "inputs",
            outputs=here / "outputs",
            runtime=self.place.runtime,
            backend=self.place.backend,
            timeout=self._timeout,
        )
        self.last = self._runtime.run(request)
        self.written.append((here / "inputs", self.last.outputs))
        return list(exchange.read(self.last.outputs).items())


def ask_at_home(
    source: Subject, settings: Verification, *, places: Places, folder: Path, timeout: float
) -> SourceAnswer | NotRun:
    """Run a TensorFlow.js model in TensorFlow.js on samples; raises ``VerificationError`` when they do not fit it."""
    try:
        specs = specs_of(source)
        samples = _Samples(specs, settings, places, folder)
        samples.taken(None)
    except (DeclinedError, ModelFileError, UndrawableError) as problem:
        return NotRun(f"it is not known what to give the source: {problem}", _GIVE_INPUTS)
    except sample_files.SampleError as problem:
        raise VerificationError(str(problem), hint="give one array for each input, samples first") from None
    refusals: dict[str, list[str]] = {}
    for place in _homes(source):
        try:
            runtime = places.runtime(place.runtime, place.backend)
        except WorkflowError as error:  # what a runtime needs could not be fetched
            runtime = NotRun(error.message, error.hint)
        if isinstance(runtime, NotRun):
            refusals.setdefault(runtime.why, []).append(str(place))
            continue
        home = _Home(place, runtime, source, folder=folder / place.runtime, timeout=timeout)
        found = _answered(home, samples)
        if isinstance(found, SourceAnswer):
            return found
        refusals.setdefault(found.message, []).append(str(place))
    told = "; ".join(f"{', '.join(places)}: {why}" for why, places in refusals.items())
    return NotRun(f"TensorFlow.js does not run the source ({told})", "")


def _homes(source: Subject) -> tuple[Place, ...]:
    if source.format != "tfjs_layers_model":
        return HOMES
    document = read_object(model_json(source.path), "the model.json of a layers model")
    config = model_config(document.get("modelTopology"), str(source.path))
    told = is_container(config) and any(entry["class_name"] in _WRONG_ON_WASM for _, entry in leaves(config))
    return (Place("node", "cpu"), Place("browser", "webgl")) if told else HOMES


class _Samples(Record):
    """What a model is given: drawn, out of a file, or read from images by TensorFlow."""

    specs: Sequence[Spec]
    settings: Verification
    places: Places
    folder: Path

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """What open sizes may become, if inputs are drawn."""
        return drawing.lengths_of(self.specs) if self.settings.inputs is None else (None,)

    def taken(self, length: int | None) -> list[Any]:
        """Return one array per input, samples first."""
        settings, count = self.settings, self.settings.samples
        if settings.inputs is None:
            return drawing.draw(self.specs, count or sum(settings.batches), seed=settings.seed, length=length)
        path = str(settings.inputs)
        if not sample_files.holds_images(path):
            return sample_files.given(self.specs, path, count=count)
        job = {
            "inputs": path,
            "specs": [spec._asdict() for spec in self.specs],
            "image_range": None if settings.image_range is None else list(settings.image_range),
            "samples": count,
            "folder": str(self.folder / "images"),
        }
        self.places.job("images", job)
        return list(exchange.read(self.folder / "images").values())


def _answered(home: _Home, samples: _Samples) -> SourceAnswer | RuntimeFailure:
    """Return what a model answers, or why it does not: to the first length of open sizes that it takes."""
    refusals = []
    for length in samples.lengths:
        arrays = samples.taken(length)
        home.begin = len(home.written)
        try:
            return _told(home, samples, arrays=arrays)
        except RuntimeFailure as failure:
            refusals.append(failure)
            if failure.kind != "run":
                break
    return refusals[0]


def _told(home: _Home, samples: _Samples, *, arrays: list[Any]) -> SourceAnswer:
    specs, settings = samples.specs, samples.settings
    scales = drawing.SCALES if settings.inputs is None else (1.0,)
    fed, _, scale = drawing.lively(
        specs, arrays, batches=settings.batches, run=lambda piece: home.run(specs, piece), scales=scales
    )
    begin = home.begin if scale == 1.0 else len(home.written) - len(fed)
    feeds = tuple(
        Feed(taken, given, count)
        for (taken, given), (_, count) in zip(home.written[begin : begin + len(fed)], fed, strict=True)
    )
    count = len(arrays[0]) if arrays else 0
    last = home.last
    return SourceAnswer(
        feeds,
        {
            "inputs": [_described(one) for one in last.specs_in] if last else [],
            "outputs": [_described(one) for one in last.specs_out] if last else [],
            "samples": count,
            "scale": scale,
            "labels": sample_files.labels(None if settings.labels is None else str(settings.labels), count),
            "versions": dict(last.facts.get("versions") or {}) if last else {},
        },
        home.place,
    )


def _described(spec: Any) -> dict[str, Any]:
    return {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}


def is_made_in_script(subject: Subject) -> bool:
    """Whether TensorFlow.js itself made a model, so that nothing says what it is in Python."""
    if subject.format != "tfjs_layers_model":
        return False
    path = model_json(subject.path)
    try:
        document = read_object(path, "the model.json of a layers model")
        version = str(document.get("modelTopology", {}).get("keras_version", ""))
    except (ModelFileError, AttributeError):
        return False
    made_there = (version, str(document.get("generatedBy") or "").removeprefix("TensorFlow.js "))
    return not document.get("convertedBy") and any(one.startswith("tfjs-layers") for one in made_there)


def specs_of(source: Subject) -> list[Spec]:
    """Return what a TensorFlow.js model takes, by its files.

    Raises ``ModelFileError`` for a damaged one, ``DeclinedError`` where the files do not tell.
    """
    graph = None if source.format == "tfjs_layers_model" else _graph(source)
    ports = model_ports.ports_of(source).inputs or (model_ports.placeholders(graph) if graph else ())
    if not ports:
        raise DeclinedError("its files do not say what it takes")
    names = [port.name for port in ports]
    needs = _needs_in(graph, source, names) if graph else needs_of(_config(source), names)
    specs = []
    for port, need in zip(ports, needs, strict=True):
        if port.shape is None:
            raise DeclinedError(f"the input {port.name} does not say its shape")
        specs.append(Spec(port.name, port.shape, port.dtype or "float32", *need))
    return specs


def _graph(source: Subject) -> Graph:
    path = model_json(source.path)
    return read_graph(read_object(path, "the model.json of a graph model"), path)


def _needs_in(graph: Graph, source: Subject, names: list[str]) -> list[Need]:
    with weights_of(source) as weights:
        return needs_of_graph(graph, names, number=lambda name: _number(weights.get(name)))


def _number(weight: Named | None) -> int | None:
    if weight is None or weight.dtype != "int32" or math.prod(weight.shape) != 1:
        return None
    return int(weight.read().reshape(-1)[0])


def _config(source: Subject) -> dict[str, Any]:
    path = model_json(source.path)
    return model_config(read_object(path, "the model.json of a layers model").get("modelTopology"), str(path))
