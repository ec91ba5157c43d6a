"""Recipes that are wrong, written by hand or damaged by a fixed seed, and all that ``check`` says of each."""

from __future__ import annotations

import contextlib
import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.golden.inputs import lay_out, put_artifact
from tests.unit.golden.store import FOLDER, stored
from workflow.base.errors import RecipeError
from workflow.catalogue.kinds import KINDS
from workflow.recipe import load
from workflow.recipe.findings import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = "recipe_messages.json"
BY_HAND = "bad_recipes.json"
"""Recipes by name, as text; bytes that are no UTF-8 stand in it as lone surrogates."""

_SEED = 20261130
_DAMAGES_EACH = 4
_BASE = "<base>"
_EVERY_KIND = "<every kind of step>"
_ENTRY = r"(?:'[^']*'|\[[^\]]*\]|\{[^{}]*\}|[^,{}\[\]\n])+"
_VALUES = (
    "7",
    "-1",
    "true",
    "[]",
    "{}",
    "''",
    "null",
    "[a, 1]",
    "{a: 1}",
    "keras",
    "a,b",
    "../..",
    "1e400",
    "2 apples",
)
_FOREIGN = (
    "signature_name: f",
    "shard_size: 1kB",
    "dtype: uint8",
    "dequantize: true",
    "split_weights_by_layer: true",
    "output_node_names: y",
    "control_flow_v2: true",
    "repairs: off",
    "custom_objects: own/layers.py",
    "keep_float: biases",
    "quantize_float16: true",
    "format: auto",
    "from: tf_hub",
    "engine: reference",
    "verify: {backends: [wsm]}",
)


class _Chance(random.Random):
    """Draws that are the same in every version of Python."""

    def pick(self, things: Any) -> Any:
        """Return one of several things."""
        return things[int(self.random() * len(things))]


def all_messages(scratch: Path) -> dict[str, Any]:
    """Return for each recipe what is said of it, line by line, and the text of those that no file holds."""
    base = scratch / "base"
    base.mkdir()
    _lay_out(base)
    found: dict[str, Any] = {}
    with _inside(base):
        for name, text in stored(BY_HAND).items():
            found[name] = {"shown": _shown(text.encode("utf-8", "surrogateescape"), base)}
        for name, text in damaged().items():
            found[name] = {"recipe": text.split("\n"), "shown": _shown(text.encode(), base)}
    return found


def damaged() -> dict[str, str]:
    """Return the golden recipes, each with several single damages."""
    chance = _Chance(_SEED)
    found = {}
    for path in sorted((FOLDER / "recipes").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        for number in range(_DAMAGES_EACH):
            way = chance.pick(tuple(_DAMAGES))
            damage = _DAMAGES[way](text, chance)
            found[f"{path.stem} {number + 1}: {way}"] = damage
    return found


def _letter_lost(text: str, chance: _Chance) -> str:
    """Leave out a letter in the middle of some word."""
    word = chance.pick(list(re.finditer(r"[A-Za-z_0-9]{4,}", text)))
    at = word.start() + 1 + int(chance.random() * (len(word[0]) - 2))
    return text[:at] + text[at + 1 :]


def _letters_swapped(text: str, chance: _Chance) -> str:
    word = chance.pick(list(re.finditer(r"[A-Za-z_0-9]{4,}", text)))
    at = word.start() + 1 + int(chance.random() * (len(word[0]) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _entry_lost(text: str, chance: _Chance) -> str:
    """Leave out a key of a mapping in braces, with its value."""
    found = list(re.finditer(rf"(?<=[{{ ])\w+: {_ENTRY},? ?", text))
    return _cut(text, chance.pick(found), "")


def _other_value(text: str, chance: _Chance) -> str:
    found = list(re.finditer(rf"(?<=: ){_ENTRY}", text))
    return _cut(text, chance.pick(found), chance.pick(_VALUES))


def _entry_twice(text: str, chance: _Chance) -> str:
    entry = chance.pick(list(re.finditer(rf"(?<=[{{ ])\w+: {_ENTRY}", text)))
    return _cut(text, entry, f"{entry[0]}, {entry[0]}")


def _foreign_entry(text: str, chance: _Chance) -> str:
    """Put an option into a step that need not take it."""
    return _cut(text, chance.pick(list(re.finditer(r"(?=\binput: )", text))), f"{chance.pick(_FOREIGN)}, ")


def _other_path(text: str, chance: _Chance) -> str:
    """Put one of the recipe's paths, or one that is not there, in another's place."""
    found = list(re.finditer(r"(?<=put: )[^\s,}]+", text))
    others = [each[0] for each in found] + ["models/none.h5", "models/web", "models", "."]
    return _cut(text, chance.pick(found), chance.pick(others))


def _bracket_lost(text: str, chance: _Chance) -> str:
    return _cut(text, chance.pick(list(re.finditer(r"[\[\]{}']|: ", text))), "")


def _line_moved(text: str, chance: _Chance) -> str:
    lines = list(re.finditer(r"^(?=[ \w-])", text, re.MULTILINE))
    return _cut(text, chance.pick(lines[1:]), chance.pick((" ", "    ", "\t", "- ")))


def _cut(text: str, where: re.Match[str], new: str) -> str:
    return text[: where.start()] + new + text[where.end() :]


_DAMAGES: dict[str, Callable[[str, _Chance], str]] = {
    "a letter lost": _letter_lost,
    "letters swapped": _letters_swapped,
    "an entry lost": _entry_lost,
    "another value": _other_value,
    "an entry twice": _entry_twice,
    "a foreign entry": _foreign_entry,
    "another path": _other_path,
    "a bracket lost": _bracket_lost,
    "a line moved": _line_moved,
}


def _lay_out(base: Path) -> None:
    """Write what the recipes name, sound models and things that are none."""
    lay_out(base)
    put_artifact(base / "layers", "tfjs_layers_model", by="layers")
    put_artifact(base / "graph", "tfjs_graph_model", by="graph")
    put_artifact(base / "saved", "tf_saved_model", by="saved")
    put_artifact(base / "keras_saved", "tf_saved_model", by="saved")
    (base / "keras_saved" / "keras_metadata.pb").touch()
    (base / "old_graph").mkdir()
    (base / "old_graph" / "model.json").write_bytes(b'{"modelTopology": {"node": []}}')
    (base / "strange").mkdir()
    (base / "strange" / "model.json").write_bytes(b'{"hello": 1}')
    (base / "pointer.json").write_bytes(b"version https://git-lfs\n")
    (base / "empty").mkdir()
    (base / "folder.h5").mkdir()


def _shown(recipe: bytes, base: Path) -> list[str]:
    """Return what is printed of a recipe: message, findings with their places and marks, and what to do."""
    path = base / "recipe.yml"
    path.write_bytes(recipe)
    try:
        steps = load(path).steps
    except RecipeError as error:
        text = f"error: {error.message}\n\n{error.details}\n\nwhat to do: {error.hint}"
        return text.replace(str(base), _BASE).replace(listed(KINDS), _EVERY_KIND).split("\n")
    return [f"no errors: {', '.join(step.name for step in steps)}"]


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder, as whoever types ``check recipe.yml`` does."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
