"""Which weight is quantized to what: patterns of names, checked against the names that there are."""

from __future__ import annotations

import difflib
import re
from fnmatch import translate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.records import Record
from workflow.base.wording import plural, shown, some
from workflow.catalogue.options import DTYPE_OF_BYTES, QUANTIZATIONS
from workflow.models.tensors import ITEM_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.models.tensors import Tensor

EVERYTHING = ["*"]
NONE: Mapping[str, str] = MappingProxyType({})
_SPECIAL = re.compile(r"[*?\[]")
_MOST_COMPARED = 2000  # comparing names takes time with the square of their length
_FLOAT = "float32"


class Caught(Record):
    """What one pattern caught: the weights that are quantized, and those that stay as they are, by reason."""

    glob: str
    dtype: str
    names: tuple[str, ...]
    left: Mapping[str, tuple[str, ...]]
    bytes_before: int
    bytes_after: int

    def facts(self) -> dict[str, Any]:
        """Return the row of the table for the record."""
        return {
            "glob": self.glob,
            "dtype": self.dtype,
            "quantized": list(self.names),
            "left": {reason: list(names) for reason, names in self.left.items() if names},
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
        }


class QuantizationPlan(Record):
    """The dtype of each weight that is quantized, and the table of what each pattern caught."""

    dtypes: Mapping[str, str]
    table: tuple[Caught, ...] = ()
    chosen: Mapping[str, Any] = NONE
    """How the patterns were chosen, when a goal was given in place of patterns."""

    def dtype_of(self, tensor: Tensor) -> str | None:
        """Return what a tensor is to be quantized to; None when it stays as it is."""
        return None if tensor.encoded is not None else self.dtypes.get(tensor.name)

    def facts(self) -> dict[str, Any]:
        """Return the table for the record, with the explicit patterns that make this plan again."""
        return {"globs": [caught.facts() for caught in self.table], **self.chosen}


def requested(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the patterns for each dtype that the converter's options name."""
    requests = {dtype: list(options[name]) for dtype, name in QUANTIZATIONS.items() if options.get(name)}
    count = options.get("quantization_bytes")
    if count is None:
        return requests
    if requests:
        raise ConversionError(
            "quantization_bytes and quantize_* are both given, and the first says it for all weights",
            hint="Leave quantization_bytes out.",
        )
    return {DTYPE_OF_BYTES[count]: EVERYTHING}


def make_plan(
    weights: Sequence[Tensor],
    requests: Mapping[str, Sequence[str]],
    *,
    kept: Mapping[str, str],
    spared: Mapping[str, str] = NONE,
) -> QuantizationPlan:
    """Return the plan for patterns by dtype; ``["*"]`` stands for every weight that no other pattern catches.

    ``kept`` gives the reason for each weight that stays in float, ``spared`` for those that "every weight" does not
    mean, though a pattern may name them. Raises ``ConversionError`` for patterns that
    catch nothing, nothing that can be quantized, or a weight that another dtype's pattern caught.
    """
    by_name = {tensor.name: tensor for tensor in weights}
    rest = [dtype for dtype, globs in requests.items() if list(globs) == EVERYTHING]
    if len(rest) > 1:
        raise ConversionError(
            f"all weights are to be quantized to {' and to '.join(rest)}", hint="Give patterns for one of them."
        )
    owners: dict[str, tuple[str, str]] = {}
    table = []
    for dtype in sorted(requests, key=lambda dtype: dtype in rest):  # what is left over comes last
        for glob in requests[dtype]:
            names = _matches(glob, by_name)
            if dtype in rest:
                names = [name for name in names if name not in owners]
                kept = {**spared, **_optimizer(weights), **kept}
            new = _claimed(names, (dtype, glob), owners)
            caught = _caught(glob, dtype, [by_name[name] for name in new], kept=kept)
            if dtype not in rest:
                _require_use(caught, matched=names, names=by_name)
            table.append(caught)
    return QuantizationPlan({name: row.dtype for row in table for name in row.names}, tuple(table))


def stored_dtype(tensor: Tensor) -> str:
    """Return the dtype that a numeric tensor has in its source, where it may be quantized already."""
    quantization = (tensor.entry or {}).get("quantization")
    return str(quantization["dtype"]) if quantization else tensor.dtype


def literal(name: str) -> str:
    """Return the pattern that catches just this name."""
    return _SPECIAL.sub(lambda found: f"[{found[0]}]", name)


def _matches(glob: str, names: Mapping[str, object]) -> list[str]:
    """Return the names that fnmatch finds, case-sensitively, on every system."""
    if not _SPECIAL.search(glob):
        return [glob] if glob in names else []
    if glob == "*":
        return list(names)
    fits = re.compile(translate(glob)).match
    return [name for name in names if fits(name)]


def _claimed(names: list[str], owner: tuple[str, str], owners: dict[str, tuple[str, str]]) -> list[str]:
    """Note who quantizes these names and return those that are new; another dtype's raise."""
    new = []
    for name in names:
        if name not in owners:
            owners[name] = owner
            new.append(name)
        dtype, glob = owners[name]
        if dtype != owner[0]:
            raise ConversionError(
                f"weight {shown(name)} is caught by {shown(glob)} for {dtype} and by {shown(owner[1])} for {owner[0]}",
                hint="Narrow one of the two patterns, so that each weight is caught for one dtype.",
            )
    return new


def _optimizer(weights: Sequence[Tensor]) -> dict[str, str]:
    """Return the optimizer's own weights, which "all weights" does not mean: they are never downloaded to predict."""
    names = [tensor.name for tensor in weights if (tensor.entry or {}).get("group") == "optimizer"]
    return dict.fromkeys(names, "belongs to the optimizer")


def _caught(glob: str, dtype: str, tensors: list[Tensor], *, kept: Mapping[str, str]) -> Caught:
    names: list[str] = []
    left: dict[str, list[str]] = {}
    before = after = 0
    for tensor in tensors:
        reason = _reason(tensor, dtype, kept)
        (left.setdefault(reason, []) if reason else names).append(tensor.name)
        if not reason:
            before += tensor.size * ITEM_BYTES[stored_dtype(tensor)]
            after += tensor.size * ITEM_BYTES[dtype]
    return Caught(
        glob=glob,
        dtype=dtype,
        names=tuple(names),
        left={reason: tuple(stay) for reason, stay in left.items()},
        bytes_before=before,
        bytes_after=after,
    )


def _reason(tensor: Tensor, dtype: str, kept: Mapping[str, str]) -> str:
    """Return why a tensor stays as it is; an empty text when it is quantized."""
    if tensor.dtype != _FLOAT:
        return f"is {tensor.dtype}, and only float32 is quantized"
    if tensor.name in kept:
        return kept[tensor.name]
    if not tensor.size and dtype != "float16":
        return "is empty"
    return ""


def _require_use(caught: Caught, *, matched: list[str], names: Mapping[str, object]) -> None:
    """Raise ``ConversionError`` when a pattern catches nothing, or nothing that can be quantized."""
    option = QUANTIZATIONS[caught.dtype]
    if not matched:
        raise ConversionError(
            f"{option}: {shown(caught.glob)} matches none of the model's {plural(len(names), 'weight')}",
            hint=_nearest(caught.glob, list(names)),
        )
    if caught.left and not caught.names:
        reasons = "; ".join(f"{some([shown(n) for n in stay])} {why}" for why, stay in caught.left.items())
        raise ConversionError(
            f"{option}: {shown(caught.glob)} catches nothing that can be quantized: {reasons}",
            hint="Leave the pattern out.",
        )


def _nearest(glob: str, names: list[str]) -> str:
    bare = _SPECIAL.sub("", glob)
    some_names = names[:_MOST_COMPARED]
    inside = [name for name in some_names if bare and bare.lower() in name.lower()]
    close = difflib.get_close_matches(bare, some_names, n=3, cutoff=0.4)
    found = list(dict.fromkeys([*inside[:3], *close])) or names[:3]
    if not found:
        return "The model has no weights."
    return f"The nearest names are {some([shown(name) for name in found])}; `*` stands for any part of a name."
