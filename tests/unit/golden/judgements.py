"""What is made of answers, checks, logs, sizes and figures: one entry for each branch of each decision."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from tests.unit.environment.orders import changed, order_for
from tests.unit.golden import model_claims
from tests.unit.golden.store import figures
from workflow.base import dialogue
from workflow.base.errors import WorkflowError
from workflow.base.events import Recording
from workflow.bridge import (
    airlock,
    allowances,
    belongings,
    enclosure,
    failures,
    job_answers,
    usage,
    warm_worker,
)
from workflow.environment import (
    claims,
    health,
    integrity,
    interpreters,
    layout,
    orphans,
    pip_packages,
    pip_settings,
    registry,
    state,
    uv_program,
)
from workflow.environment.builder import channels, protocol
from workflow.environment.entries import Environment
from workflow.environment.managers import conda_cli, embedded, python
from workflow.environment.pins import pip, regeneration
from workflow.environment.pins.conda import LockedPackage
from workflow.worker.shared import containment_rules as rules
from workflow.worker.shared import janitor, wall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE = "judgements.json"
_MODULES = (
    *(airlock, allowances, belongings, failures, job_answers, usage, warm_worker, claims, health, integrity),
    *(interpreters, orphans, pip_packages, registry, state, uv_program, conda_cli, embedded, python, pip, regeneration),
    *(rules, janitor),
)
_GB = 2**30

MESSAGES = (
    *(
        '{"ok": true, "result": {}}',
        '{"ok": true, "result": {"a": 1}, "memory": {"peak": 7, "x": -1, "y": true, "z": 1.5}}',
    ),
    *(
        '{"ok": true, "result": []}',
        '{"ok": 1, "result": {}}',
        '{"ok": false}',
        '{"result": {}}',
        '{"ok": false, "failure": []}',
    ),
    '{"ok": true, "result": %s}' % ('{"a": ' * 62 + "{}" + "}" * 62),
    '{"ok": true, "result": %s}' % ('{"a": ' * 63 + "{}" + "}" * 63),
    '{"ok": true, "result": %s}' % ('{"a": ' + "[" * 61 + "[]" + "]" * 61 + "}"),
    *(
        '{"ok": false, "failure": {}}',
        '{"ok": false, "failure": {"kind": 3, "type": null, "message": ["x"], "traceback": 5}}',
    ),
    '{"ok": false, "failure": {"kind": "k", "type": "T", "message": "m", "causes": [{"type": "C"}, 3]}}',
    '{"ok": false, "failure": {"causes": {"type": "C"}}, "memory": [1]}',
)
LINES = (
    *("2026-01-01 10:00:00.000001: I tensorflow/a.cc:1] x", "2026-01-01 10:00:00.1: W b", "2026-01-01 10:00:00.1: E c"),
    *(
        "WARNING:tensorflow:a",
        "WARNING:absl:b",
        "WARNING:root:c",
        "WARNING:mine:d",
        "INFO:tensorflow:e",
        "INFO:absl:f",
        "INFO:root:g",
    ),
    *(
        "I0101 10:00:00.1 h",
        "W0101 10:00:00 i",
        "E0101 10:00:00 j",
        "To enable the following instructions: AVX2",
        "   ",
        "",
    ),
    *("a.py:1: DeprecationWarning: k", "UserWarning: l", "FutureWarning: m", "RuntimeWarning: n", "MyWarning: o"),
    *(
        "  saving_api.save_model(",
        "  warnings.warn('x')",
        "warnings.warn(",
        "Instructions for updating:",
        "plain",
        "  indented  ",
    ),
)
FRAMES = (
    *(
        '  File "/e/site-packages/a.py", line 1, in f',
        '  File "/e/lib/python3.8/a.py", line 2',
        '  File "/x/mine.py", line 3',
    ),
    *(
        '  File "/t/workflow/worker/jobs.py", line 4',
        '  File "<frozen importlib>", line 5',
        '  File "/tmp/__autograph_x.py", line 6',
    ),
)
_SIZES = (0, 1000, 64 << 20, _GB // 8, _GB, 40 * _GB)
_MACHINES = ((0, 1000 * _GB), (4 * _GB, 100 * _GB), (16 * _GB, 10 * _GB), (256 * _GB, 4000 * _GB), (16 * _GB, 0))


def all_judgements(scratch: Path) -> dict[str, Any]:
    """Return what is made of each."""
    found = {**_of_jobs(scratch), **_of_environments(scratch), **model_claims.all_claims(scratch)}
    found["figures"] = figures(*_MODULES)
    return dict(json.loads(json.dumps(found).replace(str(scratch), "/machine")))  # tuples are lists there


def _of_jobs(scratch: Path) -> dict[str, Any]:
    limits = usage.Limits()
    job = usage.JobUsage("convert", 1.23456, {"before": 1, "peak": 2})
    return {
        "answers": [_read(text) for text in MESSAGES],
        "garbled": [_message(line) for line in (b"{}", b"[]", b"x", b"\xff" * 201, b'{"a": [' + b"[" * 2000)],
        "lines": {line: _tail(scratch, [line]) for line in LINES},
        "frames": {line: _tail(scratch, [line, "    its code", "  other"]) for line in FRAMES},
        "allowances": {f"{size} of {machine}": _allowed(size, machine) for size in _SIZES for machine in _MACHINES},
        "asked for": {
            said: _asked(said) for said in ("", " ", "8", " 0.5 ", "0", "-1", "x", "nan", "1048575", "1048576")
        },
        "limits": [limits.jobs, limits.memory, *map(limits.exceeded, (499, 500, 3, 3), (0, 0, 2 * _GB, 2 * _GB + 1))],
        "usage": [job.as_json(), usage.peak([]), usage.peak([job, usage.JobUsage("x", 0, {})])],
        "wall": [
            _described(files, calls, profile)
            for files in (0, 4)
            for calls in (False, True)
            for profile in (False, True)
        ],
    }


def _of_environments(scratch: Path) -> dict[str, Any]:
    order = changed(order_for(scratch / "conda-lock.yml", scratch, Recording()), mirrors=("m",), offline=True)
    kinds = ("DownloadError", "IntegrityError", "StorageError", "EnvironmentProblem", "UsageError", "")
    return {
        "checks": {
            f"{judge.__name__} {profile} {text!r}": judge(_made(profile, scratch), text)
            for judge, profile, text in _JUDGED
        },
        "plans": [
            [(plan.title, plan.argv, plan.strict) for plan in plans]
            for plans in (health._PLANS, health._PLANS_FOR_KERAS3)
        ],
        "places of Python": {" ".join(variables): _candidates(variables) for variables in _PLACES},
        "places of pip": {f"{system} {sorted(names)}": _pip(system, names) for system in _SYSTEMS for names in _OF_PIP},
        "variables": {profile: _environ(profile, scratch) for profile in ("full", "keras3")},
        "news of uv": _news(_OF_UV),
        "commands": {" ".join(argv): _command(argv) for argv in _COMMANDS},
        "request": json.loads(embedded._request(scratch / "envs" / "e", order).question()["request"]),
        "raised": [_raised({"kind": kind, "message": "m", "hint": "h", "details": "d"}) for kind in kinds]
        + [_raised({})],
        "sources": [[source.url, source.base, source.local] for source in channels.sources(_PACKAGE, _MIRRORS)],
    }


def _read(text: str) -> list[Any]:
    try:
        return list(job_answers.read(json.loads(text)).parts)
    except dialogue.HungUpError as error:
        return [error.garbled]


def _message(line: bytes) -> Any:
    try:
        return dialogue._message(line)
    except dialogue.HungUpError as error:
        return error.garbled


def _tail(scratch: Path, lines: Iterable[str]) -> list[str]:
    log = scratch / "job.log"
    log.write_text("\n".join(lines), encoding="utf-8")
    return failures.log_tail(log).split("\n")


class _Room(NamedTuple):
    free: int


def _allowed(size: int, machine: tuple[int, int]) -> dict[str, int]:
    memory, free = machine
    with (
        mock.patch.object(allowances, "_memory_of_the_machine", return_value=memory),
        mock.patch("shutil.disk_usage", return_value=_Room(free)),
    ):
        return allowances.allowance(size, Path("/")).as_dict()


def _asked(said: str) -> Any:
    with mock.patch.dict(os.environ, {allowances.VARIABLE: said}):
        try:
            return allowances.asked_for()
        except WorkflowError as error:
            return [error.message, error.hint]


def _described(files: int, calls: bool, profile: bool) -> list[str]:  # noqa: FBT001  three facts
    with mock.patch.object(wall, "abilities", return_value={"files": files, "calls": calls, "profile": profile}):
        return enclosure.described()


def _made(profile: str, scratch: Path) -> Environment:
    version = "3.12.1" if profile == "keras3" else "3.8.20"
    caveats = ("a caveat", "another") if profile == "lesser" else ()
    return Environment("e", scratch / "e", scratch / "e" / "bin" / "python", "python", version, profile, "0", caveats)


_ABSENT = "\n".join(f"tensorflowjs 4.22.0 requires {name}, which is not installed." for name in sorted(health.ABSENT))
_JUDGED = (
    *(
        (health._judge_version, profile, f"Python {version}")
        for profile in ("full", "lesser")
        for version in ("3.8.20", "3.9.1")
    ),
    *((health._judge_version, "keras3", f"Python {version}") for version in ("3.12.1", "3.9.1")),
    *((health._judge_packages, profile, "No broken requirements found.") for profile in ("full", "lean", "keras3")),
    *((health._judge_packages, profile, _ABSENT) for profile in ("full", "lean", "keras3")),
    *(
        (health._judge_packages, "lean", text)
        for text in (_ABSENT.partition("\n")[2], f"{_ABSENT}\nodd", _ABSENT.replace("-", "_"))
    ),
    *((health._judge_help, "full", text) for text in ("Usage: x", "usage", "")),
    *((health._judge_converter, "full", text) for text in ("tensorflowjs 4.22.0", "tensorflowjs", "")),
    *(
        (health._judge_keras, "keras3", text)
        for text in ("2.21.0 tensorflow 3.15.1", "w\n2 tensorflow 3.1", "2 jax 3.1", "2 tensorflow 2.1", "")
    ),
)
_PLACES: tuple[dict[str, str], ...] = (
    {"HOME": "/h", "PATH": "/a:b:/c"},
    {"HOME": "/h", "PATH": "", "PYENV_ROOT": "/pyenv", "XDG_DATA_HOME": "/data", "APPDATA": "/r", "LOCALAPPDATA": "/l"},
    {"HOME": "/h", "PATH": "", "UV_PYTHON_INSTALL_DIR": "/uv"},
)


def _candidates(variables: Mapping[str, str]) -> list[Any]:
    with mock.patch.dict(os.environ, variables, clear=True):
        here = [str(path) for path in interpreters._candidates("3.8")]
        with mock.patch.object(sys, "platform", "win32"):
            on_windows = [str(path) for path in interpreters._candidates("3.8")]
        return [here, on_windows, [(str(folder), pattern) for folder, pattern in interpreters._installations("3.8")]]


_SYSTEMS = ("linux", "darwin", "win32")
_OF_PIP: tuple[dict[str, str], ...] = (
    {"HOME": "/h"},
    {"HOME": "/h", "XDG_CONFIG_DIRS": "/x:/y", "XDG_CONFIG_HOME": "/z", "PROGRAMDATA": "/p", "APPDATA": "/r"},
    {"HOME": "/h", "PIP_CONFIG_FILE": "/chosen"},
    {"HOME": "/h", "PIP_CONFIG_FILE": os.devnull},
)


def _pip(system: str, variables: Mapping[str, str]) -> list[list[str]]:
    """Return where pip's settings are, without and with the folder that macOS has for them."""
    found = []
    for is_there in (False, True):
        with (
            mock.patch.object(sys, "platform", system),
            mock.patch.object(sys, "prefix", "/py"),
            mock.patch.object(Path, "is_dir", return_value=is_there),
        ):
            found.append([str(path) for path in pip_settings._files(variables)])
    return found


def _environ(profile: str, scratch: Path) -> dict[str, str]:
    given = (
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
        "CONDA_X",
        "KERAS_BACKEND",
        "MINE",
    )
    with mock.patch.dict(os.environ, {"PATH": "/usr/bin", **dict.fromkeys(given, "theirs")}, clear=True):
        found = layout.worker_environ(_made(profile, scratch))
    with mock.patch.dict(os.environ, {"TF_CPP_MIN_LOG_LEVEL": "0", "CUDA_VISIBLE_DEVICES": "0"}, clear=True):
        return {
            **found,
            **{f"own {name}": value for name, value in layout.worker_environ(_made(profile, scratch)).items()},
        }


_OF_UV = (
    *(
        "Using Python 3.8",
        "  Downloading numpy (20.0MiB)",
        "Downloading small (9.9MiB)",
        "Downloading ten (10MiB)",
        " Downloaded numpy",
    ),
    *(
        "Downloading big (1.5GiB)",
        "Downloading tiny (3KiB)",
        "Downloading bytes (7B)",
        "Downloading odd (5.0kB)",
        "Downloading bare",
    ),
    *("Building wheel-1", "Downloaded big", "Downloaded never", "Installed 3 packages"),
)


def _news(lines: Iterable[str]) -> list[Any]:
    listener = Recording()
    news = pip_packages._News(listener)
    for line in lines:
        news.line(line)
    return [listener.lines, listener.progress, listener.warnings]


_COMMANDS = (
    *(
        ("/x/tfjs-workflow", "convert", "a.yml"),
        ("/x/__main__.py", "plan"),
        ("tfjs-workflow", "env", "run", "--", "p", "secret"),
    ),
    *(("t", "https://me:s@host/a?t=1"), ("t", "x" * 78), ("t", "x" * 79), ("t", "a\nb"), ()),
)


def _command(argv: tuple[str, ...]) -> str:
    with mock.patch.object(sys, "argv", list(argv)):
        return claims._command()


def _raised(failure: Mapping[str, str]) -> list[Any]:
    error = protocol.raised(failure, log="/log")
    return [type(error).__name__, error.message, error.hint, error.details, error.log, protocol.failure(error)]


_PACKAGE = LockedPackage("a", "1", "https://host/conda-forge/noarch/a.conda", md5="0")
_MIRRORS = ("https://m/cf/", "https://host/conda-forge", "https://m/cf", "file:///own")
