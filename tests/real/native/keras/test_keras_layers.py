"""Every class and option of the allow-list, from Keras 2.13 files, right in TensorFlow.js or declined by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.native.keras.judging import Judge

pytestmark = pytest.mark.real

INEXPRESSIBLE = {
    "both_different": "backward_layer",
    "center_crop_large": "smaller than its result",
    "conv2t_output_padding": "output_padding",
    "division_by_tensor": "divide",
    "dot_4d": "rank 2 and 3",
    "first_separable": "channels_first",
    "first_up_bilinear": "channels come first",
    "gru_after": "reset_after",
    "mask_both_sequences": "zeros",
    "mask_each": "mask",
    "mask_leaky": "mask",
    "mask_pool": "mask",
    "masked_into_inner": "mask",
    "masked_merge": "mask",
    "random_crop": "RandomCrop",
    "resize_crop": "crop_to_aspect_ratio",
    "shared_other_shape": "inputs of different kinds",
    "states_mask": "mask and a state",
    "trained_flag": "training",
    "up2_bicubic": "bicubic",
}


@pytest.mark.parametrize("extension", ["h5", "keras"])
def test_what_converts_is_right_in_tensorflow_js_and_the_rest_is_declined_by_layer(
    gallery: Path, judge: Judge, extension: str
) -> None:
    files = {folder.name: folder / f"m.{extension}" for folder in gallery.iterdir()}
    verdicts = judge.judged({name: file for name, file in sorted(files.items()) if file.exists()})
    assert verdicts.wrong == {}
    assert {name: reason for name, reason in verdicts.declined.items() if name not in INEXPRESSIBLE} == {}
    assert all(reason in verdicts.declined[name] for name, reason in INEXPRESSIBLE.items())
    assert len(verdicts.right) >= 245
