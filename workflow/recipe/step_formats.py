"""Which formats a step converts between: as the recipe says, as its input is made, as the disk shows, or by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from workflow.base.records import Record
from workflow.catalogue import formats
from workflow.catalogue.formats import JAVASCRIPT, PYTHON
from workflow.catalogue.kinds import AUTOMATIC, KERAS3, KINDS
from workflow.models import sniffing
from workflow.models.sniffing import Sighting
from workflow.recipe.findings import RecipeFinding, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format, Pair
    from workflow.recipe.steps import StepBuilder

_TARGET_BY_ENDING: dict[str, Format] = {
    ".h5": "keras",
    ".hdf5": "keras",
    ".keras": "keras_keras",
    "": "keras_saved_model",
}
_FORMAT_OF_WORD: dict[str, Format] = {KERAS3: "keras_keras"}
_OUTPUT_ENDINGS: dict[Format, tuple[str, ...]] = {"keras": sniffing.HDF5_ENDINGS, "keras_keras": (".keras",)}
_FILE_ENDINGS = (*sniffing.ENDINGS, ".json")
_FILES: tuple[Format, ...] = ("keras", "keras_keras", "tf_frozen_model")
_FOLDERS: tuple[Format, ...] = sniffing.SAVED_MODELS
_KERAS_OUTPUTS = "a name that ends in `.h5` or `.hdf5` (Keras HDF5), `.keras` (archive), or nothing (SavedModel folder)"


class Upstream(Record):
    """What is known of the step or model source that makes an input; no ``formats`` when that was refused."""

    name: str
    formats: tuple[Format, ...]


class StepFormats(Record):
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

    def __init__(self, made: Mapping[str, tuple[Format, ...]], needed: Mapping[str, str]) -> None:
        self._made = dict(made)
        """What the results of the model source and of the steps so far can be read as; nothing of what was refused."""
        self._needed = needed
        self._choosers: dict[str, str] = {}
        """For steps whose result may be a layers or a graph model, the step that chooses when it runs."""

    def formats(self, step: StepBuilder) -> StepFormats | None:
        """Return the step's formats; None when there is a finding, or when the input's maker has one.

        To be called for the steps in running order.
        """
        found = self._settled(step)
        self._made[step.name] = found.readable() if found else ()
        return found

    def _settled(self, step: StepBuilder) -> StepFormats | None:
        maker = self._needed.get(step.name)
        upstream = Upstream(maker, self._made[maker]) if maker and self._made.get(maker) else None
        if maker in self._made and upstream is None:
            return None
        candidates = _sources(step, upstream)
        if not candidates:
            return None
        chooser = self._choosers.get(maker or "", "")
        found = _found(step, candidates, chooser)
        if found and found.fallback:
            self._choosers[step.name] = step.name
        elif found and found.alternative and chooser:
            self._choosers[step.name] = chooser
        fits = found and _fits_output(step, found.pair[1]) and _fits_input(step, found.pair[0])
        return found if fits else None


def _sources(step: StepBuilder, upstream: Upstream | None) -> tuple[Format, ...]:
    """Return what the input can be read as, the likeliest first; nothing, with a finding, when that is unclear."""
    seen = _seen(step, upstream)
    stated: Format | None = step.given.get("from")
    if stated is None:
        return seen.formats or _only_source(step, seen)
    if not _handle_fits(step, stated):
        return ()
    if seen.certain and stated not in seen.formats and stated != "tf_hub":
        by = f"step `{upstream.name}` makes" if upstream else "the input is"
        step.blame_value("from", f"`from: {stated}` is wrong: {by} a {seen.formats[0]}")
        return ()
    return (stated,)


def _only_source(step: StepBuilder, seen: Sighting) -> tuple[Format, ...]:
    kind = KINDS[step.kind]
    obvious = "from" not in kind.own  # where it may be one of two, the run finds out which
    if obvious and not seen.why_not:
        return kind.sources
    if obvious and step.reads and os.path.lexists(step.reads):
        step.blame_value("input", f"`{step.entry.input}` is no model that `{step.kind}` reads: {seen.why_not}")
        return ()
    reason = f": {seen.why_not}" if seen.why_not else ""
    what = f"what `{step.entry.input}` is cannot be told{reason}"
    step.blame_value("input", what, expected=f"`from:` with one of {listed(kind.sources)}")
    return ()


def _handle_fits(step: StepBuilder, stated: Format) -> bool:
    if step.reads is None and stated != "tf_hub":
        what = f"`from: {stated}` does not go with a URL: the converter fetches from TensorFlow Hub only"
        step.blame_value("from", what, expected="a path; `model:` with `url:` and `sha256:` fetches any file")
        return False
    return True


def _found(step: StepBuilder, candidates: tuple[Format, ...], chooser: str) -> StepFormats | None:
    """Return the first conversion that exists and that this kind of step is; a finding when there is none."""
    if _stated_target(step) in AUTOMATIC:
        return _automatic(step, candidates)
    targets = [_target(step, source) for source in candidates]
    wanted = [(source, target) for source, target in zip(candidates, targets, strict=True) if target is not None]
    if len(wanted) < len(candidates):
        return None
    kind = KINDS[step.kind]
    possible = sorted((pair for pair in wanted if pair in kind.pairs), key=_is_ours)
    if candidates == JAVASCRIPT and chooser and len(possible) < len(wanted):
        what = f"step `{chooser}` makes a layers model, or else a graph model, and this step cannot read both"
        formats = listed(f"format: {name}" for name in JAVASCRIPT)
        step.blame_value("input", what, expected=f"{formats} in `{chooser}`")
        return None
    if candidates == JAVASCRIPT and len(possible) > 1:
        return StepFormats(wanted[0], alternative=wanted[1])
    if possible:
        return StepFormats(possible[0])
    _explain(step, *wanted[0])
    return None


def _automatic(step: StepBuilder, candidates: tuple[Format, ...]) -> StepFormats | None:
    """Return the way to a layers model with the one to a graph model behind it, or the latter alone."""
    layers, graph = JAVASCRIPT
    for source in candidates:
        if source in PYTHON and (source, layers) in formats.NATIVE:
            return StepFormats((source, layers), fallback=graph)
    possible = [(source, graph) for source in candidates if source in PYTHON]
    if possible:
        return StepFormats(min(possible, key=_is_ours))
    what = f"`{_stated_target(step)}` is for Python models, and `{step.entry.input}` is a {candidates[0]}"
    step.blame_value(_where(step), f"{what}. Instead, use `shard`, `quantize` or `graph`")
    return None


def _explain(step: StepBuilder, source: Format, target: Format) -> None:
    """Add the finding that says why this kind of step cannot be this conversion."""
    kind = KINDS[step.kind]
    strange = source not in kind.sources and target in JAVASCRIPT
    gap = None if strange else formats.edge(source, target)
    if isinstance(gap, formats.Missing):
        what = f"{source} cannot be converted to {target}: {gap.reason}"
        step.blame_value(_where(step), f"{what}. Instead, {gap.instead}", expected=_possible(source))
    else:
        what = f"`{step.kind}` {kind.task}, and `{step.entry.input}` is a {source}"
        spot = step.document.value_spot(step.at("input"))
        step.document.findings.append(RecipeFinding(spot, f"{what}. Instead, {kind.otherwise}", presumed=True))


def _target(step: StepBuilder, source: Format) -> Format | None:
    """Return what the step makes of this source; None, with a finding, when that is unclear."""
    kind = KINDS[step.kind]
    if kind.keeps_format:
        return source if source in kind.sources else kind.targets[0]
    stated = _stated_target(step)
    if stated:
        return _FORMAT_OF_WORD.get(stated) or cast("Format", stated)
    if kind.targets[0] in PYTHON:
        return _target_by_name(step, source)
    natural = formats.natural_target(source)
    return natural if natural in kind.targets else kind.targets[0]


def _target_by_name(step: StepBuilder, source: Format) -> Format | None:
    found = _TARGET_BY_ENDING.get(step.output.suffix)
    if found in _FOLDERS and source == "tfjs_graph_model":
        return "tf_saved_model"
    if found is None:
        what = f"the ending `{step.output.suffix}` does not say which Keras format to write"
        near = step.output.suffix.lower() if step.output.suffix.lower() in _TARGET_BY_ENDING else ""
        step.blame_value("output", what, expected=_KERAS_OUTPUTS, near=near)
    return found


def _fits_output(step: StepBuilder, target: Format) -> bool:
    """Check the output's ending: Keras takes the format it writes from it, and folders must not look like files."""
    ending = step.output.suffix
    allowed = _OUTPUT_ENDINGS.get(target)
    if allowed and ending not in allowed:
        what = f"a {target} output cannot be called `{step.output.name}`: Keras would write another format"
        step.blame_value("output", what, expected=f"a name that ends in {listed(allowed)}")
        return False
    if not allowed and ending.lower() in _FILE_ENDINGS:
        what = f"a {target} output is a folder, and `{step.output.name}` is named like a file"
        step.blame_value("output", what, expected=f"a folder such as `{step.output.stem}`")
        return False
    return True


def _fits_input(step: StepBuilder, source: Format) -> bool:
    """Check that an input that is there is a file or a folder, as its format wants."""
    problem = _shape_problem(step.reads, source) if step.reads and step.reads.exists() else ""
    if problem:
        step.blame_value("input", f"`{step.entry.input}` {problem}")
    return not problem


def _possible(source: Format) -> str:
    targets = formats.targets(source)
    return f"{listed(targets)} as the result of {source}" if targets else ""


def _seen(step: StepBuilder, upstream: Upstream | None) -> Sighting:
    if step.reads is None:
        return Sighting(("tf_hub",))
    if upstream:
        return Sighting(upstream.formats, certain=True)
    return sniffing.sighted(step.reads) if step.reads.exists() else sniffing.named(step.reads)


def _stated_target(step: StepBuilder) -> str | None:
    stated: str | None = step.given.get("to") or step.given.get("format")
    return stated


def _is_ours(pair: Pair) -> bool:
    """Tell whether only our own code does this, as an order: what the reference converter offers too comes first."""
    return not formats.EDGES[pair].reference


def _readable_as(target: Format) -> tuple[Format, ...]:
    return sniffing.SAVED_MODELS if target == "keras_saved_model" else (target,)


def _where(step: StepBuilder) -> str:
    """Return the key to point at when a pair of formats is impossible."""
    return next((key for key in ("to", "format") if key in step.given), "input")


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
