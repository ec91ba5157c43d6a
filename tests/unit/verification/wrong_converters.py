"""The native converter made wrong in small ways, one at a time: by other lines in it, or by what it writes."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import workflow
from workflow.conversion.native import tfjs_writing
from workflow.conversion.native.keras import to_layers
from workflow.conversion.native.keras.expressions import Expression, kept
from workflow.conversion.native.keras.lowering import LOWERINGS
from workflow.models.arrays import of_array, whole
from workflow.models.keras.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest
    from numpy.typing import NDArray

    from workflow.models.tensors import Tensor

    Array = NDArray[Any]
    Change = Callable[[str, Array], Array]

ROOT = Path(workflow.__file__).parent
_MOVING = ("gamma", "beta", "moving_mean", "moving_variance")
WHERE = ("conversion", "models/keras")
"""The folders of the package that make up the native converter."""


class Line(NamedTuple):
    """A line of the converter, and what stands there instead."""

    right: str
    wrong: str


def with_line(monkeypatch: pytest.MonkeyPatch, line: Line) -> None:
    """Change a line of the converter that is there once; the functions around it are exchanged where they are used."""
    files = [path for folder in WHERE for path in (ROOT / folder).rglob("*.py") if line.right in path.read_text()]
    assert len(files) == 1, f"the line {line.right!r} is in {len(files)} files of the converter: choose another one"
    text = files[0].read_text()
    assert text.count(line.right) == 1, f"the line {line.right!r} is there more than once"
    module = importlib.import_module(".".join(("workflow", *files[0].relative_to(ROOT).with_suffix("").parts)))
    spoilt = ModuleType(module.__name__)
    exec(compile(text.replace(line.right, line.wrong), str(files[0]), "exec"), vars(spoilt))  # noqa: S102  our own text
    changed = 0
    for function, other in _functions(module, spoilt):
        if function.__code__ != other.__code__:
            monkeypatch.setattr(function, "__code__", other.__code__)
            changed += 1
    assert changed, f"no function of {module.__name__} is other than before"


def _functions(module: ModuleType, spoilt: ModuleType) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Yield the functions and methods of a module, with those of its changed copy."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield value, getattr(spoilt, name)
        elif isinstance(value, type):
            for method, function in vars(value).items():
                if isinstance(function, FunctionType) and isinstance(other := getattr(spoilt, name), type):
                    yield function, vars(other)[method]


def with_values(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Change weights on their way into the files."""
    write = tfjs_writing.write_weights

    def wrong(groups: Sequence[Sequence[Tensor]], *given: Any, **options: Any) -> Any:
        return write([[_changed(one, change) for one in group] for group in groups], *given, **options)

    monkeypatch.setattr(tfjs_writing, "write_weights", wrong)


def _changed(one: Tensor, change: Change) -> Tensor:
    def read() -> Array:
        found: Array = np.ascontiguousarray(change(one.name, whole(one).reshape(one.shape)), np.float32)
        return found

    return of_array(one.name, one.shape, dtype=one.dtype, read=read)


def with_options(monkeypatch: pytest.MonkeyPatch, class_name: str, **changes: Any) -> None:
    """Write other options for the layers of a class."""
    write = tfjs_writing.write_model_json

    def wrong(path: Path, fields: Any) -> None:
        document = json.loads(json.dumps(fields))
        for _, entry in leaves(document["modelTopology"]["model_config"]):
            if entry["class_name"] == class_name:
                entry["config"].update(changes)
        write(path, document)

    monkeypatch.setattr(to_layers, "write_model_json", wrong)


def _of(ending: str, change: Callable[[Array], Array]) -> Change:
    """Return a change of the weights whose names end so."""
    return lambda name, values: change(values) if name.endswith(ending) else values


def _exchanged(one: int, other: int, *, of: int) -> Callable[[Array], Array]:
    def exchanged(values: Array) -> Array:
        gates = np.split(values, of, axis=-1)
        gates[one], gates[other] = gates[other], gates[one]
        return np.concatenate(gates, axis=-1)

    return exchanged


def _half(values: Array) -> Array:
    return values.astype(np.float16).astype(np.float32)


def _raised(values: Array) -> Array:
    gates = np.split(values, 4)
    return np.concatenate([gates[0], gates[1] + 1, *gates[2:]])


WRONG_VALUES: dict[str, tuple[str, Change]] = {
    "two gates of an LSTM exchanged": ("steps", _of("gated/kernel", _exchanged(0, 1, of=4))),
    "two gates of a recurrent kernel exchanged": ("steps", _of("gated/recurrent_kernel", _exchanged(2, 3, of=4))),
    "a gate's bias exchanged one way": ("steps", _of("forward_lstm/bias", _exchanged(0, 2, of=4))),
    "1 added to the bias of the forget gate again": ("steps", _of("gated/bias", _raised)),
    "a kernel transposed": ("steps", _of("first/kernel", np.transpose)),
    "a kernel inside a TimeDistributed transposed": ("steps", _of("each/kernel", np.transpose)),
    "a bias dropped": ("images", _of("second/bias", np.zeros_like)),
    "the rows of an embedding shifted": ("options", _of("embeddings", lambda values: np.roll(values, 1, axis=0))),
    "numbers rounded to float16": ("images", _of("second/kernel", _half)),
    "one number off by a bit": ("images", _of("norm/gamma", lambda values: np.nextafter(values, np.float32(9)))),
    "slopes with another sign": ("images", _of("alpha", np.negative)),
    "filters in another order": ("images", _of("conv/kernel", lambda values: values[..., ::-1])),
    "time turned round in a kernel": ("steps", _of("separable/depthwise_kernel", lambda values: values[::-1])),
    "channels exchanged in a transposed kernel": ("steps", _of("transposed/kernel", lambda v: v.swapaxes(-1, -2))),
    "the constant mean of a group's scale moved": ("images", _of("group/moving_mean", lambda values: values + 1)),
    "the variance of a Rescaling in place of 1": ("images", _of("rescale/moving_variance", lambda values: values * 2)),
    "the matrix of a resized image transposed": ("images", _of("smaller_rows/kernel", lambda v: v.T.reshape(v.shape))),
    "scale and offset of a layer exchanged": ("steps", _of("norm/beta", lambda values: values + 0.5)),
}

WRONG_LINES: dict[str, tuple[str, Line]] = {
    "vectors reversed where they have no names": (
        "images",
        Line("return list(arrays)", "return list(reversed(arrays)) if len(arrays) == 4 else list(arrays)"),
    ),
    "mean and variance exchanged": (
        "images",
        Line('for role in ("moving_mean", "moving_variance")]', 'for role in ("moving_variance", "moving_mean")]'),
    ),
    "gamma and beta exchanged": (
        "images",
        Line(
            '(("scale", "gamma"), ("center", "beta"))\n    return [V',
            '(("scale", "beta"), ("center", "gamma"))\n    return [V',
        ),
    ),
    "forward and backward exchanged": (
        "steps",
        Line('way in ("forward", "backward")]', 'way in ("backward", "forward")]'),
    ),
    "cells on top of each other upside down": (
        "steps",
        Line("rest[: len(roles)], rest[len(roles) :]", "rest[-len(roles) :], rest[: -len(roles)]"),
    ),
    "groups all made of the first": (
        "images",
        Line("part] = kernel[..., part]", "part] = kernel[..., :outside]"),
    ),
    "groups in each other's place": (
        "images",
        Line(
            "full[..., group * inside : (group + 1) * inside", "full[..., (1 - group) * inside : (2 - group) * inside"
        ),
    ),
    "a dilated kernel not spread": (
        "images",
        Line("wide[:: rates[0], :: rates[1]] = kernel", "wide[: kernel.shape[0], : kernel.shape[1]] = kernel"),
    ),
    "centres of pixels not aligned": (
        "images",
        Line("exact = (place + 0.5) * (size / wanted) - 0.5", "exact = place * (size / wanted)"),
    ),
    "nearest pixels by their edges": (
        "images",
        Line("min(math.floor((place + 0.5) * (size", "min(math.floor(place * (size"),
    ),
    "a deviation in place of a variance": (
        "images",
        Line("_at_least(_array(variance, size))", "_at_least(_array(variance, size)) ** 0.5"),
    ),
    "scale and offset of channels exchanged": (
        "images",
        Line("read=lambda: _array(scale, size)", "read=lambda: _array(offset, size)"),
    ),
    "the scale of a Normalization not squared": (
        "options",
        Line("1.0 / max(math.sqrt(float(variance[0])), _SMALLEST)", "1.0 / max(float(variance[0]), _SMALLEST)"),
    ),
    "the offset of a Normalization not scaled": ("options", Line("-float(mean[0]) * scale", "-float(mean[0])")),
    "the scale of an Attention forgotten": ("options", Line("float(layer.weights[0].read())", "1.0")),
    "an inner layer given the weights of the outer one": (
        "nested",
        Line("weights.get((*self.path, member.name), ())", "weights.get((member.name,), ())"),
    ),
    "the weights of the last layer left out": (
        "steps",
        Line("for found in _layers(file, model) if found]", "for found in _layers(file, model)[:-1] if found]"),
    ),
}


def _without_gamma(layer: Any) -> Any:
    expression = Expression(layer)
    kept_ones = [kept(array.role or role, array) for role, array in zip(_MOVING, layer.weights, strict=True)]
    expression.core(layer.class_name, {"scale": False}, weights=kept_ones[1:])
    return expression


def _without_bias(layer: Any) -> Any:
    expression = Expression(layer)
    expression.core(layer.class_name, {"use_bias": False}, weights=[kept("kernel", layer.weights[0])])
    return expression


def _lowered(class_name: str, lowering: Any) -> Any:
    return lambda monkeypatch: monkeypatch.setitem(LOWERINGS, class_name, lowering)


def _one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the first of the weights of a shape for every one of them."""
    first: dict[tuple[int, ...], Array] = {}
    with_values(monkeypatch, lambda _, values: first.setdefault(values.shape, values))


def _shards_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    path = tfjs_writing._GroupFiles.path
    monkeypatch.setattr(
        tfjs_writing._GroupFiles, "path", lambda self, number: path(self, number ^ 1 if number < 2 else number)
    )


WRONG_OTHERWISE: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "gamma left out": ("images", _lowered("BatchNormalization", _without_gamma)),
    "a layer's bias left out with its option": ("steps", _lowered("Dense", _without_bias)),
    "slopes taken for nothing": ("images", _lowered("PReLU", LOWERINGS["RandomFlip"])),
    "a whole normalization taken for nothing": ("steps", _lowered("LayerNormalization", LOWERINGS["RandomFlip"])),
    "one weight written for all of its shape": ("steps", _one_for_all),
    "two files of weights exchanged": ("steps", _shards_exchanged),
}
"""Changes of whole functions and tables."""

WRONG_BACK: dict[str, Line] = {
    "numbers of an archive's weights counted from the end": Line(
        "yield group, name, number", "yield group, name, len(names) - 1 - number"
    ),
    "layers of an archive in another order": Line(
        "for entry in layers_in_order(container):\n        class_name",
        "for entry in layers_in_order(container)[::-1]:\n        class_name",
    ),
    "each weight of an HDF5 file under the name of the one before": Line(
        """add(f"{name}:0", model.data(name, written))""",
        """add(f"{name}:0", model.data(names[names.index(name) - 1], written))""",
    ),
    "halves of both ways exchanged": Line(
        'names[:half]), ("backward_layer", names[half:])', 'names[half:]), ("backward_layer", names[:half])'
    ),
    "nothing but zeros": Line(
        "return NewData(*self.kind(name), blocks)",
        "return NewData(*self.kind(name), lambda: map(bytes, map(len, blocks())))",
    ),
}
"""Lines of the way back to Keras files."""
