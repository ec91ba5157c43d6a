"""Sidecars that somebody, or a disk, has changed: not ours, and no trouble."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.digests import artifact_digests
from workflow.runs.sidecars import Ingredients, Sidecar, intact, read_sidecar, write_sidecar

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"runtime": "python", "status": "not run", "why": "x", "remedy": "y"}


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    ingredients = Ingredients(
        "shard", {"verify": {"enabled": True}}, {"model.json": {"sha256": "0", "bytes": 1}}, "lock"
    )
    path = tmp_path / "out.tfjs-workflow.json"
    write_sidecar(path, Sidecar("shard", ingredients, {}, {"check": {"runs": [RUN]}}))
    return path


def changed(path: Path, *keys: str, value: Any) -> None:
    document = json.loads(path.read_text())
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(document))


def test_what_was_written_is_read(sidecar: Path) -> None:
    assert sidecar.read_text().startswith('{\n "scheme": 1,\n "step": "shard",\n "key": "')
    assert sidecar.read_text().endswith("\n}\n")
    found = read_sidecar(sidecar)
    assert found is not None
    assert found.facts["check"]["runs"] == [RUN]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("ingredients",), []),
        (("ingredients", "kind"), 3),
        (("ingredients", "options"), []),
        (("ingredients", "inputs"), [[]]),
        (("ingredients", "inputs"), {"model.json": 3}),
        (("ingredients", "environment"), None),
        (("files",), 3),
        (("files",), {"a": {"sha256": "0", "bytes": "x"}}),
        (("facts",), [1]),
        (("facts", "check"), 5),
        (("facts", "check"), {"runs": 5}),
        (("facts", "check"), {"runs": [{"runtime": "python"}]}),
        (("scheme",), []),
    ],
)
def test_what_is_of_another_type_is_not_ours(sidecar: Path, keys: tuple[str, ...], value: Any) -> None:
    changed(sidecar, *keys, value=value)
    assert read_sidecar(sidecar) is None


def test_options_that_changed_are_told_whatever_they_were(sidecar: Path) -> None:
    changed(sidecar, "ingredients", "options", value={"verify": {"enabled": []}, "atol": {"x": 1}})
    found = read_sidecar(sidecar)
    assert found is not None
    now = Ingredients("shard", {"verify": {"enabled": False}, "atol": 0.1}, found.ingredients.inputs, "lock")
    assert now.differences(found.ingredients) == ["atol: {'x': 1} -> 0.1", "verify: [] -> off"]


BEFORE = Ingredients(
    "shard",
    {"a": 1, "verify": {"enabled": True, "atol": 0.1}, "gone": "x", "same": 5},
    {name: {"sha256": "0", "bytes": 1} for name in ("one", "two", "three", "four")},
    "lock",
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"kind": "graph"}, ["kind changed: shard -> graph"]),
        ({"environment": "other"}, ["the environment's lock changed"]),
        (
            {"options": {"a": 2, "verify": {"enabled": True, "atol": 0.2}, "new": True, "same": 5}},
            ["a: 1 -> 2", "gone: x -> not set", "new: not set -> True", "verify.atol: 0.1 -> 0.2"],
        ),
        ({"options": {**BEFORE.options, "verify": {"enabled": False}}}, ["verify: on -> off"]),
        ({"options": {**BEFORE.options, "verify": {"atol": 0.1}}}, ["verify: on -> not set"]),
        ({"options": {**BEFORE.options, "verify": "off"}}, ["verify: {'enabled': True, 'atol': 0.1} -> off"]),
        (
            {"inputs": {**BEFORE.inputs, "two": {"sha256": "1", "bytes": 1}}},
            ["input two changed"],
        ),
        (
            {"inputs": {"new": {}, "newer": {}, "four": {"sha256": "1"}, "three": {"sha256": "1"}}},
            ["input four and 1 more changed", "input new and 1 more is new", "input one and 1 more is gone"],
        ),
    ],
)
def test_each_ingredient_that_is_another_is_named(change: dict[str, Any], said: list[str]) -> None:
    now = BEFORE.replaced(**change)
    assert now.differences(BEFORE) == said
    assert (now.key() == BEFORE.key()) == (not said)


def test_what_of_an_artifact_is_missing_edited_or_extra_is_named_in_this_order(tmp_path: Path) -> None:
    output = tmp_path / "web"
    output.mkdir()
    for name in ("a", "b", "c"):
        (output / name).write_text(name)
    sidecar = Sidecar("shard", BEFORE, artifact_digests(output))
    assert intact(output, sidecar) == []
    (output / "a").write_text("x")
    (output / "b").unlink()
    (output / "d").touch()
    assert intact(output, sidecar) == [
        "output file b is missing",
        "output file a was edited",
        "output folder holds d, which was not written",
    ]
    assert intact(tmp_path / "nothing", sidecar) == ["output nothing is missing"]


def test_a_sidecar_of_another_scheme_or_none_is_not_ours(sidecar: Path) -> None:
    assert read_sidecar(sidecar.with_name("nothing")) is None
    for scheme in (0, 2, "1", None):
        changed(sidecar, "scheme", value=scheme)
        assert read_sidecar(sidecar) is None
    changed(sidecar, "scheme", value=1)
    found = read_sidecar(sidecar)
    assert found is not None
    assert (found.step, found.ingredients.kind) == ("shard", "shard")
    assert [run.why for run in found.evidence.absent] == ["x"]
