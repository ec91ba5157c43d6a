"""The weights of a graph against those of the layers that it was made from: each is one of them, or folded from them.

Converters fold a batch normalization into the convolution before it: kernel times ``gamma / sqrt(variance + epsilon)``
per channel, and an offset; they store parts of weights for themselves. What is nearly such a weight and is none was
damaged; what is nothing of the kind (computed in another way) is counted. Quantized weights are held against the same
to half a step: what each was before is known then.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.verification import explain, pieces
from workflow.verification.differences import bounds_of
from workflow.verification.evidence import Finding
from workflow.verification.normalizations import Normalization, normalizations, numbers_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from workflow.verification.named_weights import Named

    Array = NDArray[Any]
    Keep = Callable[[Named, Array], None]
    """Takes what a quantized weight was before, flat."""

EXACT = 4e-6
"""What rounding makes of a product of two weights, in units of the largest one of its channel."""

_TELLING = 16  # elements of which no two weights agree by chance
_LEAST = 4  # elements; smaller constants are shapes, axes and the like
_IN_HALVES = 2.0**-8  # the same where products are rounded to half floats
_LEAST_ROWS = 4  # elements of a channel, below which any two channels are nearly proportional
_NEAR_KERNEL = 0.2
_NEAR_VECTOR = 0.05
_LEAST_VECTOR = 16
_BEGINNING = 32  # rows of a kernel that tell whether the rest is worth a look
_NEAR_RATIO = 0.05
_OF_LOOPS = re.compile(r"(?<=/)while/(body/_\d+/)?")
_MOSTLY = 0.5


@dataclass(frozen=True)
class Folded:
    """How many weights are the source's to the bit, folded from it, quantized, or neither; and what is wrong."""

    equal: int = 0
    folded: int = 0
    quantized: int = 0
    """Those within half a step of what the source's weights make them."""

    others: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    lossy: tuple[str, ...] = ()
    """Those of the others that are quantized: what they were before is not known."""


@dataclass
class _Sources:
    """The source's weights, found by content, size or number of channels; one kernel is in memory at a time."""

    named: Mapping[str, Named]
    declared: object
    numbers: Sequence[float] = ()
    exact: float = EXACT
    by_content: dict[bytes, list[str]] = field(default_factory=dict)
    known: dict[int, list[Normalization]] = field(default_factory=dict)
    vectors: dict[int, dict[str, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, one in self.named.items():
            values = one.read()
            if values.dtype == np.float32:
                self.by_content.setdefault(_digest(values), []).append(name)
                if len(one.shape) == 1:
                    self.vectors.setdefault(values.size, {})[name] = values.astype(np.float64)

    def alike(self, one: Named) -> list[str]:
        """Return the weights with as many elements, those of the layers that a node's name speaks of first."""
        size = _size(one)
        found = [name for name, other in self.named.items() if _size(other) == size and len(other.shape) > 1]
        return sorted(found, key=lambda name: not _speaks_of(one.name, name))

    def own(self, one: Named) -> list[str]:
        """Return the weights of its shape, of more than one number, of the layers that a node's name speaks of."""
        alike = [name for name, other in self.named.items() if other.shape == one.shape and _size(one) > 1]
        return [name for name in alike if _speaks_of(one.name, name)]

    def ratios(self, channels: int) -> Iterator[tuple[str, Array]]:
        """Yield what normalizations of so many channels multiply by, with their layers' names; first nothing at all."""
        yield "", np.ones(channels)
        for one in self._normalizations(channels):
            yield from ((one.layer, ratio) for ratio in one.ratios())

    def offsets(self, channels: int) -> Iterator[tuple[str, Array, Array]]:
        """Yield what normalizations of so many channels add, with a layer's name and what its rounding is of."""
        vectors = self.vectors.get(channels, {}).items()
        biases = [(name.rpartition("/")[0], one) for name, one in vectors if name.endswith("/bias")]
        for one in self._normalizations(channels):
            yield from one.offsets(biases)

    def _normalizations(self, channels: int) -> list[Normalization]:
        if channels not in self.known:
            self.known[channels] = normalizations(self.vectors.get(channels, {}), self.declared)
        return self.known[channels]


def compare(
    sources: Mapping[str, Named],
    results: Mapping[str, Named],
    *,
    declared: object = None,
    in_halves: bool = False,
    keep: Keep = lambda *_: None,
) -> Folded:
    """Account for every float weight of a graph; ``declared`` is the source's configuration, with its numbers.

    ``in_halves`` says that the source multiplies in half floats.
    ``keep`` is told what each quantized weight was before.
    """
    exact = _IN_HALVES if in_halves else EXACT
    known = _Sources(sources, declared, numbers_in(declared), exact)
    equal, folded, quantized, others, findings, lossy = 0, 0, 0, [], [], []
    for one in (one for one in results.values() if _counts(one, known)):
        values = one.read()
        same = known.by_content.get(_digest(values))
        if same is not None:
            equal += 1
            findings += _misplaced(one, same, known)
            keep(one, values)
            continue
        found = _explained(one, values, known, keep=keep) or _absent(one, known)
        folded += found is True and one.quantization is None
        quantized += found is True and one.quantization is not None
        findings += [found] if isinstance(found, Finding) else []
        if found is False and one.quantization is not None and (one.stored_as == "float16" or np.ptp(values)):
            lossy.append(one.name)
        if found is False and (_size(one) >= _LEAST or known.own(one)):
            others.append(one.name)
    return Folded(equal, folded, quantized, tuple(others), tuple(findings), tuple(lossy))


def _counts(one: Named, known: _Sources) -> bool:
    """Whether a constant is a weight: few numbers are shapes, slopes and the like, unless a layer has such a weight."""
    size = _size(one)
    if one.dtype != "float32" or not size:
        return False
    return size >= _LEAST or one.quantization is not None or bool(known.own(one))


def _absent(one: Named, known: _Sources) -> Finding | bool:
    """Find a weight that is nothing known where a variable of a layer is read, whose name and shape are known."""
    own = known.own(one) if one.name.endswith("/ReadVariableOp") else []
    if not own:
        return False
    text = f"the weight {one.name} is nothing that the source's weights make, and {own[0]} belongs there"
    return Finding(text, one.name)


def _misplaced(one: Named, same: list[str], known: _Sources) -> list[Finding]:
    """Find a weight that stands where the node's name says that another one of its shape belongs."""
    if any(_speaks_of(one.name, name) for name in same):
        return []
    shape = known.named[same[0]].shape
    kind = same[0].rpartition("/")[2]
    own = [
        name
        for name, other in known.named.items()
        if _speaks_of(one.name, name) and other.shape == shape and name.endswith(f"/{kind}")
    ]
    if not own:
        return []
    return [Finding(f"the weight {one.name} holds {same[0]} of the source, and {own[0]} belongs there", one.name)]


def _explained(one: Named, values: Array, known: _Sources, *, keep: Keep) -> Finding | bool:
    """Return True for a weight that the source's make, a finding for what is nearly one, False for another kind."""
    if one.quantization is not None:
        return _quantized(one, values, known, keep=keep)
    found = _kernel(one, values, known) if len(_plain(one.shape)) > 1 else _vector(one, values, known)
    part = False if found is True else _piece(one, values, known)
    return part if part is True else found or part


def _piece(one: Named, values: Array, known: _Sources) -> Finding | bool:
    """Return True for a part of a source's weight, or zeros that are called so, a finding for what nearly is a part."""
    if pieces.is_called_zeros(one.name) and not values.any():
        return True
    size = float(np.sqrt(np.square(values.astype(np.float64)).mean()))
    nearest: Finding | None = None
    for name, part in _pieces(one, known):
        if np.array_equal(values, part):
            return True
        far = np.abs(values.astype(np.float64) - part)
        near = np.sqrt(np.square(far).mean()) < _NEAR_KERNEL * size or np.mean(far == 0) >= _MOSTLY
        if values.size >= _TELLING and near:
            place = int(np.argmax(far))
            text = f"the weight {one.name} differs by {far[place]:.3g} at {explain.place_of(place, one.shape)}"
            nearest = Finding(f"{text} from the part of {name} of the source that it is", one.name, float(far[place]))
    return nearest or False


def _pieces(one: Named, known: _Sources) -> Iterator[tuple[str, Array]]:
    """Yield the parts of the source's weights that have the shape of a weight, flat, with what they are parts of."""
    for name, other in known.named.items():
        places = list(pieces.places_in(other.shape, one.shape)) if _size(one) > 1 else []
        if places:
            theirs = other.shaped()
            yield from ((name, theirs[place].reshape(-1)) for place in places)


def _quantized(one: Named, values: Array, known: _Sources, *, keep: Keep) -> Finding | bool:
    """Hold a quantized weight against everything that it could have been before, to half a step."""
    nearest: Finding | None = None
    fitting: list[tuple[float, str, Array]] = []
    size = float(np.sqrt(np.square(values.astype(np.float64)).mean()))
    for name, right in _candidates(one, values, known):
        far = np.abs(values - right)
        bounds = bounds_of(one, right.astype(np.float32))[0] + known.exact * np.abs(right)
        off = float(np.sqrt(np.square(far).mean()))
        if (far <= bounds).all():
            fitting.append((off, name, right))
            if values.size >= _TELLING:
                break
        elif nearest is None and off < _NEAR_VECTOR * size:
            nearest = _nearly(one, name, far, bounds=bounds)
    if not fitting:
        return nearest or False
    _, name, right = min(fitting, key=lambda fit: (not _speaks_of(one.name, fit[1]), fit[0]))
    keep(one, right.astype(np.float32))
    wrong = _misplaced(one, [name], known) if name in known.named else []
    return wrong[0] if wrong else True


def _nearly(one: Named, name: str, far: Array, *, bounds: Array) -> Finding:
    place = int(np.argmax(far - bounds))
    worst, bound = float(far[place]), float(np.broadcast_to(bounds, far.shape)[place])
    text = f"the weight {one.name} differs by {worst:.3g} at {explain.place_of(place, one.shape)} from what"
    text = f"{text} the source's weights make it{f' ({name})' if name else ''}"
    return Finding(f"{text}; half a step of {one.stored_as} allows {bound:.3g}", one.name, worst, bound)


def _candidates(one: Named, values: Array, known: _Sources) -> Iterator[tuple[str, Array]]:
    """Yield what a weight may be by the source, flat, with the weight's name; of kernels what begins alike."""
    if pieces.is_called_zeros(one.name):
        yield "", np.zeros(values.size)
    if values.size == 1:
        yield from (("", np.array([number])) for number in known.numbers)
    if len(_plain(one.shape)) <= 1:
        yield from known.vectors.get(values.size, {}).items()
        yield from ((f"{layer}/offset", right) for layer, right, _ in known.offsets(values.size))
        yield from ((f"{layer}/ratio", right) for layer, right in known.ratios(values.size))
    if len(one.shape) > 1:
        yield from _kernels(one, values, known)
    yield from (("", part.astype(np.float64)) for _, part in _pieces(one, known))


def _kernels(one: Named, values: Array, known: _Sources) -> Iterator[tuple[str, Array]]:
    for name in known.alike(one):
        theirs = known.named[name].read().astype(np.float64)
        for channels in dict.fromkeys((one.shape[-1], one.shape[-1] * one.shape[-2])):
            rows, ours = theirs.reshape(-1, channels), values.reshape(-1, channels)
            for _, ratio in known.ratios(channels):
                begin = rows[:_BEGINNING] * ratio
                far = np.square(begin - ours[:_BEGINNING]).mean()
                if far <= np.square(_NEAR_KERNEL) * np.square(begin).mean() + 1e-30:
                    yield name, (rows * ratio).reshape(-1)


def _kernel(one: Named, values: Array, known: _Sources) -> Finding | bool:
    """Return True for a source's kernel times a normalization's ratio, a finding for what nearly is one, else False."""
    nearest: Finding | None = None
    for name in known.alike(one):
        theirs = known.named[name].read().astype(np.float64)
        for channels in dict.fromkeys((one.shape[-1], one.shape[-1] * one.shape[-2])):
            told = _folded(one, (values, theirs), (name, channels), known=known)
            if told is True:
                return True
            nearest = nearest or (told if isinstance(told, Finding) else None)
    return nearest or False


def _folded(one: Named, pair: tuple[Array, Array], what: tuple[str, int], *, known: _Sources) -> Finding | bool:
    name, channels = what
    ours, theirs = (values.reshape(-1, channels).astype(np.float64) for values in pair)
    if len(ours) < _LEAST_ROWS:
        return any(_close(ours, theirs * ratio, np.abs(theirs * ratio)) for _, ratio in known.ratios(channels))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nan_to_num((ours * theirs).sum(axis=0) / np.square(theirs).sum(axis=0))
    far = np.abs(ours - theirs * ratio)
    if np.sqrt(np.square(far).mean()) > _NEAR_KERNEL * np.sqrt(np.square(ours).mean()):
        return False
    allowed = known.exact * np.abs(ours).max(axis=0)
    if (far <= allowed).all():
        return _right_ratio(one, name, ratio, known=known)
    place = int(np.argmax(far - allowed))
    worst, bound = float(far.reshape(-1)[place]), float(allowed[place % channels])
    at = explain.place_of(place, one.shape)
    text = f"the weight {one.name} differs from {name} of the source, times a factor per channel, by {worst:.3g}"
    return Finding(f"{text} at {at}; rounding allows {bound:.3g}", one.name, worst, bound)


def _right_ratio(one: Named, name: str, ratio: Array, *, known: _Sources) -> Finding | bool:
    """Return whether the factors of a kernel's channels are those of a normalization, or nearly so and wrong."""
    nearest = np.inf
    for _, right in known.ratios(ratio.size):
        off = float(np.abs(ratio - right).max() / max(np.abs(right).max(), 1e-30))
        if off <= known.exact:
            return True
        nearest = min(nearest, off)
    if nearest > _NEAR_RATIO:
        return False
    what = f"the weight {one.name} is {name} of the source times factors that are off by {nearest:.3g}"
    allowed = f"rounding allows {known.exact:.3g}"
    return Finding(f"{what} from those of the normalization behind it; {allowed}", one.name, nearest)


def _vector(one: Named, values: Array, known: _Sources) -> Finding | bool:
    """Return True for an offset or factor of a normalization, a finding for what nearly is one, else False."""
    ours = values.astype(np.float64)
    offsets = [(right, size) for _, right, size in known.offsets(ours.size)]
    expected = [*offsets, *((ratio, np.abs(ratio)) for _, ratio in known.ratios(ours.size))]
    if any(_close(ours, right, size) for right, size in expected):
        return True
    if ours.size < _LEAST_VECTOR:
        return False
    rights = [right for right, _ in expected] + list(known.vectors.get(ours.size, {}).values())
    for right in rights:
        spread = float(right.std())
        if spread and float(np.sqrt(np.square(ours - right).mean())) < _NEAR_VECTOR * spread:
            worst = float(np.abs(ours - right).max())
            text = f"the weight {one.name} differs by up to {worst:.3g} from what the source's weights make it"
            return Finding(text, one.name, worst)
    return False


def _close(ours: Array, right: Array, size: Array) -> bool:
    return bool((np.abs(ours - right) <= EXACT * size + 1e-30).all())


def _speaks_of(node: str, weight: str) -> bool:
    """Whether the name of a node has the layer of a weight in it: ``model/dense/MatMul`` and ``dense/kernel``."""
    layer = weight.rpartition("/")[0]
    return bool(layer) and f"/{layer}/" in f"/{_OF_LOOPS.sub('', node)}/"


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1) or (1,)


def _size(one: Named) -> int:
    return int(np.prod(one.shape))


def _digest(values: Array) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16).digest()
