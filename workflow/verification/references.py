"""What sources answered, remembered for as long as a run lasts: most steps of a recipe read the same source."""

from __future__ import annotations

import json
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.scratch import Scratch
from workflow.verification import outputs
from workflow.verification.model import NotRun

if TYPE_CHECKING:
    from workflow.recipe.recipes import Verification
    from workflow.verification.model import Subject
    from workflow.verification.places import Bench


class References:
    """The answers of sources, each computed once; files that changed since make it another source. Close it."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._removal: weakref.finalize[..., Any] | None = None
        self._known: dict[str, outputs.Reference] = {}

    def of(self, source: Subject, settings: Verification, *, bench: Bench) -> outputs.Reference | NotRun:
        """Run a source in Python on its samples, unless that was done before; raises as ``outputs.reference_of``."""
        key = _key(source, settings)
        if key not in self._known:
            folder = Path(tempfile.mkdtemp(dir=self._place()))
            found = outputs.reference_of(source, settings, bench=bench, folder=folder)
            if isinstance(found, NotRun):  # what was missing may be there at the next step
                return found
            self._known[key] = found
        return self._known[key]

    def close(self) -> None:
        """Forget everything and remove its files; what is asked for later is computed anew."""
        if self._removal is not None:
            self._removal()
        self._folder, self._removal, self._known = None, None, {}

    def _place(self) -> Path:
        """Return the folder of the answers, which is removed at the end of the process at the latest."""
        if self._folder is None:
            made = Scratch("references")
            self._folder, self._removal = made.path, weakref.finalize(self, made.close)
        return self._folder


def _key(source: Subject, settings: Verification) -> str:
    """Return everything that the answers follow from."""
    drawn = (settings.image_range, settings.samples, settings.batches, settings.seed)
    given = [_files(path) for path in (settings.inputs, settings.labels)]
    model: list[Any] = [source.format, dict(source.options), _files(source.path)]
    return json.dumps([model, given, drawn], default=str, sort_keys=True)


def _files(path: Path | None) -> list[Any] | None:
    """Return a path with size and time of every file there."""
    if path is None:
        return None
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    known = [(str(one), one.stat()) for one in found if one.is_file()]
    return [str(path), *((name, facts.st_size, facts.st_mtime_ns) for name, facts in known)]
