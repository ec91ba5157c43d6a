"""Which changes are drawn: the same by the same seed, a line at most once, and every kind has its chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.trying import drawing

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "def f(a):\n    if a == 1:\n        return g(a, 2)\n    return {'k': a + 3}\n"


def drawn(root: Path, seed: int) -> list[tuple[str, int, str, str]]:
    found = drawing(root, ["one.py", "other.py"], seed)
    return [(one.file, one.mutant.line, one.mutant.kind, one.change) for one in found]


def test_a_seed_draws_the_same_and_another_seed_others(tmp_path: Path) -> None:
    for name in ("one.py", "other.py"):
        (tmp_path / name).write_text(SOURCE)
    assert drawn(tmp_path, 1) == drawn(tmp_path, 1)
    assert drawn(tmp_path, 1) != drawn(tmp_path, 2)


def test_every_line_that_can_be_changed_is_drawn_once(tmp_path: Path) -> None:
    for name in ("one.py", "other.py"):
        (tmp_path / name).write_text(SOURCE)
    places = [(file, line) for file, line, _, _ in drawn(tmp_path, 3)]
    assert sorted(places) == [(name, line) for name in ("one.py", "other.py") for line in (2, 3, 4)]


def test_every_kind_has_its_chance(tmp_path: Path) -> None:
    for name in ("one.py", "other.py"):
        (tmp_path / name).write_text(SOURCE)
    kinds = {kind for seed in range(40) for _, _, kind, _ in drawn(tmp_path, seed)}
    assert {"comparison", "condition forced", "constant", "argument dropped", "returns None", "key renamed"} <= kinds
