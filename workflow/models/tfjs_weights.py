"""The weights of a TensorFlow.js model, read where they lie: in blocks, across the ends of files."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.byte_blocks import BLOCK_BYTES, in_blocks
from workflow.models.tensors import ITEM_BYTES, Tensor, opened
from workflow.models.tfjs_model import read_tfjs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import FileIO
    from pathlib import Path

    from workflow.models.tensors import Blocks
    from workflow.models.tfjs_model import Flavour, TfjsFile
    from workflow.models.weights_manifest import Weight, WeightGroup

_HINT = "The manifest or a weight file is damaged: fetch or convert the model again."
_RESTORABLE = {"float32": ("uint8", "uint16", "float16"), "int32": ("uint8", "uint16")}
_LENGTH = 4  # bytes in front of each text


class GroupBytes:
    """The files of one group as one run of bytes; one file is open at a time. Close it in the end.

    Several threads may read; each waits for the others.
    """

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._starts = [0, *accumulate(file.stat().st_size for file in files)]
        self._open: tuple[int, FileIO] | None = None
        self._alone = Lock()

    @property
    def total(self) -> int:
        """The bytes of all files together."""
        return self._starts[-1]

    def read(self, offset: int, room: memoryview) -> None:
        """Fill ``room`` with the bytes from ``offset`` on; raises ``ModelFileError`` if they are not there."""
        with self._alone:
            while room:
                number = bisect_right(self._starts, offset) - 1
                if number >= len(self._files):
                    raise ModelFileError(f"the weight files end at byte {self.total:,}", hint=_HINT)
                count = self._read_part(number, offset - self._starts[number], room)
                offset += count
                room = room[count:]

    def _read_part(self, number: int, begin: int, room: memoryview) -> int:
        """Read from one file what it has for ``room``, at least a byte; return how many."""
        part = room[: self._starts[number + 1] - self._starts[number] - begin]
        try:
            file = self._file(number)
            file.seek(begin)
            count = file.readinto(part)
        except OSError as error:
            raise ModelFileError(f"{self._files[number]} cannot be read: {error.strerror}", hint=_HINT) from error
        if not count:
            raise ModelFileError(
                f"{self._files[number]} became shorter while it was read",
                hint="Let nothing write to the model meanwhile, and run the step again.",
            )
        return count

    def close(self) -> None:
        """Close the file that is open."""
        if self._open:
            self._open[1].close()
            self._open = None

    def _file(self, number: int) -> FileIO:
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = (number, self._files[number].open("rb", buffering=0))
        return self._open[1]


class StoredWeight(Record):
    """One weight of a model on disk: its entry in the manifest, and where its bytes are."""

    weight: Weight
    source: GroupBytes
    offset: int
    stored_bytes: int

    @property
    def entry(self) -> Mapping[str, Any]:
        """All that the manifest says of it."""
        return self.weight.entry

    @property
    def is_optimizer(self) -> bool:
        """Whether it belongs to the optimizer's state, not to the model."""
        return self.entry.get("group") == "optimizer"

    @property
    def is_restorable(self) -> bool:
        """Whether it holds plain numbers, or numbers that TensorFlow.js restores to such."""
        if self.weight.quantization is None:
            return self.weight.dtype in ITEM_BYTES
        return self.weight.quantization in _RESTORABLE.get(self.weight.dtype, ())

    def as_stored(self) -> Tensor:
        """Return it for writing with the very bytes and the entry that it has."""
        weight = self.weight
        return Tensor(weight.name, weight.shape, weight.dtype, self._begin, entry=self.entry, encoded=self.stored_bytes)

    def restored(self) -> Tensor:
        """Return it for writing with its own values, restored as TensorFlow.js does when it is quantized.

        Raises ``ModelFileError`` when TensorFlow.js could not restore it.
        """
        weight = self.weight
        plain = Tensor(weight.name, weight.shape, weight.dtype, self._begin, entry=self.entry)
        if weight.quantization is None:
            return plain
        if not self.is_restorable:
            raise ModelFileError(
                f"weight {shown(weight.name)} is {weight.dtype} quantized to {weight.quantization}, "
                "which TensorFlow.js does not restore",
                hint=_HINT,
            )
        return Tensor(weight.name, weight.shape, weight.dtype, lambda: _restoring(plain), entry=self.entry)

    def _begin(self) -> Blocks:
        return self._blocks

    def _blocks(self) -> Iterator[memoryview]:
        return in_blocks(self.stored_bytes, lambda at, room: self.source.read(self.offset + at, room))


def _restoring(tensor: Tensor) -> Blocks:
    """Return what starts a pass over the bytes of the numbers that a tensor's quantized ones stand for."""
    from workflow.models.arrays import arrays_of, bytes_of  # noqa: PLC0415  bring numpy, rarely needed
    from workflow.models.quantization import restored_blocks  # noqa: PLC0415  as above

    field = (tensor.entry or {})["quantization"]
    codes = arrays_of(opened(tensor), field["dtype"])
    return lambda: bytes_of(restored_blocks(codes, field, tensor=tensor))


class StoredModel(Record):
    """A TensorFlow.js model on disk: its document, and its weights group by group."""

    file: TfjsFile
    groups: tuple[tuple[StoredWeight, ...], ...]
    sources: tuple[GroupBytes, ...]

    @property
    def weights(self) -> tuple[StoredWeight, ...]:
        """Every weight, in the manifest's order."""
        return tuple(weight for group in self.groups for weight in group)

    def __enter__(self) -> StoredModel:  # noqa: PYI034  typing.Self is of 3.11
        return self

    def __exit__(self, *_: object) -> None:
        for source in self.sources:
            source.close()


def open_model(path: Path, flavour: Flavour) -> StoredModel:
    """Return a model whose weight files fit its manifest to the byte; raises ``ModelFileError``.

    Nothing is allocated by what the manifest says before the files have been found to be that large.
    """
    file = read_tfjs(path, flavour)
    _require_apart(file)
    folder = file.path.resolve().parent
    sources = tuple(GroupBytes([folder / name for name in group.paths]) for group in file.groups)
    groups = tuple(tuple(_laid_out(group, source)) for group, source in zip(file.groups, sources, strict=True))
    return StoredModel(file, groups, sources)


def _laid_out(group: WeightGroup, source: GroupBytes) -> Iterator[StoredWeight]:
    offset = 0
    try:
        for weight in group.weights:
            size = _text_bytes(weight, source, offset) if weight.dtype == "string" else weight.stored_bytes
            if offset + size > source.total:
                raise _too_long(weight)
            yield StoredWeight(weight, source, offset=offset, stored_bytes=size)
            offset += size
    finally:
        source.close()
    if offset != source.total:
        raise ModelFileError(
            f"the weight files {shown(', '.join(group.paths))} hold {source.total:,} bytes, "
            f"and their weights take {offset:,}",
            hint=_HINT,
        )


def _text_bytes(weight: Weight, source: GroupBytes, offset: int) -> int:
    """Return how many bytes a text weight takes, by hopping from one length to the next."""
    if weight.quantization is not None:
        raise ModelFileError(f"weight {shown(weight.name)} is text and quantized", hint=_HINT)
    room = memoryview(bytearray(min(BLOCK_BYTES, source.total)))
    at = offset
    begin = end = -1
    for _ in range(weight.stored_bytes // _LENGTH):
        if at + _LENGTH > source.total:
            raise _too_long(weight)
        if not begin <= at <= end - _LENGTH:
            begin, end = at, min(at + len(room), source.total)
            source.read(begin, room[: end - begin])
        at += _LENGTH + int.from_bytes(room[at - begin : at - begin + _LENGTH], "little")
    return at - offset


def _too_long(weight: Weight) -> ModelFileError:
    return ModelFileError(f"weight {shown(weight.name)} goes on beyond the end of its weight files", hint=_HINT)


def _require_apart(file: TfjsFile) -> None:
    """Raise ``ModelFileError`` when two weights, or two places in the manifest, share a name or a file."""
    names = [weight.name for group in file.groups for weight in group.weights]
    paths = [path for group in file.groups for path in group.paths]
    folder = file.path.resolve().parent
    for what, every in (
        ("weights are called", names),
        ("places of the manifest name the weight file", [str((folder / path).resolve()) for path in paths]),
    ):
        double = _first_double(every)
        if double is not None:
            raise ModelFileError(f"{file.path}: two {what} {shown(double)}", hint=_HINT)


def _first_double(every: list[str]) -> str | None:
    seen: set[str] = set()
    for name in every:
        if name in seen:
            return name
        seen.add(name)
    return None
