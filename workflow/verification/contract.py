"""The third level: whether a result takes and gives what its source does, under the same names, in the same order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from workflow.models.keras.tree import valid_name
from workflow.verification.evidence import Finding, LevelReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.catalogue.formats import Format
    from workflow.verification.model_ports import ModelPort, ModelPorts, Shape

Side = Literal["inputs", "outputs"]

NARROWED = {
    "float16": "float32",
    "float64": "float32",
    "int64": "int32",
    "int16": "int32",
    "int8": "int32",
    "uint8": "int32",
    "uint16": "int32",
}
"""What TensorFlow.js has in place of a dtype."""

_LAYERS = ("keras", "keras_keras", "tfjs_layers_model")
_OF_SCRIPT = ("tfjs_layers_model", "tfjs_graph_model")
"""Formats that say what TensorFlow.js has in place of a dtype: what is made of them may say what it stands for."""

_FOREIGN_TO_PYTHON = re.compile(r"[^A-Za-z0-9_]")
"""What TensorFlow writes as ``_`` in the names of a SavedModel's inputs, which are arguments of a function."""

_UNORDERED = ("tf_saved_model", "keras_saved_model")
"""What gives its outputs by name alone."""

_ANONYMOUS = re.compile(r"^(Identity(_\d+)?|output_\d+|PartitionedCall(_\d+)?|StatefulPartitionedCall(_\d+)?)(:\d+)?$")
"""Names that a graph gives to outputs that have lost theirs."""


@dataclass(frozen=True)
class Pairing:
    """Which port of the result (by position) is which of the source, and what says so."""

    source: str
    result: str
    position: int
    by: str


def check(source: ModelPorts, result: ModelPorts, *, formats: tuple[Format, Format]) -> LevelReport:
    """Compare names, order, shapes and dtypes; what a side does not declare is not compared.

    ``formats`` are the source's and the result's. ``facts`` hold the mapping of inputs and outputs.
    """
    findings: list[Finding] = []
    remarks: list[str] = []
    mapping: dict[str, Any] = {}
    widened = formats[0] in _OF_SCRIPT and formats[1] not in _OF_SCRIPT
    sides: tuple[tuple[Side, Any, Any], ...] = (
        ("inputs", source.inputs, _narrowed(result.inputs) if widened else result.inputs),
        ("outputs", source.outputs, _narrowed(result.outputs) if widened else result.outputs),
    )
    unknown = [side for side, theirs, ours in sides if theirs is None or ours is None]
    for side, theirs, ours in sides:
        if theirs is None or ours is None:
            continue
        strict = all(one in _LAYERS for one in formats) or formats[0] == formats[1]
        ordered = strict or (formats[0] in _LAYERS and formats[1] not in _UNORDERED)
        checked = _Side(side, theirs, ours, strict=strict, ordered=ordered)
        pairs = checked.pairs()
        findings += checked.findings
        remarks += checked.remarks
        mapping[side] = [vars(pair) for pair in pairs]
    status: Any = "failed" if findings else "not applicable" if len(unknown) == len(sides) else "passed"
    why = f"the files do not say what the {' and '.join(unknown)} are" if unknown else ""
    facts = {"mapping": mapping, "inputs": _told(result.inputs), "outputs": _told(result.outputs)}
    return LevelReport("contract", status, tuple(findings), why=why, remarks=tuple(remarks), facts=facts)


def _narrowed(ports: Sequence[ModelPort] | None) -> Sequence[ModelPort] | None:
    if ports is None:
        return None
    return [replace(port, dtype=NARROWED.get(port.dtype or "", port.dtype)) for port in ports]


def renamed(report: LevelReport | None, side: Side) -> Mapping[str, str]:
    """Return the result's name for each of the source's inputs or outputs, as far as a contract tells."""
    pairs = report.facts.get("mapping", {}).get(side, ()) if report else ()
    return {pair["source"]: pair["result"] for pair in pairs}


def positions(report: LevelReport | None) -> Mapping[str, int]:
    """Return where each of the source's outputs stands among the result's, as far as a contract tells."""
    pairs = report.facts.get("mapping", {}).get("outputs", ()) if report else ()
    return {pair["source"]: pair["position"] for pair in pairs}


def _told(ports: Sequence[ModelPort] | None) -> list[str] | None:
    return None if ports is None else [str(port) for port in ports]


class _Side:
    """The inputs, or the outputs, of both sides."""

    def __init__(
        self, side: Side, theirs: Sequence[ModelPort], ours: Sequence[ModelPort], *, strict: bool, ordered: bool
    ) -> None:
        self._word = side[:-1]
        self._ordered = (ordered and side == "outputs") or strict
        self._theirs = theirs
        self._ours = ours
        self._strict = strict
        self.findings: list[Finding] = []
        self.remarks: list[str] = []

    def pairs(self) -> list[Pairing]:
        """Return what belongs together, and note everything that differs."""
        if len(self._theirs) != len(self._ours):
            self._wrong_count()
            return []
        found = self._by_name() or self._by_order()
        for pair, port in zip(found, self._theirs, strict=False):
            self._compare(port, self._ours[pair.position])
        return found

    def _wrong_count(self) -> None:
        lost = [port.name for port in self._theirs if port.name not in {one.name for one in self._ours}]
        named = f" ({', '.join(lost)} is gone)" if lost else ""
        text = f"the result has {len(self._ours)} {self._word}s, and its source {len(self._theirs)}{named}"
        self.findings.append(Finding(text, lost[0] if lost else "", len(self._ours), len(self._theirs)))

    def _by_name(self) -> list[Pairing]:
        places = {_plain(port.name): place for place, port in enumerate(self._ours)}
        called = [next((name for name in map(_plain, port.names) if name in places), None) for port in self._theirs]
        if None in called or len(set(called)) < len(called) or len(places) < len(self._ours):
            return []
        found = [
            Pairing(port.name, self._ours[places[str(name)]].name, places[str(name)], "name")
            for port, name in zip(self._theirs, called, strict=True)
        ]
        order = [pair.position for pair in found]
        if order != sorted(order):
            text = f"the {self._word}s stand in another order: {', '.join(port.name for port in self._ours)}"
            if self._ordered:
                first = next(pair.source for place, pair in enumerate(found) if pair.position != place)
                self.findings.append(Finding(f"{text}; in the source {_names(self._theirs)}", first))
            else:
                self.remarks.append(text)
        return found

    def _by_order(self) -> list[Pairing]:
        ours = {_plain(port.name): place for place, port in enumerate(self._ours)}
        theirs = {_plain(port.name) for port in self._theirs}
        free = [place for place, port in enumerate(self._ours) if _plain(port.name) not in theirs]
        free = _fitting(free, [port for port in self._theirs if _plain(port.name) not in ours], self._ours)
        found = []
        for port in self._theirs:
            is_called_so = _plain(port.name) in ours
            place = ours[_plain(port.name)] if is_called_so else free.pop(0)
            name = self._ours[place].name
            found.append(Pairing(port.name, name, place, "name" if is_called_so else "order"))
            if not is_called_so:
                self._renamed(port.name, name)
        return found

    def _renamed(self, before: str, after: str) -> None:
        text = f"the {self._word} {before} is called {after} in the result"
        spelt = after in (valid_name(before), _FOREIGN_TO_PYTHON.sub("_", before))
        if spelt or (not self._strict and _ANONYMOUS.match(after)):
            self.remarks.append(text)
        else:
            self.findings.append(Finding(text, before))

    def _compare(self, theirs: ModelPort, ours: ModelPort) -> None:
        if theirs.dtype and ours.dtype and ours.dtype not in (theirs.dtype, NARROWED.get(theirs.dtype)):
            text = f"the {self._word} {theirs.name} is {ours.dtype} in the result and {theirs.dtype} in its source"
            self.findings.append(Finding(text, theirs.name))
        if theirs.shape is None or ours.shape is None:
            return
        opened = self._word == "input" and _is_opened(theirs.shape, ours.shape)
        if _fits(theirs.shape, ours.shape) and not opened:
            return
        if (theirs.observed or ours.observed) and _may_be(theirs.shape, ours.shape):
            return
        shapes = f"{_shown(ours.shape)} in the result and {_shown(theirs.shape)} in its source"
        self.findings.append(Finding(f"the {self._word} {theirs.name} has the shape {shapes}", theirs.name))


def _plain(name: str) -> str:
    """Return a name without the number of a node's first output, which some formats write and others leave out."""
    return name.removesuffix(":0")


def _fitting(free: list[int], theirs: list[ModelPort], ours: Sequence[ModelPort]) -> list[int]:
    """Return the places left over so that shapes fit, if they tell; else in order."""
    left, found = list(free), []
    for port in theirs:
        fitting = [p for p in left if port.shape and ours[p].shape and _fits(port.shape, ours[p].shape or ())]
        place = fitting[0] if fitting else left[0]
        left.remove(place)
        found.append(place)
    return found


def _fits(theirs: Shape, ours: Shape) -> bool:
    """Whether the result takes every size that its source takes: an open size must stay open."""
    return len(theirs) == len(ours) and all(our in (None, size) for size, our in zip(theirs, ours, strict=True))


def _is_opened(theirs: Shape, ours: Shape) -> bool:
    """Whether the result takes any size where its source takes one; how many samples there are is nobody's promise."""
    sizes = zip(theirs[1:], ours[1:], strict=False)
    return len(theirs) == len(ours) and any(our is None and size is not None for size, our in sizes)


def _may_be(one: Shape, other: Shape) -> bool:
    return len(one) == len(other) and all(a == b or None in (a, b) for a, b in zip(one, other, strict=True))


def _shown(shape: Shape) -> str:
    return str(["?" if size is None else size for size in shape]).replace("'", "")


def _names(ports: Sequence[ModelPort]) -> str:
    return ", ".join(port.name for port in ports)
