"""From what pydantic says is wrong to findings in a recipe author's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.converters.options import OPTIONS
from workflow.recipe import grammar, option_grammar, values, verify_grammar
from workflow.recipe.diagnostics import Finding, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails

    from workflow.recipe.document import Document, Location

_KIND_DEPTH = 3
_MISSING = "missing"
_EXTRA = "extra_forbidden"
_GOALS = ("auto", "quantize_auto")
_SHAPES: dict[str, tuple[str, str]] = {
    values.NAME_PATTERN: (
        "is no name",
        "letters, digits, spaces and `_ . - +`, at most 80, starting with a letter",
    ),
    values.FOLDER_PATTERN: ("is no environment name", "ASCII letters, digits and `. _ -`, at most 64"),
    values.SHA256_PATTERN: ("is no sha256", "64 hexadecimal digits, as `sha256sum FILE` prints them"),
    values.URL_PATTERN: ("is no URL that can be fetched", "`https://...`, `http://...` or `file:///...`"),
}
_NOUNS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "dict_type": "a mapping (`key: value`)",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "more than {:g}"),
    "greater_than_equal": ("ge", "at least {:g}"),
    "less_than": ("lt", "less than {:g}"),
    "less_than_equal": ("le", "at most {:g}"),
}


def findings(document: Document, errors: Iterable[ErrorDetails]) -> list[Finding]:
    """Return what pydantic found wrong in the document, each at its place.

    A key that is missing because it is misspelt is one finding, not two.
    """
    found = [(error, _finding(document, error)) for error in errors]
    misspelt = {(*error["loc"][:-1], finding.nearest) for error, finding in found if error["type"] == _EXTRA}
    return [finding for error, finding in found if error["type"] != _MISSING or error["loc"] not in misspelt]


def location_of(error: ErrorDetails) -> Location:
    """Return the place of an error in the file's own keys: without the name of the model source's variant."""
    location = error["loc"]
    return location[:1] + location[2:] if location[:1] == ("model",) and len(location) > 1 else location


def _finding(document: Document, error: ErrorDetails) -> Finding:
    location = location_of(error)
    for matches, explain in _EXPLAINERS:
        if matches(error["type"]):
            return explain(document, location, error)
    what = f"{_subject(location)}: {error['msg']}"
    return Finding(document.value_spot(location), what)


def _missing(document: Document, location: Location, _error: ErrorDetails) -> Finding:
    what = f"`{location[-1]}` is missing{_inside(location)}"
    return Finding(document.key_spot(location[:-1]), what)


def _unknown(document: Document, location: Location, _error: ErrorDetails) -> Finding:
    key = str(location[-1])
    allowed = _allowed(document, location[:-1])
    spot = document.key_spot(location)
    if key in OPTIONS and len(location) > _KIND_DEPTH:
        what = f"`{key}` means nothing in `{location[-2]}`"
        return Finding(spot, f"{what}: it applies {OPTIONS[key].where}")
    what = f"there is no key `{key[:60]}`{_inside(location)}"
    return Finding(spot, what, listed(allowed), nearest(key, allowed))


def _choice(document: Document, location: Location, error: ErrorDetails) -> Finding:
    value = error["input"]
    choices = [word.strip("'") for word in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    near = nearest(value, choices) if isinstance(value, str) else ""
    what = f"{_subject(location)} cannot be {values.described(value)}"
    return Finding(document.value_spot(location), what, listed(choices), near)


def _own(document: Document, location: Location, error: ErrorDetails) -> Finding:
    context = error["ctx"]
    subject = "" if _is_step(location) else f"{_subject(location)}: "
    key = context["key"]
    spot = document.key_spot((*location, key)) if key else document.value_spot(location)
    return Finding(spot, f"{subject}{context['what']}", context["expected"], context["nearest"])


def _shape(document: Document, location: Location, error: ErrorDetails) -> Finding:
    verdict, expected = _SHAPES[error["ctx"]["pattern"]]
    what = f"{_subject(location)}: {values.described(error['input'])} {verdict}"
    return Finding(document.value_spot(location), what, expected)


def _type(document: Document, location: Location, error: ErrorDetails) -> Finding:
    value, noun = error["input"], _NOUNS[error["type"]]
    if value is None:
        what = f"{_subject(location)} has no value"
    else:
        what = f"{_subject(location)} cannot be {values.described(value)}"
    quotes = "; put it in quotes if it is meant as text" if noun == "text" and _is_plain(value) else ""
    return Finding(document.value_spot(location), what, noun + quotes)


def _bound(document: Document, location: Location, error: ErrorDetails) -> Finding:
    key, phrase = _BOUNDS[error["type"]]
    what = f"{_subject(location)} cannot be {values.described(error['input'])}"
    return Finding(document.value_spot(location), what, phrase.format(error["ctx"][key]))


def _empty(document: Document, location: Location, error: ErrorDetails) -> Finding:
    count = int(error["ctx"].get("min_length") or error["ctx"].get("max_length") or 0)
    what = f"{_subject(location)} cannot be {values.described(error['input'])}"
    expected = {
        "string_too_short": "some text",
        "too_short": f"at least {count} entries" if count > 1 else "an entry",
    }
    return Finding(document.value_spot(location), what, expected.get(error["type"], f"at most {count} entries"))


def _source(document: Document, location: Location, error: ErrorDetails) -> Finding:
    keys = list(error["input"]) if isinstance(error["input"], dict) else []
    present = [key for key in keys if key in grammar.SOURCES]
    expected = f"exactly one of {listed(grammar.SOURCES)}, which says where the first model comes from"
    if len(present) > 1:
        what = f"`model` has {listed(present)} at once".replace(" or ", " and ")
        return Finding(document.key_spot((*location, present[1])), what, expected)
    guesses = [(key, nearest(key, grammar.SOURCES)) for key in keys]
    for key, near in guesses:
        if near:
            return Finding(document.key_spot((*location, key)), f"there is no key `{key}` in `model`", expected, near)
    return Finding(document.key_spot(location), "`model` does not say where the model comes from", expected)


_EXPLAINERS: tuple[
    tuple[Callable[[str], bool], Callable[[Document, Location, ErrorDetails], Finding]],
    ...,
] = (
    (values.COMPLAINT.__eq__, _own),
    (_MISSING.__eq__, _missing),
    (_EXTRA.__eq__, _unknown),
    ("literal_error".__eq__, _choice),
    ("string_pattern_mismatch".__eq__, _shape),
    (_NOUNS.__contains__, _type),
    (_BOUNDS.__contains__, _bound),
    (("string_too_short", "too_short", "too_long").__contains__, _empty),
    (("union_tag_not_found", "union_tag_invalid").__contains__, _source),
)


def _allowed(document: Document, location: Location) -> list[str]:
    """Return the keys that the mapping at this place may have."""
    owner: Any = grammar.RecipeEntry
    if "verify" in location:
        owner = verify_grammar.entry_at(location[location.index("verify") + 1 :])
    elif location[:1] == ("steps",) and location[-1] in _GOALS:
        owner = option_grammar.Goal
    elif location[:1] == ("steps",):
        owner = grammar.AnyStep.model_fields[str(location[2])].annotation
    elif location == ("model", "options"):
        owner = grammar.ApplicationOptions
    elif location == ("model",):
        owner = grammar.SOURCES[grammar.source_kind(document.data["model"]) or "url"]
    return [field.alias or name for name, field in owner.model_fields.items()]


def _subject(location: Location) -> str:
    """Return what the sentence is about: the innermost key, and in which mapping it stands."""
    keys = [part for part in location if isinstance(part, str)]
    if not keys:
        return "a recipe"
    if keys == ["steps"] and len(location) > 1:
        return "a step"
    entry = "an entry of " if isinstance(location[-1], int) else ""
    return f"{entry}`{keys[-1]}`"


def _inside(location: Location) -> str:
    owner = next((part for part in reversed(location[:-1]) if isinstance(part, str)), None)
    return f" in `{owner}`" if owner else ""


def _is_step(location: Location) -> bool:
    return location[:1] == ("steps",) and len(location) < _KIND_DEPTH


def _is_plain(value: object) -> bool:
    return isinstance(value, (bool, int, float))
