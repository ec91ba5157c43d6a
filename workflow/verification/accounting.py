"""Every weight of a result and every weight of its source accounted for: what each must be, or that it is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.verification.derivations import alternatives, derived
from workflow.verification.keras_roles import WITHOUT_MEANING, roles_of
from workflow.verification.layer_pairs import paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.verification.named_weights import Named
    from workflow.verification.weights_by_layer import ModelWeights, WeightedLayer


class Account(Record):
    """What there is to compare, and what is wrong before any value is read.

    ``pairs`` are what each weight must be, and that weight of the result; ``others`` are those of which it is not
    known what they must be, ``unused`` those of the source of which it is not known where they went; ``wrong`` are
    sentences, each with its weight.
    """

    pairs: tuple[tuple[Named, Named], ...]
    others: tuple[Named, ...] = ()
    unused: tuple[Named, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()


def account(source: ModelWeights, result: ModelWeights) -> Account:
    """Tell what each weight of a result must be, from the source's weights and what is declared of its layers."""
    if (source.in_script and result.in_script) or not result.layers:  # within TensorFlow.js weights keep their names
        return _by_name(source.by_name, result.by_name)
    return _Accounting(source, result).account()


def forms(source: ModelWeights, results: Mapping[str, Named]) -> dict[str, Named]:
    """Return the weights of layers by name, with what they may become before they are folded into a graph."""
    found = dict(source.by_name)
    shapes = {one.shape for one in results.values()}
    for layer in source.layers:
        for one in alternatives(layer, shapes):
            layer_name, _, last = one.name.rpartition("/")
            name = f"{layer_name}/made/{last}"
            found[name] = one.called(name)
    return found


def _by_name(theirs: Mapping[str, Named], ours: Mapping[str, Named]) -> Account:
    pairs = tuple((theirs[name], one) for name, one in ours.items() if name in theirs)
    lost = [one for name, one in theirs.items() if name not in ours]
    new = [one for name, one in ours.items() if name not in theirs]
    return Account(pairs, wrong=(*_lost(lost, new), *_new(new)))


class _Accounting:
    """Goes through the layers of the source, and notes the weights that are accounted for, by their identities."""

    def __init__(self, source: ModelWeights, result: ModelWeights) -> None:
        self._source = source
        self._result = result
        self._layers = paired(source.layers, result.layers)
        self._pairs: list[tuple[Named, Named]] = []
        self._done: set[int] = set()
        self._strange: set[int] = set()
        self._open: set[int] = set()
        self._needless: set[int] = set()
        self._wrong: list[tuple[str, str]] = []

    def account(self) -> Account:
        """Return what is found."""
        for layer, results in self._layers:
            self._layer(layer, results)
        self._by_full_name()
        unused = [one for one in self._source.every() if id(one) in self._open - self._done]
        lost = [one for one in self._source.every() if id(one) not in self._done | self._open | self._needless]
        rest = [one for one in self._result.every() if id(one) not in self._done]
        owned = {id(one) for layer in self._result.layers for one in layer.by_role.values()}
        others = [one for one in rest if id(one) in self._strange or (unused and id(one) not in owned)]
        new = [one for one in rest if one not in others]
        wrong = (*self._wrong, *_lost(lost, new), *_new(new), *self._missing())
        return Account(tuple(self._pairs), tuple(others), tuple(unused), wrong)

    def _missing(self) -> Iterator[tuple[str, str]]:
        """Yield the weights that a layer of the result makes, and that the result does not have under any name."""
        for layer, results in self._layers if self._result.in_script else ():
            for result in results:
                if result.class_name == layer.class_name and _identities(layer) <= self._done:
                    continue
                name = result.path[-1]
                for role in roles_of(result.class_name, result.config) or ():
                    if role not in result.by_role:
                        text = f"the layer {name} ({result.class_name}) has no weight {name}/{role} in the result"
                        yield text, name

    def _layer(self, layer: WeightedLayer, results: Sequence[WeightedLayer]) -> None:
        found = derived(layer, results)
        if found is None:
            self._open |= _identities(layer)
            for result in results:
                self._strange |= _identities(result)
            return
        needless = WITHOUT_MEANING.get(layer.class_name, frozenset())
        self._needless |= {id(one) for role, one in layer.by_role.items() if role in needless}
        for one in found:
            if one.problem:
                self._wrong.append((one.problem, layer.path[-1]))
            if one.result is not None and one.wanted is not None:
                self._pair(one.wanted, one.result)
            self._done |= {id(layer.by_role[role]) for role in one.takes if role in layer.by_role}

    def _pair(self, wanted: Named, result: Named) -> None:
        self._pairs.append((wanted.called(result.name), result))
        self._done.add(id(result))

    def _by_full_name(self) -> None:
        """Account for what has the same name and shape in both files: those are names that Keras gave."""
        for one in self._source.every():
            result = self._result.by_name.get(one.name)
            if result is None or {id(one), id(result)} & self._done or result.shape != one.shape:
                continue
            self._pair(one, result)
            self._done.add(id(one))


def _identities(layer: WeightedLayer) -> set[int]:
    return {id(one) for one in layer.by_role.values()}


def _lost(lost: Sequence[Named], new: Sequence[Named]) -> Iterator[tuple[str, str]]:
    for one in lost:
        same = [other.name for other in new if other.shape == one.shape]
        hint = f"; {same[0]}, which the source does not have, has its shape" if same else ""
        yield f"the weight {one.name} of the source is not in the result{hint}", one.name


def _new(new: Sequence[Named]) -> Iterator[tuple[str, str]]:
    for one in new:
        yield f"the result has a weight {one.name} that its source does not have", one.name
