"""The commands ``check`` and ``schema``: recipes without running them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.base.errors import RecipeError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence


class StaleSchemaError(WorkflowError):
    """The committed schema is not the one that the grammar makes."""


def check(
    recipes: Annotated[
        list[str], typer.Argument(metavar="RECIPE...", help="Recipe files, or names of recipes in recipes/.")
    ],
) -> None:
    """Check recipes and report every error with its place; needs no environment."""
    failures = [failure for failure in map(_checked, recipes) if failure is not None]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise _together(failures)


def schema(
    *,
    compare: Annotated[
        bool, typer.Option("--check", help="Compare with the file in the package instead of printing.")
    ] = False,
) -> None:
    """Print the JSON Schema of recipes, which editors use to complete and check them."""
    from workflow.recipe import grammar  # noqa: PLC0415  not needed by check

    if not compare:
        typer.echo(grammar.schema_text(), nl=False)
        return
    committed = grammar.SCHEMA.read_text(encoding="utf-8") if grammar.SCHEMA.is_file() else ""
    if committed != grammar.schema_text():
        raise StaleSchemaError("workflow/recipe/schema.json is out of date", hint="python scripts/write_schema.py")
    typer.echo("workflow/recipe/schema.json is up to date")


def _checked(text: str) -> RecipeError | None:
    """Check one recipe and say that it is fine, or return what is wrong."""
    from workflow.base.wording import plural  # noqa: PLC0415  not needed by schema
    from workflow.cli.console import echo, line  # noqa: PLC0415  as above
    from workflow.recipe import find, load  # noqa: PLC0415  as above
    from workflow.recipe.findings import shown_path  # noqa: PLC0415  as above

    try:
        path = find(text)
        recipe = load(path)
    except RecipeError as error:
        return error
    count = plural(len(recipe.steps), "step")
    echo(line(f"{shown_path(path)}: no errors, {count}: {', '.join(step.name for step in recipe.steps)}"))
    return None


def _together(failures: Sequence[RecipeError]) -> RecipeError:
    details = [part for error in failures for part in (error.details or f"{error.message}; {error.hint}",) if part]
    message = "; ".join(error.message for error in failures)
    return RecipeError(message, details="\n\n".join(details), hint=failures[0].hint)
