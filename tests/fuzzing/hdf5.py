"""Damage to HDF5 files: their attributes, groups and arrays by h5py, so that the file itself stays sound; and bytes."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests.fuzzing.trees import damaged_json

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

_MOST = 1 << 20
_REFUSALS = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError)
_VALUES: tuple[Any, ...] = (
    *(0, -1, 2**63 - 1, 1.5, float("nan"), "", "x", "\0", "é" * 300, b"\xff\xfe", True),
    *([1, 2, 3], [b"a", b"b"], [b""], [b"\xff"], [[1.0, 2.0]], h5py.Empty("f")),
)


def damaged_hdf5(file: Path, dice: random.Random) -> None:
    """Damage an HDF5 file in one to three places of its structure; what h5py refuses to do stays undone."""
    with suppress(*_REFUSALS), h5py.File(file, "r+") as root:
        for _ in range(dice.randint(1, 3)):
            objects: list[Any] = [root]
            root.visititems(lambda _, one, objects=objects: objects.append(one))
            with suppress(*_REFUSALS):
                dice.choice(_ACTS)(dice.choice(objects), dice)


def damaged_bytes(raw: bytes, dice: random.Random) -> bytes:
    """Return bytes with a few changed, mostly near the beginning, where headers are, and cut short now and then."""
    if not raw:
        return b"\0"
    content = bytearray(raw)
    reach = dice.choice((len(content), len(content), min(2048, len(content))))
    for _ in range(dice.randint(1, 12)):
        content[dice.randrange(reach)] = dice.choice((0, 1, 2, 8, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    if dice.random() < 0.15:
        return bytes(content[: dice.randrange(len(content))])
    return bytes(content)


def _text_of(value: Any) -> bytes | None:
    text = value.encode() if isinstance(value, str) else value
    return text if isinstance(text, bytes) and text[:1] in (b"{", b"[") else None


def _attribute(one: Any, dice: random.Random) -> None:
    if not len(one.attrs):
        one.attrs[dice.choice(["weight_names", "layer_names", "model_config", "keras_version"])] = dice.choice(_VALUES)
        return
    name = dice.choice(list(one.attrs))
    text = _text_of(one.attrs[name])
    if text is not None and dice.random() < 0.85:
        one.attrs[name] = np.bytes_(damaged_json(text, dice)) if dice.random() < 0.5 else damaged_json(text, dice)
    elif dice.random() < 0.3:
        del one.attrs[name]
    else:
        one.attrs[name] = dice.choice(_VALUES)


def _names(one: Any, dice: random.Random) -> None:
    """Change a list of names: another order, one missing, one twice, one that there is not."""
    listed = [name for name in one.attrs if np.ndim(one.attrs[name]) == 1]
    if not listed:
        _attribute(one, dice)
        return
    name = dice.choice(listed)
    values = list(one.attrs[name])
    act = dice.randrange(4)
    if act == 0:
        dice.shuffle(values)
    elif act == 1 and values:
        values.pop()
    elif act == 2:
        values += values[:1]
    else:
        values = [*values[:-1], dice.choice([b"none", b"", b"../x", b"a/b/c", b"/"])]
    one.attrs[name] = values


def _array(one: Any, dice: random.Random) -> None:
    """Put another array in the place of one: of another shape, dtype or layout, or none at all."""
    if not isinstance(one, h5py.Dataset):
        _attribute(one, dice)
        return
    parent, name, shape = one.parent, one.name, one.shape or ()
    if math.prod(shape) > _MOST:
        return  # it was made so large before
    del parent[name]
    act = dice.randrange(8)
    if act == 0:
        return
    if act == 1:
        parent.create_group(name)
    elif act == 2:
        parent[name] = h5py.Empty("f")
    elif act == 3:
        parent.create_dataset(name, shape=(*shape, 2**20, 2**20), dtype="f4", chunks=(*((1,) * len(shape)), 64, 64))
    elif act == 4:
        parent.create_dataset(name, data=np.zeros(shape[1:] or (3,), dice.choice(["f8", "i8", "u1", "f2", "c8", "?"])))
    elif act == 5:
        parent.create_dataset(name, data=np.array([b"text"] * 3))
    elif act == 6:
        parent.create_dataset(
            name, data=np.full(shape, dice.choice([np.nan, np.inf, 3e38]), "f4"), chunks=bool(shape) or None
        )
    else:
        parent.create_dataset(name, data=np.zeros(shape, [("a", "f4"), ("b", "i2")]))


def _link(one: Any, dice: random.Random) -> None:
    if not isinstance(one, h5py.Group) or not len(one):
        _attribute(one, dice)
        return
    name = dice.choice(list(one))
    act = dice.randrange(5)
    kept = one[name]
    del one[name]
    if act == 1:
        one[name] = h5py.SoftLink("/nowhere")
    elif act == 2:
        one[name] = h5py.ExternalLink("other.h5", "/x")
    elif act == 3:
        one[name] = one  # a group that holds itself
    elif act == 4:
        one[f"{name}_"] = kept


_ACTS: tuple[Callable[[Any, random.Random], None], ...] = (_attribute, _attribute, _attribute, _names, _array, _link)
