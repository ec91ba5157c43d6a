"""The command line as a whole: which commands there are."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workflow import __version__
from workflow.base import wording
from workflow.base.errors import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_MISUSE: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What typer raises, and prints itself, when an argument cannot be: typer brings a click of its own, or none."""


class _Commands(TyperGroup):
    """The command group; ^C becomes an error of ours, which typer would otherwise turn into a silent exit."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Parse what stands before the command."""
        with _quoted_safely():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            with _quoted_safely():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError("interrupted", hint="run the same command again: it goes on") from None


@contextlib.contextmanager
def _quoted_safely() -> Iterator[None]:
    """See that typer repeats an argument, which a script may have from anywhere, as it may be shown."""
    try:
        yield
    except _MISUSE as problem:
        problem.message = wording.disarmed(wording.line(wording.scrubbed(str(problem.message))))
        raise


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tfjs-workflow {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


_HELP = "Move models between Python (Keras, TensorFlow) and TensorFlow.js, and show that they still compute the same."
_MODULES = {
    "convert": "convert",
    "plan": "convert",
    "check": "recipe",
    "schema": "recipe",
    "verify": "verify",
    "report": "report",
    "compare": "report",
    "serve": "serve",
    "env": "env",
}
"""The module of each command; only those that are needed are imported, for that is what takes the time."""


def _app(names: Iterable[str]) -> typer.Typer:
    """Return the command line with these commands."""
    app = typer.Typer(
        name="tfjs-workflow",
        cls=_Commands,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_HELP,
    )
    app.callback()(_options)
    for name in names:
        module = import_module(f"workflow.cli.commands.{_MODULES[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def run(arguments: Sequence[str]) -> int:
    """Parse ``arguments``, run the command they name, and return its exit code."""
    words = list(arguments)
    if "--force" in words and words[0] != "env":
        from workflow.cli.commands.convert import with_bare_force  # noqa: PLC0415  as with all commands

        words = with_bare_force(words)
    named = words[:1] if words and words[0] in _MODULES else list(_MODULES)
    result = _app(named)(words, prog_name="tfjs-workflow")
    return result if isinstance(result, int) else 0
