"""A recipe file from its text to the validated recipe; every finding on the way is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.models import sniffing
from workflow.recipe import refused, wiring
from workflow.recipe.document import read
from workflow.recipe.drafting import MODEL, draft_steps, promised
from workflow.recipe.formats import FormatFinder
from workflow.recipe.interpreting import interpret
from workflow.recipe.model import Place, Recipe, Step, Verification
from workflow.recipe.referring import check_engine
from workflow.recipe.settings import files_of, options_of
from workflow.recipe.sources import source_of
from workflow.recipe.verifying import verification_of
from workflow.recipe.wiring import Read, Written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workflow.catalogue.engines import Engine
    from workflow.catalogue.formats import Format
    from workflow.recipe.document import Document, Location
    from workflow.recipe.drafting import Draft
    from workflow.recipe.formats import Formats
    from workflow.recipe.interpreting import Declarations
    from workflow.recipe.sources import Source

_VERIFY = "verify"


def load(path: Path, *, check_files: bool = True) -> Recipe:
    """Return the validated recipe of a file; raise RecipeError with every finding.

    Without ``check_files``, what the recipe reads need not exist.
    """
    document = read(path)
    recipe = _Loading(document, check_files=check_files).recipe(interpret(document))
    if document.findings or recipe is None:
        raise document.error()
    return recipe


class _Loading:
    """One recipe on its way; each part adds its findings to the document."""

    def __init__(self, document: Document, *, check_files: bool) -> None:
        self._document = document
        self._check_files = check_files
        self._engine: Engine = "auto"
        self._base_verification = Verification()

    def recipe(self, declarations: Declarations) -> Recipe | None:
        """Return the recipe that the declarations make; None when there is none at all."""
        entry = declarations.recipe
        if entry is None:
            wiring.makers(self._document, (), refused=refused.written(self._document, declarations))
            self._find_missing((), (), declarations)
            return None
        given = entry.given()
        self._engine = entry.engine
        source = source_of(self._document, entry.model) if MODEL in given else None
        if _VERIFY in given:
            self._base_verification = verification_of(self._document, entry.verify, location=(_VERIFY,))
        verification = self._base_verification
        steps = self._steps(declarations, source, verification)
        return Recipe(
            path=self._document.path,
            base=self._document.base,
            name=given.get("name") or _name_of(self._document.path),
            environment=entry.environment,
            model=source.model if source else None,
            steps=tuple(steps),
            verification=verification,
        )

    def _steps(self, declarations: Declarations, source: Source | None, verification: Verification) -> list[Step]:
        document = self._document
        drafts = draft_steps(document, declarations.steps)
        outputs = [Written(MODEL, source.model.output, (MODEL, "output"))] if source else []
        outputs += [Written(draft.name, draft.output, (*draft.location, "output")) for draft in drafts]
        found = wiring.makers(document, outputs, refused=refused.written(document, declarations))
        needed = wiring.dependencies(document, drafts, found=found)
        reads = [Read(draft.reads, (*draft.location, "input"), chained=True) for draft in drafts if draft.reads]
        reads += [*(source.reads if source else ()), *self._samples(verification)]
        ordered = wiring.in_order(document, drafts, needed=needed)
        resolved = self._resolved(ordered, needed, _made_by(source))
        reads += [read for step, draft in resolved for read in files_of(step, draft)]
        for step, draft in resolved:
            reads += self._samples(step.verification, (*draft.location, _VERIFY)) if step.verification else []
        wiring.protect(document, reads, found=found)
        self._find_missing(reads, outputs, declarations)
        return [step for step, _ in resolved]

    def _find_missing(self, reads: Sequence[Read], outputs: Sequence[Written], declarations: Declarations) -> None:
        """Complain about missing files; about models only when every step says where it writes, for that may be it."""
        if not self._check_files:
            return
        document = self._document
        every = [*outputs, *refused.written(document, declarations)]
        undone = len(outputs) < len(declarations.steps) + (MODEL in _given(declarations))
        open_ended = undone or promised(document, declarations.broken) is None
        wanted = [*reads, *refused.reads(document, declarations)]
        certain = [read for read in wanted if not (open_ended and read.chained)]
        wiring.find_missing(document, certain, found=wiring.by_place(every))

    def _samples(self, verification: Verification, location: Location = (_VERIFY,)) -> list[Read]:
        """Return the sample files; a script that makes the model may make them too."""
        required = not refused.may_make_samples(self._document)
        files = (("inputs", verification.inputs), ("labels", verification.labels))
        return [Read(path, (*location, key), required=required) for key, path in files if path]

    def _resolved(
        self, ordered: Sequence[Draft], needed: Mapping[str, str], made: dict[str, tuple[Format, ...]]
    ) -> list[tuple[Step, Draft]]:
        """Settle formats and options of the steps in running order; ``made`` grows with each."""
        finder = FormatFinder(self._document, made=made, needed=needed)
        steps: list[tuple[Step, Draft]] = []
        for draft in ordered:
            formats = finder.formats(draft)
            made[draft.name] = () if formats is None else formats.readable()
            if formats is not None:
                after = (needed[draft.name],) if draft.name in needed else ()
                steps.append((self._step(draft, formats, after), draft))
                check_engine(self._document, draft, step=steps[-1][0])
        return steps

    def _step(self, draft: Draft, formats: Formats, after: tuple[str, ...]) -> Step:
        source, target = formats.pair
        spot = self._document.key_spot(draft.location)
        return Step(
            name=draft.name,
            kind=draft.kind,
            input=_model_file(draft, source),
            output=draft.output,
            from_format=source,
            to_format=target,
            options=options_of(self._document, draft, formats=formats),
            timeout=draft.entry.timeout,
            after=after,
            place=Place(self._document.path, spot.line, spot.column),
            input_is_handle=draft.reads is None,
            engine=draft.entry.given().get("engine", self._engine),
            verification=self._own_verification(draft),
            fallback_format=formats.fallback,
            alternative=formats.alternative,
        )

    def _own_verification(self, draft: Draft) -> Verification | None:
        """Return how this step is verified, if it says so itself: what it leaves out is as in the recipe."""
        given = draft.entry.given()
        if _VERIFY not in given:
            return None
        location = (*draft.location, _VERIFY)
        return verification_of(self._document, given[_VERIFY], location=location, base=self._base_verification)


def _given(declarations: Declarations) -> dict[str, Any]:
    return declarations.recipe.given() if declarations.recipe else {}


def _name_of(recipe: Path) -> str:
    """Return the file's name without its ending and without what could not be in a folder's name."""
    kept = "".join(char if char.isalnum() or char in " _.+-" else "-" for char in recipe.stem)
    return kept.strip(" .+-")[:80] or "recipe"


def _made_by(source: Source | None) -> dict[str, tuple[Format, ...]]:
    """Return what the model source's result can be read as, if its name tells."""
    return {MODEL: source.formats} if source and source.formats else {}


def _model_file(draft: Draft, source: Format) -> str:
    """Return the input path; a layers or graph model is always named by its model.json."""
    if draft.reads is None or source not in sniffing.IN_A_FOLDER:
        return draft.input
    is_file = draft.reads.suffix == ".json" and not draft.reads.is_dir()
    return str(draft.reads if is_file or draft.reads.is_file() else draft.reads / sniffing.MODEL_JSON)
