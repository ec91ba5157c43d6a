"""A step's options: the recipe's spellings brought to the converter's own, the rules between them, and the engine's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workflow.catalogue.formats import EDGES
from workflow.catalogue.options import DTYPE_OF_BYTES, OF_FORMATS, OPTIONS, QUANTIZATIONS, misplaced, ours
from workflow.recipe.paths import InputPath, path_at

if TYPE_CHECKING:
    from workflow.catalogue.formats import Pair
    from workflow.catalogue.options import OptionValue
    from workflow.recipe.recipes import Step
    from workflow.recipe.step_formats import StepFormats
    from workflow.recipe.steps import StepBuilder

_SHARD_SIZE = "weight_shard_size_bytes"
_KEEP_FLOAT = "keep_float"
_METADATA = "metadata"
_MODULES = "custom_objects"
_GOAL = "quantize_auto"
_OLD = "quantization_bytes"
_ALONE = ("dtype", "auto", _GOAL, _OLD)
"""Keys of which each one says everything that is to be said; the patterns may stand beside each other."""
_DTYPES = "`dtype` (`uint8`, `uint16`, `float16`), or `auto` with `max_error` or `max_bytes`"
_SPELLINGS = {_GOAL: "auto"}
_ANY_ENGINE = "`engine: auto`"


def options_of(step: StepBuilder, formats: StepFormats) -> dict[str, OptionValue]:
    """Return the step's options by the converter's names, in the catalogue's order; findings go to the document.

    ``shard_size``, ``dtype`` with ``weights``, ``auto`` and ``quantization_bytes`` become the options that they stand
    for. Options that are switched off are left out, as if they were not there.
    """
    chosen = {name: value for name, value in step.given.items() if name in OPTIONS}
    _check_place(step, formats)
    _add_shard_size(step, chosen)
    _add_quantization(step, chosen)
    _check_keeping(step, formats, chosen)
    _add_format(step, formats, chosen)
    if _METADATA in chosen:
        chosen[_METADATA] = _metadata(step)
    if _MODULES in chosen:
        chosen[_MODULES] = _modules(step)
    kept = [name for name in OPTIONS if name in chosen and not OPTIONS[name].is_idle(chosen[name], pair=formats.pair)]
    return cast("dict[str, OptionValue]", {name: chosen[name] for name in kept})


def files_of(step: StepBuilder, options: Any) -> list[InputPath]:
    """Return the files that the step's options name, which have to be there."""
    named = options.get(_METADATA, {}).items()
    found = [InputPath(Path(path), step.at(_METADATA, key)) for key, path in named]
    listed = enumerate(options.get(_MODULES, ()))
    return found + [InputPath(Path(path), step.at(_MODULES, number)) for number, path in listed]


def check_engine(step: StepBuilder, resolved: Step) -> None:
    """Complain about a step that its engine surely cannot do; what shows only when it runs is left to the run."""
    if resolved.engine == "auto":
        return
    if resolved.fallback_format is not None:
        what = f"`engine: {resolved.engine}` leaves no choice between a layers and a graph model"
        _blame_engine(step, what, expected=f"{_ANY_ENGINE}, or another `format`")
    elif resolved.engine == "reference" and resolved.alternative is None:
        _check_reference(step, resolved)


def _check_reference(step: StepBuilder, resolved: Step) -> None:
    source, target = pair = (resolved.from_format, resolved.to_format)
    if not EDGES[pair].reference:
        what = f"the reference converter does not convert {source} to {target}"
        _blame_engine(step, what, expected=_ANY_ENGINE)
        return
    for option in ours(resolved.options, pair):
        if option.format:
            key = "to" if "to" in step.given else "format"
            step.blame_value(key, f"the reference converter has no `{key}: {option.format}`", expected=_ANY_ENGINE)
            continue
        name = _SPELLINGS[option.name] if _SPELLINGS.get(option.name) in step.given else option.name
        what = f"the reference converter has no `{name}` from {source} to {target}"
        step.blame_key(name, what, expected=f"{_ANY_ENGINE}, or the step without it")


def _blame_engine(step: StepBuilder, what: str, *, expected: str) -> None:
    """Point at where the engine is named: in the step, or for the whole recipe."""
    at = step.at("engine") if "engine" in step.given else ("engine",)
    step.document.blame_value(at, what, expected=expected)


def _check_place(step: StepBuilder, formats: StepFormats) -> None:
    """Refuse options without effect: with a fallback those of either format count, else all conversions must agree."""
    if formats.fallback is not None:
        elsewhere = misplaced(step.given, (formats.pair[0], formats.fallback))
        wrong = [(option, formats.pair) for option in misplaced(step.given, formats.pair) if option in elsewhere]
    else:
        pairs: list[Pair] = [formats.pair, *([formats.alternative] if formats.alternative else [])]
        wrong = [(option, pair) for pair in pairs for option in misplaced(step.given, pair)]
    for option, pair in wrong:
        possibly = "" if pair == formats.pair else ", which this step may turn out to be"
        what = f"`{option.name}` means nothing from {pair[0]} to {pair[1]}{possibly}"
        step.blame_key(option.name, f"{what}: it applies {option.where}")


def _add_shard_size(step: StepBuilder, chosen: dict[str, Any]) -> None:
    if step.kind != "shard":
        return
    own = step.given.get("shard_size")
    if own is not None and _SHARD_SIZE in chosen:
        step.blame_key(_SHARD_SIZE, f"`{_SHARD_SIZE}` is the same as `shard_size`", expected="one of the two")
    elif own is not None:
        chosen[_SHARD_SIZE] = own
    elif _SHARD_SIZE not in chosen:
        step.blame("`shard_size` is missing in `shard`", expected="a size such as `100kB` or `4MiB`")


def _add_quantization(step: StepBuilder, chosen: dict[str, Any]) -> None:
    """Bring what the step says to the options ``quantize_*`` and ``quantize_auto``."""
    _require_quantization(step)
    chosen.pop(_OLD, None)
    chosen.pop(_GOAL, None)
    if not _contradicts(step):
        chosen.update(_quantization(step))
    _check_dtypes(step, chosen)
    if _GOAL in chosen and chosen.get("dequantize"):
        what = "`dequantize` cannot stand beside a goal, which counts what is quantized already as done"
        step.blame_key("dequantize", what, expected="a step of its own that dequantizes, before this one")


def _add_format(step: StepBuilder, formats: StepFormats, chosen: dict[str, Any]) -> None:
    """Add the option that the word for the result's format says, where it is more than a format."""
    key = next((name for name in ("to", "format") if step.given.get(name) in OF_FORMATS), None)
    if key is None:
        return
    option = OF_FORMATS[step.given[key]]
    if formats.pair in option.pairs:
        chosen[option.name] = True
        return
    what = f"`{key}: {option.format}` means nothing from {formats.pair[0]}"
    step.blame_value(key, f"{what}: it applies {option.where}")


def _ways(step: StepBuilder) -> list[str]:
    """Return the keys of the step that say how to quantize, those that must stand alone first."""
    return [name for name in (*_ALONE, *QUANTIZATIONS.values()) if name in step.given]


def _require_quantization(step: StepBuilder) -> None:
    if step.kind == "quantize" and not _ways(step) and not step.given.get("dequantize"):
        step.blame("`dtype` is missing in `quantize`", expected=_DTYPES)
    if "weights" in step.given and "dtype" not in step.given:
        step.blame_key("weights", "`weights` goes with `dtype`", expected="`dtype:` beside it")


def _contradicts(step: StepBuilder) -> bool:
    ways = _ways(step)
    if len(ways) < 2 or ways[0] not in _ALONE:  # noqa: PLR2004  one way is no contradiction
        return False
    step.blame_key(ways[1], f"`{ways[1]}` and `{ways[0]}` both say how to quantize", expected="one of the two")
    return True


def _quantization(step: StepBuilder) -> dict[str, Any]:
    goal = step.given.get("auto") or step.given.get(_GOAL)
    if goal is not None:
        return {_GOAL: goal.given()}
    count = step.given.get(_OLD)
    dtype = step.given.get("dtype") or (None if count is None else DTYPE_OF_BYTES[count])
    return {QUANTIZATIONS[dtype]: step.given.get("weights") or ["*"]} if dtype else {}


def _check_dtypes(step: StepBuilder, chosen: dict[str, Any]) -> None:
    """Refuse two dtypes for the same weights, as far as the patterns show it."""
    said: dict[str, str] = {}
    for name in QUANTIZATIONS.values():
        for pattern in chosen.get(name, []):
            if pattern in said and said[pattern] != name:
                weights = "all weights" if pattern == "*" else f"the weights `{pattern}`"
                what = f"`{name}` and `{said[pattern]}` are both for {weights}"
                step.blame_key(name, what, expected="one dtype for each")
                return
            said[pattern] = name


def _check_keeping(step: StepBuilder, formats: StepFormats, chosen: dict[str, Any]) -> None:
    """Refuse ``keep_float`` where nothing is quantized, neither by this step nor possibly in its input."""
    quantized = any(chosen.get(name) for name in (_GOAL, *QUANTIZATIONS.values()))
    again = formats.pair[0] == formats.pair[1]
    if _KEEP_FLOAT in chosen and not quantized and not again:
        what = f"`{_KEEP_FLOAT}` has no effect: nothing is quantized"
        step.blame_key(_KEEP_FLOAT, what, expected="a `quantize_*` option")


def _metadata(step: StepBuilder) -> dict[str, str]:
    """Return the metadata with absolute paths; the converter splits at ``:`` and ``,``, also in folders' names."""
    found: dict[str, str] = {}
    for key in step.given[_METADATA]:
        at = step.at(_METADATA, key)
        path = path_at(step.document, at)
        if path is None:
            continue
        found[key] = str(path)
        if set(":,") & set(str(path)):
            what = f"`{path}` has a colon or comma, which the converter separates with"
            step.document.blame_value(at, what, expected="another folder")
    return found


def _modules(step: StepBuilder) -> list[str]:
    """Return the Python files with absolute paths."""
    every = step.at(_MODULES)
    count = len(step.given[_MODULES])
    found = []
    for at in [every] if step.document.text_at(every) else [(*every, number) for number in range(count)]:
        path = path_at(step.document, at)
        if path is not None and path.suffix != ".py":
            what = f"`{_MODULES}`: `{path.name}` is no Python file"
            step.document.blame_value(at, what, expected="a file such as `layers.py`")
        found += [str(path)] if path is not None else []
    return found
