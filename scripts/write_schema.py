"""Write the JSON Schemas: of recipes (which editors read), and of the record that reports carry."""

from __future__ import annotations

from workflow.recipe import grammar
from workflow.report import record

if __name__ == "__main__":
    for path, text in ((grammar.SCHEMA, grammar.schema_text()), (record.SCHEMA, record.schema_text())):
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
