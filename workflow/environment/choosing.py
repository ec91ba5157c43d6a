"""Which manager makes an environment: the one named, or the first that can; never silently a lesser one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.base.errors import (
    DownloadError,
    EnvironmentProblem,
    ForeignPathError,
    IntegrityError,
    NoManagerError,
    StrictnessError,
    UnhealthyError,
    UsageError,
)
from workflow.environment import layout, removal, state
from workflow.environment.blueprint import purpose_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from workflow.environment.blueprint import Purpose
    from workflow.environment.interpreters import Interpreter
    from workflow.environment.managers import BuildOrder, Manager
    from workflow.environment.settings import Settings

    Ask = Callable[[Path], Interpreter | None]


def create(prefix: Path, order: BuildOrder, *, managers: Iterable[Manager], ask: Ask) -> tuple[Manager, Interpreter]:
    """Have the first manager that can put a Python into ``prefix``, and return it with what that Python is.

    A manager that the user named is the only one tried. Else one that is not here is passed over, and one that fails,
    or whose Python does not run, too, with a warning that says so. Damaged packages, a full disk and a place that is
    taken end it: the next manager would meet the same, or hide it.
    """
    settings = order.settings
    if settings.manager is not None:
        manager = _named(managers, settings)
        _announce(manager, order, failures={})
        return manager, _created(manager, prefix, order, ask=ask)
    skipped = _Skipped(purpose_of(state.name_of(prefix)))
    for manager in managers:
        reason = manager.missing()
        if reason is not None:
            order.listener.say(f"passed over {manager.name}: {reason}")
            skipped.missing.append(f"{manager.name}: {reason}")
            continue
        if settings.strict and manager.caveats:
            skipped.refused.append(f"{manager.name}: {', '.join(manager.caveats)}")
            continue
        _announce(manager, order, failures=skipped.failures)
        try:
            return manager, _created(manager, prefix, order, ask=ask)
        except (IntegrityError, ForeignPathError):
            raise
        except EnvironmentProblem as error:
            _keep_words(error, order)
            removal.empty(prefix)
            skipped.failures[manager.name] = error
    raise skipped.error()


def _created(manager: Manager, prefix: Path, order: BuildOrder, *, ask: Ask) -> Interpreter:
    manager.create(prefix, order)
    python = layout.python(prefix)
    interpreter = ask(python)
    if interpreter is None:
        raise UnhealthyError(
            f"{manager.name} made {prefix}, and its interpreter {python} does not run",
            hint="it has been removed; choose another --manager",
            log=str(order.log),
        )
    return interpreter


def _keep_words(error: EnvironmentProblem, order: BuildOrder) -> None:
    """Put all that is known of a failure into the log: if the next manager succeeds, it is told in one line."""
    with order.log.open("a", encoding="utf-8") as log:
        log.write(f"[failed: {error.message}]\n{error.details}\n")


@dataclass
class _Skipped:
    """Why each manager so far was not used for an environment of this purpose."""

    purpose: Purpose
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: dict[str, EnvironmentProblem] = field(default_factory=dict)

    def error(self) -> EnvironmentProblem:
        """Return the error for when no manager is left."""
        failed = [f"{name}: {error.message}" for name, error in self.failures.items()]
        details = "\n".join([*failed, *self.missing, *self.refused])
        if self.refused:
            conda = ", or make a conda channel reachable (--mirror)"
            return StrictnessError(
                "--strict refuses what could be made here",
                hint=f"leave out --strict{conda if self.purpose.uses_conda_lock else ': no conda makes this one'}",
                details=details,
            )
        for error in self.failures.values():
            unreachable = all(isinstance(one, DownloadError) for one in self.failures.values())
            return (DownloadError if unreachable else EnvironmentProblem)(
                "nothing here could get a Python for the environment",
                hint=error.hint or "see whether the conda channel can be reached, or give a --mirror",
                details=details,
                log=error.log,
            )
        return NoManagerError(
            "nothing on this machine can make the environment",
            hint=f"install {self.purpose.interpreter}",
            details=details,
        )


def _named(managers: Iterable[Manager], settings: Settings) -> Manager:
    by_name = {manager.name: manager for manager in managers}
    manager = next((found for name, found in by_name.items() if name == settings.manager), None)
    if manager is None:
        raise UsageError(
            f"there is no manager named {settings.manager!r}",
            hint=f"choose one of: {', '.join(by_name)}",
        )
    reason = manager.missing()
    if reason is not None:
        raise NoManagerError(
            f"{manager.name} cannot be used here: {reason}",
            hint="install it, or leave the choice to the tool by naming no manager",
        )
    if settings.strict and manager.caveats:
        raise StrictnessError(
            f"--strict refuses {manager.name}: {', '.join(manager.caveats)}",
            hint="leave out --strict, or choose a manager that uses conda's packages",
        )
    return manager


def _announce(manager: Manager, order: BuildOrder, *, failures: Mapping[str, EnvironmentProblem]) -> None:
    """Say which manager is used; warn when others failed before it, or it gives less than was asked for."""
    for name, error in failures.items():
        order.listener.warn(f"{name} could not make the environment: {error.message}")
    if failures:
        order.listener.warn(f"using {manager.name} instead")
    else:
        order.listener.say(f"using {manager.name}")
    for caveat in manager.caveats:
        order.listener.warn(f"made with {manager.name}: {caveat}")
