"""Which formats a step converts between: as the recipe says, as its input is made, as the disk shows, or by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.converters import pairs
from workflow.recipe import sniffing
from workflow.recipe.diagnostics import listed
from workflow.recipe.kinds import KINDS
from workflow.recipe.sniffing import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.recipe.document import Document
    from workflow.recipe.drafting import Draft
    from workflow.recipe.model import Format

_TARGET_BY_ENDING: dict[str, Format] = {
    ".h5": "keras",
    ".hdf5": "keras",
    ".keras": "keras_keras",
    "": "keras_saved_model",
}
_OUTPUT_ENDINGS: dict[Format, tuple[str, ...]] = {"keras": sniffing.HDF5_ENDINGS, "keras_keras": (".keras",)}
_FILE_ENDINGS = (*sniffing.ENDINGS, ".json")
_FILES: tuple[Format, ...] = ("keras", "keras_keras", "tf_frozen_model")
_FOLDERS: tuple[Format, ...] = sniffing.SAVED_MODELS
_KERAS_OUTPUTS = "a name that ends in `.h5` or `.hdf5` (Keras HDF5), `.keras` (archive), or nothing (SavedModel folder)"


@dataclass(frozen=True)
class Upstream:
    """What is known of the step or model source that makes an input; no ``formats`` when that was refused."""

    name: str
    formats: tuple[Format, ...]


class FormatFinder:
    """Settles a step's formats; what cannot be settled becomes a finding in the document."""

    def __init__(self, document: Document, made: Mapping[str, tuple[Format, ...]], needed: Mapping[str, str]) -> None:
        self._document = document
        self._made = made
        self._needed = needed

    def formats(self, draft: Draft) -> tuple[Format, Format] | None:
        """Return source and target format; None when there is a finding, or when the input's maker has one."""
        maker = self._needed.get(draft.name)
        upstream = Upstream(maker, self._made[maker]) if maker and self._made.get(maker) else None
        if maker in self._made and upstream is None:
            return None
        candidates = self._sources(draft, upstream)
        if not candidates:
            return None
        pair = self._pair(draft, candidates)
        return pair if pair and self._fits_output(draft, pair[1]) and self._fits_input(draft, pair[0]) else None

    def _sources(self, draft: Draft, upstream: Upstream | None) -> tuple[Format, ...]:
        """Return what the input can be read as, the likeliest first; nothing, with a finding, when that is unclear."""
        seen = _seen(draft, upstream)
        stated: Format | None = draft.entry.given().get("source")
        if stated is None:
            return seen.formats or self._only_source(draft, seen)
        if not self._handle_fits(draft, stated):
            return ()
        if seen.certain and stated not in seen.formats and stated != "tf_hub":
            by = f"step `{upstream.name}` makes" if upstream else "the input is"
            self._refuse((draft, "from"), f"`from: {stated}` is wrong: {by} a {seen.formats[0]}")
            return ()
        return (stated,)

    def _only_source(self, draft: Draft, seen: Sighting) -> tuple[Format, ...]:
        kind = KINDS[draft.kind]
        if len(kind.sources) == 1 and not seen.why_not:
            return kind.sources
        if len(kind.sources) == 1 and draft.reads and os.path.lexists(draft.reads):
            self._refuse(
                (draft, "input"), f"`{draft.entry.input}` is no model that `{draft.kind}` reads: {seen.why_not}"
            )
            return ()
        reason = f": {seen.why_not}" if seen.why_not else ""
        what = f"what `{draft.entry.input}` is cannot be told{reason}"
        self._refuse((draft, "input"), what, f"`from:` with one of {listed(kind.sources)}")
        return ()

    def _handle_fits(self, draft: Draft, stated: Format) -> bool:
        if draft.reads is None and stated != "tf_hub":
            what = f"`from: {stated}` does not go with a URL: the converter fetches from TensorFlow Hub only"
            self._refuse((draft, "from"), what, "a path; `model:` with `url:` and `sha256:` fetches any file")
            return False
        return True

    def _pair(self, draft: Draft, candidates: tuple[Format, ...]) -> tuple[Format, Format] | None:
        """Return the first conversion that exists and that this kind of step is; a finding when there is none."""
        target = self._target(draft, candidates)
        if target is None:
            return None
        kind = KINDS[draft.kind]
        possible = [s for s in candidates if (s, target) in pairs.EDGES and s in kind.sources]
        if possible:  # a folder can be read in two ways: as the reference converter does where it can
            return min(possible, key=lambda source: not pairs.EDGES[source, target].reference), target
        goal = candidates[0] if kind.keeps_format and candidates[0] in pairs.JAVASCRIPT else target
        gap = pairs.edge(candidates[0], goal)
        if isinstance(gap, pairs.Missing):
            what = f"{candidates[0]} cannot be converted to {goal}: {gap.reason}"
            self._refuse((draft, _where(draft)), f"{what}. Instead, {gap.instead}", self._possible(candidates[0]))
        else:
            what = f"`{draft.kind}` {kind.task}, and `{draft.entry.input}` is a {candidates[0]}"
            self._refuse((draft, "input"), f"{what}. Instead, {kind.otherwise}")
        return None

    def _target(self, draft: Draft, candidates: tuple[Format, ...]) -> Format | None:
        given = draft.entry.given()
        stated: Format | None = given.get("target") or given.get("format")
        if stated:
            return stated
        if draft.kind == "js_to_python":
            return self._target_by_name(draft)
        natural = pairs.natural_target(candidates[0])
        return natural if draft.kind == "python_to_js" and natural in pairs.JAVASCRIPT else KINDS[draft.kind].targets[0]

    def _target_by_name(self, draft: Draft) -> Format | None:
        found = _TARGET_BY_ENDING.get(draft.output.suffix)
        if found is None:
            what = f"the ending `{draft.output.suffix}` does not say which Keras format to write"
            near = draft.output.suffix.lower() if draft.output.suffix.lower() in _TARGET_BY_ENDING else ""
            self._refuse((draft, "output"), what, _KERAS_OUTPUTS, near=near)
        return found

    def _fits_output(self, draft: Draft, target: Format) -> bool:
        """Check the output's ending: Keras takes the format it writes from it, and folders must not look like files."""
        ending = draft.output.suffix
        allowed = _OUTPUT_ENDINGS.get(target)
        if allowed and ending not in allowed:
            what = f"a {target} output cannot be called `{draft.output.name}`: Keras would write another format"
            self._refuse((draft, "output"), what, f"a name that ends in {listed(allowed)}")
            return False
        if not allowed and ending.lower() in _FILE_ENDINGS:
            what = f"a {target} output is a folder, and `{draft.output.name}` is named like a file"
            self._refuse((draft, "output"), what, f"a folder such as `{draft.output.stem}`")
            return False
        return True

    def _fits_input(self, draft: Draft, source: Format) -> bool:
        """Check that an input that is there is a file or a folder, as its format wants."""
        problem = _shape_problem(draft.reads, source) if draft.reads and draft.reads.exists() else ""
        if problem:
            self._refuse((draft, "input"), f"`{draft.entry.input}` {problem}")
        return not problem

    def _possible(self, source: Format) -> str:
        targets = pairs.targets(source)
        return f"{listed(targets)} as the result of {source}" if targets else ""

    def _refuse(self, place: tuple[Draft, str], what: str, expected: str = "", *, near: str = "") -> None:
        draft, key = place
        self._document.complain(self._document.value_spot((*draft.location, key)), what, expected=expected, near=near)


def _seen(draft: Draft, upstream: Upstream | None) -> Sighting:
    if draft.reads is None:
        return Sighting(("tf_hub",))
    if upstream:
        return Sighting(upstream.formats, certain=True)
    return sniffing.sighted(draft.reads) if draft.reads.exists() else sniffing.named(draft.reads)


def _where(draft: Draft) -> str:
    """Return the key to point at when a pair of formats is impossible."""
    given = draft.entry.given()
    return next((key for key, name in (("to", "target"), ("format", "format")) if name in given), "input")


def _shape_problem(path: Path, source: Format) -> str:
    if source in _FILES and path.is_dir():
        return f"is a folder, and a {source} model is a file"
    if source in _FOLDERS and not path.is_dir():
        return f"is a file, and a {source} is a folder"
    if source == "keras_keras" and path.suffix != ".keras":
        return "does not end in `.keras`, which the converter insists on for keras_keras"
    if source in sniffing.IN_A_FOLDER and path.is_dir() and not (path / sniffing.MODEL_JSON).is_file():
        return f"holds no {sniffing.MODEL_JSON}; if the file has another name, give its path"
    return ""
