"""Recurrent layers and wrappers: the rows of the table, with each step of Keras written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import convolved, sigmoid
from tests.unit.conversion.native.keras.files import dense, layer, numbers
from tests.unit.conversion.native.keras.rows import Refused, Row
from tests.unit.conversion.native.keras.rows_convolution import conv, signed

if TYPE_CHECKING:
    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

STEPS = (4, 3)
UNITS = 2
IN_ARCHIVE = {"cell": 3}
OPTIONS: Config = {
    "units": UNITS,
    "activation": "tanh",
    "use_bias": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "return_sequences": False,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
}
GATED: Config = {**OPTIONS, "recurrent_activation": "sigmoid"}


def simple(name: str = "x", **options: Any) -> Config:
    return layer("SimpleRNN", name, **{**OPTIONS, **options})


def lstm(name: str = "x", **options: Any) -> Config:
    return layer("LSTM", name, **{**GATED, "unit_forget_bias": True, **options})


def gru(name: str = "x", **options: Any) -> Config:
    return layer("GRU", name, **{**GATED, "reset_after": False, **options})


def arrays(gates: int, inputs: int = 3, shift: float = 0.0) -> Arrays:
    return {
        "kernel": signed(inputs, gates * UNITS) + np.float32(shift),
        "recurrent_kernel": signed(UNITS, gates * UNITS),
        "bias": numbers(gates * UNITS) / 4 - np.float32(0.3),
    }


def split(array: Array) -> list[Array]:
    """Return the columns of each gate."""
    return np.split(array, array.shape[-1] // UNITS, -1)


def run_simple(x: Array, own: Arrays, h: Array | None = None) -> list[Array]:
    found = []
    h = np.zeros((len(x), UNITS)) if h is None else h
    for step in range(x.shape[1]):
        h = np.tanh(x[:, step] @ own["kernel"] + h @ own["recurrent_kernel"] + own["bias"])
        found.append(h)
    return found


def run_lstm(x: Array, own: Arrays, h: Array | None = None, c: Array | None = None) -> tuple[list[Array], Array]:
    """Return the results of all steps and the last carry: the gates are input, forget, new and output."""
    found = []
    h = np.zeros((len(x), UNITS)) if h is None else h
    c = np.zeros((len(x), UNITS)) if c is None else c
    w, u, b = (split(own[role]) for role in ("kernel", "recurrent_kernel", "bias"))
    for step in range(x.shape[1]):
        enter, forget, new, leave = (x[:, step] @ w[k] + h @ u[k] + b[k] for k in range(4))
        c = sigmoid(forget) * c + sigmoid(enter) * np.tanh(new)
        h = sigmoid(leave) * np.tanh(c)
        found.append(h)
    return found, c


def run_gru(x: Array, own: Arrays) -> list[Array]:
    """Return the results of all steps: the gates are update, reset and new, and the reset comes before the matrix."""
    found = []
    h = np.zeros((len(x), UNITS))
    w, u, b = (split(own[role]) for role in ("kernel", "recurrent_kernel", "bias"))
    for step in range(x.shape[1]):
        update = sigmoid(x[:, step] @ w[0] + h @ u[0] + b[0])
        reset = sigmoid(x[:, step] @ w[1] + h @ u[1] + b[1])
        new = np.tanh(x[:, step] @ w[2] + (reset * h) @ u[2] + b[2])
        h = update * h + (1 - update) * new
        found.append(h)
    return found


def run_pictures(x: Array, own: Arrays) -> Array:
    """Return the last result of a ConvLSTM2D with a kernel of 1 x 1."""
    h = c = np.zeros((*x[:, 0].shape[:-1], UNITS))
    for step in range(x.shape[1]):
        given = convolved(x[:, step], own["kernel"], strides=[1, 1])
        past = convolved(h, own["recurrent_kernel"], strides=[1, 1])
        enter, forget, new, leave = split(given + past + own["bias"])
        c = sigmoid(forget) * c + sigmoid(enter) * np.tanh(new)
        h = sigmoid(leave) * np.tanh(c)
    return h


def both(gates: int) -> Arrays:
    ways = {"forward": arrays(gates), "backward": arrays(gates, shift=0.2)}
    return {f"{way}_inner/{role}": array for way, own in ways.items() for role, array in own.items()}


def bidirectional(held: Config, **options: Any) -> Config:
    return layer("Bidirectional", "x", **{"merge_mode": "concat", "layer": held, **options})


def backward(held: Config, **options: Any) -> Config:
    return {**held, "config": {**held["config"], "name": "backward_inner", "go_backwards": True, **options}}


def with_cell(*cells: Config, **options: Any) -> Config:
    """Return an RNN of these cells, several of them on top of each other."""
    stacked = {"class_name": "StackedRNNCells", "config": {"name": "cells", "cells": list(cells)}}
    own = cells[0] if len(cells) == 1 else stacked
    rest = dict.fromkeys(("return_sequences", "return_state", "go_backwards", "stateful", "unroll"), False)
    return layer("RNN", "x", **{"cell": own, **rest, **options})


def cell(kind: str, **options: Any) -> Config:
    own = {key: value for key, value in GATED.items() if key in ("units", "activation", "use_bias")}
    if kind != "SimpleRNN":
        own["recurrent_activation"] = "sigmoid"
    if kind == "GRU":
        own["reset_after"] = False
    return layer(f"{kind}Cell", f"{kind.lower()}_cell", **{**own, **options})


def each_step(held: Config, **options: Any) -> Config:
    return layer("TimeDistributed", "x", **{"layer": held, **options})


BOTH_IN_ARCHIVE = {"forward_layer/cell": 3, "backward_layer/cell": 3}
FORWARD, BACKWARD = arrays(4), arrays(4, shift=0.2)
STACKED: Arrays = {
    **{f"lower/{role}": array for role, array in arrays(4).items()},
    **{f"upper/{role}": array for role, array in arrays(1, inputs=UNITS).items()},
}
PICTURES: Arrays = {
    "kernel": signed(1, 1, 3, 4 * UNITS),
    "recurrent_kernel": signed(1, 1, UNITS, 4 * UNITS),
    "bias": numbers(4 * UNITS),
}
PICTURE_LSTM = layer(
    "ConvLSTM2D",
    "x",
    **{key: value for key, value in GATED.items() if key != "units"},
    filters=UNITS,
    kernel_size=[1, 1],
    strides=[1, 1],
    padding="valid",
    data_format="channels_last",
    dilation_rate=[1, 1],
)


ROWS = [
    Row(
        "SimpleRNN",
        simple(return_sequences=True),
        [STEPS],
        ["SimpleRNN"],
        lambda x: np.stack(run_simple(x, arrays(1)), 1),
        arrays(1),
        held=IN_ARCHIVE,
    ),
    Row(
        "SimpleRNN from its last step to its first",
        simple(go_backwards=True),
        [STEPS],
        ["SimpleRNN"],
        lambda x: run_simple(x[:, ::-1], arrays(1))[-1],
        arrays(1),
        held=IN_ARCHIVE,
    ),
    Row("LSTM", lstm(), [STEPS], ["LSTM"], lambda x: run_lstm(x, FORWARD)[0][-1], FORWARD, held=IN_ARCHIVE),
    Row(
        "LSTM that begins with states given to it",
        lstm(return_sequences=True),
        [STEPS, (UNITS,), (UNITS,)],
        ["LSTM"],
        lambda x, h, c: np.stack(run_lstm(x, FORWARD, h, c)[0], 1),
        FORWARD,
        held=IN_ARCHIVE,
    ),
    Row("GRU", gru(), [STEPS], ["GRU"], lambda x: run_gru(x, arrays(3))[-1], arrays(3), held=IN_ARCHIVE),
    Row(
        "ConvLSTM2D",
        PICTURE_LSTM,
        [(3, 2, 2, 3)],
        ["ConvLSTM2D"],
        lambda x: run_pictures(x, PICTURES),
        PICTURES,
        held=IN_ARCHIVE,
    ),
    Row(
        "RNN of an LSTMCell, whose dropout is left out",
        with_cell(cell("LSTM", dropout=0.5)),
        [STEPS],
        ["RNN"],
        lambda x: run_lstm(x, FORWARD)[0][-1],
        FORWARD,
        held=IN_ARCHIVE,
    ),
    Row(
        "RNN of a GRUCell",
        with_cell(cell("GRU"), return_sequences=True),
        [STEPS],
        ["RNN"],
        lambda x: np.stack(run_gru(x, arrays(3)), 1),
        arrays(3),
        held=IN_ARCHIVE,
    ),
    Row(
        "RNN of two cells on top of each other is two layers",
        with_cell(cell("LSTM"), cell("SimpleRNN")),
        [STEPS],
        ["RNN", "RNN"],
        lambda x: run_simple(np.stack(run_lstm(x, FORWARD)[0], 1), arrays(1, inputs=UNITS))[-1],
        STACKED,
        held={"cell/cells/lstm_cell": 3, "cell/cells/simple_rnn_cell": 3},
    ),
    Row(
        "RNN of a list of two cells, from the last step on",
        with_cell(return_sequences=True, go_backwards=True, cell=[cell("LSTM"), cell("SimpleRNN")]),
        [STEPS],
        ["RNN", "RNN"],
        lambda x: np.stack(run_simple(np.stack(run_lstm(x[:, ::-1], FORWARD)[0], 1), arrays(1, inputs=UNITS)), 1),
        STACKED,
        spellings=("keras2",),
    ),
    *[
        Row(
            f"Bidirectional, its ways merged by {mode}",
            bidirectional(lstm("inner"), merge_mode=mode),
            [STEPS],
            ["Bidirectional"],
            lambda x, merge=merge: merge(run_lstm(x, FORWARD)[0][-1], run_lstm(x[:, ::-1], BACKWARD)[0][-1]),
            both(4),
            held=BOTH_IN_ARCHIVE,
        )
        for mode, merge in (
            ("concat", lambda a, b: np.concatenate([a, b], -1)),
            ("sum", lambda a, b: a + b),
            ("mul", lambda a, b: a * b),
            ("ave", lambda a, b: (a + b) / 2),
        )
    ],
    Row(
        "Bidirectional of sequences, whose backward layer is written out with seeds of its own",
        bidirectional(
            gru("forward_inner", return_sequences=True),
            backward_layer=backward(gru("backward_inner", return_sequences=True), seed=7),
        ),
        [STEPS],
        ["Bidirectional"],
        lambda x: np.concatenate(
            [np.stack(run_gru(x, arrays(3)), 1), np.stack(run_gru(x[:, ::-1], arrays(3, shift=0.2)), 1)[:, ::-1]], -1
        ),
        both(3),
        held=BOTH_IN_ARCHIVE,
    ),
    Row(
        "TimeDistributed of a Dense",
        each_step(dense("inner")),
        [STEPS],
        ["TimeDistributed"],
        lambda x: x @ signed(3, 2) + numbers(2),
        {"kernel": signed(3, 2), "bias": numbers(2)},
        held={"layer": 2},
    ),
    Row(
        "TimeDistributed of a layer that becomes several: each of them at each step, the sum at once",
        each_step(layer("ELU", "inner", alpha=0.5)),
        [STEPS],
        [*["TimeDistributed"] * 5, "Add"],
        lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)),
    ),
    Row(
        "TimeDistributed of a convolution in groups",
        each_step(conv("Conv1D", [1], groups=2, filters=4, use_bias=False)),
        [(2, 3, 4)],
        ["TimeDistributed"],
        lambda x: np.concatenate([x[..., :2] @ signed(1, 2, 4)[0, :, :2], x[..., 2:] @ signed(1, 2, 4)[0, :, 2:]], -1),
        {"kernel": signed(1, 2, 4)},
        held={"layer": 1},
    ),
]


def refused(entry: Config, words: str, *shapes: tuple[int | None, ...], **row: Any) -> Refused:
    return Refused(entry, list(shapes) or [STEPS], words, **row)


_UNKNOWN = layer("MyCell", "mine", units=2)
REFUSED = [
    refused(gru(reset_after=True), "reset_after=True is not implemented there (use reset_after=False when training)"),
    refused(lstm(activation="exponential"), "activation='exponential' is not what TensorFlow.js can do"),
    refused(lstm(stateful=True), "it is stateful, and the size of its batches is not fixed"),
    refused(gru(), "it is given 3 tensors", STEPS, (2,), (2,), arrays=arrays(3), held=IN_ARCHIVE),
    refused(lstm(), "its weights should be kernel, recurrent_kernel, bias, and the file has 0"),
    refused(with_cell(_UNKNOWN), "TensorFlow.js has no cell 'MyCell'"),
    refused(with_cell(cell=None), "it has no cell"),
    refused(with_cell(cell=[]), "it has no cells", spellings=("keras2",)),
    refused(
        with_cell(cell("LSTM"), _UNKNOWN), "TensorFlow.js has no cell 'MyCell'", arrays=arrays(4), held={"cell": 3}
    ),
    refused(
        with_cell(cell("LSTM"), cell("SimpleRNN"), return_state=True), "states of several cells on top of each other"
    ),
    refused(
        with_cell(cell("SimpleRNN"), cell("SimpleRNN")),
        "the file has more weights than its cells",
        arrays={f"{place}/{role}": array for place in "abc" for role, array in arrays(1).items()},
        spellings=("keras2",),
    ),
    refused(bidirectional(dense("inner")), "TensorFlow.js has no Bidirectional of 'Dense'"),
    refused(bidirectional(lstm("inner"), layer=None), "it holds no layer"),
    refused(bidirectional(lstm("inner", stateful=True)), "the layer that it holds is stateful"),
    refused(bidirectional(lstm("inner", return_state=True)), "return_state=True"),
    refused(bidirectional(lstm("inner"), merge_mode="max"), "merge_mode='max' is not what TensorFlow.js can do"),
    refused(bidirectional(lstm("inner"), backward_layer="none"), "its backward_layer is none"),
    *[
        refused(bidirectional(lstm("inner"), backward_layer=other), "its backward_layer is another one than its layer")
        for other in (
            backward(lstm("inner"), units=3),
            backward(gru("inner")),
            {**lstm("inner"), "config": {**lstm("inner")["config"], "go_backwards": False}},
        )
    ],
    refused(each_step(lstm("inner"), layer=3), "it holds no layer"),
    refused(
        each_step(with_cell(cell("LSTM"))),
        "TensorFlow.js cannot apply 'RNN' to each step",
        (2, *STEPS),
        spellings=("keras2",),
    ),
    refused(
        each_step(layer("Embedding", "inner", input_dim=3, output_dim=2, mask_zero=True)),
        "TensorFlow.js does not pass on the mask of each step",
        (2, 3),
    ),
    refused(each_step(layer("Add", "inner")), "it is given 2 tensors", STEPS, STEPS),
    refused(each_step(layer("Lambda", "inner")), "TensorFlow.js has no layer class 'Lambda'"),
]
