"""Masks of models that TensorFlow.js made: what it and Keras would leave out differently is declined by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.conversion.native.keras.files import called, dense, given, graph, layer, row
from workflow.base.errors import DeclinedError
from workflow.conversion.native.keras.script_layers import require_agreement
from workflow.conversion.native.keras.script_masks import require_same_masks

MASKING = layer("Masking", "masking", mask_value=0.0)
EMBEDDING = layer("Embedding", "embedding", input_dim=9, output_dim=4, mask_zero=True)
RNN = layer("SimpleRNN", "rnn", units=3)
ALL_STEPS = layer("LSTM", "all_steps", units=3, return_sequences=True)
START = given([None, 6, 4])

AGREED = [
    [MASKING, RNN],
    [EMBEDDING, dense(), layer("Dropout", "dropout", rate=0.1), RNN],
    [MASKING, ALL_STEPS, RNN],
    [MASKING, layer("LeakyReLU", "leaky", alpha=0.1), RNN],
    [layer("Embedding", "plain", input_dim=9, output_dim=4, mask_zero=False), layer("GlobalAveragePooling1D", "mean")],
    [MASKING, layer("GlobalMaxPooling1D", "most")],
    [layer("Rescaling", "scaled", scale=2.0), RNN],
    [MASKING, layer("TimeDistributed", "steps", layer=dense("inside"))],
]

OTHERWISE = [
    (
        [EMBEDDING, layer("GlobalAveragePooling1D", "mean")],
        "'mean' (GlobalAveragePooling1D): it leaves out masked steps",
    ),
    ([MASKING, layer("Softmax", "soft", axis=-1)], "'soft' (Softmax): it leaves out masked steps in Keras"),
    ([MASKING, layer("Rescaling", "scaled", scale=2.0), RNN], "'rnn' (SimpleRNN): it leaves out other steps"),
    (
        [MASKING, layer("LSTM", "summary", units=3), layer("RepeatVector", "again", n=6), RNN],
        "'rnn' (SimpleRNN): it leaves out other steps",
    ),
    ([MASKING, layer("Permute", "turned", dims=[2, 1]), RNN], "'rnn' (SimpleRNN): it leaves out other steps"),
]


@pytest.mark.parametrize("layers", AGREED)
def test_masks_that_reach_the_same_layers_are_fine(layers: list[Any]) -> None:
    require_same_masks(row(START, *layers))


@pytest.mark.parametrize(("layers", "message"), OTHERWISE)
def test_a_layer_that_would_leave_out_other_steps_is_declined(layers: list[Any], message: str) -> None:
    for model in (row(START, *layers), row(START, row(START, *layers, name="inside"))):
        with pytest.raises(DeclinedError) as caught:
            require_same_masks(model)
        assert message in str(caught.value)


def test_a_mask_of_another_branch_is_left_to_verification() -> None:
    model = graph(
        START,
        called(MASKING, ["given"]),
        called(RNN, ["given"]),
        called(layer("Add", "add"), ["masking", "masking"]),
        called(layer("LSTM", "last", units=2), ["add"]),
        inputs=["given"],
        outputs=["rnn", "last"],
    )
    require_same_masks(model)


def two_calls(first: str, second: str) -> Any:
    """Return a model whose recurrent layer is called twice, on what stands behind it in the list, too."""
    return graph(
        START,
        called(RNN, [first], [second]),
        called(MASKING, ["given"]),
        called(layer("Rescaling", "scaled", scale=2.0), ["masking"]),
        called(layer("Add", "add"), ["rnn", "rnn"]),
        inputs=["given"],
        outputs=["add"],
    )


def test_every_call_of_a_layer_is_looked_at() -> None:
    require_same_masks(two_calls("given", "masking"))
    with pytest.raises(DeclinedError) as caught:
        require_same_masks(two_calls("given", "scaled"))
    assert "'rnn' (SimpleRNN): it leaves out other steps" in str(caught.value)


def test_calls_that_wait_for_each_other_are_left_to_who_reads_them() -> None:
    require_same_masks(two_calls("add", "nowhere"))


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ([None, 8, 8, 3], ""),
        ([None, 4, 5, 3], ""),
        ([None, 8, 6, 3], "of 8 times 6 to 4 times 5, TensorFlow.js takes another part"),
        ([None, 3, 8, 3], "of 3 times 8 to 4 times 5, TensorFlow.js takes another part"),
        ([None, None, None, 3], "of images of an open size, TensorFlow.js may take another part"),
    ],
)
def test_a_crop_of_which_tensorflow_js_takes_another_part_is_declined(shape: list[Any], told: str) -> None:
    model = row(given(shape), layer("CenterCrop", "crop", height=4, width=5))
    if not told:
        require_agreement(model)
        return
    with pytest.raises(DeclinedError) as caught:
        require_agreement(model)
    assert f"layer 'crop' (CenterCrop): {told}" in str(caught.value)
