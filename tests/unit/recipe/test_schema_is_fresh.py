from __future__ import annotations

from workflow.recipe import schema


def test_the_committed_schema_is_what_the_grammar_makes() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), "run: python scripts/write_schema.py"
