"""Models of several layers: merged, shared, nested, frozen, with states, masks and operations."""

from __future__ import annotations

from typing import Any

from tensorflow import keras

from tests.real.native.keras.catalogue import KERAS3, L, model


@model
def merges() -> Any:
    a, b = keras.Input((4, 3), name="a"), keras.Input((4, 3), name="b")
    kinds = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    results = [getattr(L, kind)()([a, b]) for kind in kinds]
    return keras.Model([a, b], [*results, L.Concatenate(axis=1)([a, b]), L.Concatenate(axis=-2)([a, b, a])])


@model
def merge_ranks() -> Any:
    a, b = keras.Input((4, 3)), keras.Input((3,))
    return keras.Model([a, b], [L.Add()([a, b]), L.Multiply()([b, a])])


@model
def merge_broadcast() -> Any:
    a, b = keras.Input((4, 3)), keras.Input((1, 3))
    return keras.Model([a, b], [L.Add()([a, b]), L.Maximum()([b, a]), L.Average()([a, b, a])])


@model
def merge_twice() -> Any:
    a = keras.Input((4,))
    x = L.Dense(3)(a)
    return keras.Model(a, [L.Multiply()([x, x]), L.Add()([x, x, x]), L.Dense(2)(x)])


@model
def output_twice() -> Any:
    a = keras.Input((4,))
    x = L.Dense(3)(a)
    return keras.Model(a, [x, L.Dense(2)(x), x])


@model
def dots() -> Any:
    a, b, c = keras.Input((4, 3)), keras.Input((4, 5)), keras.Input((3,))
    results = [L.Dot(axes=1)([a, b]), L.Dot(axes=(2, 1))([a, c]), L.Dot(axes=1, normalize=True)([c, c])]
    return keras.Model([a, b, c], [*results, L.Dot(axes=(1, -1))([c, a]), L.Dot(axes=-1)([a, a])])


@model
def dot_4d() -> Any:
    a, b = keras.Input((2, 4, 3)), keras.Input((2, 5, 3))
    return keras.Model([a, b], L.Dot(axes=3)([a, b]))


@model
def attention() -> Any:
    a, b = keras.Input((4, 3)), keras.Input((5, 3))
    return keras.Model([a, b], [L.Attention()([a, b]), L.Attention(use_scale=True)([a, b, b]), L.Attention()([a, a])])


@model
def states() -> Any:
    a, b = keras.Input((6, 4)), keras.Input((5, 4))
    _, h, c = L.LSTM(3, return_state=True)(a)
    x, h2, _ = L.LSTM(3, return_sequences=True, return_state=True)(b, initial_state=[h, c])
    y = L.GRU(3, reset_after=False)(b, initial_state=h2)
    return keras.Model([a, b], [x, h2, y])


@model
def states_mask() -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((5,), dtype="int32")
    words = L.Embedding(9, 4, mask_zero=True)
    _, h, c = L.LSTM(3, return_state=True)(words(a))
    return keras.Model([a, b], L.LSTM(3, return_sequences=True)(words(b), initial_state=[h, c]))


@model
def masked_branch() -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((5, 4))
    x = L.LSTM(3)(L.Embedding(9, 4, mask_zero=True)(a))
    return keras.Model([a, b], [x, L.LSTM(3)(b), L.Bidirectional(L.GRU(2, reset_after=False))(b)])


@model
def masked_merge() -> Any:
    a = keras.Input((6,), dtype="int32")
    x, y = L.Embedding(9, 4, mask_zero=True)(a), L.Embedding(9, 4, mask_zero=True)(a)
    return keras.Model(a, L.LSTM(3)(L.Add()([x, y])))


@model
def masked_inner() -> Any:
    i = keras.Input((6,), dtype="int32")
    inner = keras.Model(i, L.LSTM(3)(L.Embedding(9, 4, mask_zero=True)(i)), name="text")
    a, b = keras.Input((6,), dtype="int32"), keras.Input((5, 4))
    return keras.Model([a, b], L.Concatenate()([inner(a), L.LSTM(2)(b)]))


@model
def masked_into_inner() -> Any:
    i = keras.Input((6, 4))
    inner = keras.Model(i, L.LSTM(3)(i), name="steps")
    a = keras.Input((6,), dtype="int32")
    return keras.Model(a, inner(L.Embedding(9, 4, mask_zero=True)(a)))


@model
def shared_layer() -> Any:
    a, b = keras.Input((4, 4, 2)), keras.Input((4, 4, 2))
    layers = [L.Conv2D(2, 3, groups=2), L.GlobalAveragePooling2D(keepdims=True), L.BatchNormalization(axis=1)]
    results = []
    for given in (a, b):
        x = given
        for layer in layers:
            x = layer(x)
        results.append(x)
    return keras.Model([a, b], results)


@model
def shared_other_shape() -> Any:
    a, b = keras.Input((4, 4, 2)), keras.Input((6, 6, 2))
    up = L.UpSampling2D(2, interpolation="bilinear")
    return keras.Model([a, b], [up(a), up(b)])


@model
def nested_deep() -> Any:
    def block(name: str, inside: Any = None) -> Any:
        i = keras.Input((5,))
        x = L.Dense(5, activation="tanh", name="dense")(i)
        return keras.Model(i, inside(x) if inside else x, name=name)

    a = keras.Input((5,))
    x = block("outer", block("middle", block("inner")))(a)
    return keras.Model(a, L.Dense(2, name="dense")(block("other")(x)))


@model
def nested_twice() -> Any:
    i = keras.Input((5,))
    inner = keras.Model(i, L.BatchNormalization()(L.Dense(5)(i)), name="inner")
    a = keras.Input((5,))
    return keras.Model(a, [inner(inner(a)), L.Dense(2)(inner(a))])


@model
def nested_several() -> Any:
    i, j = keras.Input((5,)), keras.Input((3,))
    inner = keras.Model([i, j], [L.Concatenate()([j, i]), L.Dense(2)(i)], name="inner")
    a, b = keras.Input((5,)), keras.Input((3,))
    x, y = inner([a, b])
    return keras.Model([a, b], [L.Dense(2)(x), y])


@model
def nested_lowered() -> Any:
    inner = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.Conv2D(4, 2, groups=2),
            L.GlobalMaxPooling2D(keepdims=True),
            L.ReLU(negative_slope=0.2, max_value=1.0),
        ]
    )
    return keras.Sequential([keras.Input((6, 6, 2)), inner, L.Flatten(), L.Dense(2)])


@model
def each_model() -> Any:
    i = keras.Input((6, 6, 2))
    inner = keras.Model(i, L.GlobalAveragePooling2D()(L.BatchNormalization()(L.Conv2D(3, 2)(i))))
    a = keras.Input((3, 6, 6, 2))
    return keras.Model(a, L.LSTM(2)(L.TimeDistributed(inner)(a)))


@model
def each_sequential() -> Any:
    inner = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, activation="relu"), L.ReLU(negative_slope=0.2, threshold=0.1)]
    )
    return keras.Sequential([keras.Input((5, 4)), L.TimeDistributed(inner), L.SimpleRNN(2)])


@model
def open_sequential() -> Any:
    result = keras.Sequential(
        [L.Conv2D(3, 2, padding="same"), L.BatchNormalization(), L.GlobalAveragePooling2D(keepdims=True)]
    )
    result.build((None, 6, 6, 2))
    return result


@model
def open_nested() -> Any:
    return keras.Sequential(
        [keras.Input((5,)), keras.Sequential([L.Dense(4), L.ELU(0.3)]), keras.Sequential([L.Dense(2)])]
    )


@model
def lazily_nested() -> Any:
    a = keras.Input((5,))
    return keras.Model(a, keras.Sequential([L.Dense(4, name="d"), L.Dense(3, name="e")], name="late")(a))


@model
def frozen() -> Any:
    i = keras.Input((5,))
    inner = keras.Model(i, L.Dense(4)(L.BatchNormalization()(L.Dense(5)(i))), name="inner")
    inner.trainable = False
    a = keras.Input((5,))
    return keras.Model(a, L.Dense(2)(inner(a, training=False)))


@model
def half_frozen() -> Any:
    result = keras.Sequential(
        [keras.Input((5,)), L.Dense(5), L.BatchNormalization(), L.Dense(5), L.BatchNormalization()]
    )
    result.layers[1].trainable = False
    result.layers[2].trainable = False
    outer = keras.Input((5,))
    return keras.Model(outer, result(outer))


@model
def rnn_states() -> Any:
    a = keras.Input((6, 4))
    x, h, c = L.RNN(L.LSTMCell(3), return_state=True, return_sequences=True)(a)
    return keras.Model(a, [x, L.Concatenate()([h, c])])


@model
def stateful() -> Any:
    a = keras.Input(batch_shape=(2, 6, 4)) if KERAS3 else keras.Input((6, 4), batch_size=2)
    return keras.Model(
        a, L.LSTM(3, stateful=True)(L.GRU(3, reset_after=False, stateful=True, return_sequences=True)(a))
    )


@model
def merge_one() -> Any:
    a = keras.Input((4, 3))
    return keras.Model(a, [L.Concatenate()([a]), L.Dense(2)(a)] if KERAS3 else [L.Add()([a, a]), L.Dense(2)(a)])


@model
def unused_input() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    return keras.Model([a, b], L.Dense(2)(a))


@model
def input_as_output() -> Any:
    a = keras.Input((4,))
    return keras.Model(a, [a, L.Dense(2)(a)])


@model
def odd_names() -> Any:
    a = keras.Input((5,), name="in put" if KERAS3 else "in_put")
    x = L.Dense(5, name="block1_dense" if KERAS3 else "block1/dense")(a)
    x = L.Dense(5, name="_hidden")(x)
    return keras.Model(a, L.Dense(2, name="out-put.1")(x))


@model
def trained_flag() -> Any:
    a = keras.Input((5,))
    return keras.Model(a, L.Dropout(0.5)(a, training=True))


@model
def open_image() -> Any:
    a = keras.Input((None, None, 3))
    x = L.Conv2D(4, 3, padding="same")(a)
    x = L.SeparableConv2D(4, 3)(L.ZeroPadding2D(1)(x))
    return keras.Model(a, L.Dense(2)(L.GlobalAveragePooling2D()(x)))


@model
def operations() -> Any:
    from tensorflow import math, nn  # noqa: PLC0415

    a, b = keras.Input((4,)), keras.Input((4,))
    x = L.Dense(4)(a)
    results = [x * 2.0 + b, 1.0 - x, x / 4.0, -x, x - b, x * b, 3.0 + x]
    if not KERAS3:
        results += [nn.relu(x), nn.leaky_relu(x), math.maximum(x, 0.1), math.minimum(x, b), nn.softmax(x), nn.gelu(x)]
        results += [math.sigmoid(x), math.square(x), nn.relu6(x), math.add(x, b), nn.swish(x)]
    return keras.Model([a, b], results)


@model
def reshapings() -> Any:
    import tensorflow as tf  # noqa: PLC0415

    a = keras.Input((4, 6))
    ops = keras.ops if KERAS3 else tf
    mean = ops.mean(a, axis=1) if KERAS3 else tf.reduce_mean(a, axis=1)
    joined = ops.concatenate([a, a], axis=-1) if KERAS3 else tf.concat([a, a], axis=-1)
    results = [mean, joined, ops.expand_dims(a, -1), ops.transpose(a, (0, 2, 1)), ops.reshape(a, (-1, 24))]
    return keras.Model(a, results)


@model
def division_by_tensor() -> Any:
    a = keras.Input((4,))
    return keras.Model(a, 1.0 / (a + 3.0))


def add() -> None:
    """Say that the models of this module are wanted: the decorator has added them already."""
