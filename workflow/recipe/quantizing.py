"""How a step says what is quantized: a dtype, patterns, a goal, the old way; and what excludes what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.catalogue.options import DTYPE_OF_BYTES, QUANTIZATIONS

if TYPE_CHECKING:
    from workflow.recipe.document import Document
    from workflow.recipe.drafting import Draft

OLD = "quantization_bytes"
GOAL = "quantize_auto"
_ALONE = ("dtype", "auto", GOAL, OLD)
"""Keys of which each one says everything that is to be said; the patterns may stand beside each other."""
_DTYPES = "`dtype` (`uint8`, `uint16`, `float16`), or `auto` with `max_error` or `max_bytes`"


def add_quantization(document: Document, draft: Draft, *, chosen: dict[str, Any]) -> None:
    """Bring what the step says to the options ``quantize_*`` and ``quantize_auto``; findings go to the document."""
    _require(document, draft)
    chosen.pop(OLD, None)
    chosen.pop(GOAL, None)
    if not _contradicts(document, draft):
        chosen.update(_said(draft))
    _check_dtypes(document, draft, chosen)
    _check_company(document, draft, chosen)


def _ways(draft: Draft) -> list[str]:
    """Return the keys of the step that say how to quantize, those that must stand alone first."""
    given = draft.entry.given()
    return [name for name in (*_ALONE, *QUANTIZATIONS.values()) if name in given]


def _require(document: Document, draft: Draft) -> None:
    given = draft.entry.given()
    if draft.kind == "quantize" and not _ways(draft) and not given.get("dequantize"):
        spot = document.key_spot(draft.location)
        document.complain(spot, "`dtype` is missing in `quantize`", expected=_DTYPES)
    if "weights" in given and "dtype" not in given:
        spot = document.key_spot((*draft.location, "weights"))
        document.complain(spot, "`weights` goes with `dtype`", expected="`dtype:` beside it")


def _contradicts(document: Document, draft: Draft) -> bool:
    ways = _ways(draft)
    if len(ways) < 2 or ways[0] not in _ALONE:  # noqa: PLR2004  one way is no contradiction
        return False
    spot = document.key_spot((*draft.location, ways[1]))
    document.complain(spot, f"`{ways[1]}` and `{ways[0]}` both say how to quantize", expected="one of the two")
    return True


def _said(draft: Draft) -> dict[str, Any]:
    given = draft.entry.given()
    goal = given.get("auto") or given.get(GOAL)
    if goal is not None:
        return {GOAL: goal.given()}
    dtype = given.get("dtype") or DTYPE_OF_BYTES.get(given.get(OLD, 0))
    return {QUANTIZATIONS[dtype]: given.get("weights") or ["*"]} if dtype else {}


def _check_dtypes(document: Document, draft: Draft, chosen: dict[str, Any]) -> None:
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


def _check_company(document: Document, draft: Draft, chosen: dict[str, Any]) -> None:
    """Refuse ``dequantize`` beside a goal, which leaves alone what is quantized already."""
    if GOAL in chosen and chosen.get("dequantize"):
        spot = document.key_spot((*draft.location, "dequantize"))
        what = "`dequantize` cannot stand beside a goal, which counts what is quantized already as done"
        document.complain(spot, what, expected="a step of its own that dequantizes, before this one")
