"""What the ``env`` commands print: tables, facts and verdicts for people, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from workflow import environment
from workflow.base import locations
from workflow.base.errors import UnhealthyError, UsageError
from workflow.base.wording import size_text
from workflow.bridge import enclosure
from workflow.cli.console import console, error_console
from workflow.environment import activation, claims, state
from workflow.environment.blueprint import purpose_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.environment import Environment, EnvironmentEntry
    from workflow.environment.health import Check

_WORDS = {"ready": "healthy"}
_HEADINGS = ("name", "Python", "manager", "size", "condition", "lock", "last used", "place")
_STYLES = {"ready": "", "stale": "yellow", "partial": "yellow", "broken": "red", "foreign": "dim", "absent": "dim"}
_VERDICTS = {"ok": ("ok", "green"), "marked": ("ok, but", "yellow"), "failed": ("FAILED", "bold red")}
_TAIL_LINES = 15
_DIGITS = 12


def print_ready(made: Environment) -> None:
    """Say what was made, what is not as asked, and how to enter and leave it."""
    console().print(
        f"environment {made.name} is ready: Python {made.python_version}, made by {made.manager}", markup=False
    )
    console().print(f"  place:  {made.prefix}", markup=False)
    for caveat in made.caveats:
        console().print(f"  note:   {caveat}", markup=False, style="yellow")
    console().print(f"  enter:  {activation.line(_shell_or_bash(), made.name)}", markup=False)
    console().print("  leave:  deactivate")
    name = "" if made.name == environment.DEFAULT_NAME else f"-n {made.name} "
    trial = " ".join(purpose_of(made.name).trial)
    console().print(f"  or run: {activation.invocation()} env run {name}-- {trial}", markup=False)


def print_list(entries: Sequence[EnvironmentEntry], *, as_json: bool) -> None:
    """Print all environments as a table, or one sentence when there is none."""
    if as_json:
        typer.echo(json.dumps([_facts(entry) for entry in entries], indent=1))
        return
    if not entries:
        console().print("there are no environments yet; make one: tfjs-workflow env create")
        return
    rows = [_HEADINGS, *map(_row, entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, entry in zip(rows, [None, *entries], strict=True):
        # no table of rich's: it would fold or cut the paths where the output is piped
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        console().print("  ".join(cells).rstrip(), markup=False, style=_STYLES[entry.status] if entry else "bold")
    for entry in entries:
        if entry.reason:
            console().print(f"{_called(entry)}: {entry.reason}", markup=False)
        for party in claims.parties(entry.key):
            console().print(f"{_called(entry)}: in use by {party}", markup=False)
    if any(not entry.current and entry.status != "foreign" for entry in entries):
        console().print("tfjs-workflow env remove --old removes those of other checkouts", markup=False)


def print_info(entry: EnvironmentEntry, *, as_json: bool) -> None:
    """Print the facts of one environment, line by line, and where the tool keeps things for all of them."""
    places = {"data": locations.home(), "cache": locations.cache(), "logs": locations.home() / "logs"}
    facts = _facts(entry) | {name: str(place) for name, place in places.items()} | {"wall": enclosure.described()}
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    told = {"size": size_text(facts["size"]), "current": "yes" if entry.current else "no: it is of another checkout"}
    for key, value in {**facts, **told}.items():
        for text in value if isinstance(value, list) else [value]:
            if text:
                console().print(f"{key.replace('_', ' '):<15} {text}", markup=False)


def print_checks(checked: Environment, checks: Iterable[Check], *, as_json: bool) -> None:
    """Print each check when it ends; raises UnhealthyError at the end when one has failed."""
    done: list[Check] = []
    for check in checks:
        done.append(check)
        if not as_json:
            _print_check(check)
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in done], indent=1))
    failed = [check for check in done if check.verdict == "failed"]
    if failed:
        error = UnhealthyError(
            f"environment {checked.name!r} does not pass: {', '.join(check.title for check in failed)}",
            hint=failed[0].mend or f"make it anew: tfjs-workflow env create {checked.name}",
            details="\n".join(failed[0].output.splitlines()[-_TAIL_LINES:]),
        )
        error.answered = as_json
        raise error


def print_code(code: str, line: str) -> None:
    """Print code for a shell to eval; to someone who reads it on a terminal, also how it is meant."""
    typer.echo(code, nl=False)
    if sys.stdout.isatty():
        error_console().print(f"\nthis is for your shell to run; type: {line}", markup=False, style="yellow")


def confirmed(doomed: Sequence[EnvironmentEntry], *, yes: bool) -> bool:
    """Tell whether these may be removed: asks on a terminal, and raises UsageError where nobody can answer."""
    if yes:
        return True
    for entry in doomed:
        error_console().print(f"{_called(entry)}  {entry.prefix}", markup=False)
    if not sys.stdin.isatty():
        raise UsageError("nothing was removed: there is no terminal to ask on", hint="add --yes")
    return typer.confirm("Remove?" if len(doomed) == 1 else f"Remove these {len(doomed)}?", err=True)


def _row(entry: EnvironmentEntry) -> tuple[str, ...]:
    made = entry.environment
    return (
        entry.name,
        made.python_version if made else "-",
        made.manager if made else "-",
        size_text(environment.size(entry.prefix)),
        _WORDS.get(entry.status, entry.status),
        _digits(entry) or "-",
        _last_used(entry),
        str(entry.prefix),
    )


def _called(entry: EnvironmentEntry) -> str:
    """Return the name; of those of other checkouts with the first digits of their lock, by which they can be named."""
    return entry.name if entry.current or not _digits(entry) else f"{entry.name}@{_digits(entry)}"


def _digits(entry: EnvironmentEntry) -> str:
    return state.digest_of(entry.prefix)[:_DIGITS] or state.split(entry.key)[1]


def _last_used(entry: EnvironmentEntry) -> str:
    when = claims.last_used(entry.key)
    return "-" if when is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def _print_check(check: Check) -> None:
    word, style = _VERDICTS[check.verdict]
    note = f"  {check.note}" if check.note else ""
    console().print(f"{check.seconds:6.1f} s  ", end="")
    console().print(f"{word:<8}", style=style, end="")
    console().print(f" {check.title}{note}", markup=False)


def _facts(entry: EnvironmentEntry) -> dict[str, Any]:
    made = entry.environment
    facts: dict[str, Any] = {
        "name": entry.name,
        "condition": _WORDS.get(entry.status, entry.status),
        "reason": entry.reason,
        "place": str(entry.prefix),
        "size": environment.size(entry.prefix),
        "current": entry.current,
        "last_used": _last_used(entry).removeprefix("-"),
        "in_use_by": [str(party) for party in claims.parties(entry.key)],
    }
    if made is None:
        return facts
    return {
        **facts,
        "python_version": made.python_version,
        "python": str(made.python),
        "manager": made.manager,
        "profile": made.profile,
        "platform": entry.platform,
        "created": entry.created,
        "tool_version": entry.tool_version,
        "lock_digest": made.lock_digest,
        "caveats": list(made.caveats),
    }


def _shell_or_bash() -> activation.ShellName:
    try:
        return activation.chosen(None, os.environ)
    except UsageError:
        return "bash"  # it is only a hint, and env activate itself will say what it cannot tell
