"""From staging to the final path: nothing half-written is ever visible, nothing published is ever lost.

Order of a publication: the staged artifact is flushed; the next sidecar is written as an *intent*; what stood at
the final path is renamed to ``.<name>.tfjs-workflow-previous``; the staged artifact is renamed into place; the intent
becomes the sidecar; the previous artifact is deleted. ``recover`` finishes or undoes whatever a kill left in between.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import IO, TYPE_CHECKING

from workflow.base import locations, locks
from workflow.base.errors import OutputRefusedError
from workflow.base.storage import remove, storing, sweep, sync_artifact, sync_folder, write_atomically
from workflow.runs.sidecars import intact, intent_path, read_sidecar, sidecar_path, write_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.runs.sidecars import Sidecar

IF_FOREIGN = "choose another output, move it away, or pass --force: then it is set aside, not deleted"


def staging_folder(output: Path) -> Path:
    """Return the folder beside ``output`` in which its next version is made."""
    return output.with_name(f".{output.name}.tfjs-workflow-staging")


def previous_path(output: Path) -> Path:
    """Return where the artifact that is being replaced waits."""
    return output.with_name(f".{output.name}.tfjs-workflow-previous")


def rejected_path(output: Path) -> Path:
    """Return the folder that receives a result that failed its verification."""
    return output.with_name(f"{output.name}.rejected")


def begin(output: Path) -> Path:
    """Make an empty staging folder and return the path in it to write to, named as ``output`` is."""
    folder = staging_folder(output)
    with storing(output):
        remove(folder)
        folder.mkdir(parents=True)
    return folder / output.name


def abandon(output: Path) -> None:
    """Drop what was staged for ``output``; the published artifact stays as it is."""
    remove(staging_folder(output))


def publish(output: Path, sidecar: Sidecar) -> Path | None:
    """Put the staged artifact at ``output`` and its sidecar beside it.

    Returns where the former artifact was set aside if it was not (any more) what a sidecar describes, else None.
    """
    staged = staging_folder(output) / output.name
    kept = _place_to_keep(output)
    with storing(output):
        sync_artifact(staged)
        write_sidecar(intent_path(output), sidecar)
        if output.exists():
            output.rename(kept or previous_path(output))
        staged.rename(output)
        sync_folder(output.parent)
        intent_path(output).replace(sidecar_path(output))
        remove(previous_path(output))
        remove(staging_folder(output))
        sync_folder(output.parent)
    return kept


def is_vacant(path: Path) -> bool:
    """Tell whether nothing stands at ``path``, or an empty folder."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def standing(output: Path) -> bool:
    """Tell whether what is published at ``output`` is, byte for byte, what its sidecar says."""
    sidecar = read_sidecar(sidecar_path(output))
    return sidecar is not None and not intact(output, sidecar)


def reject(output: Path) -> Path:
    """Move the staged artifact to ``<output>.rejected`` and return its path there; ``output`` is not touched.

    What was rejected before makes room; something else of that name is set aside, as ``publish`` does.
    """
    staged = staging_folder(output) / output.name
    place = rejected_path(output)
    mark = _mark_of_rejection(output)
    with storing(place):
        if place.exists() and not mark.exists():
            place.rename(_aside(place))
        remove(place)
        write_atomically(mark, b"")
        if staged.is_dir():
            staged.rename(place)
        else:
            place.mkdir()
            staged.rename(place / output.name)
        remove(staging_folder(output))
    return place


def recover(output: Path) -> None:
    """Finish or undo a publication that was killed in the middle, and clear what was staged.

    Call only while holding the output's lock.
    """
    intent, previous = intent_path(output), previous_path(output)
    for unfinished in (intent, _mark_of_rejection(output)):
        sweep(unfinished)
    with storing(output):
        sidecar = read_sidecar(intent)
        if sidecar is not None and output.exists() and not intact(output, sidecar):
            intent.replace(sidecar_path(output))
        remove(intent)
        if previous.exists() and not output.exists():
            previous.rename(output)
        remove(previous)
        remove(staging_folder(output))


def leftovers(output: Path) -> bool:
    """Tell whether a killed run left something beside ``output`` that ``recover`` would put right."""
    return half_published(output) or staging_folder(output).exists()


def half_published(output: Path) -> bool:
    """Tell whether a run was killed while it put something at ``output``."""
    return intent_path(output).exists() or previous_path(output).exists()


def refuse_foreign(output: Path, *, force: bool) -> None:
    """Raise ``OutputRefusedError`` when something that this tool did not make stands at ``output``.

    With ``force`` it may stay: ``publish`` sets it aside instead of deleting it.
    """
    evidence = "" if force else foreign(output)
    if evidence:
        raise OutputRefusedError(
            f"{output} exists and nothing shows that tfjs-workflow made it ({evidence})", hint=IF_FOREIGN
        )


def foreign(output: Path) -> str:
    """Return what shows that this tool did not make what stands at ``output``; empty when nothing does, or it did."""
    sidecar = sidecar_path(output)
    if is_vacant(output) or read_sidecar(sidecar) is not None:
        return ""
    return f"{sidecar.name} cannot be read" if sidecar.exists() else f"there is no {sidecar.name} beside it"


def _mark_of_rejection(output: Path) -> Path:
    """Return the file that tells that what stands at ``<output>.rejected`` is ours."""
    return output.with_name(f".{output.name}.tfjs-workflow-rejected")


def _place_to_keep(output: Path) -> Path | None:
    return None if is_vacant(output) or standing(output) else _aside(output)


def _aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return path.with_name(f"{path.name}.kept-{stamp}")


@contextlib.contextmanager
def hold(outputs: Iterable[Path], listener: Listener) -> Iterator[None]:
    """Hold the lock of every output; waits for another run that holds one of them, and tells the listener.

    Locks are taken in one fixed order, so that two runs never wait for each other.
    """
    with contextlib.ExitStack() as stack:
        for output in sorted({output.resolve() for output in outputs}):
            stack.enter_context(_held(output, listener))
        yield


def _held(output: Path, listener: Listener) -> IO[bytes]:
    path = _lock_path(output)
    with storing(path):
        return locks.held(
            path,
            listener,
            waiting=lambda holder: f"waiting for another run{holder} that writes {output}",
            over=f"the other run has finished with {output.name}",
            noted=True,
        )


def _lock_path(output: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.normcase(output))).hexdigest()[:32]
    return locations.home() / "locks" / "outputs" / f"{name}.lock"
