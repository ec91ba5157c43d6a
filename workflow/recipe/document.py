"""A recipe file as plain data in which every value knows its line and column."""

from __future__ import annotations

import functools
import operator
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import yaml
from yaml.composer import ComposerError

from workflow.recipe.findings import RecipeFinding, Spot, recipe_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.base.errors import RecipeError
    from workflow.recipe.findings import KeyPath, Refused

_RECIPES = "recipes"
_LARGEST = 256 * 1024
_DEEPEST = 32
_MOST_VALUES = 20_000
_LINE_ENDS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"


class RecipeDocument:
    """What a recipe file says (``data``), where it says it, and what was already found wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.base = _base_of(path)
        """The folder that relative paths count from."""
        self.lines: list[str] = []
        self.data: Any = None
        self.findings: list[RecipeFinding] = []
        self.keys: dict[KeyPath, Spot] = {}
        self.values: dict[KeyPath, Spot] = {}

    @functools.cached_property
    def own_places(self) -> dict[str, str]:
        """The places that no output may replace or enclose, with words for them."""
        return {identity(self.base): "the recipe's base folder", identity(self.path): "the recipe itself"}

    def value_spot(self, at: KeyPath) -> Spot:
        """Return where the value stands, or the innermost thing around it that is there."""
        while at and at not in self.values:
            at = at[:-1]
        return self.values.get(at, Spot())

    def key_spot(self, at: KeyPath) -> Spot:
        """Return where the key of this value stands; for a list item where the item stands."""
        while at and at not in self.keys:
            if at in self.values:
                return self.values[at]
            at = at[:-1]
        return self.keys.get(at, Spot())

    def value_at(self, at: KeyPath) -> Any:
        """Return the plain value that stands at this place; None when nothing does."""
        try:
            return functools.reduce(operator.getitem, at, self.data)
        except (KeyError, IndexError, TypeError):
            return None

    def text_at(self, at: KeyPath) -> str:
        """Return the text that stands at this place; empty when no text does."""
        value = self.value_at(at)
        return value if isinstance(value, str) else ""

    def blame_value(self, at: KeyPath, what: str, *, expected: str = "", near: str = "") -> None:
        """Note that something is wrong with the value at this place."""
        self.findings.append(RecipeFinding(self.value_spot(at), what, expected, near))

    def blame_key(self, at: KeyPath, what: str, *, expected: str = "") -> None:
        """Note that something is wrong with the key of this value, or with its being there."""
        self.findings.append(RecipeFinding(self.key_spot(at), what, expected))

    def error(self) -> RecipeError:
        """Return the error that shows all findings so far."""
        return recipe_error(self.path, self.findings, lines=self.lines)


def plain(path: Path) -> Path:
    """Return the path absolute and without ``.`` and ``..``; symbolic links stay."""
    return Path(os.path.abspath(path))  # noqa: PTH100  Path.resolve would follow symbolic links


def identity(path: Path) -> str:
    """Return a text that is equal for two spellings of one place, through symbolic links and case where they count."""
    return os.path.normcase(os.path.realpath(path))


def _base_of(recipe: Path) -> Path:
    """Return the folder that relative paths count from: the recipe's, or its parent when that is ``recipes``."""
    folder = plain(recipe).parent
    return folder.parent if folder.name == _RECIPES else folder


class Said:
    """A value as the document says it, and where; ``broken`` collects the places of the whole recipe's findings."""

    __slots__ = ("at", "broken", "document", "value")

    def __init__(self, document: RecipeDocument, value: Any, *, at: KeyPath = (), broken: set[KeyPath]) -> None:
        self.document = document
        self.value = value
        self.at = at
        self.broken = broken

    def inner(self, key: str | int, value: Any) -> Said:
        """Return a value that stands inside this one."""
        return Said(self.document, value, at=(*self.at, key), broken=self.broken)

    def complain(self, refusal: Refused) -> None:
        """Note why the value is refused."""
        if refusal.at is None:
            spot = self.document.value_spot(self.at)
        else:
            spot = self.document.key_spot((*self.at, *refusal.at))
        what = refusal.what if refusal.alone else f"{self._subject()}{refusal.what}"
        self.broken.add(self.at)
        self.document.findings.append(RecipeFinding(spot, what, refusal.expected, refusal.near))

    def inside(self) -> str:
        """Return in which mapping this one's keys are, as a sentence adds it."""
        owner = next((part for part in reversed(self.at) if isinstance(part, str)), None)
        return f" in `{owner}`" if owner else ""

    def _subject(self) -> str:
        """Return what the sentence is about: the innermost key, and whether it is an entry of it."""
        keys = [part for part in self.at if isinstance(part, str)]
        if not keys:
            return "a recipe"
        if keys == ["steps"] and len(self.at) > 1:
            return "a step"
        return f"an entry of `{keys[-1]}`" if isinstance(self.at[-1], int) else f"`{keys[-1]}`"


_EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader that does not take dates for anything but text, and stops at deep nesting.

    It takes 1e-5 for the number that it is in YAML 1.2, which PyYAML does not.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  as PyYAML declares it
        first: [
            *((tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"),
            *([(f"{_TAG}float", _EXPONENT)] if first in "-+.0123456789" else []),
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            parser: Any = self  # the stubs leave peek_event without types
            raise ComposerError(None, None, "this is nested too deeply", parser.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read(path: Path) -> RecipeDocument:
    """Parse the file; raise RecipeError when it is no YAML at all, collect what else is wrong in ``findings``."""
    document = RecipeDocument(plain(path))
    text = _decoded(document, _bytes(document))
    document.lines = _LINE_ENDS.split(text)
    loader, node = _composed(document, text)
    if node is None:
        _stop(document, Spot(), "the file is empty", expected="the keys of a recipe, at least `steps`")
    try:
        document.data = _Builder(document, loader).build(node, ())
    except _TooMuchError:
        _stop(document, Spot(), "the file repeats itself through aliases (`*name`) until it is far too large")
    return document


def _bytes(document: RecipeDocument) -> bytes:
    try:
        size = document.path.stat().st_size
        content = document.path.read_bytes() if size <= _LARGEST else b""
    except OSError as error:
        _stop(document, Spot(), f"the file cannot be read: {error.strerror}")
    if size > _LARGEST:
        _stop(document, Spot(), f"the file has {size} bytes", expected=f"a recipe of at most {_LARGEST}")
    return content


def _decoded(document: RecipeDocument, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _stop(document, Spot(), "the file is UTF-16 text", expected="UTF-8; save it again with that encoding")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = _LINE_ENDS.split(content[: error.start].decode("utf-8", "replace"))
        document.lines = _LINE_ENDS.split(content.decode("utf-8", "replace"))
        spot = Spot(len(before), len(before[-1]) + 1)
        _stop(
            document, spot, f"the byte 0x{content[error.start]:02x} is no UTF-8 text", expected="a file saved as UTF-8"
        )


def _composed(document: RecipeDocument, text: str) -> tuple[_Loader, yaml.Node | None]:
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        return loader, loader.get_single_node()
    except yaml.reader.ReaderError as error:
        before = _LINE_ENDS.split(text[: error.position])
        spot = Spot(len(before), len(before[-1]) + 1)
        _stop(document, spot, f"the character #x{ord(text[error.position]):04x} is not allowed in YAML")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what, expected = _explained(error)
        _stop(document, _spot(mark), what, expected=expected)
    except (
        ValueError,
        OverflowError,
    ):  # PyYAML lets them through for impossible numbers in escapes and directives
        mark = loader.get_mark() if loader else None
        _stop(document, _spot(mark), "this is not valid YAML: a number here is impossible")


_EXPLANATIONS = (
    ("'\\t' that cannot start any token", "a tab cannot indent in YAML", "spaces"),
    ("expected a single document", "a second YAML document starts here", "one recipe in a file"),
    ("but found another document", "a second YAML document starts here", "one recipe in a file"),
    ("found undefined alias", "this alias (`*name`) has no anchor (`&name`) above it", ""),
    ("found duplicate anchor", "this anchor (`&name`) is already taken", "another name"),
    ("nested too deeply", "this is nested too deeply", f"at most {_DEEPEST} levels"),
    (
        "mapping values are not allowed here",
        "a colon does not fit here",
        "proper indentation, or quotes around it",
    ),
    ("could not find expected ':'", "a colon is missing here or in the line above", "`key: value`"),
    (
        "expected <block end>",
        "the indentation does not fit the lines above",
        "keys of one mapping in one column",
    ),
    ("expected ',' or '}'", "this `{` mapping is not closed properly", "`,` or `}`"),
    ("expected ',' or ']'", "this `[` list is not closed properly", "`,` or `]`"),
)


def _explained(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = f"{error.context or ''} {error.problem or ''}"
    for sign, what, expected in _EXPLANATIONS:
        if sign in problem:
            return what, expected
    return f"this is not valid YAML: {error.problem or error.context}", ""


def _spot(mark: Any) -> Spot:
    return Spot(mark.line + 1, mark.column + 1) if mark else Spot()


def _stop(document: RecipeDocument, spot: Spot, what: str, *, expected: str = "") -> NoReturn:
    """Raise the error for a file that cannot be read on."""
    raise recipe_error(document.path, [RecipeFinding(spot, what, expected)], lines=document.lines)


class _TooMuchError(Exception):
    """Aliases made the file larger than any recipe is."""


class _Builder:
    """Turns YAML nodes into plain data, and notes where each value stands and what is wrong with it."""

    def __init__(self, document: RecipeDocument, loader: _Loader) -> None:
        self._document = document
        self._loader = loader
        self._count = 0

    def build(self, node: yaml.Node, at: KeyPath, *, depth: int = 0) -> Any:
        """Return the plain value of the node."""
        self._spend(depth)
        self._document.values[at] = _extent(node)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, at, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.build(item, (*at, place), depth=depth + 1) for place, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and (convert := _SCALARS.get(node.tag.removeprefix(_TAG))):
            return self._scalar(node, convert)
        self._complain(node, f"the tag `{node.tag.replace(_TAG, '!!')}` means nothing in a recipe")
        return None

    def _mapping(self, node: yaml.MappingNode, at: KeyPath, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node, own in self._pairs(node, depth):
            key = self._key(key_node)
            if key in lines and own:
                what = f"the key `{key}` stands here a second time; the first is in line {lines[key]}"
                self._complain(key_node, what, "each key once")
            if key is None or key in lines:
                continue
            lines[key] = key_node.start_mark.line + 1
            inner = (*at, key)
            self._document.keys[inner] = _extent(key_node)
            found[key] = self.build(value_node, inner, depth=depth + 1)
        return found

    def _pairs(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        """Yield the mapping's own keys and values, then what ``<<: *anchor`` (or a list of anchors) adds to them."""
        self._spend(depth)
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag != _MERGE:
                yield key_node, value_node, True
            else:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
        for source in merged:
            if isinstance(source, yaml.MappingNode):
                yield from ((key, value, False) for key, value, _own in self._pairs(source, depth + 1))
            else:
                self._complain(source, "`<<` merges mappings only", "an alias of a mapping")

    def _spend(self, depth: int) -> None:
        self._count += 1
        if self._count > _MOST_VALUES or depth > _DEEPEST:
            raise _TooMuchError

    def _key(self, node: yaml.Node) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(self._scalar(node, _text))
        self._complain(node, "a list or mapping cannot be a key", "a word")
        return None

    def _scalar(self, node: yaml.ScalarNode, convert: Any) -> Any:
        if any("\ud800" <= char <= "\udfff" for char in node.value):
            self._complain(node, "this text holds half a character (a surrogate escape)")
            return ""
        try:
            return convert(self._loader, node)
        except (ValueError, OverflowError, KeyError, IndexError):  # KeyError: `!!bool maybe`, IndexError: `!!int ""`
            self._complain(node, f"`{node.value[:40]}` is no number that YAML knows", "a number, or quotes around it")
            return None

    def _complain(self, node: yaml.Node, what: str, expected: str = "") -> None:
        self._document.findings.append(RecipeFinding(_extent(node), what, expected))


def _text(_loader: Any, node: yaml.ScalarNode) -> str:
    return str(node.value)


def _whole(loader: Any, node: yaml.ScalarNode) -> int:
    found: int = yaml.SafeLoader.construct_yaml_int(loader, node)
    str(found)  # raises ValueError where it has more digits than Python writes, and findings and commands write it
    return found


_SCALARS: dict[str, Any] = {
    "str": _text,
    "int": _whole,
    "float": yaml.SafeLoader.construct_yaml_float,
    "bool": yaml.SafeLoader.construct_yaml_bool,
    "null": yaml.SafeLoader.construct_yaml_null,
}


def _extent(node: yaml.Node) -> Spot:
    """Return where a node stands; a list or mapping is marked by its first character only."""
    begin, end = node.start_mark, node.end_mark
    one_line = isinstance(node, yaml.ScalarNode) and begin.line == end.line
    return Spot(begin.line + 1, begin.column + 1, max(1, end.column - begin.column) if one_line else 1)
