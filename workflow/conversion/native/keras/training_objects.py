"""Initializers, regularizers and constraints in forms that TensorFlow.js can load; they matter for training alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.keras.file import Config

_INITIALIZERS: Mapping[str, tuple[str, ...]] = {
    "Zeros": (),
    "Ones": (),
    "Constant": ("value",),
    "RandomUniform": ("minval", "maxval", "seed"),
    "RandomNormal": ("mean", "stddev", "seed"),
    "TruncatedNormal": ("mean", "stddev", "seed"),
    "VarianceScaling": ("scale", "mode", "distribution", "seed"),
    **dict.fromkeys(("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal"), ("seed",)),
    **dict.fromkeys(("LeCunUniform", "LeCunNormal"), ("seed",)),
    "Orthogonal": ("gain", "seed"),
    "Identity": ("gain",),
}
_OTHER_NAMES = {
    "LecunNormal": "LeCunNormal",
    "LecunUniform": "LeCunUniform",
    "OrthogonalInitializer": "Orthogonal",
    "IdentityInitializer": "Identity",
    "lecun_normal": "LeCunNormal",
    "lecun_uniform": "LeCunUniform",
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "zero": "Zeros",
}
_STRINGS = frozenset(
    {
        *("constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "ones"),
        *("orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling", "zeros"),
        *_INITIALIZERS,
    }
)
_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
_ACTIVITY = "activity_regularizer"
_ZEROS: Config = {"class_name": "Zeros", "config": {}}


def loadable(config: Config) -> tuple[Config, list[str]]:
    """Return the options of a layer with its training objects made loadable, and a note for each one that is lost.

    What TensorFlow.js can load already is returned as the same object.
    """
    changed: Config = {}
    notes: list[str] = []
    for key, value in config.items():
        kind = key if key == _ACTIVITY else key.rpartition("_")[2]
        if kind not in _FORMS:
            continue
        form = _FORMS[kind](value)
        if form is None and value is not None:
            notes.append(f"{config.get('name')}: {key} {_named(value)} is for training, and was left out")
        elif form is not value:
            notes.append(f"{config.get('name')}: {key} is written as TensorFlow.js reads it")
        if form is not value:
            changed[key] = form
    return ({**config, **changed} if changed else config), notes


def quick(config: Config) -> Config:
    """Return the options of a layer without Orthogonal initializers; the same object if it has none.

    TensorFlow.js runs the initializers of models inside models although their weights are loaded, and this one is
    slow, and fails where it is imported without chained operations.
    """
    slow = [key for key, value in config.items() if _is_orthogonal(value) and key.endswith("_initializer")]
    plain = {"class_name": "GlorotUniform", "config": {"seed": None}}
    return {**config, **dict.fromkeys(slow, plain)} if slow else config


def _is_orthogonal(value: Any) -> bool:
    return value in ("orthogonal", "Orthogonal") or _parts(value)[0] in ("Orthogonal", "OrthogonalInitializer")


def _initializer(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value in _STRINGS):
        return value
    if isinstance(value, str):
        return {"class_name": _OTHER_NAMES[value], "config": {}} if value in _OTHER_NAMES else _ZEROS
    name, config = _parts(value)
    known = _OTHER_NAMES.get(name, name)
    if known not in _INITIALIZERS:
        return _ZEROS
    plain = {key: config[key] for key in _INITIALIZERS[known] if key in config and _is_plain(config[key])}
    odd = known == "VarianceScaling" and plain.get("distribution") not in _DISTRIBUTIONS
    if odd or (known == "Constant" and "value" not in plain):
        return _ZEROS
    return value if known == name and _is_simple(config) else {"class_name": known, "config": plain}


def _regularizer(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return {"class_name": "L1L2", "config": _weights(value.lower(), {})} if value.lower() in _RATES else None
    name, config = _parts(value)
    if name == "L1L2" and all(_is_number(config.get(key, 0)) for key in ("l1", "l2")):
        return value
    if name not in ("L1", "L2", "L1L2"):
        return None
    return {"class_name": "L1L2", "config": _weights(name.lower(), config)}


_RATES = ("l1", "l2", "l1_l2", "l1l2")


def _weights(kind: str, config: Mapping[str, Any]) -> dict[str, float]:
    default = {"l1": 0.01 if "l1" in kind else 0.0, "l2": 0.01 if "l2" in kind else 0.0}
    return {key: float(config[key]) if _is_number(config.get(key)) else default[key] for key in ("l1", "l2")}


def _constraint(_: Any) -> None:
    """Return nothing: TensorFlow.js applies a constraint to the weights as it loads them, and changes them so."""


def _activity(_: Any) -> None:
    """Return nothing: TensorFlow.js refuses to run a layer whose results are to be kept small."""


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "initializer": _initializer,
    "constraint": _constraint,
    _ACTIVITY: _activity,
    "regularizer": _regularizer,
}


def _parts(value: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(value, dict):
        return "", {}
    config = value.get("config")
    return str(value.get("class_name")), config if isinstance(config, dict) else {}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_simple(config: Mapping[str, Any]) -> bool:
    return all(_is_plain(value) for value in config.values())


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _named(value: Any) -> str:
    return (_parts(value)[0] or str(value))[:40]
