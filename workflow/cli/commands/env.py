"""The commands ``env ...``: the converter environment made, shown, checked, entered, removed, locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.environment.entries import DEFAULT_NAME, Wishes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.environment.health import Check

app = typer.Typer(
    no_args_is_help=True,
    help="The converter environment: Python 3.8 with TensorFlow and tensorflowjs, apart from all others.",
)

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="The environment's name.", show_default=True)]
Shell = Annotated[
    str | None,
    typer.Option("--shell", help="bash, zsh, fish, powershell or cmd; by default the one that runs this."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

# the imports within the commands keep `--help`, `check` and `plan` fast: every command needs something else


@app.command()
def create(
    name: Name = DEFAULT_NAME,
    *,
    like: Annotated[
        str | None, typer.Option("--as", metavar="tfjs", help="Needed for a new name: make it as a further tfjs.")
    ] = None,
    manager: Annotated[
        str | None,
        typer.Option(
            help="micromamba, mamba, conda, embedded, python or python-nearby; by default the first that works."
        ),
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(help="Where to fetch conda packages: tuna, a URL, or several with commas.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what is in the caches.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what is not a conda environment with Python 3.8.")
    ] = False,
) -> None:
    """Make the environment if it is not there, repair it if it is broken or out of date, and check it."""
    from workflow import environment  # noqa: PLC0415
    from workflow.cli import env_screens  # noqa: PLC0415
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import execution, registry  # noqa: PLC0415

    wishes = Wishes(manager=manager, strict=strict, offline=offline, mirror=mirror)
    listener = ConsoleListener()
    registry.require_meant(name, like=like)
    if environment.find(name) is not None:
        listener.say(f"environment {name!r} is there; checking it")
        failed = execution.failing(name, listener)
        if failed:
            listener.warn(f"environment {name!r} fails its check {failed[0]!r}; making it anew")
    env_screens.print_ready(environment.ensure(name, wishes=wishes, listener=listener))


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List all environments: Python, manager, size, condition, place."""
    from workflow import environment  # noqa: PLC0415
    from workflow.cli import env_screens  # noqa: PLC0415

    env_screens.print_list(environment.list_environments(), as_json=as_json)


@app.command()
def info(name: Name = DEFAULT_NAME, *, as_json: Json = False) -> None:
    """Show all that is known of an environment."""
    from workflow import environment  # noqa: PLC0415
    from workflow.cli import env_screens  # noqa: PLC0415

    env_screens.print_info(environment.info(name), as_json=as_json)


@app.command()
def verify(
    name: Name = DEFAULT_NAME,
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Hash every file of its packages, and of those of TensorFlow.js.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check that an environment works; each check with its time and verdict (exit code 24 when one fails)."""
    import itertools  # noqa: PLC0415

    from workflow import environment  # noqa: PLC0415
    from workflow.cli import env_screens  # noqa: PLC0415
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import execution  # noqa: PLC0415

    found = execution.verifiable(name)
    javascript = _javascript_checks() if deep else ()
    with execution.claimed(found, ConsoleListener()):
        checks = itertools.chain(environment.verify(found, deep=deep), javascript)
        env_screens.print_checks(found, checks, as_json=as_json)


def _javascript_checks() -> Iterator[Check]:
    from workflow.verification.runtimes import package_integrity  # noqa: PLC0415

    yield from package_integrity.checks()


@app.command()
def activate(name: Name = DEFAULT_NAME, *, shell: Shell = None) -> None:
    """Print code that enters the environment: eval "$(tfjs-workflow env activate)"; `deactivate` leaves it."""
    import os  # noqa: PLC0415

    from workflow.cli import env_screens  # noqa: PLC0415
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import activation, execution  # noqa: PLC0415

    chosen = activation.chosen(shell, os.environ)
    target = activation.target(execution.usable(name, ConsoleListener()))
    env_screens.print_code(activation.code(chosen, target, environ=os.environ), activation.line(chosen, name))


@app.command()
def shell(name: Name = DEFAULT_NAME, *, shell: Shell = None) -> None:
    """Open a shell in the environment; `exit` leaves it."""
    import os  # noqa: PLC0415

    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import activation, execution  # noqa: PLC0415

    listener = ConsoleListener()
    chosen = activation.chosen(shell, os.environ)
    entered = execution.usable(name, listener)
    with execution.claimed(entered, listener, work="shell"):
        listener.say(f"a {chosen} in environment {name!r}; exit leaves it")
        raise typer.Exit(activation.open_subshell(chosen, activation.target(entered)))


@app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
def run(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")],
    *,
    name: Annotated[str, typer.Option("--name", "-n", help="The environment's name.")] = DEFAULT_NAME,
) -> None:
    """Run a command in the environment, on this terminal; its exit code is passed on."""
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import execution  # noqa: PLC0415

    listener = ConsoleListener()
    raise typer.Exit(execution.run(execution.usable(name, listener), command, listener=listener))


@app.command()
def remove(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help=f"Its name; {DEFAULT_NAME} if not given.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Remove every environment that this tool made.")] = False,
    old: Annotated[
        bool, typer.Option("--old", help="Remove those of other checkouts and versions that nobody is at work in.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Remove also what somebody is at work in.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove an environment of this checkout, those of others, or all, and make sure that it is gone."""
    from workflow.cli import env_screens  # noqa: PLC0415
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment import removal  # noqa: PLC0415

    listener = ConsoleListener()
    scope = removal.Scope(everything=everything, old=old)
    doomed = removal.doomed(name, scope, listener=listener)
    if doomed and env_screens.confirmed(doomed, yes=yes):
        removal.remove_all(doomed, listener, forced=force)


@app.command()
def lock(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only tell which locks are stale; no network.")] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="All pip locks anew, with the newest versions.")] = False,
    conda: Annotated[
        bool, typer.Option("--conda", help="conda-lock.yml as well; needs conda-lock and a conda.")
    ] = False,
) -> None:
    """Make the stale locks of a checkout anew with uv, or tell which are stale; needs a package index."""
    from workflow.cli.console import ConsoleListener  # noqa: PLC0415
    from workflow.environment.pins import regeneration  # noqa: PLC0415

    root, listener = regeneration.checkout(), ConsoleListener()
    if check:
        regeneration.require_fresh(root)
        listener.say("all locks are fresh")
        return
    made = regeneration.regenerate(root, upgrade=upgrade, with_conda=conda, listener=listener)
    listener.say(f"made anew: {', '.join(made)}" if made else "all locks are fresh (--upgrade takes newer versions)")
