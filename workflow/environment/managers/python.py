"""No conda at all: a virtual environment of a CPython that is already on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import processes
from workflow.base.errors import EnvironmentProblem, NoManagerError
from workflow.environment import interpreters, orphans, state, uv_program
from workflow.environment.blueprint import current_platform, purpose_of
from workflow.environment.entries import NO_CONDA

if TYPE_CHECKING:
    from typing import Literal

    from workflow.environment.interpreters import Interpreter
    from workflow.environment.managers import BuildOrder

_WANTED = "3.8"
_NEARBY = ("3.9", "3.10", "3.11")
# the newest Keras wants 3.11; there is no TensorFlow for 3.13 on Intel Macs
_TODAYS = ("3.12", "3.11", "3.13", "3.10")
_OLD_KERAS = "Python 3.10 has no Keras after 3.12, which does not load what later ones save"
_SECONDS = 120.0


class PythonManager:
    """Uses a CPython 3.8 from PATH, pyenv, uv, or an installer's folder."""

    @property
    def name(self) -> Literal["python"]:
        """Its name on the command line."""
        return "python"

    @property
    def caveats(self) -> tuple[str, ...]:
        """The Python is the right one; only it does not come from conda-lock.yml."""
        return (NO_CONDA,)

    def missing(self) -> str | None:
        """Look for a CPython 3.8."""
        return None if interpreters.find(_WANTED) else f"no CPython {_WANTED} on PATH, in pyenv or from uv"

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Make a virtual environment; no package is fetched for it, pip comes with the pip lock."""
        _make(prefix, interpreters.find(_WANTED), order)

    def remove(self, prefix: Path) -> None:
        """Nothing but the folder itself, which the caller deletes, knows of a virtual environment."""


class NearbyPythonManager:
    """The last resort: a CPython 3.9 to 3.11, on which the same lock installs and converts alike."""

    @property
    def name(self) -> Literal["python-nearby"]:
        """Its name on the command line."""
        return "python-nearby"

    @property
    def caveats(self) -> tuple[str, ...]:
        """Neither conda nor 3.8."""
        found = _nearest()
        version = found.series if found else f"{_NEARBY[0]} to {_NEARBY[-1]}"
        return (NO_CONDA, f"Python {version}, not {_WANTED}")

    def missing(self) -> str | None:
        """Look for the nearest series that is here."""
        return None if _nearest() else f"no CPython {_NEARBY[0]} to {_NEARBY[-1]} on PATH, in pyenv or from uv"

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Make a virtual environment, as for 3.8."""
        _make(prefix, _nearest(), order)

    def remove(self, prefix: Path) -> None:
        """As for 3.8."""


class TodaysPythonManager:
    """For the environment of Keras 3: a CPython 3.10 to 3.13 that is here, be it the one that runs this tool."""

    @property
    def name(self) -> Literal["python"]:
        """Its name on the command line."""
        return "python"

    @property
    def caveats(self) -> tuple[str, ...]:
        """There is no conda environment of this sort to be had; an old Python has an old Keras."""
        found = _todays()
        return (NO_CONDA, _OLD_KERAS) if found and found.series == "3.10" else (NO_CONDA,)

    def missing(self) -> str | None:
        """Look for the best series that is here."""
        return None if _todays() else "no CPython 3.10 to 3.13 on PATH, in pyenv or from uv"

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Make a virtual environment, as for 3.8."""
        _make(prefix, _todays(), order)

    def remove(self, prefix: Path) -> None:
        """As for 3.8."""


def _nearest() -> Interpreter | None:
    return next((found for series in _NEARBY if (found := interpreters.find(series))), None)


def _todays() -> Interpreter | None:
    intel_mac = current_platform() == "osx-64"
    wanted = [series for series in _TODAYS if not (intel_mac and series == "3.13")]
    found = next((found for series in wanted[:-1] if (found := interpreters.find(series))), None)
    return found or _own(wanted) or interpreters.find(wanted[-1])


def _own(wanted: list[str]) -> Interpreter | None:
    """Return the Python that runs this tool, if it is one of these: surely there, and perhaps in no usual place."""
    own = interpreters.ask(Path(sys.executable))
    return own if own and own.implementation == "CPython" and own.series in wanted else None


def _make(prefix: Path, found: Interpreter | None, order: BuildOrder) -> None:
    if found is None:
        raise NoManagerError(
            "the Python that was to be used is gone",
            hint=f"install {purpose_of(state.name_of(prefix)).interpreter} and try again",
        )
    order.listener.say(f"using CPython {found.version} from {found.executable}")
    argv = [uv_program.path(), "venv", "--no-python-downloads", "--no-project"]
    try:
        done = processes.run_tied(
            [*argv, "--python", str(found.executable), str(prefix)],
            tie=orphans.tie(order.log, "venv"),
            log=order.log,
            env=uv_program.environ(offline=True),
            timeout=_SECONDS,
        )
    except processes.CommandTimeoutError as error:
        raise EnvironmentProblem(f"{error}", hint="see the log", log=str(order.log)) from error
    if done.code:
        raise uv_program.failure(
            done.stdout, doing=f"making a virtual environment of {found.executable}", log=order.log
        )
