"""A model that can be run, whatever its format, and how a set of samples goes through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, List, Sequence, Tuple

import numpy as np

from .failure import JobError
from .specs import Spec

Named = List[Tuple[str, Any]]
_CHUNK = 64


@dataclass(frozen=True)
class Runnable:
    """What a model takes, and the function from one array per input to its named outputs."""

    inputs: Tuple[Spec, ...]
    run: Callable[[List[Any]], Named]


def run_all(model: Runnable, arrays: Sequence[Any]) -> Named:
    """Run all samples (first axis of each array) and return the outputs, samples first.

    A model with an open batch gets them in chunks; one with a fixed batch gets each by itself.
    """
    samples = len(arrays[0])
    batched = all(spec.batched for spec in model.inputs)
    step = _CHUNK if batched else 1
    pieces = [
        model.run(
            [_cast(array[begin : begin + step], spec, batched=batched) for array, spec in zip(arrays, model.inputs)]
        )
        for begin in range(0, samples, step)
    ]
    join = _concatenated if batched else _stacked
    return [(name, join([piece[number][1] for piece in pieces])) for number, (name, _) in enumerate(pieces[0])]


def _cast(array: Any, spec: Spec, *, batched: bool) -> Any:
    if batched:
        return array.astype(spec.dtype)
    sample = array[0].astype(spec.dtype)
    missing = len(spec.shape) - sample.ndim
    return sample.reshape((1,) * missing + sample.shape) if missing > 0 else sample


def _concatenated(pieces: List[Any]) -> Any:
    if any(piece.ndim == 0 for piece in pieces):
        return np.stack(pieces)
    return np.concatenate(pieces)


def _stacked(pieces: List[Any]) -> Any:
    """Join answers to single samples: along the batch when that is 1, else along a new axis."""
    if all(piece.ndim and piece.shape[0] == 1 for piece in pieces):
        return np.concatenate(pieces)
    return np.stack(pieces)


def given(specs: Sequence[Spec], path: str) -> List[Any]:
    """Return the arrays of a .npy or .npz file as one per input; raises ``JobError`` where they do not fit."""
    loaded = opened(path)
    if isinstance(loaded, np.ndarray):
        arrays = {specs[0].name: loaded} if len(specs) == 1 else {}
    else:
        arrays = {name: loaded[name] for name in loaded.files}
        if len(specs) == 1 and specs[0].name not in arrays and "x" in arrays:
            arrays[specs[0].name] = arrays["x"]
    missing = [spec.name for spec in specs if spec.name not in arrays]
    if missing:
        raise JobError("inputs", f"{path} holds no array for the input {', '.join(missing)}")
    for spec in specs:
        _check_shape(arrays[spec.name], spec, path)
    return [arrays[spec.name] for spec in specs]


def opened(path: str) -> Any:
    """Open a .npy or .npz file; raises ``JobError`` where it is neither."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise JobError("inputs", f"{path} is no .npy or .npz file with plain arrays: {problem}") from problem


def _check_shape(array: Any, spec: Spec, path: str) -> None:
    wanted = spec.shape if spec.batched or spec.shape[:1] == (1,) else (None, *spec.shape)
    sizes = array.shape[1:], wanted[1:]
    if array.ndim != len(wanted) or any(want not in (None, size) for size, want in zip(*sizes)):
        raise JobError("inputs", f"{path}: input {spec.name} takes {wanted}, the array is {array.shape}")
