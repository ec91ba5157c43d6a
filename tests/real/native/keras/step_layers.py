"""One model for each class and option of the layers that go from step to step, and of what only Keras 3 has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.native.keras.catalogue import ROW, STEPS, L, one

if TYPE_CHECKING:
    from collections.abc import Callable


def both_ways(mode: str) -> Any:
    return L.Bidirectional(L.LSTM(3), merge_mode=mode)


def add_recurrent() -> None:
    one("lstm", STEPS, lambda: L.LSTM(4))
    one("lstm_options", STEPS, lambda: L.LSTM(4, return_sequences=True, go_backwards=True, use_bias=False))
    one("lstm_hard", STEPS, lambda: L.LSTM(4, recurrent_activation="hard_sigmoid", activation="relu"))
    one("lstm_dropout", STEPS, lambda: L.LSTM(4, dropout=0.3, recurrent_dropout=0.2))
    one("gru_after", STEPS, lambda: L.GRU(4))
    one("gru", STEPS, lambda: L.GRU(4, reset_after=False, return_sequences=True, dropout=0.1))
    one("simple", STEPS, lambda: L.SimpleRNN(4, activation="relu", recurrent_dropout=0.1))
    one("rnn_cell", STEPS, lambda: L.RNN(L.SimpleRNNCell(4), return_sequences=True))
    one("rnn_gru_cell", STEPS, lambda: L.RNN(L.GRUCell(4, reset_after=False, dropout=0.5)))
    one("rnn_stacked", STEPS, lambda: L.RNN([L.LSTMCell(3), L.SimpleRNNCell(2), L.LSTMCell(4)], go_backwards=True))
    for mode in ("concat", "sum", "mul", "ave"):
        one(f"both_{mode}", STEPS, partial(both_ways, mode))
    one("both_sequences", STEPS, lambda: L.Bidirectional(L.GRU(3, reset_after=False, return_sequences=True)))
    one("both_backwards", STEPS, lambda: L.Bidirectional(L.LSTM(3, go_backwards=True, return_sequences=True)))
    one("both_other", STEPS, lambda: L.Bidirectional(L.LSTM(3), backward_layer=L.LSTM(3, go_backwards=True)))
    one("both_different", STEPS, lambda: L.Bidirectional(L.LSTM(3), backward_layer=L.LSTM(4, go_backwards=True)))
    one("convlstm", (3, 6, 6, 2), lambda: L.ConvLSTM2D(3, 3, padding="same", return_sequences=True))
    one(
        "convlstm_stride",
        (3, 6, 6, 2),
        lambda: L.ConvLSTM2D(3, 2, strides=2, recurrent_activation="sigmoid", go_backwards=True),
    )
    one("each_dense", (4, 6), lambda: L.TimeDistributed(L.Dense(3, activation="relu")))
    one("each_conv", (3, 6, 6, 2), lambda: L.TimeDistributed(L.Conv2D(3, 2, activation="hard_sigmoid")))
    one("each_groups", (3, 6, 6, 2), lambda: L.TimeDistributed(L.Conv2D(4, 2, groups=2)))
    one("each_pool_keep", (3, 6, 6, 2), lambda: L.TimeDistributed(L.GlobalAveragePooling2D(keepdims=True)))
    one("each_bn", (3, 6, 6, 2), lambda: L.TimeDistributed(L.BatchNormalization()))
    one("each_lstm", (3, 4, 5), lambda: L.TimeDistributed(L.LSTM(3)))
    one("each_open", (None, 6), lambda: L.TimeDistributed(L.Dense(3)), lambda: L.LSTM(2))
    one("embedding", (5,), lambda: L.Embedding(9, 3), dtype="int32")
    one("embedding_float", (5,), lambda: L.Embedding(9, 3))
    one("embedding_2d", (5, 2), lambda: L.Embedding(9, 3), dtype="int64")


def add_masks() -> None:
    def words(*layers: Callable[[], Any]) -> tuple[Callable[[], Any], ...]:
        return (lambda: L.Embedding(9, 4, mask_zero=True), *layers)

    def masked(name: str, *layers: Callable[[], Any]) -> None:
        one(f"mask_{name}", (7,), *words(*layers), dtype="int32")

    masked("lstm", lambda: L.LSTM(3))
    masked("two", lambda: L.LSTM(3, return_sequences=True), lambda: L.Dropout(0.2), lambda: L.GRU(2, reset_after=False))
    masked("both", lambda: L.Bidirectional(L.LSTM(3)))
    masked("both_sequences", lambda: L.Bidirectional(L.LSTM(3, return_sequences=True)))
    masked("repeat", lambda: L.LSTM(3), lambda: L.RepeatVector(4), lambda: L.LSTM(2, return_sequences=True))
    masked("softmax", lambda: L.LSTM(3), L.Softmax)
    masked("pool", L.GlobalAveragePooling1D)
    masked("pool_max", L.GlobalMaxPooling1D)
    masked("flat", L.Flatten, lambda: L.Dense(2))
    masked("leaky", L.LeakyReLU, lambda: L.LSTM(3))
    masked("conv", lambda: L.Conv1D(3, 2), lambda: L.LSTM(3))
    masked("backwards", lambda: L.LSTM(3, go_backwards=True))
    masked("dense", lambda: L.Dense(3, activation="relu"), lambda: L.SimpleRNN(3, return_sequences=True))
    masked("cell", lambda: L.RNN(L.LSTMCell(3)))
    masked("stacked", lambda: L.RNN([L.LSTMCell(3), L.LSTMCell(2)]))
    masked("each", lambda: L.TimeDistributed(L.Dense(3)), lambda: L.LSTM(3))
    one("masking", STEPS, lambda: L.Masking(0.0), lambda: L.LSTM(3))


def add_newer() -> None:
    """Add what only Keras 3 has."""
    names = (
        "silu",
        "hard_silu",
        "leaky_relu",
        "log_softmax",
        "relu6",
        "mish",
        "hard_tanh",
        "log_sigmoid",
        "tanh_shrink",
    )
    for name in (*names, "soft_shrink", "hard_shrink", "celu", "exponential", "squareplus", "glu", "sparsemax"):
        one(f"act_{name}", ROW, partial(L.Dense, 4, activation=name))
        one(f"layer_act_{name}", ROW, partial(L.Activation, name))
    one("ln_rms", STEPS, lambda: L.LayerNormalization(rms_scaling=True))
    one("identity", ROW, L.Identity, lambda: L.Dense(2))
