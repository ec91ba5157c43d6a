"""Weight files and model.json as the reference converter writes them, one tensor and one shard at a time."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, ModelFileError
from workflow.base.records import Record
from workflow.base.storage import storing
from workflow.base.wording import kind_of, shown
from workflow.conversion.native import progress
from workflow.models.tensors import opened, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import NoReturn

    from workflow.conversion.job import Job
    from workflow.conversion.native import Facts
    from workflow.conversion.native.quantization_plans import QuantizationPlan
    from workflow.models.tensors import Blocks, Tensor
    from workflow.models.tfjs_model import Flavour

    Written = Callable[[int], None]

DEFAULT_SHARD_BYTES = 4 << 20
_CHOOSING = ("quantiz", "keep_float")  # so begin the names of all options that choose how numbers are stored
_MOST_FILES = 1_000_000
_MOST_WORKERS = 4
_MUCH = 32 << 20  # bytes to compute from which on it pays to use more than one processor
_BATCH = 4 << 20
_CREATING = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)


class _GroupFiles:
    """The files of one group, to be filled from any place on."""

    def __init__(self, folder: Path, number: int, *, total: int, shard_size: int) -> None:
        count = -(-total // shard_size)
        if count > _MOST_FILES:
            raise ConversionError(
                f"{total:,} bytes of weights in files of {shard_size:,} bytes would be {count:,} files",
                hint="Give a larger shard size (weight_shard_size_bytes).",
            )
        self.names = [f"group{number}-shard{index}of{count}.bin" for index in range(1, count + 1)]
        self.shard_size = shard_size
        self._folder = f"{folder}{os.sep}"

    def path(self, number: int) -> str:
        """Return where a file is."""
        return self._folder + self.names[number]


class _Writer:
    """Bytes written one after the other into the files of a group; others may write elsewhere in them meanwhile.

    A count of bytes that differs from the one announced is a bug of ours.
    """

    def __init__(self, shards: _GroupFiles, start: int, *, size: int) -> None:
        self._shards = shards
        self._at = start
        self._missing = size
        self._room = 0
        self._file = -1

    def write(self, block: memoryview) -> None:
        """Append bytes, over the end of a file into the next where need be."""
        self._missing -= len(block)
        if self._missing < 0:
            raise RuntimeError("more bytes of weights came than were announced")
        while block:
            if not self._room:
                self._next()
            count = os.write(self._file, block[: self._room])
            self._room -= count
            self._at += count
            block = block[count:]

    def __enter__(self) -> _Writer:  # noqa: PYI034  typing.Self is of 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if kind is None and self._missing:
            raise RuntimeError(f"{self._missing} bytes of weights were announced and did not come")

    def _next(self) -> None:
        """Open the file that the next byte belongs to at its place."""
        self._close()
        number, begin = divmod(self._at, self._shards.shard_size)
        self._file = os.open(self._shards.path(number), _CREATING, 0o666)
        if begin:
            os.lseek(self._file, begin, os.SEEK_SET)
        self._room = self._shards.shard_size - begin

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class _Job(Record):
    """One tensor to write: what it is quantized to, and the bytes that it then takes."""

    tensor: Tensor
    dtype: str | None
    size: int


def write_weights(
    groups: Sequence[Sequence[Tensor]],
    folder: Path,
    *,
    shard_size: int = DEFAULT_SHARD_BYTES,
    quantization: QuantizationPlan | None = None,
    written: Written | None = None,
) -> list[dict[str, Any]]:
    """Write the weight files of all groups into an existing folder and return the manifest's groups.

    Bytes, names and entries are the reference converter's; ``written`` hears of the bytes of each tensor.
    Raises ``ConversionError`` for weights that cannot be stored and ``StorageError`` when the disk refuses.
    """
    _require_positive(shard_size)
    _require_distinct(groups)
    manifest = []
    with storing(folder):
        for number, group in enumerate(groups, 1):
            chosen = [quantization.dtype_of(tensor) if quantization else None for tensor in group]
            jobs = [_Job(*pair, stored_bytes(*pair)) for pair in zip(group, chosen, strict=True)]
            shards = _GroupFiles(folder, number, total=sum(job.size for job in jobs), shard_size=shard_size)
            entries = []
            for parts in _done(jobs, shards):
                for job, entry in parts:
                    entries.append(entry)
                    (written or _unheard)(job.size)
            manifest.append({"paths": shards.names, "weights": entries})
    return manifest


def _done(jobs: Sequence[_Job], shards: _GroupFiles) -> Iterator[list[tuple[_Job, dict[str, Any]]]]:
    """Write every tensor and yield the manifest entries in order, side by side where there is much to compute."""
    computed = sum(job.size for job in jobs if job.tensor.encoded is None)
    batches = list(_batches(jobs))
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    if computed < _MUCH or workers == 1 or len(batches) == 1:
        with _Writer(shards, 0, size=sum(job.size for job in jobs)) as run:
            for job in jobs:
                yield [(job, _write(job, run))]
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  takes longer than a small model

    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(partial(_filled, shards), batches)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _batches(jobs: Sequence[_Job]) -> Iterator[tuple[int, list[_Job]]]:
    """Yield tensors that are written together, and where they begin: a large one alone, small ones in numbers."""
    begin = at = 0
    batch: list[_Job] = []
    for job in jobs:
        batch.append(job)
        at += job.size
        if at - begin >= _BATCH:
            yield begin, batch
            begin, batch = at, []
    if batch:
        yield begin, batch


def _filled(shards: _GroupFiles, placed: tuple[int, list[_Job]]) -> list[tuple[_Job, dict[str, Any]]]:
    begin, batch = placed
    with _Writer(shards, begin, size=sum(job.size for job in batch)) as run:
        return [(job, _write(job, run)) for job in batch]


def chooses_numbers(options: Mapping[str, Any]) -> bool:
    """Tell whether options have any weight quantized, or kept in float."""
    return any(value for name, value in options.items() if name.startswith(_CHOOSING))


def write_groups(
    job: Job, groups: Sequence[Sequence[Tensor]], *, plan: QuantizationPlan | None
) -> list[dict[str, Any]]:
    """Make the job's folder with the weight files of all groups, as ``write_weights`` does, telling its listener."""
    with storing(job.target):
        job.target.mkdir()
    size: Any = job.options.get("weight_shard_size_bytes", DEFAULT_SHARD_BYTES)
    written = progress(job.listener, _bytes(groups, plan))
    return write_weights(groups, job.target, shard_size=size, quantization=plan, written=written)


def facts_of(
    groups: Sequence[Sequence[Tensor]], manifest: Sequence[Mapping[str, Any]], *, plan: QuantizationPlan | None
) -> Facts:
    """Return the facts about weights that were written, for the record."""
    facts: Facts = {
        "weights": sum(len(group) for group in groups),
        "bytes": _bytes(groups, plan),
        "groups": len(manifest),
        "shards": sum(len(group["paths"]) for group in manifest),
    }
    return {**facts, "quantization": plan.facts()} if plan else facts


def _bytes(groups: Sequence[Sequence[Tensor]], plan: QuantizationPlan | None) -> int:
    """Return how many bytes ``write_weights`` writes for all groups."""
    return sum(stored_bytes(tensor, plan.dtype_of(tensor) if plan else None) for group in groups for tensor in group)


def write_model_json(path: Path, fields: Mapping[str, Any]) -> None:
    """Write model.json as the reference does: one line, ASCII, default separators; call it after the weights.

    Raises ``ModelFileError`` for numbers that JSON does not have.
    """
    try:
        text = json.dumps(fields, allow_nan=False)
    except ValueError as error:
        raise ModelFileError(
            f"the model's description holds a number that JSON does not have, {error}",
            hint="Browsers could not read the result: look for NaN, Infinity or 1e999 in the source model.",
        ) from error
    except RecursionError as error:
        raise ModelFileError("the model's description is nested too deeply", hint="It is damaged.") from error
    with storing(path):
        path.write_bytes(text.encode("ascii"))


def _write(job: _Job, run: _Writer) -> dict[str, Any]:
    tensor, blocks = job.tensor, opened(job.tensor)
    if job.dtype is not None:
        passing, field = _quantized(tensor, blocks, dtype=job.dtype)
        _all(passing, run)
        return _entry(tensor, field)
    _all(blocks(), run)
    if tensor.encoded is not None and tensor.entry is not None:
        return dict(tensor.entry)
    return _entry(tensor, None)


def _quantized(tensor: Tensor, blocks: Blocks, *, dtype: str) -> tuple[Iterator[memoryview], dict[str, Any] | None]:
    from workflow.models.arrays import arrays_of, bytes_of  # noqa: PLC0415  bring numpy, which copies
    from workflow.models.quantization import encoded  # noqa: PLC0415  do not need

    passing, field = encoded(tensor, arrays_of(blocks, tensor.dtype), dtype=dtype)
    return bytes_of(passing), field


def _all(blocks: Iterable[memoryview], run: _Writer) -> None:
    for block in blocks:
        run.write(block)


def _entry(tensor: Tensor, quantization: dict[str, Any] | None) -> dict[str, Any]:
    """Return the manifest entry: name, shape, dtype, then what its source had besides, then quantization."""
    own = {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype}
    kept = {key: value for key, value in (tensor.entry or {}).items() if key != "quantization"}
    return {**(kept or own), **({"quantization": quantization} if quantization else {})}


def _require_positive(shard_size: int) -> None:
    if type(shard_size) is not int or shard_size <= 0:
        raise ConversionError(
            f"a shard size of {shard_size} bytes makes no files", hint="Give a positive number of bytes."
        )


def _require_distinct(groups: Sequence[Sequence[Tensor]]) -> None:
    seen: set[str] = set()
    for tensor in (tensor for group in groups for tensor in group):
        if tensor.name in seen:
            raise ConversionError(
                f"two weights are called {shown(tensor.name)}, and TensorFlow.js finds weights by their names",
                hint="Give the layers of the model distinct names and save it again.",
            )
        seen.add(tensor.name)


def _unheard(count: int) -> None:
    """Drop the figure."""


_KEY = "userDefinedMetadata"
_BEFORE = {"layers": "modelTopology", "graph": "weightsManifest"}
"""Where the reference puts the key when it is new."""


def with_metadata(document: Mapping[str, Any], files: Any, *, flavour: Flavour) -> dict[str, Any]:
    """Return a copy of model.json's content with the content of each file under its name.

    Names that are there already are replaced, all others stay. Raises ``ConversionError`` for unreadable files.
    """
    if not files:
        return dict(document)
    former = document.get(_KEY)
    if former is not None and not isinstance(former, dict):
        raise ModelFileError(
            f"model.json: {_KEY} is {kind_of(former)}, not an object, so nothing can be added to it",
            hint="Correct it in the source model, or leave the metadata option out.",
        )
    merged = {**(former or {}), **{name: _content(Path(path)) for name, path in files.items()}}
    if _KEY in document:
        return {**document, _KEY: merged}
    return _inserted(document, merged, before=_BEFORE[flavour])


def _inserted(document: Mapping[str, Any], value: dict[str, Any], *, before: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, old in document.items():
        if key == before:
            result[_KEY] = value
        result[key] = old
    result.setdefault(_KEY, value)
    return result


def _content(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise ConversionError(
            f"the metadata file {path} cannot be read: {error.strerror}", hint="Check the path."
        ) from error
    except RecursionError as error:
        raise ConversionError(f"the metadata file {path} is nested too deeply", hint="Flatten it.") from error
    except ValueError as error:
        raise ConversionError(
            f"the metadata file {path} is not JSON in UTF-8: {error}",
            hint="The whole file has to be one JSON value.",
        ) from error


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"it holds {literal}, which is no JSON")
