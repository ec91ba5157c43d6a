from __future__ import annotations

import contextlib
import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import graph_document, layers_document, weight, write_model
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

ROUNDS = 200
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, "", "x", "..", "/", "a.bin", "\ud800", "\0", "é" * 300),
    *([], {}, [[]], [None], {"": None}, {"class_name": "Model"}, {"layers": [{}]}, [2**31, 2**31, 2**31]),
)
TFJS: tuple[Format, ...] = ("tfjs_layers_model", "tfjs_graph_model")


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Return (container, key) of every value in a tree."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [spot for key in keys for spot in [(value, key), *spots(value[key])]]


def mutate(document: Any, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 3)):
        found = spots(document)
        if not found:
            return
        container, key = dice.choice(found)
        if dice.random() < 0.2:
            del container[key]
        else:
            container[key] = copy.deepcopy(dice.choice(STRANGE))


@pytest.mark.parametrize("make", [layers_document, graph_document])
def test_changed_documents_are_accepted_or_refused_and_nothing_else(make: Any, tmp_path: Path) -> None:
    dice = random.Random(20)
    quantized = weight("q", quantization={"dtype": "uint8", "min": 0.0, "scale": 1.0})
    original = make(weightsManifest=[{"paths": ["a.bin", "b.bin"], "weights": [weight(), quantized]}])
    for _ in range(ROUNDS):
        document = copy.deepcopy(original)
        mutate(document, dice)
        path = write_model(tmp_path, document, a=24, b=6)
        for expected in TFJS:
            with contextlib.suppress(ModelFileError):
                inspect_model(path, expected)


def test_changed_bytes_are_accepted_or_refused_and_nothing_else(tmp_path: Path) -> None:
    dice = random.Random(21)
    text = json.dumps(layers_document()).encode()
    path = write_model(tmp_path, {})
    for _ in range(ROUNDS):
        content = bytearray(text)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] = dice.choice(b'"{}[]:,\\0-9eN\x00\xff\n')
        path.write_bytes(content[: dice.choice([len(content), dice.randrange(len(content))])])
        with contextlib.suppress(ModelFileError):
            inspect_model(path, "tfjs_layers_model")
