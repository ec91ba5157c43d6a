"""The command ``verify``: any model, made here or not, by itself or against the one that it was made from."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from workflow.base import locations, scratch
from workflow.base.errors import ModelFileError, RuntimeRequiredError, UsageError
from workflow.catalogue.formats import Backend, Format, RuntimeName, backends_by_runtime
from workflow.recipe.recipes import Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.base.errors import VerificationError
    from workflow.verification.evidence import Evidence
    from workflow.verification.levels import Case
    from workflow.verification.requests import Subject
    from workflow.verification.searching import SearchResult
    from workflow.verification.warm_places import WarmPlaces

RUNTIMES = get_args(RuntimeName)
FORMATS = get_args(Format)


def _option(text: str, *names: str, least: float | None = None) -> Any:
    return typer.Option(*names, help=text, min=least)


ArtifactArgument = Annotated[
    str, typer.Argument(help="The model to verify: a file, a folder, or the https address of a TensorFlow Hub module.")
]
AgainstOption = Annotated[str | None, _option("The model that it was made from.")]
RuntimeOption = Annotated[list[str] | None, _option("python, node or browser; may be repeated. All when left out.")]
BackendOption = Annotated[list[str] | None, _option("wasm, cpu, webgl, webgpu or webgl-f16; may be repeated.")]
RequireOption = Annotated[str | None, _option("Runtimes that must be there: node,browser")]
InputsOption = Annotated[Path | None, _option("A .npy or .npz file, an image, or a folder of images.")]
LabelsOption = Annotated[Path | None, _option("Class indices for the inputs, .npy or .npz.")]
RangeOption = Annotated[tuple[float, float] | None, _option("What black and white of images become: -1 1")]
SamplesOption = Annotated[int | None, _option("How many inputs to draw or take.", least=1)]
BatchOption = Annotated[list[int] | None, _option("Inputs at once, first, second...; default 1, 3.", least=1)]
SeedOption = Annotated[int, _option("The seed of drawn inputs.", least=0)]
AtolOption = Annotated[float | None, _option("Largest difference of an output; derived if left out.", least=0)]
RtolOption = Annotated[float | None, _option("The same in units of the output's largest value.", least=0)]
QuickOption = Annotated[bool, _option("Files, weights and names only: nothing is run.", "--quick")]
LocateOption = Annotated[bool, _option("Find the first layer or node that differs.", "--locate")]
FormatOption = Annotated[
    str | None, _option(f"What the artifact is, where that cannot be seen: {', '.join(FORMATS)}.", "--format")
]
SourceOption = Annotated[str | None, _option("What the source is, likewise.", "--against-format")]
EnvironmentOption = Annotated[str, _option("The converter environment.")]
TimeoutOption = Annotated[float | None, _option("Seconds that a run may take.", least=0.001)]
JsonOption = Annotated[bool, _option("Print the verification as JSON.", "--json")]


def verify(
    artifact: ArtifactArgument,
    *,
    against: AgainstOption = None,
    runtime: RuntimeOption = None,
    backend: BackendOption = None,
    require: RequireOption = None,
    inputs: InputsOption = None,
    labels: LabelsOption = None,
    image_range: RangeOption = None,
    samples: SamplesOption = None,
    batch: BatchOption = None,
    seed: SeedOption = 0,
    atol: AtolOption = None,
    rtol: RtolOption = None,
    quick: QuickOption = False,
    locate: LocateOption = False,
    model_format: FormatOption = None,
    source_format: SourceOption = None,
    environment: EnvironmentOption = "tfjs",
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a model: its files, its weights, its inputs and outputs, and what it computes where it will live."""
    from workflow.runs.sidecars import read_sidecar, sidecar_path  # noqa: PLC0415  loaded for runs only
    from workflow.verification.levels import Case  # noqa: PLC0415  as above, to keep --help fast

    if labels is not None and inputs is None:
        raise UsageError("--labels without --inputs cannot be compared", hint="give the inputs that they are for")
    places = _places(runtime, backend, (require or "").split(",") if require else None)
    settings = places.replaced(
        enabled=not quick,
        inputs=_absolute(inputs),
        labels=_absolute(labels),
        image_range=image_range,
        samples=samples,
        batches=tuple(batch or (1, 3)),
        seed=seed,
        atol=atol,
        rtol=rtol,
    )
    result = _subject(artifact, model_format)
    source = None if against is None else _sound(_subject(against, source_format))
    with scratch.folder("verify") as folder:
        is_ours = read_sidecar(sidecar_path(result.path)) is not None
        case = Case(result, source, settings, folder, is_ours=is_ours, timeout=timeout)
        _verify(case, environment, locate=locate, as_json=as_json)


def _places(
    runtime: Sequence[str] | None, backend: Sequence[str] | None, require: Sequence[str] | None
) -> Verification:
    """Return where to run the model; what is required is run too."""
    required = _words(require, RUNTIMES, what="runtime")
    chosen = (*(_words(runtime, RUNTIMES, what="runtime") or RUNTIMES), *required)
    every: Any = tuple(dict.fromkeys(chosen))
    needed: Any = required
    return Verification(runtimes=every, backends=_backends(backend), require=needed)


def _verify(case: Case, environment: str, *, locate: bool, as_json: bool) -> None:
    from workflow.base import disk  # noqa: PLC0415  as above
    from workflow.cli import verify_screens  # noqa: PLC0415  as above
    from workflow.verification.levels import verify as through_the_levels  # noqa: PLC0415  as above

    answer: SearchResult | Any = None
    places, workers = _places_for(case, environment)
    try:
        report = through_the_levels(case, places)
        if report.failed:
            disk.require_room(case.folder)  # else that may be all there is to it
        if locate:
            answer = _located(case, places, report)
    finally:
        workers.close()
    if as_json:
        verify_screens.print_json(case, report, answer)
    else:
        verify_screens.print_report(case, report, answer)
    error = _error(case, report, answer)
    if error is not None:
        error.answered = as_json
        raise error


def _located(case: Case, places: WarmPlaces, report: Evidence) -> Any:
    from workflow.verification.searching import search  # noqa: PLC0415  as above

    keep = Path(tempfile.mkdtemp(prefix="tfjs-located-"))
    answer = search(case, places, report=report, keep=keep)
    if not any(keep.iterdir()):
        keep.rmdir()
    return answer


def _error(case: Case, report: Evidence, answer: Any) -> VerificationError | None:
    from workflow.verification import verdicts  # noqa: PLC0415  as above

    who = str(case.result.path)
    outputs = report.level("outputs")
    not_run = None
    if outputs is not None and outputs.status == "not run":
        not_run = RuntimeRequiredError(
            f"{who}: it was run nowhere (the level `outputs` says why)", hint=_remedy(report)
        )
    hint = verdicts.further_advice(report, case.result.format, compared=case.source is not None, search=answer)
    error = verdicts.error_of(report, case.settings, who=who, hint=hint) or verdicts.no_proof(report, who) or not_run
    if error is not None:
        error.details = ""  # all of it is on the screen
        error.hint = verdicts.with_paths(error.hint, _words_of(case))
    return error


def _words_of(case: Case) -> list[str]:
    """Return how this verification was asked for, as far as a further one needs it."""
    against = [] if case.source is None else ["--against", str(case.source.path)]
    inputs = [] if case.settings.inputs is None else ["--inputs", str(case.settings.inputs)]
    return [str(case.result.path), *against, *inputs]


def _remedy(report: Evidence) -> str:
    return next((run.remedy for run in report.runs if run.remedy), "")


def _places_for(case: Case, environment: str) -> tuple[WarmPlaces, Any]:
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415  as above
    from workflow.environment import Wishes, registry  # noqa: PLC0415  as above
    from workflow.runs.checking import TIME_LIMIT  # noqa: PLC0415  as above
    from workflow.runs.workers import EnvironmentWorkers, keras3_if_made  # noqa: PLC0415  as above
    from workflow.verification.warm_places import WarmPlaces  # noqa: PLC0415  as above

    registry.require_meant(environment)
    logs = locations.home() / "logs"
    listener = ConsoleListener()
    workers = EnvironmentWorkers(environment, Wishes(), logs=logs, listener=listener)
    timeout = case.timeout or TIME_LIMIT
    places = WarmPlaces(workers.warm, workers.runtimes(), log=logs / "verify.log", timeout=timeout, listener=listener)
    keras3, older = (lambda: keras3_if_made(workers)), workers.tensorflows_keras
    return replace(places, keras3=keras3, tensorflows_keras=older), workers


def _subject(text: str, named: str | None) -> Subject:
    from workflow.models.sniffing import sighted  # noqa: PLC0415  as above
    from workflow.verification.requests import Subject  # noqa: PLC0415  as above

    if "://" in text:
        return Subject(_module(text, named), "tf_hub")
    path = Path(text)
    if named is not None:
        formats = _words([named], FORMATS, what="format")
        return Subject(path, formats[0])  # type: ignore[arg-type]
    if not path.exists():
        raise ModelFileError(f"{path} does not exist", hint="give a model file, or a folder with model.json")
    seen = sighted(path)
    if not seen.formats:
        raise _no_model(path, seen.why_not)
    return Subject(path, seen.formats[0])


def _sound(source: Subject) -> Subject:
    """Return a source that is what it should be, lest it is read at all; raises ``ModelFileError``."""
    from workflow.models.inspection import inspect_model  # noqa: PLC0415  as above

    inspect_model(source.path, source.format)
    return source


def _module(handle: str, named: str | None) -> Path:
    """Return the folder of a module of TensorFlow Hub; raises what ``hub.provide`` raises, and ``UsageError``."""
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415  as above
    from workflow.runs import hub  # noqa: PLC0415  as above

    if named not in (None, "tf_hub"):
        raise UsageError(f"{handle} cannot be {named}: an address is that of a TensorFlow Hub module")
    return hub.provide(handle, ConsoleListener())


def _no_model(path: Path, why: str) -> ModelFileError:
    """Return the error for a path that is not seen to be a model; a recipe is what is verified when it runs."""
    if path.suffix in (".yml", ".yaml"):
        words = f"`tfjs-workflow convert {path}` converts and verifies"
        return ModelFileError(f"{path} is no model; this is a recipe", hint=f"{words}; `verify` takes one model")
    why = why or f"nothing is known of files that end in `{path.suffix}`"
    return ModelFileError(
        f"{path} is no model that can be told: {why}", hint=f"say what it is: --format with {', '.join(FORMATS)}"
    )


def _words(given: Sequence[str] | None, known: Sequence[str], *, what: str) -> tuple[str, ...]:
    words = tuple(word.strip() for text in given or () for word in text.split(","))
    strange = [word for word in words if word not in known]
    if strange:
        raise UsageError(f"there is no {what} {strange[0]}", hint=f"there are {', '.join(known)}")
    return tuple(dict.fromkeys(words))


def _backends(given: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    return backends_by_runtime(_words(given, sorted(get_args(Backend)), what="backend"))


def _absolute(path: Path | None) -> Path | None:
    if path is not None and not path.exists():
        raise UsageError(f"{path} does not exist")
    return None if path is None else path.absolute()
