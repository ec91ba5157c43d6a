"""What the weights of a layer must be after a conversion, declared class by class and option by option.

Written from what Keras and TensorFlow.js say of their layers, and knowing nothing of how a converter goes about it:
a layer is kept with its weights as they are, or expressed by another whose weights follow from it. What is not
declared here is said to be unknown, never guessed.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.records import Record
from workflow.verification.keras_roles import cells_of
from workflow.verification.named_weights import Named
from workflow.verification.weights_by_layer import WeightedLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from workflow.models.arrays import Array

    Rule = Callable[["Derivation"], "Iterator[Derived]"]

SMALLEST = 1e-7
"""Keras's epsilon, which Normalization divides by at least."""

_ROUNDING = 2.0**-21  # of numbers up to 1 that are computed in float32 in one or two steps
_NUMBERS = 1e-6  # relative; of options that are computed


class Derived(Record):
    """One weight of the result, and what it must be; ``takes`` are the roles of the source's that it is made of.

    Where a number of an option holds what was a weight, ``problem`` says what is wrong with it.
    """

    takes: tuple[str, ...]
    result: Named | None = None
    wanted: Named | None = None
    problem: str = ""


class Derivation(Record):
    """A layer of the source, and the layers of the result that stand for it, in their order."""

    source: WeightedLayer
    results: tuple[WeightedLayer, ...]

    def first(self, *classes: str) -> WeightedLayer | None:
        """Return the first layer of the result that has weights and is of one of these classes."""
        return next((one for one in self.results if one.by_role and one.class_name in classes), None)

    def options(self, class_name: str) -> Mapping[str, Any] | None:
        """Return the options of the only layer of a class in the result."""
        found = [one for one in self.results if one.class_name == class_name]
        return found[0].config if len(found) == 1 else None


def derived(source: WeightedLayer, results: Sequence[WeightedLayer]) -> list[Derived] | None:
    """Return what is known of the weights of the result's layers; None where no such change of class is declared."""
    if not source.known:
        return None
    unwrapped = [_unwrapped(one) for one in results] if source.class_name == "TimeDistributed" else results
    given = Derivation(_unwrapped(source), tuple(unwrapped))
    rule = _RULES.get(given.source.class_name, _kept)
    try:
        found = list(rule(given))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):  # options that make no sense
        return None
    changed = bool(source.by_role) and any(one.by_role for one in results)
    return found if found or not changed else None


def alternatives(source: WeightedLayer, shapes: Collection[tuple[int, ...]]) -> list[Named]:
    """Return what a layer's weights and options may become before they are folded into a graph.

    ``shapes`` are those of the graph's weights: how large the images are that are resized is told by them alone.
    """
    if not source.known:
        return []
    layer = _unwrapped(source)
    config, by_role = layer.config, layer.by_role
    found: list[Named] = []
    try:
        if layer.class_name in _CONVOLUTIONS and (config.get("groups") or 1) > 1:
            found.append(_ungrouped(by_role["kernel"], int(config["groups"])))
        elif layer.class_name.startswith("DepthwiseConv") and max(_rates(config)) > 1:
            found.append(_spread(by_role["depthwise_kernel"], _rates(config)))
        elif layer.class_name == "Rescaling":
            found += [_option(layer, option) for option in ("scale", "offset") if np.size(_numbers(config[option])) > 1]
        elif layer.class_name in ("Resizing", "UpSampling2D"):
            found += _matrices(layer, shapes)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):  # options that make no sense
        return []
    return found


def _option(layer: WeightedLayer, option: str) -> Named:
    values = _numbers(layer.config[option])
    return _computed(f"{layer.path[-1]}/{option}", values.shape, lambda: values, rounding=0.0)


def _matrices(layer: WeightedLayer, shapes: Collection[tuple[int, ...]]) -> Iterator[Named]:
    """Yield the matrices of these shapes that resize images as a layer does."""
    method = _MATRICES.get(str(layer.config.get("interpolation", "bilinear")).lower())
    if method is None:
        return
    for shape in shapes:
        if len(shape) == len(_AXES) and any(
            _resized(layer.config, number, size=shape[0]) == shape[1] for number in range(len(_AXES))
        ):
            name = f"{layer.path[-1]}/{shape[0]}_to_{shape[1]}"
            yield _computed(name, shape, partial(method, *shape))


def _unwrapped(layer: WeightedLayer) -> WeightedLayer:
    """Return the layer that a TimeDistributed applies to each step, with its weights."""
    if layer.class_name != "TimeDistributed":
        return layer
    held = layer.config["layer"]
    return _unwrapped(WeightedLayer(layer.path, held["class_name"], held["config"], layer.by_role, known=layer.known))


def _kept(given: Derivation) -> Iterator[Derived]:
    """Yield each weight as it is: the class is the same."""
    own = given.first(given.source.class_name)
    return _alike(given.source, own) if own is not None else iter(())


def _alike(source: WeightedLayer, own: WeightedLayer, **changed: Named) -> Iterator[Derived]:
    """Yield the weights that both have under one role; those ``changed`` as they are given."""
    for role, result in own.by_role.items():
        if role in source.by_role:
            yield Derived((role,), result, changed.get(role, source.by_role[role]))


def _convolution(given: Derivation) -> Iterator[Derived]:
    """Yield a kernel as it is, or for groups one kernel with zeros between what belongs to different ones."""
    own = given.first(given.source.class_name)
    if own is None:
        return
    groups, left = (int(each.config.get("groups") or 1) for each in (given.source, own))
    kernel = given.source.by_role["kernel"]
    yield from _alike(given.source, own, **({} if groups == left else {"kernel": _ungrouped(kernel, groups)}))


def _depthwise(given: Derivation) -> Iterator[Derived]:
    """Yield a dilated kernel as it is or with zeros in it, and that of one dimension also as one of two."""
    own = given.first("DepthwiseConv1D", "DepthwiseConv2D")
    if own is None:
        return
    source = given.source
    kernel = source.by_role["depthwise_kernel"]
    rates = _rates(source.config)
    if own.class_name != source.class_name:
        kernel, rates = _with_width(kernel), [rates[0], 1]
    if _rates(own.config) != rates and max(rates) > 1:
        kernel = _spread(kernel, rates)
    yield from _alike(source, own, depthwise_kernel=kernel)


def _widened(class_name: str) -> Rule:
    """Return the rule for a layer of one dimension by one of two: kernels get a width of 1 behind their length."""

    def rule(given: Derivation) -> Iterator[Derived]:
        own = given.first(given.source.class_name, class_name)
        if own is None:
            return
        wide = {role: _with_width(one) for role, one in given.source.by_role.items() if role != "bias"}
        yield from _alike(given.source, own, **(wide if own.class_name == class_name else {}))

    return rule


def _group_normalization(given: Derivation) -> Iterator[Derived]:
    """Yield scale and offset of a BatchNormalization that moves nothing: its mean is 0, its variance 1."""
    own = given.first(given.source.class_name, "BatchNormalization")
    if own is not None:
        yield from _alike(given.source, own)
        yield from _constants(own, moving_mean=0.0, moving_variance=1.0)


def _normalization(given: Derivation) -> Iterator[Derived]:
    """Yield mean and variance in a BatchNormalization, in a Rescaling, or kept."""
    source = given.source
    if given.first("Normalization") is not None:
        yield from _kept(given)
        return
    mean, variance = (_statistic(source, role) for role in ("mean", "variance"))
    takes = ("mean", "variance")
    own = given.first("BatchNormalization")
    if own is not None:
        least = np.maximum(variance, np.float32(SMALLEST**2))
        yield Derived(takes[:1], own.by_role.get("moving_mean"), _over(own, "moving_mean", mean))
        yield Derived(takes[1:], own.by_role.get("moving_variance"), _over(own, "moving_variance", least))
        yield from _constants(own, gamma=1.0, beta=0.0)
        return
    options = given.options("Rescaling")
    if options is not None and mean.size == variance.size == 1:
        scale = 1 / max(math.sqrt(float(variance[0])), SMALLEST)
        yield Derived(takes, problem=_other_numbers(options, scale=scale, offset=-float(mean[0]) * scale))


def _rescaling(given: Derivation) -> Iterator[Derived]:
    """Yield a scale and an offset for each channel in a BatchNormalization; single ones are options."""
    own = given.first("BatchNormalization")
    if own is None:
        return
    yield from _constants(own, moving_mean=0.0, moving_variance=1.0)
    for role, option, default in (("gamma", "scale", 1.0), ("beta", "offset", 0.0)):
        values = _numbers(given.source.config.get(option, default))
        if role in own.by_role:
            yield Derived((), own.by_role[role], _over(own, role, values))


def _resizing(given: Derivation) -> Iterator[Derived]:
    """Yield the matrix that resizes the rows of images, and the one for their columns."""
    config = given.source.config
    matrices = [one for one in given.results if one.class_name == "Dense" and set(one.by_role) == {"kernel"}]
    method = _MATRICES.get(str(config.get("interpolation", "bilinear")).lower())
    if len(matrices) != len(_AXES) or method is None:
        return
    for number, dense in enumerate(matrices):
        kernel = dense.by_role["kernel"]
        shape = kernel.shape[0], _resized(config, number, size=kernel.shape[0])
        yield Derived((), kernel, _computed(kernel.name, shape, partial(method, *shape)))


def _resized(config: Mapping[str, Any], axis: int, *, size: int) -> int:
    """Return how large images of a size are along an axis when they have been resized."""
    if _AXES[axis] in config:
        return int(config[_AXES[axis]])
    factors = config["size"]
    return size * int(factors[axis] if isinstance(factors, (list, tuple)) else factors)


def _attention(given: Derivation) -> Iterator[Derived]:
    """Yield what is wrong with the option of a Rescaling that was a weight, if it is not kept."""
    own = given.first("Attention")
    if own is not None:
        yield from _alike(given.source, own)
        return
    options = given.options("Rescaling")
    if options is not None and set(given.source.by_role) == {"scale"}:
        scale = float(given.source.by_role["scale"].read().reshape(-1)[0])
        yield Derived(("scale",), problem=_other_numbers(options, scale=scale, offset=0.0))


def _of_cells(given: Derivation) -> Iterator[Derived]:
    """Yield the weights of cells on top of each other: in one layer, or in one for each from the lowest up."""
    cells = cells_of(given.source.config)
    layers = [one for one in given.results if one.class_name == "RNN" and one.by_role]
    if cells is None or len(layers) == 1:
        yield from _kept(given)
        return
    for number, own in enumerate(layers[: len(cells)]):
        for role, result in own.by_role.items():
            source = given.source.by_role.get(f"{number}/{role}")
            if source is not None:
                yield Derived((f"{number}/{role}",), result, source)


def _constants(own: WeightedLayer, **values: float) -> Iterator[Derived]:
    for role, value in values.items():
        if role in own.by_role:
            yield Derived((), own.by_role[role], _over(own, role, np.asarray([value], np.float32)))


def _over(own: WeightedLayer, role: str, values: Array) -> Named:
    """Return values of which there is one for each channel, or one for all, as the weight of a layer."""
    shape = own.by_role[role].shape if role in own.by_role else values.shape
    if values.size != 1 and values.shape != shape:
        shape = values.shape
    return _computed(f"{own.path[-1]}/{role}", shape, lambda: np.broadcast_to(values, shape), rounding=0.0)


def _computed(name: str, shape: Sequence[int], read: Callable[[], Array], *, rounding: float = _ROUNDING) -> Named:
    return Named(
        name, tuple(shape), "float32", lambda: np.ascontiguousarray(read(), np.float32).reshape(-1), rounding=rounding
    )


def _made_of(one: Named, shape: Sequence[int], make: Callable[[Array], Array]) -> Named:
    """Return a weight whose values are another's, elsewhere."""
    return Named(one.name, tuple(shape), one.dtype, lambda: make(one.shaped()).reshape(-1))


def _with_width(kernel: Named) -> Named:
    length, *rest = kernel.shape
    return _made_of(kernel, (length, 1, *rest), lambda values: values)


def _ungrouped(kernel: Named, groups: int) -> Named:
    """Return the kernel that sees all channels: for each filter, zeros where the channel is of another group."""
    *window, inside, filters = kernel.shape
    shape = (*window, inside * groups, filters)

    def full(values: Array) -> Array:
        channel, place = np.arange(inside * groups)[:, None], np.arange(filters)[None, :]
        own = channel // inside == place // (filters // groups)
        return np.where(own, values[..., np.arange(inside * groups) % inside, :], values.dtype.type(0))

    return _made_of(kernel, shape, full)


def _spread(kernel: Named, rates: Sequence[int]) -> Named:
    """Return a kernel with zeros between its values along its first axes."""
    window = [(size - 1) * rate + 1 for size, rate in zip(kernel.shape, rates, strict=False)]
    shape = (*window, *kernel.shape[len(window) :])

    def wide(values: Array) -> Array:
        places = np.ix_(*(np.arange(size) * rate for size, rate in zip(kernel.shape, rates, strict=False)))
        found = np.zeros(shape, values.dtype)
        found[places] = values
        return found

    return _made_of(kernel, shape, wide)


def _rates(config: Mapping[str, Any]) -> list[int]:
    """Return the dilation rate along each axis."""
    rate = config.get("dilation_rate") or 1
    return [int(one) for one in rate] if isinstance(rate, (list, tuple)) else [int(rate)] * len(_AXES)


def _statistic(source: WeightedLayer, role: str) -> Array:
    held = source.by_role.get(role)
    return _numbers(source.config[role]) if held is None else held.read().reshape(-1).astype(np.float32)


def _numbers(value: Any) -> Array:
    """Return numbers of an option, which Keras 3 writes as an array in a dictionary."""
    while isinstance(value, dict):
        value = value["config"]["value"] if "config" in value else value["value"]
    return np.ravel(np.asarray(value)).astype(np.float32)


def _other_numbers(options: Mapping[str, Any], **wanted: float) -> str:
    for option, right in wanted.items():
        found = float(options.get(option, 1.0 if option == "scale" else 0.0))
        if not abs(found - right) <= _NUMBERS * abs(right):
            text = f"the option {option} of {options.get('name')} is {found:.6g}"
            return f"{text}, and the source's weights make it {right:.6g}"
    return ""


def _bilinear(size: int, wanted: int) -> Array:
    """Return the share that each place of a row has in each of the resized one: centres aligned, ends held."""
    centres = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    shares: Array = np.maximum(1 - np.abs(centres[None, :] - np.arange(size)[:, None]), 0)
    return shares


def _nearest(size: int, wanted: int) -> Array:
    taken = np.minimum(np.floor((np.arange(wanted) + 0.5) * (size / wanted)), size - 1)
    shares: Array = (taken[None, :] == np.arange(size)[:, None]).astype(np.float32)
    return shares


_AXES = ("height", "width")
_MATRICES: Mapping[str, Callable[[int, int], Array]] = {"bilinear": _bilinear, "nearest": _nearest}
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")

_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_CONVOLUTIONS, _convolution),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    "SeparableConv1D": _widened("SeparableConv2D"),
    "Conv1DTranspose": _widened("Conv2DTranspose"),
    "GroupNormalization": _group_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    **dict.fromkeys(("Resizing", "UpSampling2D"), _resizing),
    "Attention": _attention,
    "RNN": _of_cells,
}
"""The classes that may be expressed by others; all others keep their class and their weights."""
