"""The skip keys of steps: artifacts that were made earlier are up to date only for as long as these stay what they are.

``scripts/write_golden.py`` writes them anew. A difference means that every user's step of that kind runs again, which
is right when what it makes is other than before, and at no other time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.golden import step_keys
from tests.unit.golden.store import FOLDER, require_equal, stored
from workflow.base.digests import text_digest
from workflow.catalogue.formats import EDGES
from workflow.catalogue.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path


def steps(golden: dict[str, Any]) -> list[dict[str, Any]]:
    return [step["parts"] for recipe in golden.values() for step in recipe.values()]


def test_every_step_has_the_key_that_it_had(tmp_path: Path) -> None:
    require_equal(step_keys.FILE, step_keys.all_keys(tmp_path))


def test_a_key_is_a_digest_of_all_parts_in_a_fixed_order() -> None:
    for recipe in stored(step_keys.FILE).values():
        for step in recipe.values():
            parts = step["parts"]
            told = [1, parts["kind"], parts["options"], parts["inputs"], parts["environment"]]
            assert step["key"] == text_digest(told)


def test_golden_keys_cover_every_kind_of_step_and_every_pair_of_formats() -> None:
    every = steps(stored(step_keys.FILE))
    assert {parts["kind"] for parts in every} == {"model", *KINDS}
    assert {(parts["options"]["from"], parts["options"]["to"]) for parts in every if "from" in parts["options"]} == {
        *EDGES
    }


CHANGES = {
    "shard size": ("shards", "100kB", "101kB", {"kB"}),
    "the same size in other words": ("shards", "100kB", "100000", set()),
    "dtype": ("quantizations", "auto: {max_error: 0.01}", "auto: {max_error: 0.02}", {"error"}),
    "pattern": ("quantizations", "[ab]*", "[abc]*", {"some"}),
    "words": ("quantizations", "keep_float: biases", "keep_float: normalisation", {"bytes"}),
    "signature": ("signatures", "score", "scores", {"other"}),
    "fallback": ("automatic_formats", "format: browser", "format: tfjs_layers_model", {"browser"}),
    "engine": ("engines", "engine: native", "engine: auto", {"native"}),
    "name of the metadata": ("metadata", "{b:", "{c:", {"convert"}),
    "flag": ("graph_options", "repairs: off, ", "", {"raw"}),
    "a flag's default": ("graph_options", ", strip_debug_ops: on", "", set()),
    "one step's tolerance": ("unverified", "atol: 0.5", "atol: 0.6", {"quantize"}),
    "no step's timing": ("verified_by_step", "repeat: 3", "repeat: 4", set()),
    "all steps' tolerance": ("verified_in_every_way", "atol: 0.001", "atol: 0.002", {"python_to_js", "js_to_python"}),
    "samples": ("pictures", "samples/pictures", "samples/pictures/1.png", {"python_to_js", "graph"}),
    "the model's seed": ("application_of_a_seed", "seed: 5", "seed: 6", {"model"}),
    "a query": ("fetched", "x/1?token=abc", "x/1?token=abd", {"hub"}),
    "a password": ("fetched", "me:secret@tfhub", "me:other@tfhub", set()),
    "an argument": ("scripted", "--epochs, 3", "--epochs, 4", {"model"}),
    "a timeout": ("archive_with_options", "timeout: 90", "timeout: 91", set()),
}


@pytest.mark.parametrize(("recipe", "old", "new", "changed"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_in_a_recipe_changes_the_keys_that_it_should_and_no_other(
    recipe: str, old: str, new: str, changed: set[str], tmp_path: Path
) -> None:
    path = FOLDER / "recipes" / f"{recipe}.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    before = stored(step_keys.FILE)[recipe]
    after = step_keys.keys_of(path, tmp_path / recipe, text=text.replace(old, new))
    assert {name for name in before if after[name]["key"] != before[name]["key"]} == changed
