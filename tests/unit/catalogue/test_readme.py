from __future__ import annotations

from pathlib import Path

import pytest

from workflow.catalogue.kinds import KINDS
from workflow.catalogue.options import OPTIONS
from workflow.catalogue.readme import with_tables

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def test_the_tables_of_the_readme_are_what_the_declarations_make() -> None:
    assert with_tables(README) == README, "run: make schema"


def test_a_stale_or_missing_row_is_made_anew_and_the_rest_of_the_text_stays() -> None:
    lines = README.splitlines(keepends=True)
    stale = [line.replace("weights", "weihgts") if line.startswith("| `quantize_") else line for line in lines]
    without = [line for line in stale if not line.startswith("| `shard` |")]
    assert len(without) == len(lines) - 1
    assert with_tables("".join(without)) == README


def test_a_readme_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        with_tables(README.replace("| kind |", "| sort |"))


def test_each_kind_has_a_row_with_its_keys_and_each_option_that_is_not_deprecated_one_with_its_sentence() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    for name, kind in KINDS.items():
        (row,) = (row for row in rows if row.startswith(f"| `{name}` | {kind.about} |"))
        assert all(f"`{key}`" in row for key in kind.own)
    told = (option for option in OPTIONS.values() if not option.deprecated and not option.format)
    sentences = {option.name: option.about for option in told}
    assert [name for name, about in sentences.items() if not any(f"| `{name}` | {about}" in row for row in rows)] == []
