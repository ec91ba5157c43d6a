from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.cli.boundary import guarded
from workflow.environment import Environment, layout, lock_digest, state

if TYPE_CHECKING:
    from pathlib import Path

# answers as a healthy environment's programs do
STUB = """\
#!/bin/sh
[ "$1" = -I ] && shift
case "$(basename "$0") $*" in
"python --version") echo "Python 3.8.20" ;;
"python -m pip"*) echo "No broken requirements found." ;;
"tensorflowjs_converter -h") echo "usage: tensorflowjs_converter" ;;
"tensorflowjs_converter --version") echo "tensorflowjs 4.22.0" ;;
"python -c import tensorflow"*) echo "2.13.1 4.22.0" ;;
"python -c "*) shift; exec sh -c "$1" ;;
*) echo "$(basename "$0") was called with $# arguments"; for each in "$@"; do echo "[$each]"; done ;;
esac
"""


class Made(Protocol):
    def __call__(self, name: str = "tfjs", **changes: object) -> Environment:
        """Put an environment of stub programs where the tool keeps its own, and return it."""


@pytest.fixture
def made() -> Made:
    def make(name: str = "tfjs", **changes: object) -> Environment:
        prefix = state.prefix(name)
        (prefix / "bin").mkdir(parents=True)
        for program in ("python", "tensorflowjs_converter"):
            (prefix / "bin" / program).write_text(STUB)
            (prefix / "bin" / program).chmod(0o755)
        facts = {
            "name": name,
            "manager": "embedded",
            "python_version": "3.8.20",
            "profile": "full",
            "lock_digest": lock_digest(),
            "caveats": (),
            **changes,
        }
        written = {"prefix": str(prefix), "created": "2026-01-02T03:04:05+00:00", "tool_version": "0.1.0"}
        state.write(prefix, state.State(**facts, **written, platform="linux-64"))  # type: ignore[arg-type]
        return Environment(**facts, prefix=prefix, python=layout.python(prefix))  # type: ignore[arg-type]

    return make


class Tool:
    """The command line as a user meets it: what it prints, and its exit code."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.out = ""
        self.err = ""

    def __call__(self, *arguments: str) -> int:
        code = guarded(["env", *arguments])
        self.out, self.err = self._capfd.readouterr()
        return code


@pytest.fixture
def tool(capfd: pytest.CaptureFixture[str]) -> Tool:
    return Tool(capfd)


@pytest.fixture
def partial(tool_home: Path) -> Path:
    """What a creation that was killed leaves behind."""
    prefix = state.prefix("half")
    prefix.mkdir(parents=True)
    state.mark(prefix)
    return prefix


@pytest.fixture
def foreign(tool_home: Path) -> Path:
    """A folder among the environments that this tool did not make."""
    prefix = state.prefix("mine")
    prefix.mkdir(parents=True)
    (prefix / "precious.txt").write_text("mine")
    return prefix
