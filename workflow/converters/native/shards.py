"""Weight files and model.json as the reference converter writes them, one tensor and one shard at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.converters.native.quantization import encoded
from workflow.converters.native.tensors import Tensor, manifest_dtype, opened, stored_bytes
from workflow.errors import ConversionError, ModelFileError
from workflow.formats.wording import shown
from workflow.running.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from io import FileIO
    from types import TracebackType

    from workflow.converters.native.plans import QuantizationPlan
    from workflow.converters.native.tensors import Array

    Written = Callable[[int], None]

__all__ = ["DEFAULT_SHARD_BYTES", "Tensor", "manifest_dtype", "write_model_json", "write_weights", "written_bytes"]

DEFAULT_SHARD_BYTES = 4 << 20
_MOST_FILES = 1_000_000


class _Shards:
    """The files of one group, filled in order; a byte count that differs from ``total`` is a bug of ours."""

    def __init__(self, folder: Path, number: int, *, total: int, shard_size: int) -> None:
        count = -(-total // shard_size)
        if count > _MOST_FILES:
            raise ConversionError(
                f"{total:,} bytes of weights in files of {shard_size:,} bytes would be {count:,} files",
                hint="Give a larger shard size (weight_shard_size_bytes).",
            )
        self.names = [f"group{number}-shard{index}of{count}.bin" for index in range(1, count + 1)]
        self._folder = folder
        self._shard_size = shard_size
        self._next = 0
        self._room = 0
        self._missing = total
        self._file: FileIO | None = None

    def write(self, block: Array) -> None:
        """Append a block's bytes, over the end of a file into the next where need be."""
        rest = block.view(np.uint8).data if block.size else memoryview(b"")
        while rest:
            if not self._room:
                self._open_next()
            part = rest[: self._room]
            if self._file is None:
                raise RuntimeError("no file is open")
            count = self._file.write(part)
            self._room -= count
            self._missing -= count
            rest = rest[count:]

    def __enter__(self) -> _Shards:  # noqa: PYI034  typing.Self is of 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if kind is None and self._missing:
            raise RuntimeError(f"{self._missing} bytes of weights were announced and did not come")

    def _open_next(self) -> None:
        self._close()
        if self._next >= len(self.names):
            raise RuntimeError("more bytes of weights came than were announced")
        self._file = Path(self._folder, self.names[self._next]).open("wb", buffering=0)  # noqa: SIM115  closed by __exit__
        self._next += 1
        self._room = self._shard_size

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


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
            sizes = [stored_bytes(*pair) for pair in zip(group, chosen, strict=True)]
            with _Shards(folder, number, total=sum(sizes), shard_size=shard_size) as shards:
                entries = []
                for tensor, dtype, size in zip(group, chosen, sizes, strict=True):
                    entries.append(_write(tensor, dtype, shards))
                    (written or _unheard)(size)
            manifest.append({"paths": shards.names, "weights": entries})
    return manifest


def written_bytes(tensor: Tensor, quantization: QuantizationPlan | None) -> int:
    """Return how many bytes ``write_weights`` writes for a tensor."""
    return stored_bytes(tensor, quantization.dtype_of(tensor) if quantization else None)


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
        path.write_text(text, encoding="ascii")


def _write(tensor: Tensor, dtype: str | None, shards: _Shards) -> dict[str, Any]:
    blocks = opened(tensor)
    if dtype is not None:
        passing, field = encoded(tensor, blocks, dtype=dtype)
        _all(passing, shards)
        return _entry(tensor, field)
    _all(blocks(), shards)
    if tensor.encoded is not None and tensor.entry is not None:
        return dict(tensor.entry)
    return _entry(tensor, None)


def _all(blocks: Iterable[Array], shards: _Shards) -> None:
    for block in blocks:
        shards.write(block)


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
