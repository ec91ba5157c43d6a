"""The fields of a model.json by their types: what is otherwise is refused by its place, and nothing made of it."""

from __future__ import annotations

import math
from typing import Any, Dict, List

from ..failure import JobError

_MOST = 2**53  # elements; beyond it JavaScript cannot count
_MOST_DIMENSIONS = 254


class FieldPlace:
    """A place in a file: what is found there is returned if it is of the wanted type, else refused."""

    def __init__(self, file: str, what: str) -> None:
        self.file = file
        self.what = what

    def inside(self, what: object) -> FieldPlace:
        """Return a place inside this one."""
        return FieldPlace(self.file, f"{self.what}, {what}" if self.what else str(what))

    def bad(self, problem: str) -> JobError:
        """Return the error that says what is wrong here."""
        return JobError("source", f"{self.file}: {self.what} {problem}")

    def an_object(self, value: Any) -> Dict[str, Any]:
        """Return a JSON object; None stands for an empty one."""
        if value is not None and not isinstance(value, dict):
            raise self.bad("is not an object")
        return value or {}

    def a_list(self, value: Any) -> List[Any]:
        """Return a JSON list; None stands for an empty one."""
        if value is not None and not isinstance(value, list):
            raise self.bad("is not a list")
        return value or []

    def a_text(self, value: Any) -> str:
        """Return text."""
        if not isinstance(value, str):
            raise self.bad("is no text")
        return value

    def a_number(self, value: Any) -> None:
        """Require a finite number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.bad("is no number")
        if not abs(value) < 1e300 or math.isnan(value):  # noqa: PLR2004  far beyond float32
            raise self.bad("is no number that a weight could have")

    def a_shape(self, value: Any) -> None:
        """Require the shape of a tensor that is there."""
        if not isinstance(value, list) or len(value) > _MOST_DIMENSIONS:
            raise self.bad("is no list of sizes")
        if any(type(size) is not int or not 0 <= size <= _MOST for size in value):
            raise self.bad("has a size that no tensor has")
        if _product(value) > _MOST:
            raise self.bad("has more elements than any tensor")

    def an_open_shape(self, value: Any) -> None:
        """Require a shape as protocol buffers write it in JSON."""
        for number, dim in enumerate(self.a_list(self.an_object(value).get("dim")), 1):
            here = self.inside(f"dim {number}")
            size = here.an_object(dim).get("size", 0)
            try:
                whole = int(size) if isinstance(size, (int, str)) else None
            except ValueError:
                whole = None
            if whole is None or abs(whole) > _MOST:
                raise here.bad("has no size")


def _product(sizes: List[int]) -> int:
    found = 1
    for size in sizes:
        found *= size or 1
    return found


def require_nodes(topology: Dict[str, Any], place: FieldPlace) -> None:
    """Require that all nodes of a graph and of its functions are objects with objects for attributes."""
    library = place.inside("library").an_object(topology.get("library"))
    bodies = [(place.inside("node"), topology.get("node"))]
    for number, function in enumerate(place.inside("function").a_list(library.get("function")), 1):
        here = place.inside(f"function {number}")
        nodes = here.an_object(function).get("nodeDef") or function.get("node_def")
        bodies.append((here.inside("nodeDef"), nodes))
    for around, nodes in bodies:
        for number, node in enumerate(around.a_list(nodes), 1):
            here = around.inside(number)
            attributes = here.inside("attr").an_object(here.an_object(node).get("attr"))
            for name, attribute in attributes.items():
                if not isinstance(attribute, dict):
                    raise here.bad(f"({node.get('name')}): attr {name} is not an object")
                inner = here.inside(f"attr {name}, list")
                inner.an_object(attribute.get("list"))
                _require_codes(attribute, inner)


def _require_codes(attribute: Dict[str, Any], place: FieldPlace) -> None:
    """Require of texts that are lists of character codes, as TensorFlow.js takes them, that they are such."""
    values = [attribute.get("s"), *((attribute.get("list") or {}).get("s") or [])]
    for value in values:
        if isinstance(value, list) and not all(type(code) is int and 0 <= code < 256 for code in value):  # noqa: PLR2004
            raise place.bad("holds text that is no list of bytes")


def require_manifest(manifest: List[Any], place: FieldPlace) -> None:
    """Require a weights manifest as TensorFlow.js writes it."""
    for number, group in enumerate(manifest, 1):
        here = place.inside(f"group {number}")
        if any(here.an_object(group).get(key) is None for key in ("paths", "weights")):
            raise here.bad("has no paths, or no weights")
        for path in here.inside("paths").a_list(group["paths"]):
            here.inside("a path").a_text(path)
        for position, entry in enumerate(here.inside("weights").a_list(group["weights"]), 1):
            _require_entry(here.inside(f"weight {position}").an_object(entry), here.inside(f"weight {position}"))


def _require_entry(entry: Dict[str, Any], place: FieldPlace) -> None:
    place.inside("name").a_text(entry.get("name"))
    place.inside("dtype").a_text(entry.get("dtype"))
    place.inside("shape").a_shape(entry.get("shape"))
    here = place.inside("quantization")
    quantization = here.an_object(entry.get("quantization"))
    if quantization:
        here.inside("dtype").a_text(quantization.get("dtype"))
        for key in ("scale", "min"):
            if key in quantization or quantization["dtype"] != "float16":
                here.inside(key).a_number(quantization.get(key))


def require_ports(signature: Dict[str, Any], place: FieldPlace) -> None:
    """Require a signature whose inputs and outputs are named objects."""
    for side in ("inputs", "outputs"):
        around = place.inside(side)
        for name, port in around.an_object(signature.get(side)).items():
            here = around.inside(name)
            described = here.an_object(port)
            if described.get("name") is not None:
                here.inside("name").a_text(described["name"])
            here.inside("tensorShape").an_open_shape(described.get("tensorShape"))
