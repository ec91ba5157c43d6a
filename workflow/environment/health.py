"""Does an environment work? A few commands, each with time and verdict, for creation and ``env verify``."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, Protocol

from workflow.base import processes
from workflow.environment import layout, orphans
from workflow.environment.layout import worker_environ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workflow.environment.entries import Environment

Verdict = Literal["ok", "failed", "marked"]

ABSENT = frozenset({"flax", "jax", "jaxlib", "tensorflow-decision-forests"})
"""What the lean set leaves out on purpose."""

_ABSENCE = re.compile(r"\S+ \S+ requires (?P<package>[\w.-]+), which is not installed\.")
_WANTED = "3.8."
_WANTED_FOR_KERAS3 = ("3.10.", "3.11.", "3.12.", "3.13.")
_SECONDS = 300.0
_POLL_SECONDS = 0.02
_IMPORTS = "import tensorflow, tensorflowjs; print(tensorflow.__version__, tensorflowjs.__version__)"
_KERAS3 = "import tensorflow, keras; print(tensorflow.__version__, keras.backend.backend(), keras.__version__)"


@dataclass(frozen=True)
class Check:
    """One check and how it went. ``marked``: it works, and ``note`` says what is not as one may expect.

    ``mend`` is what to do where making the environment anew is not what helps, or not all of it.
    """

    title: str
    command: str
    seconds: float
    verdict: Verdict
    output: str
    note: str = ""
    mend: str = ""


class _Judge(Protocol):
    def __call__(self, environment: Environment, output: str, /) -> tuple[Verdict, str]:
        """Return the verdict on a command's output, and a note."""


@dataclass(frozen=True)
class _Plan:
    """A command and who judges its output; with ``strict`` any exit code but 0 has failed already."""

    title: str
    argv: tuple[str, ...]
    judge: _Judge
    strict: bool = True


@dataclass
class _Running:
    plan: _Plan
    argv: list[str]
    process: processes.Process
    sink: IO[bytes]
    begin: float
    end: float | None = None


def checks(environment: Environment, *, log: Path) -> Iterator[Check]:
    """Run all checks side by side (each imports TensorFlow anew) and yield them in their order as they end.

    All output is appended to ``log``. When one cannot start, it is the last: all need the same interpreter.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    running: list[_Running] = []
    try:
        plans = _PLANS_FOR_KERAS3 if environment.profile == "keras3" else _PLANS
        for plan, key in zip(plans, orphans.CHECKS, strict=False):
            started = _start(plan, environment, orphans.tie(log, key))
            if isinstance(started, Check):
                yield _logged(started, log)
                return
            running.append(started)
        for one in running:
            _wait(one, running)
            yield _logged(_judged(one, environment), log)
    finally:
        for one in running:
            if one.end is None:
                processes.kill(one.process, grace=0.5)
            for file in filter(None, (one.sink, one.process.stdin)):
                file.close()


def _start(plan: _Plan, environment: Environment, tie: Path) -> _Running | Check:
    program, *arguments = plan.argv
    argv = [str(layout.program(environment.prefix, program)), *arguments]
    sink = tempfile.TemporaryFile()  # noqa: SIM115  closed with the rest in checks()
    begin = time.monotonic()
    try:
        process = processes.start(
            argv,
            stdout=sink,
            stderr=processes.STDOUT,
            env=_environ(environment),
            cwd=environment.prefix,
            tie=tie,
        )
    except OSError as error:
        sink.close()
        return Check(plan.title, processes.quoted(argv), 0.0, "failed", str(error))
    return _Running(plan, argv, process, sink, begin)


def _environ(environment: Environment) -> dict[str, str]:
    """Without pip's settings: one such as require-virtualenv makes ``pip check`` refuse."""
    clean = {name: value for name, value in worker_environ(environment).items() if not name.startswith("PIP_")}
    return {**clean, "PIP_CONFIG_FILE": "nul" if layout.WINDOWS else "/dev/null"}


def _wait(one: _Running, running: Sequence[_Running]) -> None:
    """Wait until one has ended or must be ended, noting when the others end meanwhile."""
    while one.end is None:
        now = time.monotonic()
        if now - one.begin > _SECONDS:
            processes.kill(one.process)
        for other in running:
            if other.end is None and other.process.poll() is not None:
                other.end = now
        time.sleep(_POLL_SECONDS)


def _judged(one: _Running, environment: Environment) -> Check:
    one.sink.seek(0)
    output = one.sink.read().decode(errors="replace").strip()
    seconds = (one.end or one.begin) - one.begin
    code = one.process.returncode
    verdict: Verdict = "failed"
    note = f"exit code {code}" if seconds <= _SECONDS else f"no answer within {_SECONDS:g} s"
    if code == 0 or (code > 0 and not one.plan.strict):
        verdict, note = one.plan.judge(environment, output)
    return Check(one.plan.title, processes.quoted(one.argv), seconds, verdict, output, note)


def _logged(check: Check, log: Path) -> Check:
    with log.open("a", encoding="utf-8", errors="surrogateescape") as sink:
        sink.write(f"+ {check.command}\n{check.output}\n[{check.verdict} after {check.seconds:.1f} s {check.note}]\n")
    return check


def _judge_version(environment: Environment, output: str) -> tuple[Verdict, str]:
    version = output.removeprefix("Python ")
    if version != environment.python_version:
        return "failed", f"it was Python {environment.python_version} when it was made"
    for_keras3 = environment.profile == "keras3"
    if for_keras3 and not version.startswith(_WANTED_FOR_KERAS3):
        return "failed", "this must be Python 3.10 to 3.13"
    if environment.caveats:
        return "marked", "; ".join(environment.caveats)
    if not for_keras3 and not version.startswith(_WANTED):
        return "failed", "this must be Python 3.8"
    return ("ok", "")


def _judge_packages(environment: Environment, output: str) -> tuple[Verdict, str]:
    """Go by pip's lines: it exits with 1 for the lean set as well."""
    matches = [_ABSENCE.fullmatch(line) for line in output.splitlines()]
    missing = {match["package"].lower().replace("_", "-") for match in matches if match}
    if environment.profile == "lean" and all(matches) and missing == ABSENT:
        return "marked", f"left out on purpose: {', '.join(sorted(ABSENT))}"
    if environment.profile != "lean" and output.endswith("No broken requirements found."):
        return "ok", ""
    return "failed", "packages are missing or do not fit together"


def _judge_imports(_environment: Environment, _output: str) -> tuple[Verdict, str]:
    return "ok", ""


def _judge_help(_environment: Environment, output: str) -> tuple[Verdict, str]:
    return ("ok", "") if "usage:" in output.lower() else ("failed", "it printed no usage")


def _judge_converter(_environment: Environment, output: str) -> tuple[Verdict, str]:
    return ("ok", "") if "tensorflowjs " in output else ("failed", "it printed no version")


def _judge_keras(_environment: Environment, output: str) -> tuple[Verdict, str]:
    found = output.splitlines()[-1:] or [""]
    right = re.fullmatch(r"\S+ tensorflow 3\.\S+", found[0])
    return ("ok", found[0]) if right else ("failed", "this must be Keras 3 on TensorFlow")


_PLANS_FOR_KERAS3 = (
    _Plan("python --version", ("python", "--version"), _judge_version),
    _Plan("pip check", ("python", "-I", "-m", "pip", "--isolated", "check"), _judge_packages, strict=False),
    _Plan("import tensorflow, keras", ("python", "-I", "-c", _KERAS3), _judge_keras),
)
_PLANS = (
    _Plan("python --version", ("python", "--version"), _judge_version),
    _Plan("pip check", ("python", "-I", "-m", "pip", "--isolated", "check"), _judge_packages, strict=False),
    _Plan("import tensorflow, tensorflowjs", ("python", "-I", "-c", _IMPORTS), _judge_imports),
    _Plan("tensorflowjs_converter -h", ("tensorflowjs_converter", "-h"), _judge_help),
    _Plan("tensorflowjs_converter --version", ("tensorflowjs_converter", "--version"), _judge_converter),
)
