"""The weight files beside a model.json: inside its folder, all there, and of the right length."""

from __future__ import annotations

import contextlib
import re
import stat
from collections import Counter
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import plural, shown, some
from workflow.models.file_contents import recognise
from workflow.worker.shared.containment_rules import why_outside

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.models.weights_manifest import WeightGroup

_DEFAULT_SHARD = 4 << 20  # the converter's own
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}").fullmatch
_SMALL = 4096  # a pointer or an error page is not longer
_HINT = "Copy all weight files of the model beside its model.json; if one is lost, fetch or convert it again."


class _Shard(Record):
    name: str
    file: Path
    size: int | None
    """None when the file is not there."""


def check_shards(groups: tuple[WeightGroup, ...], model: Path) -> tuple[Path, ...]:
    """Return the weight files of a model.json, each once; raises ``ModelFileError`` for wrong ones."""
    folder = model.resolve().parent  # where the reference converter looks for them, also through a link
    files: dict[Path, None] = {}
    problems: list[str] = []
    for number, group in enumerate(groups, 1):
        shards = [_locate(name, folder=folder, model=model) for name in group.paths]
        problems += _problems(shards, group=group, number=number)
        files.update((shard.file, None) for shard in shards)
    if problems:
        many = f"; in all {plural(len(problems), 'problem')}" if len(problems) > 3 else ""  # noqa: PLR2004
        message = f"{model}: {'; '.join(problems[:3])}{many}"
        raise ModelFileError(message, hint=_HINT, details="\n".join(problems))
    return tuple(files)


def weight_files(groups: tuple[WeightGroup, ...], model: Path) -> tuple[Path, ...]:
    """Return the weight files of a model.json, each once, whatever their sizes; raises ``ModelFileError``.

    One that is not there, or lies outside of the model's folder, is refused.
    """
    folder = model.resolve().parent
    shards = [_locate(name, folder=folder, model=model) for group in groups for name in group.paths]
    missing = [shown(shard.name) for shard in shards if shard.size is None]
    if missing:
        raise ModelFileError(f"{model} names the weight file {some(missing)}, which is not there", hint=_HINT)
    return tuple(dict.fromkeys(shard.file for shard in shards))


def _locate(name: str, *, folder: Path, model: Path) -> _Shard:
    file = folder / name
    if _PLAIN(name):
        with contextlib.suppress(OSError):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):  # beside the model and no link: nearly all are, and there may be thousands
                return _Shard(name, file, status.st_size)
    return _followed(name, folder=folder, model=model)


def _followed(name: str, *, folder: Path, model: Path) -> _Shard:
    """Locate a weight file wherever its path and links lead, as long as that is inside the folder."""
    reason = why_outside(name)
    if reason:
        raise _outside(name, model, reason)
    try:
        file = (folder / name).resolve()
        status = file.stat() if file.exists() else None
    except (OSError, ValueError, RuntimeError) as error:  # NUL, lone surrogate, too long, a loop of links
        raise ModelFileError(f"{model}: the weight file {shown(name)} cannot be read: {error}", hint=_HINT) from error
    if not file.is_relative_to(folder):
        raise _outside(name, model, "is a link that leads out of the model's folder")
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise ModelFileError(f"{model}: the weight file {shown(name)} is no regular file", hint=_HINT)
    return _Shard(name=name, file=folder / name, size=status.st_size if status else None)


def _outside(name: str, model: Path, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{model}: the weight file {shown(name)} {reason}; weight files lie beside model.json",
        hint="Put the weight files into the model's folder and correct their paths, if you trust this model.",
    )


def _problems(shards: list[_Shard], *, group: WeightGroup, number: int) -> list[str]:
    sizes = [shard.size for shard in shards]
    total = group.stored_bytes
    missing = [shard for shard in shards if shard.size is None]
    if missing:
        return [_missing(missing, shards=shards, group=group)]
    found = sum(size or 0 for size in sizes)
    if found == total or (found > total and not group.exact):
        return []
    wanted = _wanted_sizes(total, sizes)
    wrong = [pair for pair in zip(shards, wanted, strict=True) if pair[0].size != pair[1]] if wanted else []
    if wrong and group.exact:
        return [_wrong_size(shard, size) for shard, size in wrong]
    names = some([shown(shard.name) for shard in shards]) or "no files"
    least = "" if group.exact else "at least "
    return [f"weight group {number} ({names}) has {found:,} bytes, and {least}{total:,} are expected"]


def _missing(missing: list[_Shard], *, shards: list[_Shard], group: WeightGroup) -> str:
    names = some([shown(shard.name) for shard in missing])
    are = "is" if len(missing) == 1 else "are"
    found = sum(shard.size or 0 for shard in shards)
    least = "" if group.exact else "at least "
    sizes = f"{found:,} bytes found, {least}{group.stored_bytes:,} expected"
    return f"{len(missing)} of {plural(len(shards), 'weight file')} {are} missing: {names} ({sizes})"


def _wrong_size(shard: _Shard, wanted: int) -> str:
    size = shard.size or 0
    content = recognise(shard.file) if size < _SMALL else None
    known = f" ({content.phrase})" if content and content.name in ("empty", "lfs", "html") else ""
    short = "short" if size < wanted else "too long"
    return f"the weight file {shown(shard.name)} is {short}: {size:,} bytes, {wanted:,} expected{known}"


def _wanted_sizes(total: int, sizes: list[int | None]) -> list[int] | None:
    """Return how long each shard of a group should be, all but the last alike; None when unknown."""
    count = len(sizes)
    common = [size for size, _ in Counter(size for size in sizes[:-1] if size).most_common()]
    for shard in (total, *common, _DEFAULT_SHARD):
        last = total - (count - 1) * shard
        if count and 0 < last <= shard:
            return [shard] * (count - 1) + [last]
    return None
