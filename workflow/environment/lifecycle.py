"""The life of an environment: made under a lock, checked, state written last; made anew if stale, broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from workflow import __version__
from workflow.base.errors import EnvironmentProblem, StorageError, StrictnessError, UnhealthyError
from workflow.environment import blueprint as blueprints
from workflow.environment import registry, state
from workflow.environment.entries import Environment
from workflow.environment.settings import fitted, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.blueprint import Blueprint
    from workflow.environment.claims import Claim
    from workflow.environment.entries import EnvironmentEntry, Wishes
    from workflow.environment.health import Check
    from workflow.environment.interpreters import Interpreter
    from workflow.environment.managers import BuildOrder, Manager
    from workflow.environment.settings import Settings


@dataclass(frozen=True)
class Builders:
    """Who does the work: the managers in order, who asks a Python what it is, adds packages, checks."""

    managers: Callable[[], Sequence[Manager]]
    ask: Callable[[Path], Interpreter | None]
    equip: Callable[[Path, BuildOrder], None]
    check: Callable[[Environment, Path], Iterable[Check]]


def ensure(name: str, *, wishes: Wishes, listener: Listener, builders: Builders | None = None) -> Environment:
    """Return the environment of this name, made (anew) if it is not ready; at once when it is."""
    settings = fitted(resolve(wishes), name=name, wishes=wishes)
    entry = registry.look(name)
    if entry.status == "ready" and entry.environment:
        return _accepted(entry.environment, settings)
    try:
        return _ensure_slowly(name, settings, listener=listener, builders=builders or _real_builders(name))
    except OSError as error:
        from workflow.base.disk import refusal  # noqa: PLC0415  for failures alone

        refused = refusal(error, error.filename or state.folder(), doing="write")
        raise StorageError(
            f"environment {name!r} could not be made: {refused.message if refused else error}",
            hint=f"see to {state.folder().parent}, or set TFJS_WORKFLOW_HOME to another folder with 4 GB of room",
        ) from error


def taken(
    name: str, *, wishes: Wishes, listener: Listener, builders: Builders | None = None
) -> tuple[Environment, Claim]:
    """Return the environment of this name as ``ensure`` does, with a claim, during which nobody removes it."""
    from workflow.environment import claims  # noqa: PLC0415  as above

    while True:
        environment = ensure(name, wishes=wishes, listener=listener, builders=builders)
        claim = claims.use(environment.prefix.name, listener)
        entry = registry.look(name)
        if entry.status == "ready" and entry.environment == environment:
            return environment, claim
        claim.release()  # it was removed, or made anew, before it was claimed


def verify(environment: Environment, *, deep: bool = False) -> Iterator[Check]:
    """Run the health checks and yield each; a failure is noted in the state, and ``ensure`` heeds that.

    With ``deep`` every file is hashed, too.
    """
    from workflow.environment import health  # noqa: PLC0415  needs what a ready environment does not

    failed = ""
    usual = health.checks(environment, log=state.log_path(environment.prefix.name))
    for check in _every_check(environment, usual, deep=deep):
        if check.verdict == "failed" and not failed:
            failed = check.title
        yield check
    known = state.read(environment.prefix)
    if known and known.unhealthy != failed:
        state.write(environment.prefix, replace(known, unhealthy=failed))


def _every_check(environment: Environment, usual: Iterable[Check], *, deep: bool) -> Iterator[Check]:
    yield from usual
    if deep:
        from workflow.environment import integrity  # noqa: PLC0415  as above

        yield from integrity.checks(environment)


def _ensure_slowly(name: str, settings: Settings, *, listener: Listener, builders: Builders) -> Environment:
    from workflow.environment import claims, removal  # noqa: PLC0415  as above

    while True:
        entry = registry.look(name)
        removal.refuse_foreign(entry)  # before the lock: that could wait long for nothing
        with claims.held(entry.key, listener):
            now = registry.look(name)
            if now.status == "ready" and now.environment:
                listener.say(f"environment {name!r} was made meanwhile by another process")
                return _accepted(now.environment, settings)
            if now.prefix != entry.prefix:
                continue  # what a former version made has been removed meanwhile: another lock holds for the new place
            removal.refuse_foreign(now)
            return _made_anew(now, settings, listener=listener, builders=builders)


def _made_anew(entry: EnvironmentEntry, settings: Settings, *, listener: Listener, builders: Builders) -> Environment:
    """Make the environment in place of what is there, while we hold it alone; all of it or nothing."""
    from workflow.environment import claims, orphans, removal  # noqa: PLC0415  as above

    orphans.end_orphans(state.log_path(entry.key), listener)
    if entry.status != "absent":
        listener.say(f"environment {entry.name!r}: {entry.reason}; making it anew")
    if shells := claims.busy(entry.key, "shell"):
        listener.say(f"a shell is open in it ({shells}), which will find the new one in its place")
    for other in registry.others(entry.name):
        listener.say(f"{other.prefix} stays ({other.reason}); tfjs-workflow env remove --old removes it")
    plan = blueprints.blueprint(entry.name)
    state.mark(entry.prefix, plan.digest)
    removal.empty(entry.prefix)
    try:
        environment = _make(entry, settings, listener=listener, builders=builders)
    except BaseException:
        _discard(entry.prefix, listener)
        raise
    state.unmark(entry.prefix)
    return environment


def _discard(prefix: Path, listener: Listener) -> None:
    """Delete what a failed creation left; when that fails too, the first failure is still the one to tell."""
    from workflow.environment import removal  # noqa: PLC0415  as above

    try:
        removal.delete(prefix)
    except (OSError, StorageError) as error:
        listener.warn(f"{error}: it is left there for 'tfjs-workflow env remove {prefix.name}'")


def _accepted(environment: Environment, settings: Settings) -> Environment:
    """Return it, or refuse: an option never replaces a ready environment, that is for the user to do."""
    name, made_by = environment.name, environment.manager
    hint = f"use another name, or remove it first: tfjs-workflow env remove {name}"
    if settings.strict and environment.caveats:
        raise StrictnessError(
            f"--strict refuses environment {name!r}, made by {made_by}: {', '.join(environment.caveats)}",
            hint=hint,
        )
    if settings.manager not in (None, made_by):
        raise EnvironmentProblem(
            f"environment {name!r} is there and was made by {made_by}, not by {settings.manager}",
            hint=hint,
        )
    return environment


def _make(entry: EnvironmentEntry, settings: Settings, *, listener: Listener, builders: Builders) -> Environment:
    from workflow.environment import choosing  # noqa: PLC0415  as above

    plan = blueprints.blueprint(entry.name)
    order = _order(entry.key, plan, settings=settings, listener=listener)
    listener.say(f"making environment {entry.name!r} in {entry.prefix}")
    if plan.purpose.announcement:
        listener.say(plan.purpose.announcement)
    manager, interpreter = choosing.create(entry.prefix, order, managers=builders.managers(), ask=builders.ask)
    environment = _described(entry, manager, interpreter, plan=plan)
    builders.equip(environment.python, order)
    listener.say("checking the environment")
    for check in builders.check(environment, order.log):
        listener.say(f"  {check.title}: {check.verdict} ({check.seconds:.1f} s){_bracketed(check.note)}")
        if check.verdict == "failed":
            raise _unhealthy(entry.name, check, order)
    state.write(entry.prefix, _state_of(environment, plan))
    listener.say(f"environment {entry.name!r} is ready: Python {environment.python_version} by {manager.name}")
    return environment


def _order(key: str, plan: Blueprint, *, settings: Settings, listener: Listener) -> BuildOrder:
    from workflow.base import locations  # noqa: PLC0415  as above
    from workflow.environment.managers import BuildOrder  # noqa: PLC0415  as above

    log = state.log_path(key)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    return BuildOrder(blueprint=plan, settings=settings, cache=locations.cache(), listener=listener, log=log)


def _described(entry: EnvironmentEntry, manager: Manager, interpreter: Interpreter, *, plan: Blueprint) -> Environment:
    from workflow.environment import layout  # noqa: PLC0415  as above

    return Environment(
        name=entry.name,
        prefix=entry.prefix,
        python=layout.python(entry.prefix),
        manager=manager.name,
        python_version=interpreter.version,
        profile=plan.profile,
        lock_digest=plan.digest,
        caveats=manager.caveats,
    )


def _unhealthy(name: str, check: Check, order: BuildOrder) -> UnhealthyError:
    return UnhealthyError(
        f"environment {name!r} was made and does not work: {check.title} failed{_bracketed(check.note)}",
        hint="it has been removed again; if the output does not help, report it with the log",
        details="\n".join(check.output.splitlines()[-15:]),
        log=str(order.log),
    )


def _state_of(environment: Environment, plan: Blueprint) -> state.State:
    return state.State(
        name=environment.name,
        prefix=str(environment.prefix),
        manager=environment.manager,
        python_version=environment.python_version,
        profile=environment.profile,
        lock_digest=environment.lock_digest,
        caveats=environment.caveats,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        tool_version=__version__,
        platform=plan.platform,
    )


def _bracketed(note: str) -> str:
    return f" [{note}]" if note else ""


def _real_builders(name: str) -> Builders:
    from workflow.environment import health, interpreters, pip_packages  # noqa: PLC0415  as above
    from workflow.environment.managers import managers_for  # noqa: PLC0415  as above

    return Builders(
        managers=lambda: managers_for(name),
        ask=interpreters.ask,
        equip=pip_packages.equip,
        check=lambda environment, log: health.checks(environment, log=log),
    )
