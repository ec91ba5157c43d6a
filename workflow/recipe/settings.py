"""A step's converter options: the recipe's spellings brought to the converter's own, and the rules between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from workflow.converters.options import DTYPE_OF_BYTES, OPTIONS, QUANTIZATIONS, lacking, misplaced
from workflow.recipe.drafting import path_at

if TYPE_CHECKING:
    from workflow.recipe.document import Document
    from workflow.recipe.drafting import Draft
    from workflow.recipe.model import Format, OptionValue

SHARD_SIZE = "weight_shard_size_bytes"
OLD_QUANTIZATION = "quantization_bytes"


def options_of(document: Document, draft: Draft, *, pair: tuple[Format, Format]) -> dict[str, OptionValue]:
    """Return the step's options by the converter's names, in the converter's order; findings go to the document.

    ``shard_size``, ``dtype`` with ``weights`` and ``quantization_bytes`` become the options that they stand for.
    Options that are switched off are left out, as if they were not there.
    """
    chosen = {name: value for name, value in draft.entry.given().items() if name in OPTIONS}
    _check_place(document, draft, pair)
    chosen.pop(OLD_QUANTIZATION, None)
    _add_shard_size(document, draft, chosen)
    _add_quantization(document, draft, chosen)
    _check_quantization(document, draft, chosen)
    if "metadata" in chosen:
        chosen["metadata"] = _metadata(document, draft)
    kept = {name: chosen[name] for name in OPTIONS if name in chosen and not _is_off(name, chosen[name])}
    return cast("dict[str, OptionValue]", kept)


def _is_off(name: str, value: Any) -> bool:
    """Tell whether the value says what the converter does anyway."""
    if name in QUANTIZATIONS.values():
        return bool(value == [])
    return value is (name == "strip_debug_ops")


def _check_place(document: Document, draft: Draft, pair: tuple[Format, Format]) -> None:
    given = draft.entry.given()
    for option in misplaced(given, pair):
        spot = document.key_spot((*draft.location, option.name))
        what = f"`{option.name}` means nothing from {pair[0]} to {pair[1]}"
        document.complain(spot, f"{what}: it applies {option.where}")
    for option in lacking(given, pair):
        spot = document.key_spot(draft.location)
        document.complain(spot, f"`{option.name}` is missing: {pair[0]} needs {option.form.value}")


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


def _add_quantization(document: Document, draft: Draft, chosen: dict[str, Any]) -> None:
    given = draft.entry.given()
    old = given.get(OLD_QUANTIZATION)
    dtype = given.get("dtype") or (DTYPE_OF_BYTES[old] if old else None)
    others = [name for name in (OLD_QUANTIZATION, *QUANTIZATIONS.values()) if name in given]
    if draft.kind == "quantize" and dtype is None and not others:
        spot = document.key_spot(draft.location)
        document.complain(spot, "`dtype` is missing in `quantize`", expected="`uint8`, `uint16` or `float16`")
    if "weights" in given and "dtype" not in given:
        spot = document.key_spot((*draft.location, "weights"))
        document.complain(spot, "`weights` goes with `dtype`", expected="`dtype:` beside it")
    if dtype is None:
        return
    rivals = others if "dtype" in given else [name for name in others if name != OLD_QUANTIZATION]
    if rivals:
        spot = document.key_spot((*draft.location, rivals[0]))
        own = "dtype" if "dtype" in given else OLD_QUANTIZATION
        document.complain(spot, f"`{rivals[0]}` and `{own}` both say how to quantize", expected="one of the two")
        return
    chosen[QUANTIZATIONS[dtype]] = given.get("weights") or ["*"]


def _check_quantization(document: Document, draft: Draft, chosen: dict[str, Any]) -> None:
    """Refuse two dtypes for the same weights, as far as the patterns show it."""
    said: dict[str, str] = {}
    for name in QUANTIZATIONS.values():
        for pattern in chosen.get(name, []):
            if pattern in said and said[pattern] != name:
                spot = document.key_spot((*draft.location, name))
                weights = "all weights" if pattern == "*" else f"the weights `{pattern}`"
                document.complain(
                    spot, f"`{name}` and `{said[pattern]}` are both for {weights}", expected="one dtype for each"
                )
                return
            said[pattern] = name


def _metadata(document: Document, draft: Draft) -> dict[str, str]:
    """Return the metadata with absolute paths; the converter splits at ``:`` and ``,``, also in folders' names."""
    found: dict[str, str] = {}
    for key in draft.entry.given()["metadata"]:
        location = (*draft.location, "metadata", key)
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
