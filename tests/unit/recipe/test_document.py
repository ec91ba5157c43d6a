from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import RecipeError
from workflow.recipe import load

if TYPE_CHECKING:
    from tests.unit.recipe.conftest import Load, Refuse, Write

STEP = "{python_to_js: {input: a.h5, output: b}}"

BROKEN = {
    "empty": ("", "1:1: the file is empty"),
    "comment only": ("# nothing\n", "1:1: the file is empty"),
    "list at top": ("- a\n", "1:1: a recipe cannot be a list. Expected a mapping"),
    "text at top": ("hello\n", "1:1: a recipe cannot be `hello`. Expected a mapping"),
    "tab": ("steps:\n\t- a\n", "2:1: a tab cannot indent in YAML. Expected spaces"),
    "two documents": (f"steps: [{STEP}]\n---\nsteps: []\n", "2:1: a second YAML document starts here"),
    "not UTF-8": (b"name: caf\xe9\n", "1:10: the byte 0xe9 is no UTF-8 text"),
    "UTF-16": ("name: x".encode("utf-16"), "1:1: the file is UTF-16 text"),
    "control character": ("name: a\x01b\n", "1:8: the character #x0001 is not allowed"),
    "list as key": ("? [a]\n: b\n", "1:3: a list or mapping cannot be a key"),
    "duplicate key": (f"name: a\nname: b\nsteps: [{STEP}]\n", "2:1: the key `name` stands here a second time"),
    "unknown tag": (f"name: !secret x\nsteps: [{STEP}]\n", "1:7: the tag `!secret` means nothing"),
    "python tag": (f"name: !!python/name:os.system\nsteps: [{STEP}]\n", "1:7: the tag `!!python/name:os.system`"),
    "no such alias": ("name: *gone\n", "1:7: this alias (`*name`) has no anchor"),
    "deep nesting": ("steps: " + "[" * 400 + "\n", "1:39: this is nested too deeply"),
    "deep indentation": ("".join(f"{' ' * n}a:\n" for n in range(200)), "this is nested too deeply"),
    "alias in itself": ("steps: &all [*all]\n", "1:1: the file repeats itself through aliases"),
    "merge of itself": ("steps: &all {<<: *all, a: b}\n", "1:1: the file repeats itself through aliases"),
    "open bracket": ("steps: [a\nname: b\n", "this `[` list is not closed properly"),
    "wrong indentation": ("steps:\n  - a\n - b\n", "3:2: the indentation does not fit the lines above"),
    "colon in text": ("name: a: b\n", "1:8: a colon does not fit here"),
    "impossible escape": ('name: "\\U7fffffff"\n', "this is not valid YAML"),
    "impossible answer": ("verify: !!bool maybe\n", "1:9: `maybe` is no number"),
    "empty number": ('name: !!int ""\n', "1:7: `` is no number"),
    "sign alone": ('name: !!int "+"\n', "1:7: `+` is no number"),
    "too large a time": (f"name: 1{':1' * 250}.0\n", "is no number that YAML knows"),
    "impossible number": ("name: 0b_\n", "1:7: `0b_` is no number"),
    "half a character": ('name: "\\ud800"\n', "1:7: this text holds half a character"),
    "digits without end": (f"name: {'1' * 9999}\n", "is no number that YAML knows"),
    "hexadecimal digits without end": (f"name: 0x{'f' * 9999}\n", "is no number that YAML knows"),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_what_yaml_cannot_be_is_said_with_its_place(text: str | bytes, expected: str, refusal: Refuse) -> None:
    assert expected in refusal(text)


def test_an_alias_bomb_is_refused_before_it_grows(refusal: Refuse) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    assert "aliases" in refusal(f"a0: &a0 [x]\n{levels}\n")


def test_a_merge_bomb_is_refused_before_it_grows(refusal: Refuse) -> None:
    levels = "\n".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12))
    assert "aliases" in refusal(f"a0: &a0 {{}}\n{levels}\n")


def test_a_file_far_too_large_is_not_parsed(refusal: Refuse) -> None:
    assert "the file has 300000 bytes" in refusal("#" * 300_000)


def test_a_folder_instead_of_a_file_is_a_recipe_error(write: Write) -> None:
    with pytest.raises(RecipeError) as caught:
        load(write("").parent)
    assert "the file cannot be read" in caught.value.details


def test_a_byte_order_mark_and_windows_line_ends_are_fine(loaded: Load) -> None:
    recipe = loaded(f"\ufeffname: x\r\nsteps:\r\n  - {STEP}\r\n".encode())
    assert (recipe.name, recipe.steps[0].spot.line) == ("x", 3)


def test_anchors_and_merges_share_settings(loaded: Load) -> None:
    recipe = loaded(
        "steps:\n"
        "  - python_to_js: {input: a.h5, output: b}\n"
        "  - shard: &common {input: b, output: c, shard_size: 1kB}\n"
        "  - shard: {<<: *common, output: d}\n"
    )
    assert [(step.output.name, step.options) for step in recipe.steps[1:]] == [
        ("c", {"weight_shard_size_bytes": 1000}),
        ("d", {"weight_shard_size_bytes": 1000}),
    ]


def test_dates_and_times_stay_text(loaded: Load) -> None:
    assert loaded(f"name: 2024-01-01\nsteps: [{STEP}]\n").name == "2024-01-01"


@pytest.mark.parametrize("word", ["off", "no", "false", "'off'", "False"])
def test_verification_can_be_switched_off(word: str, loaded: Load) -> None:
    assert not loaded(f"steps: [{STEP}]\nverify: {word}\n").verification.enabled


def test_the_caret_stands_below_wide_characters(refusal: Refuse) -> None:
    details = refusal(f"steps: [{STEP}]\n模型: x\n")
    assert details.splitlines()[-2:] == ["    模型: x", "    ^^^^"]
