"""The shapes that the layers of TensorFlow.js give, as far as they follow from what is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.models.keras.tree import Config, Shape

    Rule = Callable[[Config, Shape], Shape | None]


def output_shapes(class_name: str, config: Config, *, inputs: Sequence[Shape | None]) -> list[Shape | None]:
    """Return the shape of each result of a layer; a layer that is not known has one of unknown shape."""
    if class_name in _RECURRENT:
        return _recurrent(class_name, config, inputs)
    if class_name in _MERGING:
        known = [shape for shape in inputs if shape is not None]
        return [_MERGING[class_name](config, known) if len(known) == len(inputs) else None]
    rule = _RULES.get(class_name)
    shape = inputs[0] if inputs else None
    return [rule(config, shape) if rule and shape is not None else None]


def fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    """Whether an array has the shape that is wanted, as far as that is known."""
    return len(shape) == len(wanted) and all(
        want is None or want == size for size, want in zip(shape, wanted, strict=True)
    )


def in_words(shape: Shape) -> str:
    """Return a shape as messages show it."""
    return f"({', '.join('any' if size is None else str(size) for size in shape)})"


def spatial(config: Config, key: str, *, rank: int, default: int = 1) -> list[int]:
    """Return an option that is one number for each spatial axis, or one for all; raises ``TypeError`` for others."""
    value = config.get(key)
    value = default if value is None else value
    values = list(value) if isinstance(value, list | tuple) else [value] * rank
    if any(type(number) is not int for number in values):
        raise TypeError(f"{key} is {value!r}")
    return values * rank if len(values) == 1 else values


def sides(value: Any, rank: int) -> list[tuple[int, int]]:
    """Return the two numbers before and after each spatial axis of a padding or cropping."""
    values = list(value) if isinstance(value, list | tuple) else [value] * rank
    pairs = [tuple(item) if isinstance(item, list | tuple) else (item, item) for item in values]
    if len(pairs) != rank or any(len(pair) != 2 or any(type(n) is not int for n in pair) for pair in pairs):  # noqa: PLR2004
        raise TypeError(f"{value!r} does not give {rank} times two numbers")
    return [(pair[0], pair[1]) for pair in pairs]


def channels_last(config: Config) -> bool:
    """Whether the last axis is that of the channels, which is so unless a layer says otherwise."""
    return config.get("data_format") in (None, "channels_last")


def _axes(config: Config, shape: Shape) -> range:
    return range(1, len(shape) - 1) if channels_last(config) else range(2, len(shape))


def _same(_: Config, shape: Shape) -> Shape:
    return shape


def _dense(config: Config, shape: Shape) -> Shape:
    return (*shape[:-1], config["units"])


def _embedding(config: Config, shape: Shape) -> Shape:
    return (*shape, config["output_dim"])


def _length(size: int | None, window: int, step: int, *, padding: str) -> int | None:
    if size is None:
        return None
    return -(-size // step) if padding in ("same", "causal") else -(-(size - window + 1) // step)


def _windowed(config: Config, shape: Shape, key: str) -> list[int | None]:
    rank = len(shape) - 2
    windows = spatial(config, key, rank=rank)
    steps = windows if config.get("strides") is None and key == "pool_size" else spatial(config, "strides", rank=rank)
    rates = spatial(config, "dilation_rate", rank=rank) if key == "kernel_size" else [1] * rank
    found = list(shape)
    for axis, window, step, rate in zip(_axes(config, shape), windows, steps, rates, strict=True):
        padding = config.get("padding", "valid")
        found[axis] = _length(shape[axis], (window - 1) * rate + 1, step, padding=padding)
    return found


def _convolution(config: Config, shape: Shape) -> Shape:
    found = _windowed(config, shape, "kernel_size")
    found[-1 if channels_last(config) else 1] = config["filters"]
    return tuple(found)


def _depthwise(config: Config, shape: Shape) -> Shape:
    found = _windowed(config, shape, "kernel_size")
    axis = -1 if channels_last(config) else 1
    before = shape[axis]
    found[axis] = None if before is None else before * (config.get("depth_multiplier") or 1)
    return tuple(found)


def _transposed(config: Config, shape: Shape) -> Shape:
    rank = len(shape) - 2
    found = list(shape)
    pairs = zip(spatial(config, "kernel_size", rank=rank), spatial(config, "strides", rank=rank), strict=True)
    for axis, (window, step) in zip(_axes(config, shape), pairs, strict=True):
        size = shape[axis]
        more = max(window - step, 0) if config.get("padding", "valid") == "valid" else 0
        found[axis] = None if size is None else size * step + more
    found[-1 if channels_last(config) else 1] = config["filters"]
    return tuple(found)


def _pooling(config: Config, shape: Shape) -> Shape:
    return tuple(_windowed({"pool_size": 2, **config}, shape, "pool_size"))


def _global_pooling(config: Config, shape: Shape) -> Shape:
    return (shape[0], shape[-1] if channels_last(config) else shape[1])


def _flatten(_: Config, shape: Shape) -> Shape:
    return (shape[0], _product(shape[1:]))


def _product(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def _reshape(config: Config, shape: Shape) -> Shape:
    target = [None if size is None or size < 0 else size for size in config["target_shape"]]
    total = _product(shape[1:])
    if target.count(None) == 1 and total is not None:
        rest = math.prod(size for size in target if size is not None)
        target = [total // rest if size is None and rest else size for size in target]
    return (shape[0], *target)


def _permute(config: Config, shape: Shape) -> Shape:
    return (shape[0], *(shape[axis] for axis in config["dims"]))


def _repeat(config: Config, shape: Shape) -> Shape:
    return (shape[0], config["n"], *shape[1:])


def _padded(config: Config, shape: Shape) -> Shape:
    return _resized(config, shape, [sum(pair) for pair in sides(config.get("padding", 1), 2)])


def _cropped(config: Config, shape: Shape) -> Shape:
    return _resized(config, shape, [-sum(pair) for pair in sides(config.get("cropping", 0), 2)])


def _resized(config: Config, shape: Shape, more: list[int]) -> Shape:
    found = list(shape)
    for axis, number in zip(_axes(config, shape), more, strict=True):
        size = shape[axis]
        found[axis] = None if size is None else size + number
    return tuple(found)


def _upsampled(config: Config, shape: Shape) -> Shape:
    found = list(shape)
    for axis, factor in zip(_axes(config, shape), spatial(config, "size", rank=2, default=2), strict=True):
        size = shape[axis]
        found[axis] = None if size is None else size * factor
    return tuple(found)


def _encoded(config: Config, shape: Shape) -> Shape:
    return (*shape[:-1], config["num_tokens"])


def _elementwise(_: Config, shapes: list[Shape]) -> Shape | None:
    rank = max(len(shape) for shape in shapes)
    raised = [(shape[0], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
    return tuple(_broadcast(sizes) for sizes in zip(*raised, strict=True))


def _broadcast(sizes: Sequence[int | None]) -> int | None:
    others = {size for size in sizes if size != 1}
    if not others:
        return 1
    return others.pop() if len(others) == 1 else max((size for size in others if size is not None), default=None)


def _concatenated(config: Config, shapes: list[Shape]) -> Shape | None:
    axis = config.get("axis", -1)
    if len({len(shape) for shape in shapes}) != 1 or not -len(shapes[0]) <= axis < len(shapes[0]):
        return None
    found = [_broadcast(sizes) for sizes in zip(*shapes, strict=True)]
    sizes = [shape[axis] for shape in shapes]
    known = [size for size in sizes if size is not None]
    found[axis] = sum(known) if len(known) == len(sizes) else None
    return tuple(found)


def _dotted(config: Config, shapes: list[Shape]) -> Shape | None:
    axes = config["axes"]
    pair = list(axes) if isinstance(axes, list | tuple) else [axes, axes]
    rests = []
    for shape, axis in zip(shapes, pair, strict=True):
        here = axis % len(shape)
        rests.append([size for place, size in enumerate(shape) if place not in (0, here)])
    joined = rests[0] + rests[1]
    return (shapes[0][0], *(joined or [1]))


def _recurrent(class_name: str, config: Config, inputs: Sequence[Shape | None]) -> list[Shape | None]:
    shape = inputs[0] if inputs else None
    if class_name == "Bidirectional":
        return _both_ways(config, inputs)
    if class_name == "TimeDistributed":
        return [_each_step(config, shape)]
    if class_name == "ConvLSTM2D":
        state = _convolution(config, (shape[0], *shape[2:])) if shape else None
        states = 2
    else:
        cell: Config = config["cell"] if class_name == "RNN" else {"class_name": class_name, "config": config}
        state = (shape[0], cell["config"]["units"]) if shape else None
        states = 2 if cell["class_name"].startswith("LSTM") else 1
    result = (state[0], shape[1], *state[1:]) if shape and state and config.get("return_sequences") else state
    return [result, *([state] * states if config.get("return_state") else [])]


def _both_ways(config: Config, inputs: Sequence[Shape | None]) -> list[Shape | None]:
    held = config["layer"]
    one = output_shapes(held["class_name"], held["config"], inputs=inputs)
    mode = config.get("merge_mode", "concat")
    first = one[0]
    if mode is None:
        return [first, first, *one[1:], *one[1:]]
    if mode == "concat" and first is not None:
        last = first[-1]
        first = (*first[:-1], None if last is None else last * 2)
    return [first, *one[1:], *one[1:]]


def _each_step(config: Config, shape: Shape | None) -> Shape | None:
    if shape is None:
        return None
    held = config["layer"]
    step = output_shapes(held["class_name"], held["config"], inputs=[(shape[0], *shape[2:])])[0]
    return None if step is None else (step[0], shape[1], *step[1:])


_RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax", "Dropout"),
            *("SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "BatchNormalization"),
            *("LayerNormalization", "Masking", "Rescaling"),
        ),
        _same,
    ),
    "Dense": _dense,
    "Embedding": _embedding,
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "SeparableConv2D"), _convolution),
    **dict.fromkeys(("Conv2DTranspose", "Conv3DTranspose"), _transposed),
    "DepthwiseConv2D": _depthwise,
    **{f"{kind}Pooling{rank}D": _pooling for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Global{kind}Pooling{rank}D": _global_pooling for kind in ("Max", "Average") for rank in (1, 2)},
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "ZeroPadding2D": _padded,
    "Cropping2D": _cropped,
    "UpSampling2D": _upsampled,
    "CategoryEncoding": _encoded,
}
_MERGING: dict[str, Callable[[Config, list[Shape]], Shape | None]] = {
    **dict.fromkeys(("Add", "Multiply", "Average", "Maximum", "Minimum"), _elementwise),
    "Concatenate": _concatenated,
    "Dot": _dotted,
}
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "Bidirectional", "TimeDistributed"})
