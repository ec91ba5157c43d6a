"""Which way a model goes: layers where they suffice, else a graph; said on the screen, right in Node.js either way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.conversions.projects import Project
from workflow.base.processes import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

BUILD = """
import numpy, tf_keras
from my_layers import Scale
keras, layers = tf_keras, tf_keras.layers
tf_keras.utils.set_random_seed(1)

def save(name, *stack):
    keras.Sequential(list(stack)).save(name)

save("dense.h5", layers.Input([4]), layers.Dense(3, activation="tanh"), layers.Dense(2))
save("gru.h5", layers.Input([5, 3]), layers.GRU(4), layers.Dense(2))
save("lambda.h5", layers.Input([4]), layers.Dense(3), layers.Lambda(lambda x: x * 2.0 + 1.0, name="twice"))
save("custom.h5", layers.Input([4]), layers.Dense(3), Scale(3.0))
"""
MODULE = """
import tf_keras

class Scale(tf_keras.layers.Layer):
    def __init__(self, factor, **others):
        super().__init__(**others)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
"""
RECIPE = """\
name: routes
verify: {runtimes: [python, node], backends: {node: [cpu]}, require: [node]}
steps:
  - python_to_js: {name: dense, input: dense.h5, output: data/dense, format: auto}
  - python_to_js: {name: gru, input: gru.h5, output: data/gru, format: auto}
  - python_to_js: {name: lambda, input: lambda.h5, output: data/lambda, format: auto, unsafe: true}
  - python_to_js: {name: custom, input: custom.h5, output: data/custom, format: auto, custom_objects: [my_layers.py]}
  - shard: {name: pieces, input: data/gru, output: data/gru_pieces, shard_size: 200}
  - js_to_python: {name: back, input: data/gru_pieces, output: data/saved_model, format: tf_saved_model}
"""


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory, converter_python: Path) -> tuple[Project, dict[str, Any]]:
    """The project after its run, and the record of that by step."""
    project = Project(tmp_path_factory.mktemp("routes")).write(RECIPE)
    (project.folder / "my_layers.py").write_text(MODULE)
    (project.folder / "build.py").write_text(BUILD)
    built = run([str(converter_python), "build.py"], cwd=project.folder, env=project.environ(), timeout=120)
    assert built.code == 0, built.stderr
    done = project.convert("--json")
    assert done.code == 0, done.stdout + done.stderr
    return project, {step["step"]: step for step in json.loads(done.stdout)["steps"]}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("dense", ("native", "tfjs_layers_model")),
        ("gru", ("worker", "tfjs_graph_model")),
        ("lambda", ("worker", "tfjs_graph_model")),
        ("custom", ("worker", "tfjs_graph_model")),
        ("pieces", ("native", "tfjs_graph_model")),
        ("back", ("worker", "tf_saved_model")),
    ],
)
def test_each_model_goes_the_way_that_works_and_the_record_says_which(
    routes: tuple[Project, dict[str, Any]], step: str, expected: tuple[str, str]
) -> None:
    facts = routes[1][step]["facts"]
    assert (facts["engine"], facts["format"]) == expected


def test_why_layers_did_not_suffice_is_recorded(routes: tuple[Project, dict[str, Any]]) -> None:
    assert "reset_after" in routes[1]["gru"]["facts"]["declined"]


def test_code_in_a_model_needs_the_users_word(routes: tuple[Project, dict[str, Any]], tmp_path: Path) -> None:
    source = routes[0].folder / "lambda.h5"
    project = Project(tmp_path).write(f"steps:\n  - graph: {{input: {source}, output: out}}\n")
    done = project.convert()
    assert done.code == 30
    assert "twice" in done.stderr
    assert "unsafe: true" in done.stderr
    assert not (tmp_path / "out").exists()
