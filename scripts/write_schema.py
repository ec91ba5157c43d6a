"""Write workflow/recipe/schema.json, the JSON Schema that editors read, from the recipe grammar."""

from __future__ import annotations

from workflow.recipe import schema

if __name__ == "__main__":
    schema.FILE.write_text(schema.text(), encoding="utf-8")
    print(f"wrote {schema.FILE}")
