from __future__ import annotations

from workflow.recipe import grammar


def test_the_committed_schema_is_what_the_grammar_makes() -> None:
    assert grammar.SCHEMA.read_text(encoding="utf-8") == grammar.schema_text(), "run: make schema"
