"""The rules of masks one by one: which layer makes, keeps, heeds or loses one, on either side, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workflow.conversion.native.keras import fitting, masks
from workflow.conversion.native.keras.expressions import Expression, LayerCall, OutLayer
from workflow.conversion.native.keras.masks import EVERYTHING, NONE, UNSURE, Masks
from workflow.models.keras.tree import OPERATION, InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Callable

PASSED = masks.passing("3.5.0")
STEPS = (None, 4, 3)
M = Masks("m", "m")
SEQUENCES: dict[str, Any] = {"return_sequences": True}
HELD = {"layer": {"class_name": "LSTM", "config": SEQUENCES}}
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "Bidirectional")
BOTH = (
    *("Activation", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("LayerNormalization", "PReLU", "ReLU", "SpatialDropout1D"),
)
KERAS_ALONE = (
    *("ELU", "LeakyReLU", "ThresholdedReLU", "Identity", "ActivityRegularization", "SpatialDropout2D"),
    *("SpatialDropout3D", "GroupNormalization", "Rescaling", "Normalization"),
)
MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", OPERATION)


def layer(class_name: str, inputs: tuple[Any, ...] = (STEPS,), **config: Any) -> LayerCall:
    return LayerCall(class_name, {"name": "x", **config}, inputs)


def refusal(act: Callable[[], object], class_name: str) -> str:
    with pytest.raises(InexpressibleError) as caught:
        act()
    text = str(caught.value)
    assert text.startswith(f"layer 'x' ({class_name}): ")
    return text.partition(": ")[2]


@pytest.mark.parametrize(
    ("entry", "made"),
    [
        (layer("Embedding", mask_zero=True), "here other than 0.0"),
        (layer("Embedding", mask_zero=1), None),
        (layer("Embedding"), None),
        (layer("Masking"), "any here other than 0.0"),
        (layer("Masking", mask_value=-1), "any here other than -1.0"),
        (layer("Dense", mask_zero=True), None),
    ],
)
def test_two_layers_make_masks(entry: LayerCall, made: str | None) -> None:
    assert masks.made_by(entry, "here") == made


def operation(function: str, operands: Any, options: Any) -> LayerCall:
    return layer(OPERATION, function=function, operands=operands, options=options)


@pytest.mark.parametrize(
    ("entry", "steps", "mask"),
    [
        (operation("notequal", [0, 3], {}), None, "here other than 3.0"),
        (operation("notequal", [0, 0.5], {}), None, "here other than 0.5"),
        (operation("notequal", [0, True], {}), None, None),
        (operation("notequal", [0, 3], {}), "m", None),
        (operation("notequal", [0], {}), None, None),
        (operation("equal", [0, 3], {}), None, None),
        (operation("any", [0], {"axis": -1}), "m", "any m"),
        (operation("any", [0], {"axis": -1, "keepdims": False}), "m", "any m"),
        (operation("any", [0], {"axis": -1, "keepdims": True}), "m", None),
        (operation("any", [0], {"axis": 1}), "m", None),
        (operation("any", [0], {"axis": -1}), None, None),
        (operation("any", 3, {"axis": -1}), "m", None),
        (operation("any", [0], 3), "m", None),
        (layer("Dense", function="any", operands=[0], options={"axis": -1}), "m", None),
    ],
)
def test_operations_compute_masks_as_keras_3_writes_them(entry: LayerCall, steps: str | None, mask: str | None) -> None:
    assert masks.computed_by(entry, "here", steps=steps) == mask


@pytest.mark.parametrize("class_name", RECURRENT)
def test_what_is_recurrent_heeds_a_mask_and_keeps_it_with_its_steps(class_name: str) -> None:
    assert masks.heeds(class_name)
    for config, kept in (({}, None), (SEQUENCES, "m"), (HELD, "m"), ({"layer": 3}, None), ({"layer": {}}, None)):
        assert masks.after(class_name, config, given=(M,)) == kept
        assert masks.after_in_keras(layer(class_name, **config), (M,), passed=PASSED) == kept
    assert masks.after(class_name, SEQUENCES, given=()) is None
    text = refusal(lambda: masks.after_in_keras(layer(class_name), (M, NONE), passed=PASSED), class_name)
    assert text == "TensorFlow.js confuses a mask and a state given together"


@pytest.mark.parametrize(
    ("class_names", "script", "keras"),
    [
        (BOTH, "m", "m"),
        (KERAS_ALONE, None, "m"),
        (("TimeDistributed",), None, UNSURE),
        (("Flatten", "RepeatVector", "GlobalMaxPooling1D", "Reshape"), None, None),
    ],
)
def test_other_layers_keep_a_mask_on_both_sides_on_one_or_on_none(
    class_names: tuple[str, ...], script: str | None, keras: str | None
) -> None:
    for name in class_names:
        assert not masks.heeds(name)
        assert masks.after(name, {}, given=(M,)) == script
        assert masks.after_in_keras(layer(name), (M,), passed=PASSED) == keras
        assert masks.after_in_keras(layer(name), (NONE,), passed=PASSED) is None


@pytest.mark.parametrize("version", ["", "1.2.2", "2.13.1", "2.15.0"])
@pytest.mark.parametrize("class_name", ["Rescaling", "Normalization", "Identity"])
def test_keras_2_has_no_mask_behind_some_layers_that_pass_it_on_in_keras_3(class_name: str, version: str) -> None:
    assert masks.after_in_keras(layer(class_name), (M,), passed=masks.passing(version)) is None
    assert masks.after_in_keras(layer(class_name), (M,), passed=masks.passing("3.0.5")) == "m"
    assert masks.passing("3.0.5") - masks.passing(version) == {"Rescaling", "Normalization", "Identity"}


@pytest.mark.parametrize("class_name", [*MERGING, "Softmax", "GlobalAveragePooling1D", "Attention"])
def test_what_keras_does_with_a_mask_and_tensorflow_js_does_not_is_declined(class_name: str) -> None:
    for given in ((M,), (NONE, Masks(keras="m"))):
        text = refusal(lambda each=given: masks.after_in_keras(layer(class_name), each, passed=PASSED), class_name)  # type: ignore[misc]
        assert text == "TensorFlow.js does not heed the mask of its input as Keras does"
    assert masks.after_in_keras(layer(class_name), (Masks(script="m"),), passed=PASSED) is None


@pytest.mark.parametrize(("keras", "script"), [("m", "m"), (None, None), (None, EVERYTHING)])
def test_the_same_mask_on_both_sides_is_heeded(keras: str | None, script: str | None) -> None:
    masks.require_same(layer("LSTM"), (Masks(keras, script),))


@pytest.mark.parametrize(("keras", "script"), [("m", None), (None, "m"), ("m", "n"), ("m", EVERYTHING)])
def test_another_mask_on_one_side_is_declined(keras: str | None, script: str | None) -> None:
    text = refusal(lambda: masks.require_same(layer("LSTM"), (M, Masks(keras, script))), "LSTM")
    assert text == "the mask of its input does not reach it in TensorFlow.js as it does in Keras"


ZEROING: dict[str, Any] = {"zero_output_for_mask": True}
ZEROS = "it gives zeros at the steps that its mask leaves out, and TensorFlow.js does not"


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("LSTM", ZEROING),
        ("Bidirectional", {"layer": {"config": ZEROING}}),
        ("Bidirectional", HELD),
        ("Bidirectional", {"layer": {}, **SEQUENCES}),
    ],
)
def test_zeros_at_steps_left_out_are_declined_where_a_mask_is(class_name: str, config: Any) -> None:
    entry = layer(class_name, **config)
    assert refusal(lambda: masks.without_zeroing(entry, (NONE, M)), class_name) == ZEROS
    assert masks.without_zeroing(entry, (Masks(script="m"),)).class_name == class_name


def test_the_wish_for_zeros_is_taken_away_where_no_mask_is() -> None:
    inside = {"class_name": "LSTM", "config": {"units": 2, **ZEROING}}
    entry = layer("Bidirectional", layer=inside, backward_layer=inside, merge_mode="sum", **ZEROING)
    plain = {"class_name": "LSTM", "config": {"units": 2}}
    assert masks.without_zeroing(entry, (NONE,)).config == {
        "name": "x",
        "layer": plain,
        "backward_layer": plain,
        "merge_mode": "sum",
    }
    for other in (layer("LSTM", units=2), layer("Dense", **ZEROING), layer("LSTM", zero_output_for_mask=False)):
        assert masks.without_zeroing(other, (M,)) is other


def expression(class_name: str, *layers: OutLayer, inputs: tuple[Any, ...] = (STEPS,), **config: Any) -> Expression:
    made = Expression(layer(class_name, inputs, **config))
    made.layers = list(layers)
    return made


def test_a_recurrent_layer_without_a_mask_gets_one_that_leaves_nothing_out() -> None:
    lstm = OutLayer("LSTM", {"name": "x", "units": 2}, (-1,), None)
    after = OutLayer("Rescaling", {"name": "x_after"}, (0,))
    made = expression("LSTM", lstm, after)
    fitting.with_masks(made, (NONE,))
    far = {"name": "x_all_steps", "trainable": True, "dtype": "float32", "mask_value": -3e38}
    assert made.layers == [
        OutLayer("Masking", far, (-1,)),
        OutLayer("LSTM", {"name": "x", "units": 2}, (0,), None),
        OutLayer("Rescaling", {"name": "x_after"}, (1,)),
    ]
    assert made.notes == ["x: a Masking that leaves nothing out keeps masks of other layers from it"]
    assert fitting.after(made, (NONE,), made_here=None, passed=PASSED) == NONE
    sequence = OutLayer("LSTM", {"name": "x", **SEQUENCES}, (0,), None)
    kept = expression("LSTM", made.layers[0], sequence, **SEQUENCES)
    assert fitting.after(kept, (NONE,), made_here=None, passed=PASSED) == Masks(None, EVERYTHING)
    assert fitting.after(kept, (M,), made_here="own", passed=PASSED) == Masks("own", "own")


def test_with_a_mask_of_its_own_it_stays() -> None:
    lstm = OutLayer("LSTM", {"name": "x"}, (-1,), None)
    made = expression("LSTM", lstm)
    fitting.with_masks(made, (M,))
    assert (made.layers, made.notes) == ([lstm], [])


@pytest.mark.parametrize("inputs", [(None,), ((None, 4, 5, 3),), (STEPS, STEPS)])
def test_where_no_masking_can_stand_the_model_is_declined(inputs: Any) -> None:
    made = expression("LSTM", OutLayer("LSTM", {"name": "x"}, (-1,), None), inputs=inputs)
    text = refusal(lambda: fitting.with_masks(made, tuple(NONE for _ in inputs)), "LSTM")
    assert text == "TensorFlow.js would hand it the mask of another layer"


@pytest.mark.parametrize("axis", [-1, [-1]])
def test_softmax_over_the_last_axis_is_written_as_an_activation(axis: Any) -> None:
    made = expression("Softmax", OutLayer("Softmax", {"name": "x", "axis": axis}, (-1,)))
    fitting.with_masks(made, (NONE,))
    config = {"name": "x", "trainable": True, "dtype": "float32", "activation": "softmax"}
    assert made.layers == [OutLayer("Activation", config, (-1,))]


def test_what_would_be_handed_the_mask_of_another_layer_is_declined() -> None:
    softmax = expression("Softmax", OutLayer("Softmax", {"name": "x", "axis": 1}, (-1,)))
    assert refusal(lambda: fitting.with_masks(softmax, (NONE,)), "Softmax") == (
        "TensorFlow.js would hand it the mask of another layer"
    )
    steps = OutLayer("TimeDistributed", {"name": "x", "layer": {"class_name": "LSTM"}}, (-1,))
    assert refusal(lambda: fitting.with_masks(expression("TimeDistributed", steps), (NONE,)), "TimeDistributed") == (
        "TensorFlow.js would hand the layer inside the mask of another one"
    )
    plain = OutLayer("TimeDistributed", {"name": "x", "layer": {"class_name": "Dense"}}, (-1,))
    fitting.with_masks(expression("TimeDistributed", plain), (NONE,))


@pytest.mark.parametrize("class_name", ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply"])
def test_masks_of_what_is_merged_are_declined(class_name: str) -> None:
    made = expression(class_name, OutLayer(class_name, {"name": "x"}, (-1, -2)), inputs=(STEPS, STEPS))
    assert refusal(lambda: fitting.with_masks(made, (NONE, Masks(script="m"))), class_name) == (
        "TensorFlow.js confuses the masks of its inputs"
    )
    fitting.with_masks(made, (NONE, Masks(keras="m")))
