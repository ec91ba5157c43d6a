"""The command line as a whole: which commands there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workflow import __version__
from workflow.cli import convert, env, recipe, report, serve, verify
from workflow.errors import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Commands(TyperGroup):
    """The command group; ^C becomes an error of ours, which typer would otherwise turn into a silent exit."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError("interrupted", hint="run the same command again: it goes on") from None


app = typer.Typer(
    name="tfjs-workflow",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Move models between Python (Keras, TensorFlow) and TensorFlow.js, and show that they still compute the same.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tfjs-workflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


app.command("convert")(convert.convert)
app.command("plan")(convert.plan)
app.command("check")(recipe.check)
app.command("schema")(recipe.schema)
app.command("verify")(verify.verify)
app.command("report")(report.report)
app.command("compare")(report.compare)
app.command("serve")(serve.serve)
app.add_typer(env.app, name="env")


def run(arguments: Sequence[str]) -> int:
    """Parse ``arguments``, run the command they name, and return its exit code."""
    result = app(convert.with_bare_force(list(arguments)), prog_name="tfjs-workflow")
    return result if isinstance(result, int) else 0
