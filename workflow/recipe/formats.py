"""Which formats a step converts between: as the recipe says, as its input is made, as the disk shows, or by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from workflow.base.records import Record
from workflow.catalogue import pairs
from workflow.catalogue.formats import JAVASCRIPT, PYTHON
from workflow.catalogue.kinds import KINDS
from workflow.models import sniffing
from workflow.models.sniffing import Sighting
from workflow.recipe.diagnostics import Finding, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.catalogue.pairs import Pair
    from workflow.recipe.document import Document
    from workflow.recipe.drafting import Draft

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


AUTOMATIC = ("auto", "browser")
"""The words for: a layers model where the model can be expressed as one, else a graph model."""


class Upstream(Record):
    """What is known of the step or model source that makes an input; no ``formats`` when that was refused."""

    name: str
    formats: tuple[Format, ...]


class Formats(Record):
    """From what to what a step goes; ``fallback`` and ``alternative`` are as in ``Step``."""

    pair: Pair
    fallback: Format | None = None
    alternative: Pair | None = None

    def readable(self) -> tuple[Format, ...]:
        """Return what the result can be read as, the likeliest first."""
        if self.fallback is not None:
            return (self.pair[1], self.fallback)
        first = _readable_as(self.pair[1])
        second = _readable_as(self.alternative[1]) if self.alternative else first
        return tuple(name for name in first if name in second) or (*first, *second)


class FormatFinder:
    """Settles a step's formats; what cannot be settled becomes a finding in the document."""

    def __init__(self, document: Document, made: Mapping[str, tuple[Format, ...]], needed: Mapping[str, str]) -> None:
        self._document = document
        self._made = made
        self._needed = needed
        self._choosers: dict[str, str] = {}
        """For steps whose result may be a layers or a graph model, the step that chooses when it runs."""

    def formats(self, draft: Draft) -> Formats | None:
        """Return the step's formats; None when there is a finding, or when the input's maker has one."""
        maker = self._needed.get(draft.name)
        upstream = Upstream(maker, self._made[maker]) if maker and self._made.get(maker) else None
        if maker in self._made and upstream is None:
            return None
        candidates = self._sources(draft, upstream)
        if not candidates:
            return None
        chooser = self._choosers.get(maker or "", "")
        found = self._found(draft, candidates, chooser)
        if found and found.fallback:
            self._choosers[draft.name] = draft.name
        elif found and found.alternative and chooser:
            self._choosers[draft.name] = chooser
        fits = found and self._fits_output(draft, found.pair[1]) and self._fits_input(draft, found.pair[0])
        return found if fits else None

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
        obvious = kind.sources == JAVASCRIPT  # which of the two, the run finds out
        if obvious and not seen.why_not:
            return kind.sources
        if obvious and draft.reads and os.path.lexists(draft.reads):
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

    def _found(self, draft: Draft, candidates: tuple[Format, ...], chooser: str) -> Formats | None:
        """Return the first conversion that exists and that this kind of step is; a finding when there is none."""
        if _stated_target(draft) in AUTOMATIC:
            return self._automatic(draft, candidates)
        targets = [self._target(draft, source) for source in candidates]
        wanted = [(source, target) for source, target in zip(candidates, targets, strict=True) if target is not None]
        if len(wanted) < len(candidates):
            return None
        kind = KINDS[draft.kind]
        possible = sorted((pair for pair in wanted if pair in kind.pairs()), key=_is_ours)
        if candidates == JAVASCRIPT and chooser and len(possible) < len(wanted):
            what = f"step `{chooser}` makes a layers model, or else a graph model, and this step cannot read both"
            formats = listed(f"format: {name}" for name in JAVASCRIPT)
            self._refuse((draft, "input"), what, f"{formats} in `{chooser}`")
            return None
        if candidates == JAVASCRIPT and len(possible) > 1:
            return Formats(wanted[0], alternative=wanted[1])
        if possible:
            return Formats(possible[0])
        self._explain(draft, *wanted[0])
        return None

    def _automatic(self, draft: Draft, candidates: tuple[Format, ...]) -> Formats | None:
        """Return the way to a layers model with the one to a graph model behind it, or the latter alone."""
        layers, graph = JAVASCRIPT
        for source in candidates:
            if source in PYTHON and (source, layers) in pairs.NATIVE:
                return Formats((source, layers), fallback=graph)
        possible = [(source, graph) for source in candidates if source in PYTHON]
        if possible:
            return Formats(min(possible, key=_is_ours))
        what = f"`{_stated_target(draft)}` is for Python models, and `{draft.entry.input}` is a {candidates[0]}"
        self._refuse((draft, _where(draft)), f"{what}. Instead, use `shard`, `quantize` or `graph`")
        return None

    def _explain(self, draft: Draft, source: Format, target: Format) -> None:
        """Add the finding that says why this kind of step cannot be this conversion."""
        kind = KINDS[draft.kind]
        strange = source not in kind.sources and target in JAVASCRIPT
        gap = None if strange else pairs.edge(source, target)
        if isinstance(gap, pairs.Missing):
            what = f"{source} cannot be converted to {target}: {gap.reason}"
            self._refuse((draft, _where(draft)), f"{what}. Instead, {gap.instead}", self._possible(source))
        else:
            what = f"`{draft.kind}` {kind.task}, and `{draft.entry.input}` is a {source}"
            spot = self._document.value_spot((*draft.location, "input"))
            finding = Finding(spot, f"{what}. Instead, {kind.otherwise}", presumed=True)
            self._document.findings.append(finding)

    def _target(self, draft: Draft, source: Format) -> Format | None:
        """Return what the step makes of this source; None, with a finding, when that is unclear."""
        kind = KINDS[draft.kind]
        if kind.keeps_format:
            return source if source in kind.sources else kind.targets[0]
        stated = _stated_target(draft)
        if stated:
            return cast("Format", stated)
        if draft.kind == "js_to_python":
            return self._target_by_name(draft, source)
        natural = pairs.natural_target(source)
        return natural if draft.kind == "python_to_js" and natural in JAVASCRIPT else kind.targets[0]

    def _target_by_name(self, draft: Draft, source: Format) -> Format | None:
        found = _TARGET_BY_ENDING.get(draft.output.suffix)
        if found in _FOLDERS and source == "tfjs_graph_model":
            return "tf_saved_model"
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


def _stated_target(draft: Draft) -> str | None:
    given = draft.entry.given()
    stated: str | None = given.get("target") or given.get("format")
    return stated


def _is_ours(pair: Pair) -> bool:
    """Tell whether only our own code does this, as an order: what the reference converter offers too comes first."""
    return not pairs.EDGES[pair].reference


def _readable_as(target: Format) -> tuple[Format, ...]:
    return sniffing.SAVED_MODELS if target == "keras_saved_model" else (target,)


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
