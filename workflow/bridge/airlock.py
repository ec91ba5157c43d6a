"""The folder through which files pass the wall: copies of what a job reads, room for what it writes.

A worker's wall stands before its first job and cannot be moved, so files come to the worker. It may read ``in`` and
change ``out``; ``held``, where the host looks at what a job has left before anybody uses it, is beyond its reach.
Copies and not links: a link would touch the user's file (its time of change), and hand its inode to the model.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import scratch
from workflow.base.errors import ConversionError, ModelFileError, StorageError
from workflow.bridge import belongings

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = "log"
_LOG_BYTES = 4 << 20
_MODES = 0o777
_OWNERS = {True: 0o700, False: 0o600}
_DEEPEST_RESULT = 32
_NO_NAME = ("Cc", "Cs")
_MOST_COPIED = 2 << 30
_TAMPERED = "what a model leaves in its place is no result; who made it may know why. Do not use the model"


class Airlock:
    """The folder of one worker, beside its log: where links cost nothing and results are moved by renaming."""

    def __init__(self, beside: Path) -> None:
        with _storing(beside):
            self._scratch = _made(beside)
            self.path = Path(os.path.realpath(self._scratch.path))
            self.reads, self.writes, self._held = (self.path / name for name in ("in", "out", "held"))
            for folder in (self.reads, self.writes, self._held):
                folder.mkdir(mode=0o700)
            self._copies = Copies(self._held / "copies")
        self._number = 0

    def passage(self) -> Passage:
        """Return the way in and out for one more job."""
        self._number += 1
        self._copies.make_room()
        places = (folder / str(self._number) for folder in (self.reads, self.writes, self._held))
        return Passage(*places, copies=self._copies)

    def close(self) -> None:
        """Remove everything; safe to repeat."""
        self._scratch.close()


class Copies:
    """Files that were copied before, each until it changes: most jobs of a run read the same models."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._known: dict[tuple[int, ...], tuple[Path, int]] = {}

    def put(self, source: Path, place: Path) -> int:
        """Put a copy of a file at ``place`` and return its size; raises ``OSError``."""
        real = source.resolve()
        found = real.stat()
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if key not in self._known:
            copy = self._folder / str(len(self._known))
            _copied(real, copy)
            self._known[key] = (copy, found.st_size)
        copy, size = self._known[key]
        try:
            os.link(copy, place)
        except OSError:  # no links on this file system
            shutil.copyfile(copy, place)
        return size

    def make_room(self) -> None:
        """Forget all copies when they take more than they may; no job is at work."""
        if sum(size for _, size in self._known.values()) > _MOST_COPIED:
            for copy, _ in self._known.values():
                copy.unlink(missing_ok=True)
            self._known = {}


class Passage:
    """The files of one job on their way in and out. ``bytes`` is how much was brought in. Close it."""

    def __init__(self, reads: Path, writes: Path, held: Path, *, copies: Copies) -> None:
        self._copies = copies
        self._reads, self._writes, self._held = reads, writes, held
        self._names: dict[str, str] = {}
        self._code: dict[Path, Path] = {}
        self._results: list[tuple[Path, Path, int | None]] = []
        self._new = held.with_name(f"{held.name}-new")
        self.bytes = 0
        with _storing(writes):
            self._new.mkdir()

    @property
    def log(self) -> Path:
        """The file that the worker writes its log of the job to."""
        return self._writes / _LOG

    def model(self, path: str, kind: str) -> str:
        """Bring in what belongs to a model; what is no absolute path, or not there, stays as it is."""
        return self._brought(path, lambda source: belongings.of_model(source, kind))

    def data(self, path: str) -> str:
        """Bring in a file or a folder, as for a model."""
        return self._brought(path, belongings.of_data)

    def samples(self, path: str, most: int | None) -> str:
        """Bring in a file of samples, or the first of a folder of images."""
        return self._brought(path, lambda source: belongings.of_data(source, most))

    def code(self, path: str) -> str:
        """Bring in a Python file with its neighbours; files of one folder stay neighbours."""
        source = Path(path)
        if not source.is_absolute() or not os.path.isfile(path):  # noqa: PTH113  as above
            return path
        folder = self._code.get(source.parent)
        if folder is None:
            folder = self._code[source.parent] = self._room(source.parent)
            self._bring(belongings.of_code(source.parent), folder)
        place = folder / source.name
        if not place.exists():
            self._bring([(source.name, source)], folder)
        return str(place)

    def result(self, path: str) -> str:
        """Return where to write what is to stand at ``path``; what stands there is told to the worker by a shadow."""
        target = Path(path)
        if not target.is_absolute():
            return path
        folder = self._new / str(len(self._results))
        folder.mkdir()
        shadow = _shadowed(target, folder / target.name)
        place = self._writes / folder.name / target.name
        self._names[str(place.parent)] = str(target.parent)
        self._results.append((place, target, shadow))
        return str(place)

    def hand_over(self) -> None:
        """Give the worker its room, finished: while it could reach it, it could bend what is made there elsewhere."""
        with _storing(self._writes):
            self._new.rename(self._writes)

    def translated(self, value: Any) -> Any:
        """Return what a worker says with the user's own paths in it, whatever it is and however deep."""
        if isinstance(value, str):
            return self._named(value)
        if isinstance(value, list):
            return [self.translated(item) for item in value]
        if isinstance(value, dict):
            return {self._named(key): self.translated(item) for key, item in value.items()}
        return value

    def take_log(self, log: Path) -> None:
        """Append what the job has logged to ``log``, of very much both ends; the worker is locked out."""
        self._lock_out()
        with contextlib.suppress(OSError, ConversionError), _plain_file(self._taken(self._writes / _LOG)) as source:
            size = os.fstat(source).st_size
            text = os.read(source, _LOG_BYTES // 2)
            if size > _LOG_BYTES:
                text += f"\n[... {size - _LOG_BYTES:,} bytes of this log are left out ...]\n".encode()
                os.lseek(source, size - _LOG_BYTES // 2, os.SEEK_SET)
            text += os.read(source, _LOG_BYTES // 2)
            with log.open("a", encoding="utf-8", errors="backslashreplace") as sink:
                sink.write(self._named(text.decode("utf-8", "backslashreplace")))

    def take_results(self) -> None:
        """Put the results where they belong; raises ``ConversionError`` for what is no plain file or folder."""
        self._lock_out()
        for place, target, shadow in self._results:
            try:
                found = self._taken(place)
                if not os.path.lexists(found) or _is_shadow(found, shadow):
                    continue
                _require_plain(found, target)
                _move(found, target)
            except OSError as problem:
                raise StorageError(
                    f"cannot write {target}: {problem.strerror or problem}", hint="see that the disk has room"
                ) from problem

    def close(self) -> None:
        """Remove what is left of the job's files, out of the worker's reach: nobody changes what is being removed."""
        self._lock_out()
        for folder in (self._reads, self._held, self._new):
            scratch.remove(folder)

    def _brought(self, path: str, listed: Any) -> str:
        source = Path(path)
        if not source.is_absolute() or not os.path.exists(path):  # noqa: PTH110  False also for names that cannot be
            return path
        folder = self._room(source.parent)
        if source.is_dir():
            (folder / source.name).mkdir()
        try:
            files = list(listed(source))
        except OSError as problem:
            raise ModelFileError(
                f"{path} cannot be read: {problem.filename}: {problem.strerror}", hint="see who owns it"
            ) from problem
        self._bring(files, folder)
        return str(folder / source.name)

    def _room(self, stands_for: Path) -> Path:
        folder = self._reads / str(len(self._names))
        folder.mkdir(parents=True)
        self._names[str(folder)] = str(stands_for)
        return folder

    def _bring(self, files: Any, folder: Path) -> None:
        for name, source in files:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                self.bytes += self._copies.put(source, place)
            except OSError as problem:
                raise StorageError(
                    f"{source} cannot be copied for the worker: {problem.strerror or problem}",
                    hint=f"see that it can be read, and that the disk of {self._reads} has room",
                ) from problem

    def _named(self, text: str) -> str:
        for ours, theirs in self._names.items():
            text = text.replace(ours + os.sep, theirs.rstrip(os.sep) + os.sep)
        return text

    def _lock_out(self) -> None:
        """Take the job's folder out of the worker's reach: from here on nothing in it changes its name or kind."""
        if not os.path.lexists(self._held):
            try:
                self._writes.rename(self._held)
            except FileNotFoundError:
                return
            except OSError:  # the job has put something there that cannot be moved: then there are no results
                self._held.mkdir()

    def _taken(self, place: Path) -> Path:
        """Return where a file of the job is now; raises ``ConversionError`` where a folder on the way is none.

        A link instead of one, even of the job's whole folder, would have the host take the user's own files.
        """
        found = self._held / place.relative_to(self._writes)
        for path in (self._held, found.parent):
            if os.path.lexists(path) and not stat.S_ISDIR(path.lstat().st_mode):
                raise ConversionError("the job left a link, or no folder, where its results were to be", hint=_TAMPERED)
        return found


@contextlib.contextmanager
def _storing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageError(
            f"there is no place for the worker's files in {place}: {problem.strerror or problem}",
            hint="see that the disk has room and that the folder can be written",
        ) from problem


def _made(beside: Path) -> scratch.Scratch:
    """Return a new folder beside the log, or where temporary files go when nothing can be made there."""
    try:
        return scratch.Scratch("airlock", place=beside)
    except OSError:
        return scratch.Scratch("airlock")


def _copied(source: Path, place: Path) -> None:
    """Copy a file; where the file system can, the copy shares its blocks and costs nothing."""
    if hasattr(os, "copy_file_range"):
        with contextlib.suppress(OSError), source.open("rb") as given, place.open("wb") as taken:
            while os.copy_file_range(given.fileno(), taken.fileno(), 1 << 30):
                pass
            return
    shutil.copyfile(source, place)


def _shadowed(target: Path, place: Path) -> int | None:
    """Let ``place`` tell what stands at ``target``: an empty file for a file, a folder with a file for a full one.

    Returns the inode of the shadow of a file, by which it is known when the job has left it alone.
    """
    if target.is_dir():
        place.mkdir()
        if any(target.iterdir()):
            (place / belongings.SHADOW).touch()
    elif os.path.lexists(target):
        place.touch()
        return place.stat().st_ino
    return None


def _is_shadow(found: Path, inode: int | None) -> bool:
    known = found.lstat()
    return inode is not None and known.st_ino == inode and known.st_size == 0


@contextlib.contextmanager
def _plain_file(path: Path) -> Iterator[int]:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no plain file", str(path))
        yield handle
    finally:
        os.close(handle)


def _require_plain(found: Path, target: Path) -> None:
    """Raise ``ConversionError`` unless this is a file with one name, or a folder of nothing else; mind their modes."""
    waiting = [found]
    while waiting:
        path = waiting.pop()
        known, inner = path.lstat(), path.relative_to(found)
        is_folder = stat.S_ISDIR(known.st_mode)
        wrong = _wrong(known, inner)
        if wrong:
            raise ConversionError(f"the job left {wrong} where {target / inner} was to be written", hint=_TAMPERED)
        mode = stat.S_IMODE(known.st_mode)
        if mode != (wanted := mode & _MODES | _OWNERS[is_folder]):
            path.chmod(wanted)
        if is_folder:
            waiting += path.iterdir()


def _wrong(known: os.stat_result, inner: Path) -> str:
    if stat.S_ISLNK(known.st_mode):
        return "a link"
    if not stat.S_ISDIR(known.st_mode) and not (stat.S_ISREG(known.st_mode) and known.st_nlink == 1):
        return "no plain file"
    if len(inner.parts) > _DEEPEST_RESULT:
        return f"folders nested more than {_DEEPEST_RESULT} deep"
    return "a name that is no text" if any(unicodedata.category(letter) in _NO_NAME for letter in str(inner)) else ""


def _move(found: Path, target: Path) -> None:
    """Move a file or a folder; a folder that is there already takes in what comes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if found.is_dir() and target.is_dir():
        for inner in found.iterdir():
            if inner.name != belongings.SHADOW:
                _move(inner, target / inner.name)
        return
    try:
        found.replace(target)
    except OSError:  # another disk
        shutil.move(found, target)
