"""The walk through configurations: names, depths and sizes at their bounds, and the words for what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.keras.tree import (
    as_json,
    entries,
    inner,
    inner_model,
    is_container,
    is_in_halves,
    layer_name,
    leaves,
    parsed,
    valid_name,
    version_warnings,
    with_classes_named,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HINT = "The model's configuration is damaged: save the model again."
DISTRUST = "Keras writes no such file: do not trust it."
DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 2}}


def model(*layers: Any, name: str = "m") -> dict[str, Any]:
    return {"class_name": "Functional", "config": {"name": name, "layers": list(layers)}}


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ModelFileError) as caught:
        act()
    return caught.value.message, caught.value.hint


def nested(depth: int) -> dict[str, Any]:
    """Return a model with so many models inside each other."""
    found = model(DENSE)
    for _ in range(depth):
        found = model(found)
    return found


def test_models_inside_each_other_are_walked_to_the_twentieth() -> None:
    ((path, entry),) = leaves(nested(20))
    assert (path, entry) == (("m",) * 20 + ("d",), DENSE)
    assert refusal(lambda: list(leaves(nested(21)))) == ("there are more than 20 models inside each other", HINT)


def test_leaves_are_told_by_the_models_around_them_also_in_each_step() -> None:
    steps = {"class_name": "TimeDistributed", "config": {"name": "steps", "layer": model(DENSE, name="held")}}
    one = {"class_name": "TimeDistributed", "config": {"name": "one", "layer": DENSE}}
    found = dict(
        leaves(model(DENSE, model({"class_name": "Flatten", "name": "f", "config": {}}, name="in"), steps, one))
    )
    assert list(found) == [("d",), ("in", "f"), ("steps", "d"), ("one",)]
    assert inner(one) is DENSE
    assert inner_model(one) is None
    assert inner({"class_name": "Bidirectional", "config": {"layer": {"config": 3}}}) is None
    assert inner({"class_name": "Dense", "config": []}) is None
    assert inner_model({"class_name": "Bidirectional", "config": {"layer": model()}}) is None


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (model(), True),
        ({"class_name": "Sequential", "config": []}, True),
        ({"class_name": "Model", "config": {}}, True),
        ({"class_name": "Model", "config": None}, False),
        ({"class_name": ["Model"], "config": {}}, False),
        (DENSE, False),
        ([], False),
    ],
)
def test_a_model_is_told_by_its_class_and_configuration(value: Any, *, is_one: bool) -> None:
    assert is_container(value) is is_one


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"config": {"layers": 3}}, "a model has a number in place of its layers"),
        ({"config": None}, "a model has null in place of its layers"),
        (model(3), "a layer of the model has no class_name"),
        (model({"class_name": 3}), "a layer of the model has no class_name"),
        (model({"class_name": "Dense", "config": []}), "a layer ('Dense') of the model has no config"),
    ],
)
def test_what_are_no_layers_is_refused(container: Any, message: str) -> None:
    assert refusal(lambda: entries(container)) == (message, HINT)


def test_a_layer_is_called_by_its_entry_or_its_configuration() -> None:
    assert layer_name({"name": "a", "config": {"name": "b"}}) == "a"
    assert layer_name({"name": "", "config": {"name": "b"}}) == "b"
    for entry in ({"class_name": "Dense", "config": {}}, {"class_name": "Dense", "name": 3}):
        assert refusal(lambda each=entry: layer_name(each)) == ("a layer of class 'Dense' has no name", HINT)  # type: ignore[misc]
    assert refusal(lambda: layer_name({"config": []})) == ("a layer of class 'None' has no name", HINT)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("dense", "dense"),
        ("0a/b-c.d_e", "0a/b-c.d_e"),
        ("a b:c", "a_b_c"),
        ("_private", "layer_private"),
        ("-x y", "layer-x_y"),
        ("é", "layer_"),
        ("", "layer"),
    ],
)
def test_names_are_made_such_as_tensorflow_js_takes(name: str, valid: str) -> None:
    assert valid_name(name) == valid


def test_classes_are_renamed_everywhere_and_the_rest_stays_the_same_object() -> None:
    other = {"class_name": "Other", "config": {"x": [1, "Old"]}}
    value = [{"class_name": "Old", "config": {"inner": {"class_name": "Old"}, "keys": ["Old"]}}, other]
    found = with_classes_named(value, {"Old": "New"})
    assert found == [{"class_name": "New", "config": {"inner": {"class_name": "New"}, "keys": ["Old"]}}, other]
    assert found[1] is other
    assert with_classes_named(value, {"Gone": "New"}) is value
    assert with_classes_named("Old", {"Old": "New"}) == "Old"
    assert with_classes_named({"class_name": 3}, {"Old": "New"}) == {"class_name": 3}


def test_a_text_that_is_no_json_is_refused_by_where_it_stands() -> None:
    assert parsed('{"a": [1]}', "here") == {"a": [1]}
    message, hint = refusal(lambda: parsed("{", "here"))
    assert message.startswith("here is not JSON (Expecting property name")
    assert hint == "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
    deep = ("here is nested too deeply for a model", DISTRUST)
    assert refusal(lambda: parsed("[" * 100_000, "here")) == deep
    assert refusal(lambda: parsed("[" * 900 + "]" * 900, "here")) == deep


def test_a_text_is_read_up_to_64_megabytes() -> None:
    full = '"' + "x" * ((64 << 20) - 2) + '"'
    assert len(parsed(full, "here")) == (64 << 20) - 2
    assert refusal(lambda: parsed(full + " ", "here")) == ("here is too large for a model", DISTRUST)


def test_what_json_does_not_have_is_not_written() -> None:
    value = {"a": [1, None, "é"]}
    assert as_json(value) == json.dumps(value)
    message, hint = refusal(lambda: as_json([float("inf")]))
    assert message.startswith("the topology holds what JSON does not have: Out of range float values")
    assert hint == "It is damaged."
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert refusal(lambda: as_json(deep))[0].startswith("the topology holds what JSON does not have: ")


KERAS_1 = (
    "Load it with Keras 2.0 to 2.2 (`keras.models.load_model`), save it again with `model.save`, and convert that."
)


@pytest.mark.parametrize("version", ["2.0.0", "2.15.0", "2"])
def test_of_keras_2_nothing_is_to_be_known(version: str) -> None:
    assert version_warnings(version, Path("m.h5")) == ()


@pytest.mark.parametrize("version", ["3.0.5", "10.1", "x", ""])
def test_of_later_versions_there_is(version: str) -> None:
    assert version_warnings(version, Path("m.h5")) == (
        (
            f"Keras {version} wrote this file: with `engine: reference`, its layers model does not load in "
            "TensorFlow.js, and there is no graph model"
        ),
    )


@pytest.mark.parametrize("version", ["0.3.1", "1.2.2"])
def test_what_keras_1_wrote_is_refused(version: str) -> None:
    assert refusal(lambda: version_warnings(version, Path("m.h5"))) == (
        (
            f"m.h5 was saved by Keras {version}: layers and kernels were stored in another way then, "
            "and a conversion would give wrong numbers"
        ),
        KERAS_1,
    )
    assert refusal(lambda: version_warnings(None, Path("m.h5"))) == (
        "m.h5 does not say which Keras wrote it (no keras_version), as with Keras before 1.2",
        KERAS_1,
    )


@pytest.mark.parametrize(
    "written",
    [
        [{"config": {"dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}}}],
        {"layers": [{"dtype": "bfloat16"}]},
    ],
)
def test_a_configuration_says_whether_a_layer_computes_in_half_floats(written: object) -> None:
    assert is_in_halves(written)
    assert not is_in_halves({"layers": [{"dtype": "float32", "name": "my_float16_layer"}, None]})
