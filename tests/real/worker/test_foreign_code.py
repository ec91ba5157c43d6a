"""Code that comes with a model runs only where the user said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.errors import ConversionError, WorkflowError

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.converters.bridge import Worker

pytestmark = pytest.mark.real

SCRIPT = """
import sys
import tf_keras
from layers_of_mine import Scale

inputs = tf_keras.Input([3])
hidden = tf_keras.layers.Lambda(lambda x: x * 2, name="twice")(inputs) if sys.argv[1] == "lambda" else Scale()(inputs)
tf_keras.Model(inputs, tf_keras.layers.Dense(2)(hidden)).save(sys.argv[-1])
"""
MODULE = """
import tf_keras

class Scale(tf_keras.layers.Layer):
    def call(self, inputs):
        return inputs * 3.0
"""


def built(worker: Worker, folder: Path, kind: str) -> str:
    (folder / "layers_of_mine.py").write_text(MODULE)
    (folder / "build.py").write_text(SCRIPT)
    job = {"script": str(folder / "build.py"), "arguments": [kind, str(folder / "model.h5")], "cwd": str(folder)}
    worker.run("script", job, log=folder / "log", timeout=300)
    return str(folder / "model.h5")


def test_bytecode_of_a_lambda_layer_runs_only_when_that_is_allowed(worker: Worker, tmp_path: Path) -> None:
    source = {"path": built(worker, tmp_path, "lambda"), "format": "keras"}
    job = {"source": source, "output": str(tmp_path / "graph")}
    with pytest.raises(ConversionError, match="twice") as refusal:
        worker.run("graph", job, log=tmp_path / "log", timeout=300)
    assert "unsafe: true" in refusal.value.hint
    allowed = {**job, "source": {**source, "unsafe": True}}
    assert worker.run("graph", allowed, log=tmp_path / "log", timeout=300)["ops"]["Mul"] == 1


def test_a_class_of_the_users_comes_from_the_module_that_is_named(worker: Worker, tmp_path: Path) -> None:
    source = {"path": built(worker, tmp_path, "custom"), "format": "keras"}
    with pytest.raises(WorkflowError, match="Scale"):
        worker.run("graph", {"source": source, "output": str(tmp_path / "no")}, log=tmp_path / "log", timeout=300)
    named = {**source, "custom_objects": [str(tmp_path / "layers_of_mine.py")]}
    facts = worker.run("graph", {"source": named, "output": str(tmp_path / "graph")}, log=tmp_path / "log", timeout=300)
    assert facts["ops"]["Mul"] == 1
