"""Installing the hashed pip lock into an environment's Python with uv, telling the listener what goes on."""

from __future__ import annotations

import collections
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import processes, scratch
from workflow.environment import interpreters, orphans, pip_settings, uv_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.base.events import Listener
    from workflow.environment.blueprint import Blueprint
    from workflow.environment.managers import BuildOrder

_NEWS = re.compile(
    r"\s*(?P<what>Downloading|Downloaded|Building) (?P<package>\S+)"
    r"(?: \((?P<size>[\d.]+)(?P<unit>[KMG]?i?B)\))?"
)
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*==", re.MULTILINE)
_WORTH_SAYING = 10 << 20
_KEPT_LINES = 200
# tensorflowjs 4.22 imports these when it starts, and uses none of them for the conversions of this tool
STAND_INS = (
    "tensorflow_decision_forests",
    "jax",
    "jax.experimental",
    "jax.experimental.jax2tf",
)


def equip(python: Path, order: BuildOrder) -> None:
    """Install what the pip lock of an order holds (see ``install``), and stand-ins for what a lean one leaves out."""
    plan, offline = order.blueprint, order.settings.offline
    install(python, plan, offline=offline, listener=order.listener, log=order.log)
    if plan.profile == "lean" and (interpreter := interpreters.ask(python)):
        install_stand_ins(interpreter.packages)


def install(python: Path, plan: Blueprint, *, offline: bool, listener: Listener, log: Path) -> None:
    """Install exactly what the plan's pip lock holds for this Python, every file checked against its hashes.

    So are build tools. Raises IntegrityError, DownloadError or StorageError; the environment is then half made:
    throw it away.
    """
    lock = plan.pip_lock
    text = lock.read_text(encoding="utf-8")
    # a lock for all platforms holds some packages that only others need
    count = f"{'up to ' if ' ; ' in text else ''}{len(set(_PINNED.findall(text)))}"
    source = "from the cache" if offline else f"the first time this downloads about {plan.purpose.download}"
    listener.say(f"installing {count} Python packages of {lock.name} ({source})")
    argv = [uv_program.path(), "pip", "install", "--python", str(python)]
    # no dependencies: the lock is closed, and the lean one leaves some out on purpose
    options = ["--require-hashes", "--no-deps", "--build-constraints", str(lock), "--requirements", str(lock)]
    options += pip_settings.options(os.environ)
    code, output = _run([*argv, *options], offline=offline, news=_News(listener), log=log)
    if code:
        raise uv_program.failure(output, doing=f"installing the packages of {lock.name}", log=log)


def install_stand_ins(packages: Path) -> None:
    """Write the stand-ins into a folder of installed packages; a package that is there is left alone."""
    source = Path(__file__).with_name("absent_package.py").read_text(encoding="utf-8")
    taken = {name for name in {module.partition(".")[0] for module in STAND_INS} if (packages / name).exists()}
    for module in STAND_INS:
        if module.partition(".")[0] in taken:
            continue
        folder = packages.joinpath(*module.split("."))
        folder.mkdir()
        (folder / "__init__.py").write_text(source, encoding="utf-8")


class _News:
    """Turns uv's lines into news: large downloads by name, all downloads in bytes."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._sizes: dict[str, int] = {}
        self._done = 0

    def line(self, text: str) -> None:
        """Take one line of uv's output."""
        match = _NEWS.match(text)
        if match is None:
            return
        package, size = match["package"], match["size"]
        if match["what"] == "Building":
            self._listener.say(f"building {package}")
        elif match["what"] == "Downloaded":
            self._done += self._sizes.get(package, 0)
        elif size is not None:
            self._sizes[package] = int(float(size) * _UNITS.get(match["unit"], 1))
            if self._sizes[package] >= _WORTH_SAYING:
                self._listener.say(f"downloading {package} ({size} {match['unit']})")
        self._listener.advance("Python packages", self._done, sum(self._sizes.values()))


def _run(argv: Sequence[str], *, offline: bool, news: _News, log: Path) -> tuple[int, str]:
    log.parent.mkdir(parents=True, exist_ok=True)
    last: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
    with log.open("ab", buffering=0) as sink, scratch.folder("uv") as temporary:
        sink.write(os.fsencode(f"+ {processes.quoted(argv)}\n"))
        # in the log's folder: uv would take settings from a project that the user happens to stand in
        # it leaves a lock file in the folder for temporary files, every time
        environ = {**uv_program.environ(offline=offline), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
        uv_program.clear_leftovers(environ)
        tie = orphans.tie(log, "install")
        process = processes.start(argv, stderr=processes.STDOUT, env=environ, cwd=log.parent, tie=tie)
        try:
            for line in process.stdout or ():
                sink.write(line)
                text = line.decode(errors="replace").rstrip()
                last.append(text)
                news.line(text)
            return process.wait(), "\n".join(last)
        except BaseException:
            processes.kill(process)
            raise
        finally:
            for pipe in filter(None, (process.stdin, process.stdout)):
                pipe.close()
