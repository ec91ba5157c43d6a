from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from workflow.base.errors import RecipeError
from workflow.recipe import load

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name: x
environment: tfjs
model: {keras_application: MobileNet, weights: seeded, output: d/a.h5, options: {alpha: 0.5}}
steps:
  - python_to_js: {input: d/a.h5, output: d/w, quantize_uint8: [a*, b], metadata: {l: l.json}, timeout: 9}
  - js_to_python: {input: d/w, output: d/k.h5, name: back}
  - shard: &s {input: d/w/model.json, output: d/s, shard_size: 100kB}
  - quantize: {input: d/w, output: d/q, dtype: uint8, weights: '*'}
  - graph: {input: d/w, output: d/g, strip_debug_ops: off}
  - convert: {from: tf_frozen_model, to: tfjs_graph_model, input: f.pb, output: d/f, output_node_names: y}
verify: {runtimes: [python], batches: [2], backends: wasm, outputs: {y: {rtol: 0.1}}, atol: 1.0e-3}
"""
ROUNDS = 150
PIECES = [
    b"\t",
    b"\0",
    b"\xff",
    b"*s",
    b"&s",
    b"!!",
    b": ",
    b"- ",
    b"[",
    b"{",
    b"\n",
    b"<<: *s\n",
    b"'",
    b'"\\x',
    b"%",
    b"\r",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    10**400,
    0.5,
    float("nan"),
    "",
    "..",
    "/",
    "\0",
    "~x/y",
    "é",
    [],
    {},
    [[]],
    {"a": 1},
]
VALUES += ["d/w", "d/w/model.json", "d", "keras", "tf_hub", "https://x", "*", "a,b", "x" * 5000]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container and key of a nested value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


def mutated_bytes(chance: random.Random) -> bytes:
    text = bytearray(GOOD.encode())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text))
        piece = chance.choice([*PIECES, chance.randbytes(2), bytes(text[at : at + 30])])
        text[at : at + chance.randrange(6)] = piece
    return bytes(text)


def mutated_structure(chance: random.Random) -> bytes:
    data = yaml.safe_load(GOOD)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(places(data))
        if isinstance(container, dict) and chance.random() < 0.3:
            container[chance.choice(["from", "format", "name", "x", "output", "url", "shard_size"])] = container.pop(
                key
            )
        else:
            container[key] = chance.choice(VALUES)
    return yaml.safe_dump(data, allow_unicode=True).encode()


@pytest.mark.parametrize("mutated", [mutated_bytes, mutated_structure])
def test_whatever_stands_in_a_recipe_only_recipe_errors_come_out(mutated: Any, tmp_path: Path) -> None:
    chance = random.Random(20240607)
    path = tmp_path / "recipe.yml"
    for _ in range(ROUNDS):
        path.write_bytes(mutated(chance))
        try:
            recipe = load(path, check_files=chance.random() < 0.5)
        except RecipeError as error:
            assert error.details.startswith(str(path))  # noqa: PT017  either outcome is right
        else:
            assert recipe.steps
