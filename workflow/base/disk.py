"""What it means for a user when the system refuses a file: where, why, how much room there is, and what helps."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from workflow.base import locations, scratch
from workflow.base.errors import StorageError, WorkflowError
from workflow.base.wording import size_text

_FULL = "the disk is full"
_ANOTHER = "choose another output path"
_OWNER = "check who owns the folder, or choose another output"
_REASONS = {
    errno.ENOSPC: (_FULL, "free some space there and run the same command again"),
    errno.EDQUOT: ("your disk quota is used up", "free some space and run the same command again"),
    errno.EFBIG: ("the file would be larger than is allowed here", "see `ulimit -f`"),
    errno.EROFS: ("the file system is read-only", "choose an output on a disk that can be written"),
    errno.EACCES: ("permission denied", _OWNER),
    errno.EPERM: ("the system forbids it", _OWNER),
    errno.EIO: ("the disk reports an error", "look at the system's log, and copy what you need to another disk"),
    errno.ENAMETOOLONG: ("the file name is too long", "choose a shorter output path"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", _ANOTHER),
    errno.ELOOP: ("its links lead in a circle", _ANOTHER),
    errno.EMFILE: ("too many files are open", "raise the limit (`ulimit -n`) and run the same command again"),
    errno.ENFILE: ("too many files are open on this machine", "close some programs and run the same command again"),
}
_LITTLE = 1 << 20  # bytes, below which a disk counts as full
_OF_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
# whose folder it is, how what is ours in it begins, and what moves it to another place
_OURS = (
    (locations.cache, "", "what can be fetched again is kept in {}; TFJS_WORKFLOW_HOME names another folder"),
    (locations.home, "", "the tool's own files are in {}; TFJS_WORKFLOW_HOME names another folder"),
    (tempfile.gettempdir, scratch.PREFIX, "temporary files go to {}; TMPDIR names another folder"),
)
_NO_TEMPORARY = "No usable temporary directory"


def refusal(error: OSError, what: Path | str | None = None, *, doing: str = "use") -> StorageError | None:
    """Return the error for what the system refused to do with ``what``; None where that is no matter of a machine.

    A full disk is told with its room; the hint for a folder of the tool's own says what names another.
    """
    if error.errno == errno.ENOENT and str(error.strerror).startswith(_NO_TEMPORARY):
        return StorageError(
            "there is no folder for temporary files: none of the usual ones can be written",
            hint="set TMPDIR to a folder that exists and has room",
        )
    if error.errno not in _REASONS:
        return None
    place = what if what is not None else error.filename
    named = f"{doing} {os.fsdecode(place)}" if place is not None else "write a file, or what was to be printed"
    reason, remedy = _REASONS[error.errno]
    path = _fullest(error, place) if error.errno in _OF_ROOM else place
    room = (_room(path) if path is not None else crowded()) if error.errno in _OF_ROOM else ""
    return StorageError(
        f"cannot {named}: {reason}{room}{_elsewhere(error.filename, place)}",
        hint=_remedy(path, remedy, keeps=error.errno in _OF_ROOM),
        full=error.errno in _OF_ROOM,
    )


def crowded(*places: Path) -> str:
    """Return, in brackets, how little is left on the first disk of these places that is full; empty where none is.

    Without places: where this runs, temporary files, and the tool's own folders.
    """
    for place in places or _usual_places():
        try:
            found = os.statvfs(_there(place)) if hasattr(os, "statvfs") else None
        except OSError:
            continue
        if found and (found.f_bavail * found.f_frsize < _LITTLE or (found.f_files and not found.f_favail)):
            return _room(place)
    return ""


def require_room(folder: Path) -> None:
    """Raise StorageError where the disk of a folder is full: what was found out there is not to be believed."""
    room = crowded(folder)
    if room:
        raise StorageError(
            f"what was run could not write its answers: {_FULL}{room}",
            hint=_remedy(folder, "free some space there and run the same command again", keeps=True),
            full=True,
        )


def _usual_places() -> list[Path]:
    found = [Path.cwd()]
    for folder, _, _ in reversed(_OURS):
        with contextlib.suppress(OSError, WorkflowError):
            found.append(Path(folder()))
    return found


def _there(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next((each for each in (path, *path.parents) if os.path.lexists(each)), Path(path.anchor))


def _elsewhere(met: object, place: object) -> str:
    """Return in brackets what the system named, where that is neither the place nor one of its files or folders."""
    if not isinstance(met, str) or not isinstance(place, Path) or Path(met).name.startswith(f".{place.name}."):
        return ""
    return "" if Path(met).is_relative_to(place) or place.is_relative_to(met) else f" ({met})"


def _fullest(error: OSError, place: object) -> Path | str | bytes | int | None:
    """Return the path that the system named, else the one that was being written: the former may be elsewhere."""
    found = error.filename if error.filename is not None else place
    return found if isinstance(found, (Path, str, bytes, int)) else None


def _remedy(place: object, remedy: str, *, keeps: bool) -> str:
    """Return what to do: for a folder of the tool's own what moves it, beside or in place of what holds elsewhere."""
    if not isinstance(place, (Path, str)):
        return remedy
    for folder, beginning, words in _OURS:
        try:
            ours = Path(folder())
        except (OSError, WorkflowError):
            continue  # there is none: then this is not it
        if str(Path(place).absolute()).startswith(str(ours / beginning)):
            return f"{remedy}; {words.format(ours)}" if keeps else words.format(ours)
    return remedy


def _room(place: object) -> str:
    """Return what is left on the disk of a path, in words: bytes, and files where their number is the limit."""
    if not isinstance(place, (Path, str)) or not hasattr(os, "statvfs"):
        return ""
    there = _there(Path(place).absolute())
    try:
        found = os.statvfs(there)
        disk = _mount(there)
    except OSError:
        return ""
    left = f"{size_text(found.f_bavail * found.f_frsize)} of {size_text(found.f_blocks * found.f_frsize)} are left"
    files = ", and no more files fit on it" if found.f_files and not found.f_favail else ""
    return f" ({left} on {disk}{files})"


def _mount(path: Path) -> Path:
    """Return the folder at which the disk of a path is attached."""
    found, device = path, path.lstat().st_dev
    for parent in path.parents:
        if parent.lstat().st_dev != device:
            break
        found = parent
    return found
