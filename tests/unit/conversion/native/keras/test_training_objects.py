"""Initializers and regularizers: kept where TensorFlow.js can load them, put in its words, or left out and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conversion.native.keras.files import (
    archive,
    called,
    converted,
    dense,
    given,
    graph,
    layer,
    numbers,
    row,
    whole_file,
)
from workflow.conversion.native.keras.fitting import loadable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Config

ZEROS: Config = {"class_name": "Zeros", "config": {}}


def made(class_name: str, **options: Any) -> Config:
    return {"class_name": class_name, "config": options}


KEPT: list[Any] = [
    *("constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "ones", "orthogonal"),
    *("random_normal", "random_uniform", "truncated_normal", "variance_scaling", "zeros"),
    made("Zeros"),
    made("Ones"),
    made("Constant", value=0.5),
    made("RandomUniform", minval=-1, maxval=1, seed=3),
    made("RandomNormal", mean=0.0, stddev=0.05, seed=None),
    made("TruncatedNormal", mean=0.0, stddev=0.05, seed=None),
    made("VarianceScaling", scale=1.0, mode="fan_in", distribution="uniform", seed=None),
    *[made(name, seed=None) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal")],
    *[made(name, seed=1) for name in ("LeCunUniform", "LeCunNormal")],
    made("Orthogonal", gain=1.0, seed=None),
    made("Identity", gain=2.0),
    None,
]

RENAMED: list[tuple[Any, Config]] = [
    (made("LecunNormal", seed=2), made("LeCunNormal", seed=2)),
    (made("LecunUniform", seed=2), made("LeCunUniform", seed=2)),
    (made("OrthogonalInitializer", gain=1.0, seed=None), made("Orthogonal", gain=1.0, seed=None)),
    (made("IdentityInitializer", gain=1.0), made("Identity", gain=1.0)),
    ("lecun_normal", made("LeCunNormal")),
    ("lecun_uniform", made("LeCunUniform")),
    ("uniform", made("RandomUniform")),
    ("normal", made("RandomNormal")),
    ("one", made("Ones")),
    ("zero", made("Zeros")),
    (made("GlorotUniform", seed={"class_name": "SeedGenerator"}), made("GlorotUniform")),
]

LOST: list[Any] = [
    "my_own",
    made("Mine>Own", gain=1),
    made("VarianceScaling", scale=1.0, mode="fan_in", distribution="untruncated_normal", seed=None),
    made("Constant", value=[1.0, 2.0]),
    made("Constant"),
    7,
]


def one(key: str, value: Any) -> tuple[Any, list[str]]:
    """Return what becomes of one option of a layer called x, and what is said about it."""
    config, notes = loadable({"name": "x", key: value})
    return config[key], notes


@pytest.mark.parametrize("value", KEPT, ids=str)
def test_an_initializer_that_tensorflow_js_has_is_kept_as_the_same_object(value: Any) -> None:
    found, notes = one("kernel_initializer", value)
    assert found is value
    assert notes == []


@pytest.mark.parametrize(("value", "wanted"), RENAMED, ids=str)
def test_an_initializer_is_written_as_tensorflow_js_reads_it(value: Any, wanted: Config) -> None:
    assert one("bias_initializer", value) == (wanted, ["x: bias_initializer is written as TensorFlow.js reads it"])


@pytest.mark.parametrize("value", LOST, ids=str)
def test_an_initializer_that_it_has_not_becomes_zeros_as_it_is_for_training_alone(value: Any) -> None:
    assert one("gamma_initializer", value) == (ZEROS, ["x: gamma_initializer is written as TensorFlow.js reads it"])


REGULARIZERS: list[tuple[Any, Any]] = [
    (None, None),
    ("l1", made("L1L2", l1=0.01, l2=0.0)),
    ("L2", made("L1L2", l1=0.0, l2=0.01)),
    ("l1_l2", made("L1L2", l1=0.01, l2=0.01)),
    (made("L1", l1=0.5), made("L1L2", l1=0.5, l2=0.0)),
    (made("L2", l2=0.25), made("L1L2", l1=0.0, l2=0.25)),
    (made("L1L2", l1=0.5, l2=0.25), made("L1L2", l1=0.5, l2=0.25)),
    (made("L1L2", l1=1), made("L1L2", l1=1)),
    (made("L1L2", l1="a", l2=0.25), made("L1L2", l1=0.01, l2=0.25)),
]


@pytest.mark.parametrize(("value", "wanted"), REGULARIZERS, ids=str)
def test_a_regularizer_becomes_the_one_that_tensorflow_js_has(value: Any, wanted: Any) -> None:
    assert one("kernel_regularizer", value)[0] == wanted


@pytest.mark.parametrize("value", ["mine", made("OrthogonalRegularizer", factor=1.0)], ids=str)
def test_a_regularizer_that_it_has_not_is_left_out_and_told(value: Any) -> None:
    name = value if isinstance(value, str) else value["class_name"]
    assert one("kernel_regularizer", value) == (
        None,
        [f"x: kernel_regularizer {name} is for training, and was left out"],
    )


@pytest.mark.parametrize("key", ["kernel_constraint", "bias_constraint", "activity_regularizer"])
def test_what_would_change_weights_or_stop_a_layer_is_left_out_and_told(key: str) -> None:
    assert one(key, made("MaxNorm", axis=0)) == (None, [f"x: {key} MaxNorm is for training, and was left out"])
    assert one(key, None) == (None, [])


def test_objects_of_a_layer_inside_a_wrapper_are_made_loadable_too(tmp_path: Path) -> None:
    held = dense("inner", 2, kernel_constraint=made("NonNeg"))
    model = row(given([None, 4, 3]), layer("TimeDistributed", "x", layer=held))
    weights = {"x": {"x/kernel": numbers(3, 2), "x/bias": numbers(2)}}
    config, _, notes = converted(whole_file(tmp_path / "m.h5", model, weights))
    assert config["config"]["layers"][1]["config"]["layer"]["config"]["kernel_constraint"] is None
    assert notes[0] == "inner: kernel_constraint NonNeg is for training, and was left out"


SLOW = [("orthogonal", True), (made("Orthogonal", gain=1.0), True), ("glorot_uniform", False)]


@pytest.mark.parametrize(("initializer", "changed"), SLOW, ids=str)
@pytest.mark.parametrize("wrapped", [False, True], ids=["in a layer", "in a wrapper"])
def test_the_slow_initializer_is_exchanged_in_models_inside_models_alone(
    tmp_path: Path, initializer: Any, *, changed: bool, wrapped: bool
) -> None:
    entry = dense("d", 3, kernel_initializer=initializer)
    shape = [None, 3]
    if wrapped:
        entry, shape = layer("TimeDistributed", "d", layer={**entry}), [None, 4, 3]
    held = {**row(given(shape), entry, name="held"), "name": "held", "inbound_nodes": [[["given", 0, 0, {}]]]}
    outer = {**entry, "config": {**entry["config"], "name": "out"}}
    last = called(outer, ["held"])
    last["inbound_nodes"] = [[["held", 1, 0, {}]]]
    model = graph(called(given(shape), *[]), held, last, inputs=["given"], outputs=["out"])
    arrays = {"kernel": numbers(3, 3), "bias": numbers(3)}
    weights = {
        name: {f"{each}/{role}": array for role, array in arrays.items()}
        for name, each in (("held", "d"), ("out", "out"))
    }
    config, _, _ = converted(whole_file(tmp_path / "m.h5", model, weights))
    inside, outside = config["config"]["layers"][1]["config"]["layers"][1], config["config"]["layers"][2]
    found = [each["config"]["layer"] if wrapped else each for each in (inside, outside)]
    plain = made("GlorotUniform", seed=None)
    assert found[0]["config"]["kernel_initializer"] == (plain if changed else initializer)
    assert found[1]["config"]["kernel_initializer"] == initializer


def test_no_key_of_keras_3_is_left_in_a_model(tmp_path: Path) -> None:
    initializer = {
        "module": "keras.initializers",
        "class_name": "GlorotUniform",
        "registered_name": None,
        "config": {"seed": None, "input_axes": None, "output_axes": None},
    }
    config = {
        "name": "d",
        "trainable": True,
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
        },
        "units": 2,
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": initializer,
        "quantization_config": None,
    }
    entry = {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}
    begin = {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False, "name": "i"}
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": begin, "registered_name": None}
    model = {"name": "m", "trainable": True, "dtype": config["dtype"], "layers": [first, {**entry, "build_config": {}}]}
    later = {"build_config": {"input_shape": [None, 3]}, "compile_config": {}, "shared_object_id": 3, "module": "keras"}
    whole = {"class_name": "Sequential", "config": {**model, **later}, **later}
    weights = {"layers/dense/vars/0": numbers(3, 2), "layers/dense/vars/1": numbers(2)}
    result, _, _ = converted(archive(tmp_path / "m.keras", whole, weights))
    plain = made("GlorotUniform", seed=None)
    kept = {"name": "d", "trainable": True, "dtype": "float32", "units": 2, "activation": "linear", "use_bias": True}
    read = {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False, "name": "i"}
    layers = [made("InputLayer", **read), made("Dense", **kept, kernel_initializer=plain)]
    assert result["class_name"] == "Sequential"
    assert result["config"] == {"name": "m", "trainable": True, "layers": layers}
