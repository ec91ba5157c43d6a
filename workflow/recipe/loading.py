"""A recipe file, from the word that means it to the validated recipe; every finding on the way is reported at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import RecipeNotFoundError
from workflow.base.records import Record
from workflow.models import sniffing
from workflow.recipe.document import Said, read
from workflow.recipe.grammar import STEPS, VERIFY, RecipeEntry, verification_of
from workflow.recipe.model_source import MODEL, source_kind, source_of
from workflow.recipe.paths import BadPathError, InputPath, OutputPath, absolute
from workflow.recipe.recipes import Recipe, Step, Verification
from workflow.recipe.step_formats import FormatFinder
from workflow.recipe.step_options import check_engine, files_of, options_of
from workflow.recipe.steps import begun, by_place, dependencies, find_missing, in_order, makers, protect
from workflow.recipe.value_types import EntryOf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.catalogue.formats import Engine, Format
    from workflow.recipe.document import RecipeDocument
    from workflow.recipe.findings import KeyPath
    from workflow.recipe.grammar import StepEntry
    from workflow.recipe.model_source import SettledSource
    from workflow.recipe.step_formats import StepFormats
    from workflow.recipe.steps import StepBuilder

    RefusedPart = tuple[KeyPath, dict[str, Any]]

_SAMPLES = ("inputs", "labels")


def load(path: Path, *, check_files: bool = True) -> Recipe:
    """Return the validated recipe of a file; raise RecipeError with every finding.

    Without ``check_files``, what the recipe reads need not exist.
    """
    document = read(path)
    recipe = _Loading(document, _declared(document), check_files=check_files).recipe()
    if document.findings or recipe is None:
        raise document.error()
    return recipe


class _Declarations(Record):
    """What the recipe declares, without everything that has a finding, so that the rest can be checked further.

    ``given`` are the recipe's own settings. ``salvaged_outputs`` and ``salvaged_inputs`` are the paths of what was
    refused, as far as they can be read. ``open_ended`` means that something refused does not even say where it writes.
    """

    recipe: RecipeEntry | None
    steps: tuple[StepEntry, ...] = ()
    given: Mapping[str, Any] = {}
    salvaged_outputs: tuple[OutputPath, ...] = ()
    salvaged_inputs: tuple[InputPath, ...] = ()
    open_ended: bool = False


class _Loading:
    """One recipe on its way; each part adds its findings to the document."""

    def __init__(self, document: RecipeDocument, declared: _Declarations, *, check_files: bool) -> None:
        self._document = document
        self._declared = declared
        self._check_files = check_files
        self._verification = Verification()

    def recipe(self) -> Recipe | None:
        """Return the recipe that was declared; None when there is none at all."""
        entry, document = self._declared.recipe, self._document
        if entry is None:
            makers(document, (), refused=self._declared.salvaged_outputs)
            self._find_missing((), ())
            return None
        given = self._declared.given
        source = source_of(document, entry.model) if MODEL in given else None
        if VERIFY in given:
            self._verification = verification_of(document, entry.verify)
        return Recipe(
            path=document.path,
            base=document.base,
            name=entry.name or _name_of(document.path),
            environment=entry.environment,
            model=source.model if source else None,
            steps=tuple(self._steps(entry, source)),
            verification=self._verification,
        )

    def _steps(self, entry: RecipeEntry, source: SettledSource | None) -> list[Step]:
        document = self._document
        builders = begun(document, self._declared.steps)
        outputs = [OutputPath(MODEL, source.model.output, (MODEL, "output"))] if source else []
        outputs += [builder.output_path for builder in builders]
        found = makers(document, outputs, refused=self._declared.salvaged_outputs)
        needed = dependencies(builders, found=found)
        reads = [builder.input_path for builder in builders if builder.input_path]
        reads += source.reads if source else ()
        reads += self._samples(self._verification, (VERIFY,))
        ordered = in_order(builders, needed=needed)
        finder = FormatFinder({MODEL: source.formats} if source and source.formats else {}, needed)
        resolved: list[tuple[Step, StepBuilder]] = []
        for builder in ordered:
            if formats := finder.formats(builder):
                step = self._step(builder, formats, after=needed.get(builder.name), engine=entry.engine)
                resolved.append((step, builder))
        reads += [read for step, builder in resolved for read in files_of(builder, step.options)]
        for step, builder in resolved:
            reads += self._samples(step.verification, builder.at(VERIFY)) if step.verification else ()
        protect(document, reads, found=found)
        self._find_missing(reads, outputs)
        return [step for step, _ in resolved]

    def _step(self, builder: StepBuilder, formats: StepFormats, *, after: str | None, engine: Engine) -> Step:
        """Return the step, resolved; what it does not say is as in the recipe."""
        source, target = formats.pair
        step = Step(
            name=builder.name,
            kind=builder.kind,
            input=_model_file(builder, source),
            output=builder.output,
            from_format=source,
            to_format=target,
            options=options_of(builder, formats),
            timeout=builder.entry.timeout,
            after=(after,) if after else (),
            spot=self._document.key_spot(builder.at()).replaced(path=self._document.path),
            input_is_handle=builder.reads is None,
            engine=builder.given.get("engine", engine),
            verification=self._own_verification(builder),
            fallback_format=formats.fallback,
            alternative=formats.alternative,
        )
        check_engine(builder, step)
        return step

    def _own_verification(self, builder: StepBuilder) -> Verification | None:
        """Return how this step is verified, if it says so itself."""
        if VERIFY not in builder.given:
            return None
        return verification_of(self._document, builder.entry.verify, base=self._verification)

    def _samples(self, verification: Verification, at: KeyPath) -> Iterator[InputPath]:
        """Yield the sample files; a script that makes the model may make them too."""
        files = (("inputs", verification.inputs), ("labels", verification.labels))
        required = not _may_make_samples(self._document)
        return (InputPath(path, (*at, key), required=required) for key, path in files if path)

    def _find_missing(self, reads: Sequence[InputPath], outputs: Sequence[OutputPath]) -> None:
        """Complain about missing files; about models only when every step says where it writes, for that may be it."""
        if not self._check_files:
            return
        declared = self._declared
        undone = len(outputs) < len(declared.steps) + (MODEL in declared.given)
        open_ended = undone or declared.open_ended
        wanted = [*reads, *declared.salvaged_inputs]
        certain = [read for read in wanted if not (open_ended and read.chained)]
        found = by_place([*outputs, *declared.salvaged_outputs])
        find_missing(self._document, certain, found=found)


def _declared(document: RecipeDocument) -> _Declarations:
    """Check the document against the grammar and return what it declares; findings go to the document."""
    said = Said(document, document.data, broken=set())
    entry = EntryOf(RecipeEntry).attempt(said)
    given = entry.given() if entry else {}
    wrong = {at[0] for at in said.broken if at and (at[0] != STEPS or len(at) == 1)}
    wrong_steps = {at[1] for at in said.broken if len(at) > 1 and at[0] == STEPS}
    every = list(enumerate(given[STEPS])) if entry and STEPS not in wrong else []
    steps = tuple(_step(step) for number, step in every if number not in wrong_steps)
    kept = {key: value for key, value in given.items() if key not in wrong} if steps else {}
    refused = list(_refused(document, steps, with_model=MODEL not in kept))
    broken = [document.data[STEPS][number] for number, _ in every if number in wrong_steps]
    broken += [document.data[MODEL]] if entry and MODEL in wrong else []
    return _Declarations(
        recipe=RecipeEntry(kept, at=()) if steps else None,
        steps=steps,
        given=kept,
        salvaged_outputs=tuple(_outputs(document, refused)),
        salvaged_inputs=tuple(_inputs(document, refused, with_samples=VERIFY not in kept)),
        open_ended=not all(_says_where(each, document) for each in broken),
    )


def _may_make_samples(document: RecipeDocument) -> bool:
    """Tell whether the model source is a script, or may be meant as one: it may make the sample files too."""
    model = document.value_at((MODEL,))
    return model is not None and source_kind(model) not in ("keras_application", "url")


def _step(step: Any) -> StepEntry:
    (entry,) = step.given().values()
    found: StepEntry = entry
    return found


def _refused(document: RecipeDocument, steps: Sequence[StepEntry], *, with_model: bool) -> Iterator[RefusedPart]:
    """Yield the steps, and the model source, that no declaration speaks for, with their places."""
    model = document.value_at((MODEL,))
    if with_model and isinstance(model, dict):
        yield (MODEL,), model
    declared = {entry.at[1] for entry in steps}
    every = document.value_at((STEPS,))
    for number, step in enumerate(every if isinstance(every, list) else ()):
        if number not in declared and isinstance(step, dict):
            yield from (((STEPS, number, kind), inner) for kind, inner in step.items() if isinstance(inner, dict))


def _outputs(document: RecipeDocument, refused: Sequence[RefusedPart]) -> Iterator[OutputPath]:
    for at, settings in refused:
        if path := _path(document, (*at, "output")):
            yield OutputPath(str(settings.get("name") or at[-1]), path, (*at, "output"))


def _inputs(document: RecipeDocument, refused: Sequence[RefusedPart], *, with_samples: bool) -> Iterator[InputPath]:
    places = [(*at, VERIFY) for at, _ in refused] + ([(VERIFY,)] if with_samples else [])
    for at, settings in refused:
        is_hub = settings.get("from") == "tf_hub" or "://" in document.text_at((*at, "input"))
        if not is_hub and (path := _path(document, (*at, "input"))):
            yield InputPath(path, (*at, "input"), chained=True)
    for at in ((*place, key) for place in places for key in _SAMPLES):
        if path := _path(document, at):
            yield InputPath(path, at, required=not _may_make_samples(document))


def _path(document: RecipeDocument, at: KeyPath) -> Path | None:
    try:
        return absolute(document.text_at(at), document.base)
    except BadPathError:
        return None


def _says_where(broken: Any, document: RecipeDocument) -> bool:
    """Tell whether a refused step or model source declares an output that can be one."""
    try:
        absolute(_output_text(broken), document.base)
    except BadPathError:
        return False
    return True


def _output_text(broken: Any) -> str:
    """Return the output that a refused step or model source declares; empty when it declares none."""
    if isinstance(broken, dict) and isinstance(broken.get("output"), str):
        return str(broken["output"])
    inner = next(iter(broken.values()), None) if isinstance(broken, dict) else None
    return _output_text(inner) if isinstance(inner, dict) else ""


def _name_of(recipe: Path) -> str:
    """Return the file's name without its ending and without what could not be in a folder's name."""
    kept = "".join(char if char.isalnum() or char in " _.+-" else "-" for char in recipe.stem)
    return kept.strip(" .+-")[:80] or "recipe"


def _model_file(builder: StepBuilder, source: Format) -> str:
    """Return the input's path, or its handle; a layers or graph model is always named by its model.json."""
    path = builder.reads
    if path is None:
        return builder.entry.input
    if source not in sniffing.IN_A_FOLDER:
        return str(path)
    is_file = path.suffix == ".json" and not path.is_dir()
    return str(path if is_file or path.is_file() else path / sniffing.MODEL_JSON)


FOLDER = "recipes"
ENDINGS = (".yml", ".yaml")
_HEAD = 2**16
_LONGEST = 400
"""So much is shown of a path: a name that is mistyped stands at its end."""

_STEPS = rb"(?m)^steps[ \t]*:"


def find(text: str, *, cwd: Path | None = None) -> Path:
    """Return the recipe file: the path itself, or in recipes/, each also with .yml or .yaml added.

    Raises RecipeNotFoundError, which names what is near.
    """
    here = cwd or Path.cwd()
    try:
        for candidate in _candidates(text, here):
            if candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:
        raise RecipeNotFoundError(f"`{text[:80]!r}` cannot be the path of a recipe: {error}") from None
    raise RecipeNotFoundError(_problem(text, here), hint=_hint(text, here))


def _candidates(text: str, here: Path) -> Iterator[Path]:
    if not text:
        return
    given = Path(text).expanduser() if text.startswith("~/") else Path(text)
    for folder in (here, here / FOLDER):
        for ending in ("", *ENDINGS):
            yield folder / f"{given}{ending}"


def _problem(text: str, here: Path) -> str:
    if text and (here / text).is_dir():
        return f"{text} is a folder, not a recipe"
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}"
    return f"there is no recipe {short or '(empty name)'}"


def _hint(text: str, here: Path) -> str:
    from workflow.recipe.findings import nearest  # noqa: PLC0415  only when there is something to say

    found: dict[str, str] = {}
    for path in (path for folder in _folders(text, here) for path in _recipes(folder)):
        found.setdefault(path.name, _label(path, here))
    stems = {Path(name).stem: Path(label).with_suffix("") for name, label in found.items()}
    near = found.get(nearest(Path(text).name, found)) or stems.get(nearest(Path(text).stem, stems))
    if near:
        return f"did you mean {near}?"
    names = ", ".join(list(found.values())[:10])
    return f"there are {names}" if names else "write one in recipes/, or give the path of one"


def _folders(text: str, here: Path) -> list[Path]:
    """Return where to look for what may have been meant: the folder that the text names first."""
    named = [here / text, (here / text).parent] if text else []
    return list(dict.fromkeys([*named[:1], *(folder for folder in named[1:] if folder != here), here / FOLDER, here]))


def _label(path: Path, here: Path) -> str:
    """Return what to type for a recipe: its name where that is enough, else its path."""
    if path.parent in (here, here / FOLDER):
        return path.name
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _recipes(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS and _is_recipe(path))
    except (OSError, ValueError):
        return []


def _is_recipe(path: Path) -> bool:
    """Tell whether a file looks like a recipe: by its folder, or by the key that every recipe has."""
    if path.parent.name == FOLDER:
        return path.is_file()
    with path.open("rb") as file:
        return re.search(_STEPS, file.read(_HEAD)) is not None
