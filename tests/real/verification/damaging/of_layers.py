"""Damages to the configuration of layers, the same in a layers model, an HDF5 file and a .keras archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.real.verification.damaging.of_weights import chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]
    Change = Callable[[Json, Any], bool]
    """Changes the configuration of a functional model; False where it has nothing to change in that way."""

_ACTIVATIONS = ("linear", "relu", "elu", "tanh", "sigmoid", "softmax", "softplus", "selu", "hard_sigmoid")


def _option(key: str, *values: Any) -> Change:
    """Return what gives an option of one layer another of these values."""

    def hurt(config: Json, rng: Any) -> bool:
        having = [layer["config"] for layer in config["layers"] if layer["config"].get(key) is not None]
        one = chosen(having, rng)
        others = [value for value in values if one is not None and value != one[key]]
        if one is None or not others:
            return False
        one[key] = chosen(others, rng)
        return True

    return hurt


def _number(key: str, change: Callable[[Any], Any]) -> Change:
    def hurt(config: Json, rng: Any) -> bool:
        one = chosen([layer["config"] for layer in config["layers"] if layer["config"].get(key) is not None], rng)
        if one is None:
            return False
        before, one[key] = one[key], change(one[key])
        return bool(before != one[key])

    return hurt


def _toggled(key: str) -> Change:
    return _number(key, lambda value: not value)


def calls(entry: Json) -> list[list[Any]]:
    """Return what a layer is called on: lists that begin with the name of a layer, to be changed in place."""
    found: list[list[Any]] = []

    def search(value: Any) -> None:
        if isinstance(value, dict):
            history = value.get("config", {}).get("keras_history") if isinstance(value.get("config"), dict) else None
            if history:
                found.append(history)
            else:
                for inner in value.values():
                    search(inner)
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and value[1:3] == [0, 0]:
                found.append(value)
            else:
                for inner in value:
                    search(inner)

    search(entry.get("inbound_nodes", []))
    return found


def ends(config: Json, side: str) -> list[Any]:
    found: list[Any] = config[side]
    return found


def _inner(config: Json) -> Iterator[Json]:
    inputs = {end[0] for end in ends(config, "input_layers")}
    yield from (entry for entry in config["layers"] if entry["config"]["name"] not in inputs)


def _rewired(config: Json, rng: Any) -> bool:
    """Let a layer read what another one made, an earlier one."""
    entry = chosen(list(_inner(config))[1:], rng)
    if entry is None:
        return False
    call = chosen(calls(entry), rng)
    names = [one["config"]["name"] for one in config["layers"]]
    earlier = [name for name in names[: names.index(entry["config"]["name"])] if name != call[0]]
    if not earlier:
        return False
    call[0] = chosen(earlier, rng)
    return True


def _without(config: Json, rng: Any) -> bool:
    """Take a layer out, and let those behind it read what it read."""
    outputs = {end[0] for end in ends(config, "output_layers")}
    middle = [one for one in _inner(config) if one["config"]["name"] not in outputs and len(calls(one)) == 1]
    entry = chosen(middle, rng)
    if entry is None:
        return False
    name, before = entry["config"]["name"], calls(entry)[0][0]
    config["layers"].remove(entry)
    for other in config["layers"]:
        for call in calls(other):
            if call[0] == name:
                call[0] = before
    return True


def _turned_inputs(config: Json, rng: Any) -> bool:
    """Exchange the two inputs of one layer."""
    entry = chosen([one for one in _inner(config) if len(calls(one)) == 2], rng)
    if entry is None:
        return False
    first, second = calls(entry)
    first[0], second[0] = second[0], first[0]
    return True


def _class(before: str, after: str) -> Change:
    def hurt(config: Json, rng: Any) -> bool:
        entry = chosen([one for one in config["layers"] if one["class_name"] == before], rng)
        if entry is None:
            return False
        entry["class_name"] = after
        return True

    return hurt


def _outputs_turned(config: Json, _: Any) -> bool:
    listed = ends(config, "output_layers")
    config["output_layers"] = list(reversed(listed))
    return len(listed) > 1 and isinstance(listed[0], list)


def _output_dropped(config: Json, rng: Any) -> bool:
    listed = ends(config, "output_layers")
    if len(listed) < 2 or not isinstance(listed[0], list):
        return False
    listed.pop(int(rng.integers(len(listed))))
    return True


def _output_elsewhere(config: Json, rng: Any) -> bool:
    listed = ends(config, "output_layers")
    if not isinstance(listed[0], list):
        return False
    entry = chosen([one for one in _inner(config) if one["config"]["name"] not in {end[0] for end in listed}], rng)
    chosen(listed, rng)[0] = entry["config"]["name"]
    return True


def _output_twice(config: Json, _: Any) -> bool:
    listed = ends(config, "output_layers")
    if len(listed) < 2 or not isinstance(listed[0], list):
        return False
    listed[1] = list(listed[0])
    return True


def _inputs_turned(config: Json, _: Any) -> bool:
    listed = ends(config, "input_layers")
    config["input_layers"] = list(reversed(listed))
    return len(listed) > 1 and isinstance(listed[0], list)


def _input_shape(change: Callable[[list[Any], Any], list[Any]]) -> Change:
    def hurt(config: Json, rng: Any) -> bool:
        entry = chosen([one for one in config["layers"] if one["class_name"] == "InputLayer"], rng)
        key = "batch_input_shape" if "batch_input_shape" in entry["config"] else "batch_shape"
        before = list(entry["config"][key])
        entry["config"][key] = change(before, rng)
        return True

    return hurt


def _other_input_dtype(config: Json, rng: Any) -> bool:
    entry = chosen([one for one in config["layers"] if one["class_name"] == "InputLayer"], rng)
    entry["config"]["dtype"] = "float32" if entry["config"].get("dtype") == "int32" else "int32"
    return True


def _renamed(side: str) -> Change:
    def hurt(config: Json, rng: Any) -> bool:
        if not isinstance(ends(config, side)[0], list):
            return False
        end = chosen(ends(config, side), rng)
        before, after = end[0], "another"
        for entry in config["layers"]:
            if entry["config"]["name"] == before:
                entry["config"]["name"] = after
                if "name" in entry:
                    entry["name"] = after
            for call in calls(entry):
                call[0] = after if call[0] == before else call[0]
        end[0] = after
        return True

    return hurt


DAMAGES: dict[str, Change] = {
    "an epsilon is 10% larger": _number("epsilon", lambda value: value * 1.1),
    "an epsilon is ten times as large": _number("epsilon", lambda value: value * 10),
    "an activation is another": _option("activation", *_ACTIVATIONS),
    "a recurrent activation is another": _option("recurrent_activation", "sigmoid", "hard_sigmoid", "tanh"),
    "a padding is another": _option("padding", "same", "valid", "causal"),
    "strides are others": _option("strides", [1, 1], [2, 2], [3, 3]),
    "a pool is larger": _option("pool_size", [3, 3]),
    "a dilation is another": _option("dilation_rate", [2, 2], [2]),
    "an axis is another": _option("axis", [1], 1, [2], 2),
    "units are one more": _number("units", lambda value: value + 1),
    "filters are one less": _number("filters", lambda value: value - 1),
    "a kernel is smaller": _option("kernel_size", [2, 2], [1]),
    "a bias is not used, or is": _toggled("use_bias"),
    "a normalization has no centre": _toggled("center"),
    "a normalization has no scale": _toggled("scale"),
    "a slope is another": _number("alpha", lambda value: value * 1.01 if isinstance(value, float) else 0.1),
    "steps are read backwards": _toggled("go_backwards"),
    "only the last step is given, or all": _toggled("return_sequences"),
    "a permutation is another": _option("dims", [1, 2]),
    "a shape to be is another": _option("target_shape", [2, 5], [10, 1]),
    "a vocabulary is smaller": _number("input_dim", lambda value: value - 1),
    "words are masked": _toggled("mask_zero"),
    "a layer reads another one": _rewired,
    "a layer is left out": _without,
    "two inputs of a layer are exchanged": _turned_inputs,
    "a pool averages": _class("MaxPooling2D", "AveragePooling2D"),
    "a sum is a product": _class("Add", "Multiply"),
    "a mean is a maximum": _class("GlobalAveragePooling1D", "GlobalMaxPooling1D"),
    "outputs stand in another order": _outputs_turned,
    "an output is dropped": _output_dropped,
    "an output is that of another layer": _output_elsewhere,
    "an output is given twice": _output_twice,
    "inputs stand in another order": _inputs_turned,
    "an input's size is open": _input_shape(lambda shape, rng: _with(shape, rng, None)),
    "an input's size is another": _input_shape(lambda shape, rng: _with(shape, rng, 4)),
    "an input's batch is fixed": _input_shape(lambda shape, _: [1, *shape[1:]]),
    "an input is of another dtype": _other_input_dtype,
    "an output's layer has another name": _renamed("output_layers"),
    "an input has another name": _renamed("input_layers"),
}


def _with(shape: list[Any], rng: Any, size: int | None) -> list[Any]:
    place = int(rng.integers(1, len(shape)))
    return [size if place == number else one for number, one in enumerate(shape)]


def _model_name(config: Json, _: Any) -> bool:
    config["name"] = "called_otherwise"
    return True


HARMLESS: dict[str, Change] = {
    "another momentum": _number("momentum", lambda _: 0.5),
    "not trainable": _toggled("trainable"),
    "another initializer": _number("kernel_initializer", lambda _: {"class_name": "Zeros", "config": {}}),
    "another name of the model": _model_name,
}
