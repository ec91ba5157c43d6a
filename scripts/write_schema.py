"""Write what follows from declarations: the JSON Schemas of recipes and of records, and the README's tables."""

from __future__ import annotations

from pathlib import Path

from workflow.catalogue.readme import with_tables
from workflow.recipe import grammar
from workflow.report import record

README = Path(__file__).resolve().parents[1] / "README.md"

if __name__ == "__main__":
    made = {
        grammar.SCHEMA: grammar.schema_text(),
        record.SCHEMA: record.schema_text(),
        README: with_tables(README.read_text(encoding="utf-8")),
    }
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
