"""Sidecars that somebody, or a disk, has changed: not ours, and no trouble."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.runs.sidecars import Ingredients, Sidecar, read_sidecar, write_sidecar

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
