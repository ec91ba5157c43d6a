"""The one place where subprocesses start: argument lists, a group of their own, never the environment logged."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workflow.base.errors import AskedToEndError
from workflow.base.records import Record
from workflow.base.wording import scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
Process = subprocess.Popen[bytes]

_NOWHERE = os.path.abspath(os.sep)  # noqa: PTH100  a drive's root on Windows
"""Where programs start that need no folder: not in the user's current one, in which anything may lie."""

_KEEPER = Path(__file__).resolve().with_name("keeper.py")
_GRACE_SECONDS = 3.0
_TAIL_BYTES = 65_536


class Completed(Record):
    """What a finished command left: exit code (negative: killed by that signal) and its output as text."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def command(self) -> str:
        """The command as one would type it."""
        return scrubbed(quoted(self.argv))


class CommandTimeoutError(Exception):
    """A command ran longer than it was allowed to; it has been killed with its process group."""


def quoted(argv: Sequence[str]) -> str:
    """Return the command as one would type it in a POSIX shell."""
    return shlex.join(argv)


def start(
    argv: Sequence[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    foreground: bool = False,
    tie: Path | None = None,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command and return its process; raises ``OSError`` when the executable cannot be run.

    Unless ``foreground`` (interactive programs that need the terminal), it leads a process group of its own,
    so that ``kill`` reaches its children and the terminal's ^C reaches only us. With ``tie``, a file to be locked as
    long as it lives, it does not outlive us, whatever ends us, nor the process's ``stdin``, which is our end of the
    line to its keeper (not on Windows). ``inherited`` are descriptors that it keeps.
    """
    if tie is not None and os.name == "posix":
        argv, stdin = _kept(argv, tie, env), PIPE
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=None if env is None else dict(env),
        cwd=cwd or (None if foreground else _NOWHERE),
        start_new_session=not foreground and os.name == "posix",
        pass_fds=tuple(inherited) if os.name == "posix" else (),
    )


def _kept(argv: Sequence[str], tie: Path, env: Mapping[str, str] | None) -> list[str]:
    """Return the command that runs another under a keeper; raises OSError as that command itself would."""
    if shutil.which(argv[0], path=(os.environ if env is None else env).get("PATH")) is None:
        code = errno.EACCES if Path(argv[0]).exists() else errno.ENOENT
        raise OSError(code, os.strerror(code), argv[0])
    return [sys.executable, "-I", "-S", str(_KEEPER), str(tie), *argv]


def kill(process: subprocess.Popen[bytes], *, grace: float = _GRACE_SECONDS) -> None:
    """End a process and its whole group: politely first, by force after ``grace`` seconds. Safe to repeat."""
    for name, patience in (("SIGTERM", grace), ("SIGKILL", None)):
        _signal_group(process, name)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        if name == "SIGTERM":
            _signal_group(process, "SIGKILL")
        return


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
    log: Path | None = None,
) -> Completed:
    """Run a command to its end and return its exit code and output, whatever the code.

    With ``log`` the quoted command and both streams are appended to that file, and ``stdout`` of the answer holds
    at most the last 64 KiB of them. Raises ``OSError`` when it cannot start and ``CommandTimeoutError``
    after ``timeout`` seconds.
    """
    if log is not None:
        return _logged(
            argv, log, timeout=timeout, begun=lambda sink: start(argv, stdout=sink, stderr=STDOUT, env=env, cwd=cwd)
        )
    process = start(argv, env=env, cwd=cwd)
    with _killed_on_error(process):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise CommandTimeoutError(f"{scrubbed(quoted(argv))} ran longer than {timeout:g} s") from None
    return Completed(tuple(argv), process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def run_tied(
    argv: Sequence[str], *, tie: Path, log: Path, env: Mapping[str, str] | None = None, timeout: float | None = None
) -> Completed:
    """Run a command that must not outlive us (see ``start``) in the log's folder, as ``run`` does with a log."""
    return _logged(
        argv,
        log,
        timeout=timeout,
        begun=lambda sink: start(argv, stdout=sink, stderr=STDOUT, env=env, cwd=log.parent, tie=tie),
    )


def run_foreground(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
) -> int:
    """Run a command on this terminal, with its input and output, and return its exit code.

    A signal that asked us alone to end is passed on to it.
    """
    process = start(argv, stdin=None, stdout=None, stderr=None, env=env, cwd=cwd, foreground=True, inherited=inherited)
    while True:
        try:
            return process.wait()
        except AskedToEndError as asked:  # noqa: PERF203  a wait that is repeated, not a loop over data
            process.send_signal(asked.number)
        except KeyboardInterrupt:
            continue  # the terminal has sent ^C to the command as well: what it does then is its own affair


def _logged(
    argv: Sequence[str],
    log: Path,
    *,
    timeout: float | None,
    begun: Callable[[IO[bytes]], Process],
) -> Completed:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(os.fsencode(f"+ {scrubbed(quoted(argv))}\n"))
        sink.flush()
        begin = sink.tell()
        process = begun(sink)
        with _killed_on_error(process):
            try:
                process.wait(timeout=timeout)
            except subprocess.TimeoutExpired:
                raise CommandTimeoutError(f"{scrubbed(quoted(argv))} ran longer than {timeout:g} s") from None
        if process.stdin is not None:
            process.stdin.close()
    with log.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(begin, size - _TAIL_BYTES))
        text = source.read().decode(errors="replace")
    return Completed(tuple(argv), process.returncode, text, "")


@contextlib.contextmanager
def _killed_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        kill(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        raise


def _signal_group(process: subprocess.Popen[bytes], name: str) -> None:
    if os.name != "posix":
        process.terminate()
        return
    try:
        os.killpg(process.pid, getattr(signal, name))  # works for what is left of a group whose leader has ended
    except (ProcessLookupError, PermissionError):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(getattr(signal, name))
