"""Who is at work on an environment: many may use it, one alone may make or remove it.

Every environment has a lock file, shared by who uses it, and a folder of notes on who that is. A note counts for
as long as its writer holds a lock on it, so that nothing has to be cleared up after a process that was killed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from workflow.base import locations, locks, wording
from workflow.base.errors import EnvironmentProblem
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.base.events import Listener

Work = Literal["use", "shell", "making"]

_VERBS: dict[str, str] = {
    "use": "at work in it",
    "shell": "a shell that is open in it",
    "making": "making or removing it",
}
_POLL_SECONDS = 0.05
_NUMBERS = itertools.count()
_COMMAND_WIDTH = 80
_NOTE_BYTES = 500


class Party(Record):
    """A process that is at work on an environment: which, as a phrase, and in what way."""

    who: str
    work: str

    def __str__(self) -> str:
        """Return the phrase: ``process 7 (tfjs-workflow convert a.yml, since 2026-11-30 14:03:11), ...``."""
        return f"{self.who}, {_VERBS.get(self.work, self.work)}"


class Claim:
    """A share in an environment: while it lasts nobody makes it anew or removes it, unless by force."""

    def __init__(self, handles: list[IO[bytes]], note: Path | None = None) -> None:
        self._handles = handles
        self._note = note

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a child must inherit to go on holding the claim when we are gone."""
        return tuple(handle.fileno() for handle in self._handles)

    def release(self) -> None:
        """Give it back; safe to repeat. What has inherited it and goes on keeps the claim, and our note on it."""
        for handle in self._handles:
            handle.close()
        if self._note is not None:
            _party(self._note)
        self._handles, self._note = [], None


def use(key: str, listener: Listener, *, work: Work = "use") -> Claim:
    """Claim a share in the environment of this key, waiting for who makes or removes it, and saying so.

    Look at the environment again afterwards: it may have been removed. A shell's claim is a note alone: it
    is there to be told, and keeps nobody from making the environment anew. Where nothing can be locked (a
    read-only folder, a file system without locks) there is no claim, and the listener hears why.
    """
    try:
        handle = _shared(key, listener)
    except OSError as error:
        listener.say(f"environment {key}: not claimed ({error.strerror or error}): its removal would go unnoticed")
        return Claim([])
    with contextlib.suppress(OSError):  # of another user, whose affair the time of its last use is
        os.utime(handle.fileno() if os.utime in os.supports_fd else handle.name)
    claim = _noted(key, work, handle)
    if work == "shell":
        handle.close()
    return claim


def _shared(key: str, listener: Listener) -> IO[bytes]:
    handle = _opened(key)
    try:
        _wait(handle, key, listener, share=True)
    except BaseException:
        handle.close()
        raise
    return handle


@contextlib.contextmanager
def held(key: str, listener: Listener, *, patient: bool = True, forced: bool = False) -> Iterator[None]:
    """Hold the environment of this key alone for the time of the block.

    While others are at work on it: wait, saying who they are, or, when not ``patient``, raise EnvironmentProblem
    that names them. When ``forced``, those who only use it do not count. The claim of a process that died is gone.
    """
    handle = _opened(key)
    try:
        if not locks.take(handle):
            _come_to_terms(handle, key, listener, patient=patient, forced=forced)
        claim = _noted(key, "making", handle)
    except BaseException:
        handle.close()
        raise
    try:
        yield
    finally:
        claim.release()


def _come_to_terms(handle: IO[bytes], key: str, listener: Listener, *, patient: bool, forced: bool) -> None:
    """Get hold of a lock that others have: in their company when ``forced``, so that nobody makes it anew meanwhile."""
    if forced:
        if not locks.share(handle):
            raise _busy(key, "try again when that is done")
    elif patient:
        _wait(handle, key, listener, share=False)
    else:
        raise _busy(key, "try again when that is done, or use --force: what runs in it then fails")


def parties(key: str, *works: Work) -> list[Party]:
    """Return who is at work on the environment of this key (in these ways)."""
    found = map(_party, _notes(key))
    return [party for party in found if party and (not works or party.work in works)]


def last_used(key: str) -> float | None:
    """Return when the environment of this key was last claimed, in seconds since 1970."""
    try:
        return _lock_path(key).stat().st_mtime
    except OSError:
        return None


def busy(key: str, work: Work) -> str:
    """Return who is at work on the environment of this key in one way, as one phrase; empty when nobody is."""
    return " and ".join(party.who for party in parties(key, work))


def _busy(key: str, hint: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"environment {_spoken(key)!r} is in use by {_others(key, 'use', 'making')}", hint=hint)


def _others(key: str, *works: Work) -> str:
    return " and by ".join(map(str, parties(key, *works))) or "another process"


def _spoken(key: str) -> str:
    return key.partition("@")[0]


def _wait(handle: IO[bytes], key: str, listener: Listener, *, share: bool) -> None:
    lock = locks.share if share else locks.take
    works: tuple[Work, ...] = ("making",) if share else ("use", "making")
    told = ""
    while not lock(handle):
        who = _others(key, *works)
        if who not in (told, "another process") or not told:
            told = who
            listener.say(f"environment {_spoken(key)!r}: waiting for {who}")
        time.sleep(_POLL_SECONDS)


def _lock_path(key: str) -> Path:
    return locations.home() / "locks" / f"{key}.lock"


def _notes_folder(key: str) -> Path:
    return locations.home() / "locks" / f"{key}.users"


def _opened(key: str) -> IO[bytes]:
    path = _lock_path(key)
    with contextlib.suppress(OSError):  # opening the file tells better what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    return locks.opened(path)


def _noted(key: str, work: Work, handle: IO[bytes]) -> Claim:
    """Write a note on ourselves, which lasts as long as the claim that is returned."""
    parties(key)  # the notes of the dead go when somebody looks
    path = _notes_folder(key) / f"{os.getpid()}-{next(_NUMBERS)}.{work}"
    handles = [] if work == "shell" else [handle]
    try:
        note = _written(path)
    except OSError:
        return Claim(handles)  # a folder of another user: the lock holds, only who we are cannot be told
    return Claim([*handles, note], path)


def _written(path: Path) -> IO[bytes]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # the folder has been removed at this moment, being empty
            note = path.open("wb")
            if locks.take(note) and locks.stands(note, path):
                note.write(f"process {os.getpid()} ({_command()}, since {since})".encode())
                note.flush()
                return note
            note.close()  # somebody who was looking for notes of the dead took it for one


def _command() -> str:
    """Return the command that runs, shortened; of ``env run`` only the program, for its arguments are not ours."""
    program = Path(sys.argv[0]).name if sys.argv else "python"
    words = ["tfjs-workflow" if program == "__main__.py" else program, *sys.argv[1:]]
    if "--" in words:
        words = words[: words.index("--") + 2]
    text = wording.line(wording.scrubbed(" ".join(words)))
    return text if len(text) <= _COMMAND_WIDTH else f"{text[: _COMMAND_WIDTH - 3]}..."


def _notes(key: str) -> list[Path]:
    try:
        return sorted(_notes_folder(key).iterdir())
    except OSError:
        return []


def _party(note: Path) -> Party | None:
    """Return whom a note is about; None, and the note removed, when that process is gone."""
    try:
        with note.open("r+b") as handle:
            if not locks.take(handle):
                text = handle.read(_NOTE_BYTES).decode(errors="replace")
                return Party(wording.line(text) or "another process", note.suffix[1:])
            if sys.platform != "win32":
                note.unlink(missing_ok=True)  # while it is ours: nobody can be writing it anew
        if sys.platform == "win32":
            note.unlink(missing_ok=True)
        note.parent.rmdir()
    except OSError:  # gone, or of another user, or there are others in the folder
        return None
    return None
