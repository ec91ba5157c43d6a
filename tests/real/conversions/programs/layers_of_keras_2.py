"""Runs in the converter environment: ``layers_of_keras_2.py FOLDER`` makes small models with Keras 2.13, one per layer.

Beside each ``NAME.h5`` stands ``NAME.json`` with inputs and what Keras 2.13 answers. ``teachable.h5`` is as Teachable
Machine writes its ``keras_model.h5``: a row of rows with a network inside, and a word in it that Keras 3 does not know.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf

K, L = tf.keras, tf.keras.layers
FOLDER = Path(sys.argv[1])
VECTOR, STEPS, IMAGE, VOLUME = (8,), (6, 4), (6, 6, 4), (4, 4, 4, 2)
SLOPED = {"negative_slope": 0.1}

LAYERS = {
    VECTOR: [
        L.Dense(3, activation="tanh", kernel_regularizer="l2", kernel_constraint="non_neg"),
        *(L.Activation(name) for name in ("relu", "softmax", "swish", "gelu", "hard_sigmoid")),
        *(L.Dropout(0.2), L.GaussianNoise(0.1), L.GaussianDropout(0.2), L.ActivityRegularization(0.1), L.Softmax()),
        *(
            L.ELU(),
            L.LeakyReLU(0.2),
            L.ReLU(2.0),
            L.ReLU(**SLOPED),
            L.PReLU(alpha_initializer="ones"),
            L.Rescaling(0.5),
        ),
        *(L.RepeatVector(3), L.Reshape((2, 4)), L.BatchNormalization(), L.LayerNormalization(), L.UnitNormalization()),
    ],
    STEPS: [
        *(L.LSTM(3), L.LSTM(3, return_sequences=True, go_backwards=True), L.GRU(3, reset_after=False), L.SimpleRNN(3)),
        *(L.RNN(L.LSTMCell(3)), L.RNN(L.GRUCell(3, reset_after=False)), L.Bidirectional(L.LSTM(2))),
        *(L.TimeDistributed(L.Dense(3)), L.TimeDistributed(K.Sequential([K.Input((4,)), L.Dense(2)]))),
        *(L.Conv1D(3, 2), L.Conv1D(4, 2, groups=2), L.MaxPooling1D(), L.GlobalMaxPooling1D(), L.Permute((2, 1))),
        *(L.ZeroPadding1D(1), L.Cropping1D(1), L.UpSampling1D(2), L.SpatialDropout1D(0.2)),
        L.GlobalAveragePooling1D(keepdims=True),
    ],
    IMAGE: [
        *(L.Conv2D(3, 2, padding="same"), L.Conv2D(4, 2, groups=2), L.Conv2D(3, 2, dilation_rate=2), L.Flatten()),
        *(L.DepthwiseConv2D(2), L.SeparableConv2D(3, 2), L.Conv2DTranspose(3, 2, strides=2)),
        *(L.MaxPooling2D(), L.AveragePooling2D(3, padding="same"), L.GlobalAveragePooling2D(), L.UpSampling2D()),
        *(L.ZeroPadding2D(1), L.Cropping2D(1), L.GlobalMaxPooling2D(keepdims=True), L.BatchNormalization(axis=1)),
        *(L.SpatialDropout2D(0.2), L.GroupNormalization(2), L.Resizing(3, 3), L.CenterCrop(4, 4)),
    ],
    VOLUME: [L.Conv3D(2, 2), L.MaxPooling3D(), L.GlobalAveragePooling3D(), L.UpSampling3D(), L.ConvLSTM2D(2, 2)],
}


def write(name: str, model: Any, shape: tuple[int, ...]) -> None:
    drawn = np.random.default_rng(1)
    for weight in model.weights:
        low = 0.5 if "variance" in weight.name or "gamma" in weight.name else -0.6
        weight.assign(drawn.uniform(low, low + 1.2, weight.shape))
    given = drawn.uniform(-1, 1, (2, *shape)).astype("float32")
    answer = model(given, training=False).numpy()
    model.save(FOLDER / f"{name}.h5")
    told = [{"shape": list(one.shape), "data": one.ravel().tolist()} for one in (given, answer)]
    known = {"inputs": [{"name": "x", "dtype": "float32", **told[0]}], "outputs": [told[1]]}
    (FOLDER / f"{name}.json").write_text(json.dumps(known), encoding="utf-8")


def small_network() -> Any:
    """Return a network such as MobileNetV2: a bottleneck with a way around it."""
    given = K.Input((16, 16, 3))
    first = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(given)))
    wide = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(16, 1, use_bias=False)(first)))
    deep = L.DepthwiseConv2D(3, padding="same", use_bias=False, name="expanded_depthwise")(wide)
    back = L.BatchNormalization()(L.Conv2D(8, 1, use_bias=False)(L.ReLU(6.0)(L.BatchNormalization()(deep))))
    padded = L.ZeroPadding2D(((0, 1), (0, 1)))(L.Add()([first, back]))
    return K.Model(given, L.DepthwiseConv2D(3, strides=2, name="next_depthwise")(padded))


def as_of_another_age(path: Path) -> None:
    """Write into a file's configuration what Keras 2.4 wrote: other words of DepthwiseConv2D, and of no module."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"], object_hook=of_keras_2_4)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"


def of_keras_2_4(read: dict[str, Any]) -> dict[str, Any]:
    if read.get("class_name") == "DepthwiseConv2D":
        read["config"]["groups"] = 1
    return {key: value for key, value in read.items() if key not in ("module", "registered_name", "build_config")}


for one_shape, layers in LAYERS.items():
    for number, layer in enumerate(layers):
        write(f"{layer.name}_{len(one_shape)}_{number}", K.Sequential([K.Input(one_shape), layer]), one_shape)
features = K.Sequential([small_network(), L.GlobalAveragePooling2D()])
head = K.Sequential([K.Input((8,)), L.Dense(10, activation="relu"), L.Dense(2, use_bias=False, activation="softmax")])
features_given = K.Sequential([features, K.Sequential([L.Dense(8, input_shape=(8,)), *head.layers])])
write("teachable", features_given, (16, 16, 3))
as_of_another_age(FOLDER / "teachable.h5")
