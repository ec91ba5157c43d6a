"""What recipes mean: whole recipes field by field, every type of value for every value, and the catalogue's tables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.unit.golden.comparisons import plain
from tests.unit.golden.inputs import lay_out
from tests.unit.golden.store import FOLDER
from workflow.base.errors import RecipeNotFoundError
from workflow.catalogue.formats import EDGES, reasons
from workflow.catalogue.kinds import KINDS
from workflow.catalogue.options import OPTIONS
from workflow.recipe import find, load, value_types
from workflow.recipe.document import RecipeDocument, Said
from workflow.recipe.findings import Spot, described
from workflow.recipe.grammar import ENVIRONMENT, NAME, SECONDS
from workflow.recipe.model_source import APPLICATION, COUNT, SHA256, SHARE, URL

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.value_types import Reader

FILE = "readings.json"


def all_readings(folder: Path) -> dict[str, Any]:
    """Return what each recipe, value and word means; the folder is called FOLDER."""
    found = {
        "recipes": _recipes(folder / "recipes_of"),
        "values": {name: _values(reader, folder) for name, reader in _READERS.items()},
        "described": [described(value) for value in _VALUES],
        "spots": {str(spot): plain(spot) for spot in (Spot(), Spot(2, 3, 4))},
        "options": {name: _option(name) for name in OPTIONS},
        "kinds": {name: sorted(map(" to ".join, kind.pairs)) for name, kind in KINDS.items()},
        "edges": {" to ".join(pair): [edge.natural, edge.native, edge.reference] for pair, edge in EDGES.items()},
        "no edges": {" to ".join(pair): [one.reason, one.instead] for pair, one in sorted(reasons().items())},
        "found": _found(folder / "looked"),
    }
    told: dict[str, Any] = _placed(found, str(folder))
    return told


def _placed(value: Any, folder: str) -> Any:
    if isinstance(value, dict):
        return {key: _placed(each, folder) for key, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, folder) for each in value]
    return value.replace(folder, "FOLDER") if isinstance(value, str) else value


def _recipes(base: Path) -> dict[str, Any]:
    """Return every field of every golden recipe that is other than its default, and who may be run before it."""
    base.mkdir()
    lay_out(base)
    (base / "recipes").mkdir()
    found = {}
    for path in sorted((FOLDER / "recipes").glob("*.yml")):
        file = base / "recipes" / path.name
        file.write_bytes(path.read_bytes())
        recipe = load(file)
        found[path.stem] = plain(recipe)
    return found


_READERS: dict[str, Reader[Any]] = {
    "text": value_types.TEXT,
    "flag": value_types.FLAG,
    "seed": value_types.SEED,
    "size": value_types.SIZE,
    "patterns": value_types.PATTERNS,
    "globs": value_types.GLOBS,
    "names": value_types.NAMES,
    "tags": value_types.TAGS,
    "arguments": value_types.ARGUMENTS,
    "metadata": value_types.METADATA,
    "files": value_types.FILES,
    "number": value_types.number(above=0, below=2),
    "share": SHARE,
    "count": COUNT,
    "whole": value_types.whole(least=1, most=3),
    "words": value_types.choice(("left", "right", "middle")),
    "numbers": value_types.choice((1, 2)),
    "one or two": value_types.ListOf(value_types.FLAG, least=1, most=2),
    "two or three": value_types.ListOf(value_types.TEXT, least=2, most=3, one=True),
    "map": value_types.MapOf(value_types.FLAG),
    "name": NAME,
    "environment": ENVIRONMENT,
    "seconds": SECONDS,
    "sha256": SHA256,
    "url": URL,
    "application": APPLICATION,
}
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, 4, -1, 2**32 - 1, 2**32, 10**400),
    *(0.0, 0.5, 1.0, 1.5, 2.0, -0.5, float("inf"), float("nan")),
    *("", " ", "a", "left", "Left", "rigth", "1", "a,b", "a, b", "a b", ",", "a\0b", "é", "模型", "_x", "x" * 70),
    *("x" * 64, "x" * 65, "x" * 80, "x" * 81, "-a", ".a", "a.b-c+d", "a/b", "٣"),
    *("100", "100kB", "1.5MiB", "1.5", "0", "0.4", "4 GB", "1.0000001 kB", "2ki", "1TB", "kB", "1" * 15, "1" * 16),
    *("yes", "None", "*", "dense*/kernel", "all"),
    *("https://host/a", "http://host", "ftp://host", "file:///a", "https://", "https://a b"),
    *("0" * 64, "g" * 64, "0" * 63, "ABCDEF01" * 8),
    *("MobileNet", "mobilenet", "MobileNte", "Nothing"),
    *(
        [],
        [""],
        ["a"],
        ["a", "b"],
        ["a", "b", "c"],
        ["a", "b", "c", "d"],
        [True],
        [True, False, True],
        ["a,b"],
        [1, 2.5],
    ),
    *([None], [["a"]], ["a", 3], ["a\0"], [" a "]),
    *(
        {},
        {"a": True},
        {"a": 1, "b": False},
        {"": True},
        {"a": "b.json"},
        {"a:b": "c"},
        {"a": "b,c"},
        {"a": ""},
        {"": "b"},
    ),
)


def _values(reader: Reader[Any], folder: Path) -> dict[str, Any]:
    """Return what is read of each value that is taken, and for each refusal the values that it is said of."""
    taken: dict[str, Any] = {}
    refused: dict[str, list[str]] = {}
    for value in _VALUES:
        document = RecipeDocument(folder / "recipe.yml")
        said = Said(document, value, at=("key",), broken=set())
        told = plain(reader.attempt(said))
        shown = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:20]} ({len(repr(value))})"
        if document.findings or said.broken:
            what = " AND ".join(f"{one.what} | {one.expected} | {one.nearest}" for one in document.findings)
            places = "" if said.broken == {("key",)} else f" at {sorted(map(str, said.broken))}: {told}"
            refused.setdefault(f"{what.replace(described(value), 'VALUE')}{places}", []).append(shown)
        else:
            taken[shown] = told
    return {"taken": taken, "refused": refused}


def _option(name: str) -> dict[str, Any]:
    option = OPTIONS[name]
    sets = {key: sorted(map(" to ".join, getattr(option, key))) for key in ("pairs", "ours", "required", "both_ways")}
    values: list[Any] = [True, False, [], ["*"], None, 1]
    idle = {
        " to ".join(pair): [str(value) for value in values if option.is_idle(value, pair=pair)] for pair in option.pairs
    }
    return {
        **{key: found for key, found in sets.items() if found},
        "role": option.role.name,
        "form": option.form.name,
        "where": option.where,
        "deprecated": option.deprecated,
        "idle": {str(each): sorted(pair for pair in idle if idle[pair] == each) for each in idle.values()},
    }


_WORDS = (
    *("digits", "digits.yml", "digits.yaml", "recipes/digits.yml", "digist", "Digits", "web", "other.yaml", "sub/x"),
    *(
        "",
        "recipes",
        "sub",
        "sub/deep",
        "nothing like it",
        "~/mine",
        "~mine",
        "plain",
        "dump",
        "\0",
        "n" * 401,
        "n" * 300,
    ),
)


def _found(folder: Path) -> dict[str, Any]:
    """Return which recipe is found for a word, in a folder of recipes and of other files."""
    texts = {
        "recipes/digits.yml": "",
        "recipes/web.yaml": "",
        "recipes/notes.txt": "",
        "other.yaml": "name: x\nsteps:\n",
        "spaced.yml": "steps :\n",
        "plain.yml": "a: 1\nmy steps:\n",
        "sub/deep.yml": "steps: []\n",
        "sub/late.yml": "#" * (2**16 - 6) + "\nsteps:",
        "sub/later.yml": "#" * 2**16 + "\nsteps:",
        "home/mine.yml": "steps: []",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "bare").mkdir()
    with mock.patch.dict(os.environ, {"HOME": str(folder / "home")}):
        return {
            f"{word[:50]} in {where or 'the folder'}": _looked_up(word, folder / where)
            for where in ("", "sub", "bare")
            for word in _WORDS
        }


def _looked_up(word: str, here: Path) -> Any:
    try:
        return str(find(word, cwd=here))
    except RecipeNotFoundError as error:
        return [error.message, error.hint]
