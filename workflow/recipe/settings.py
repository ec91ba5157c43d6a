"""A step's options: the recipe's spellings brought to the converter's own, and the rules between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workflow.catalogue.options import OPTIONS, QUANTIZATIONS, misplaced
from workflow.recipe.drafting import path_at
from workflow.recipe.quantizing import GOAL, add_quantization
from workflow.recipe.wiring import Read

if TYPE_CHECKING:
    from workflow.catalogue.options import OptionValue
    from workflow.catalogue.pairs import Pair
    from workflow.recipe.document import Document, Location
    from workflow.recipe.drafting import Draft
    from workflow.recipe.formats import Formats
    from workflow.recipe.model import Step

SHARD_SIZE = "weight_shard_size_bytes"
KEEP_FLOAT = "keep_float"
METADATA = "metadata"
MODULES = "custom_objects"


def options_of(document: Document, draft: Draft, *, formats: Formats) -> dict[str, OptionValue]:
    """Return the step's options by the converter's names, in the converter's order; findings go to the document.

    ``shard_size``, ``dtype`` with ``weights``, ``auto`` and ``quantization_bytes`` become the options that they stand
    for. Options that are switched off are left out, as if they were not there.
    """
    chosen = {name: value for name, value in draft.entry.given().items() if name in OPTIONS}
    _check_place(document, draft, formats)
    _add_shard_size(document, draft, chosen)
    add_quantization(document, draft, chosen=chosen)
    _check_keeping(document, draft, chosen, formats=formats)
    if METADATA in chosen:
        chosen[METADATA] = _metadata(document, draft)
    if MODULES in chosen:
        chosen[MODULES] = _modules(document, draft)
    kept = [name for name in OPTIONS if name in chosen and not OPTIONS[name].is_idle(chosen[name], pair=formats.pair)]
    return cast("dict[str, OptionValue]", {name: chosen[name] for name in kept})


def files_of(step: Step, draft: Draft) -> list[Read]:
    """Return the files that the step's options name, which have to be there."""
    metadata, modules = step.options.get(METADATA), step.options.get(MODULES)
    named = list(metadata.items()) if isinstance(metadata, dict) else []
    found = [Read(Path(str(path)), (*draft.location, METADATA, key)) for key, path in named]
    listed = modules if isinstance(modules, list) else []
    return found + [Read(Path(path), (*draft.location, MODULES, number)) for number, path in enumerate(listed)]


def _check_place(document: Document, draft: Draft, formats: Formats) -> None:
    """Refuse options without effect: with a fallback those of either format count, else all conversions must agree."""
    given = draft.entry.given()
    if formats.fallback is not None:
        elsewhere = misplaced(given, (formats.pair[0], formats.fallback))
        wrong = [(option, formats.pair) for option in misplaced(given, formats.pair) if option in elsewhere]
    else:
        pairs: list[Pair] = [formats.pair, *([formats.alternative] if formats.alternative else [])]
        wrong = [(option, pair) for pair in pairs for option in misplaced(given, pair)]
    for option, pair in wrong:
        spot = document.key_spot((*draft.location, option.name))
        possibly = "" if pair == formats.pair else ", which this step may turn out to be"
        what = f"`{option.name}` means nothing from {pair[0]} to {pair[1]}{possibly}"
        document.complain(spot, f"{what}: it applies {option.where}")


def _add_shard_size(document: Document, draft: Draft, chosen: dict[str, Any]) -> None:
    if draft.kind != "shard":
        return
    own = draft.entry.given().get("shard_size")
    if own is not None and SHARD_SIZE in chosen:
        spot = document.key_spot((*draft.location, SHARD_SIZE))
        document.complain(spot, f"`{SHARD_SIZE}` is the same as `shard_size`", expected="one of the two")
    elif own is not None:
        chosen[SHARD_SIZE] = own
    elif SHARD_SIZE not in chosen:
        spot = document.key_spot(draft.location)
        document.complain(spot, "`shard_size` is missing in `shard`", expected="a size such as `100kB` or `4MiB`")


def _check_keeping(document: Document, draft: Draft, chosen: dict[str, Any], *, formats: Formats) -> None:
    """Refuse ``keep_float`` where nothing is quantized, neither by this step nor possibly in its input."""
    quantized = any(chosen.get(name) for name in (GOAL, *QUANTIZATIONS.values()))
    again = formats.pair[0] == formats.pair[1]
    if KEEP_FLOAT in chosen and not quantized and not again:
        spot = document.key_spot((*draft.location, KEEP_FLOAT))
        document.complain(spot, f"`{KEEP_FLOAT}` has no effect: nothing is quantized", expected="a `quantize_*` option")


def _metadata(document: Document, draft: Draft) -> dict[str, str]:
    """Return the metadata with absolute paths; the converter splits at ``:`` and ``,``, also in folders' names."""
    found: dict[str, str] = {}
    for key in draft.entry.given()[METADATA]:
        location = (*draft.location, METADATA, key)
        path = path_at(document, location)
        if path is None:
            continue
        found[key] = str(path)
        if set(":,") & set(str(path)):
            spot = document.value_spot(location)
            document.complain(
                spot, f"`{path}` has a colon or comma, which the converter separates with", expected="another folder"
            )
    return found


def _modules(document: Document, draft: Draft) -> list[str]:
    """Return the Python files with absolute paths."""
    every: Location = (*draft.location, MODULES)
    count = len(draft.entry.given()[MODULES])
    places = [every] if document.text_at(every) else [(*every, number) for number in range(count)]
    found = []
    for place in places:
        path = path_at(document, place)
        if path is not None and path.suffix != ".py":
            spot = document.value_spot(place)
            document.complain(
                spot, f"`{MODULES}`: `{path.name}` is no Python file", expected="a file such as `layers.py`"
            )
        found += [str(path)] if path is not None else []
    return found
