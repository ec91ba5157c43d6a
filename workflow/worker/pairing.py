"""Which input or output of one model is which of another, whose names may have changed on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from .failure import JobError

Shape = Tuple[Optional[int], ...]


@dataclass(frozen=True)
class PairedPort:
    """A name and a shape; None fits every size."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Pair:
    """Positions of two ports that belong together, and what says so."""

    source: int
    result: int
    by: str


def pair(what: str, source: Sequence[PairedPort], *, result: Sequence[PairedPort]) -> List[Pair]:
    """Return a pair for every port of ``source``; raises ``JobError`` where the two sides do not fit.

    Equal names belong together. What is left belongs together in alphabetical order of the source's names, which is the
    order in which a graph numbers its outputs; else in the order in which both are listed; else by shapes.
    """
    if len(source) != len(result):
        raise _mismatch(what, source, result)
    names = {port.name: number for number, port in enumerate(result)}
    found = [Pair(number, names[port.name], "name") for number, port in enumerate(source) if port.name in names]
    left = [number for number in range(len(source)) if number not in {pair.source for pair in found}]
    there = [number for number in range(len(result)) if number not in {pair.result for pair in found}]
    for ours, theirs in _orders(left, there, [source, result]):
        rest = [Pair(one, other, "order") for one, other in zip(ours, theirs)]
        together = sorted([*found, *rest], key=lambda pair: pair.source)
        if all(_fits(source[pair.source].shape, result[pair.result].shape) for pair in together):
            return together
    raise _mismatch(what, source, result)


def _orders(left: List[int], there: List[int], sides: List[Sequence[PairedPort]]) -> List[Tuple[List[int], List[int]]]:
    source, result = sides
    numbered = sorted(there, key=lambda number: _natural(result[number].name))
    alphabetical = sorted(left, key=lambda number: source[number].name)
    by_shape = [[n for n in there if _fits(source[number].shape, result[n].shape)] for number in left]
    orders = [(alphabetical, numbered), (left, there)]
    if all(len(fitting) == 1 for fitting in by_shape) and len({fitting[0] for fitting in by_shape}) == len(left):
        orders.append((left, [fitting[0] for fitting in by_shape]))
    return orders


def _natural(name: str) -> List[Tuple[int, Any]]:
    """Order Identity_2 before Identity_10."""
    return [
        (0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name.partition(":")[0]) if part
    ]


def _fits(one: Shape, other: Shape) -> bool:
    return len(one) == len(other) and all(a == b or a is None or b is None for a, b in zip(one, other))


def _mismatch(what: str, source: Sequence[PairedPort], result: Sequence[PairedPort]) -> JobError:
    return JobError("mismatch", f"the source has the {what} {_listed(source)}, the result {_listed(result)}")


def _listed(ports: Sequence[PairedPort]) -> str:
    return ", ".join(f"{port.name} {list(port.shape)}" for port in ports) or "(none)"
