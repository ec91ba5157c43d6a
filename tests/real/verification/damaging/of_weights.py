"""Damages to the weights of TensorFlow.js models, and changes of how they are stored that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.verification.damaging.stored import StoredModel, StoredWeight

    Change = Callable[[StoredModel, Any], bool]
    """Changes a model as a generator of numbers chooses; False where it has nothing to change in that way."""


def chosen(listed: Any, rng: Any) -> Any:
    return listed[int(rng.integers(len(listed)))] if listed else None


def _values(change: Callable[[Any, StoredWeight, Any], Any], *, least_axes: int = 1) -> Change:
    """Return what changes the numbers of one weight, as they are stored."""

    def hurt(model: StoredModel, rng: Any) -> bool:
        one = chosen([w for w in model.floats if sum(size > 1 for size in w.shape) >= least_axes], rng)
        if one is None:
            return False
        before = one.values.copy()
        after = np.asarray(change(one.values.reshape(one.shape), one, rng)).reshape(-1)
        one.values = after.astype(before.dtype)
        return bool((before != one.values).any())

    return hurt


def _at(values: Any, one: StoredWeight, rng: Any, *, by: float) -> Any:
    place = int(rng.integers(values.size))
    flat = values.reshape(-1).copy()
    if flat.dtype.kind == "u":
        largest = np.iinfo(flat.dtype).max
        step = max(1, int(by * largest))
        before = int(flat[place])
        flat[place] = before - step if before >= step else min(before + step, largest)
    else:
        flat[place] += np.asarray(by * np.ptp(flat.astype(float)), flat.dtype)
    return flat


def _zeros(values: Any, one: StoredWeight, _: Any) -> Any:
    field = one.entry.get("quantization", {})
    zero = -field["min"] / field["scale"] if "scale" in field else 0.0
    return np.full_like(values, np.clip(round(zero), 0, np.iinfo(values.dtype).max) if "scale" in field else 0)


def _scaled(values: Any, one: StoredWeight, _: Any) -> Any:
    if "scale" in one.entry.get("quantization", {}):
        one.entry["quantization"]["scale"] *= 1.05
        one.entry["quantization"]["min"] *= 1.05
        return values + 0 if values.dtype.kind != "u" else np.where(values == 0, 1, values)
    return values * np.asarray(1.05, values.dtype)


def _noisy(values: Any, _: StoredWeight, rng: Any) -> Any:
    noise = rng.standard_normal(values.shape)
    if values.dtype.kind == "u":
        largest = np.iinfo(values.dtype).max
        return np.clip(values + np.rint(0.03 * largest * noise), 0, largest)
    return values + (0.03 * values.astype(float).std() * noise).astype(values.dtype)


def _swapped(model: StoredModel, rng: Any) -> bool:
    pairs = [
        (one, other)
        for place, one in enumerate(model.floats)
        for other in model.floats[place + 1 :]
        if one.shape == other.shape and one.values.dtype == other.values.dtype
    ]
    pair = chosen(pairs, rng)
    if pair is None:
        return False
    one, other = pair
    one.values, other.values = other.values, one.values
    fields = one.entry.get("quantization"), other.entry.get("quantization")
    if fields[0] and fields[1]:
        one.entry["quantization"], other.entry["quantization"] = fields[1], fields[0]
    return True


def _quantization(key: str, change: Callable[[float, float], float]) -> Change:
    def hurt(model: StoredModel, rng: Any) -> bool:
        one = chosen([w for w in model.floats if "scale" in w.entry.get("quantization", {})], rng)
        if one is None:
            return False
        field = one.entry["quantization"]
        field[key] = change(field[key], field["scale"] * np.iinfo(one.values.dtype).max)
        return True

    return hurt


def _other_dtype(model: StoredModel, rng: Any) -> bool:
    one = chosen([w for w in model.floats if "quantization" in w.entry], rng)
    if one is None:
        return False
    one.entry["dtype"] = "int32"
    return True


def _shape_turned(model: StoredModel, rng: Any) -> bool:
    one = chosen([w for w in model.floats if len(set(w.shape)) > 1], rng)
    if one is None:
        return False
    one.entry["shape"] = list(reversed(one.shape))
    return True


def _entries_exchanged(model: StoredModel, rng: Any) -> bool:
    group = chosen([group for group in model.groups if len(group) > 1], rng)
    if group is None:
        return False
    place = int(rng.integers(len(group) - 1))
    one, other = group[place], group[place + 1]
    content = one.values.tobytes() + other.values.tobytes()
    one.entry, other.entry = other.entry, one.entry
    cut = one.values.nbytes if one.values.dtype == other.values.dtype else None
    size = other.values.nbytes
    if cut is None or one.values.size == other.values.size:
        return False
    one.values = np.frombuffer(content[:size], other.values.dtype)
    other.values = np.frombuffer(content[size:], other.values.dtype)
    return True


def _shards_exchanged(model: StoredModel, rng: Any) -> bool:
    group = chosen([g for g in model.document["weightsManifest"] if len(g["paths"]) > 1], rng)
    if group is None:
        return False
    place = int(rng.integers(len(group["paths"]) - 1))
    files = [model.folder / path for path in group["paths"][place : place + 2]]
    contents = [file.read_bytes() for file in files]
    if len(contents[0]) != len(contents[1]) or contents[0] == contents[1]:
        return False
    for file, content in zip(files, reversed(contents), strict=True):
        file.write_bytes(content)
    model.__post_init__()
    return True


def _bit(model: StoredModel, rng: Any) -> bool:
    one = chosen(model.floats, rng)
    raw = one.values.view(np.uint8)
    place = int(rng.integers(one.values.size)) * one.values.itemsize + one.values.itemsize - 1
    raw[place] ^= 1 << int(rng.integers(4, 8))
    return True


def _shortened(model: StoredModel, rng: Any) -> bool:
    one = chosen(model.weights, rng)
    one.values = one.values[:-1]
    return True


def _split(model: StoredModel, *, at: int) -> bool:
    weights = model.weights
    for path in [path for group in model.document["weightsManifest"] for path in group["paths"]]:
        (model.folder / path).unlink()
    model.groups = [weights[:at], weights[at:]]
    model.document["weightsManifest"] = [{"paths": [f"group{number}.bin"], "weights": []} for number in (1, 2)]
    return True


DAMAGES: dict[str, Change] = {
    "a weight is all zeros": _values(_zeros),
    "a kernel is transposed": _values(lambda values, *_: values.T, least_axes=2),
    "the last two axes are exchanged": _values(lambda values, *_: values.swapaxes(-1, -2), least_axes=2),
    "channels are one further": _values(lambda values, *_: np.roll(values, 1, axis=-1)),
    "rows stand in reverse": _values(lambda values, *_: values[::-1], least_axes=2),
    "all values stand in reverse": _values(lambda values, *_: values.reshape(-1)[::-1]),
    "values are shuffled": _values(lambda values, _, rng: rng.permutation(values.reshape(-1))),
    "one value is far off": _values(lambda values, one, rng: _at(values, one, rng, by=0.8)),
    "one value is a little off": _values(lambda values, one, rng: _at(values, one, rng, by=0.02)),
    "all values are 5% larger": _values(_scaled),
    "noise of 3%": _values(_noisy),
    "one channel has the values of another": _values(
        lambda values, *_: np.concatenate([values[..., 1:2], values[..., 1:]], axis=-1)
    ),
    "two weights of one shape are exchanged": _swapped,
    "the scale is 2% larger": _quantization("scale", lambda scale, _: scale * 1.02),
    "the scale is twice as large": _quantization("scale", lambda scale, _: scale * 2),
    "the least value is a tenth of the range higher": _quantization("min", lambda least, size: least + 0.1 * size),
    "the least value is one step higher": _quantization("min", lambda least, size: least + size / 255),
    "a weight is said to be of whole numbers": _other_dtype,
    "a shape is turned round": _shape_turned,
    "two entries are exchanged and their bytes are not": _entries_exchanged,
    "two shards are exchanged": _shards_exchanged,
    "one bit is another": _bit,
    "a weight lost its last value": _shortened,
    "a small group comes before a large one": lambda model, _: _split(model, at=1),
}


def _recut(model: StoredModel, rng: Any) -> bool:
    model.recut(int(rng.integers(100, 2000)))
    return True


def _merged(model: StoredModel, _: Any) -> bool:
    if len(model.groups) < 2:
        return False
    manifest = model.document["weightsManifest"]
    manifest[0]["paths"] = [path for group in manifest for path in group["paths"]]
    model.groups = [model.weights]
    del manifest[1:]
    return True


def _in_other_order(model: StoredModel, rng: Any) -> bool:
    for group in model.groups:
        order = rng.permutation(len(group))
        group[:] = [group[int(place)] for place in order]
    return len(model.weights) > 1


def _groups_in_other_order(model: StoredModel, _: Any) -> bool:
    model.groups.reverse()
    model.document["weightsManifest"].reverse()
    return len(model.groups) > 1


def _quantization_says_more(model: StoredModel, _: Any) -> bool:
    fields = [one.entry["quantization"] for one in model.weights if "quantization" in one.entry]
    for field in fields:
        field["original_dtype"] = "float32"
    return bool(fields)


HARMLESS: dict[str, Change] = {
    "weight files are cut elsewhere": _recut,
    "groups are merged": _merged,
    "a group is split": lambda model, _: _split(model, at=len(model.weights) - 1),
    "weights stand in another order, their bytes too": _in_other_order,
    "groups stand in another order": _groups_in_other_order,
    "quantization says what was before": _quantization_says_more,
}
