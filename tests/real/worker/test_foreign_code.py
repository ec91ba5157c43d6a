"""Code that comes with a model runs only where the user said so."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workflow
from workflow.base.errors import ConversionError, WorkflowError

if TYPE_CHECKING:
    from workflow.bridge.warm_worker import Worker

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

ENDS: dict[str, Any] = {"output_node_names": ["read"]}
SAVED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.keras.protobuf import saved_metadata_pb2
from workflow.worker import foreign_code, loaders, outside_ops, resaving
from workflow.worker.failure import JobError, NotRunnableError

folder = sys.argv[-1]
mark = os.path.join(folder, "mark")

class Writing(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def serve(self, x):
        tf.io.write_file(mark, "evil")
        return {"y": x * 2}

class Counting(tf.Module):
    def __init__(self):
        self.weight = tf.Variable(2.0)
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def serve(self, x):
        return {"y": x * self.weight}

def saved(module, name):
    path = os.path.join(folder, name)
    tf.saved_model.save(module, path, signatures=module.serve)
    return path

def found(path):
    return {one.layer for one in foreign_code.beyond_the_list({"path": path, "format": "keras_saved_model"})}

def refused(kind, path, what, **more):
    try:
        loaders.load({"path": path, "format": kind, **more})
    except JobError as problem:
        assert what in str(problem) and "unsafe: true" in str(problem), str(problem)
    else:
        raise AssertionError(path)

writing = saved(Writing(), "writing")
refused("tf_saved_model", writing, "WriteFile")
assert not os.path.exists(mark)
loaders.load({"path": writing, "format": "tf_saved_model", "unsafe": True})
own = loaders.load({"path": saved(Counting(), "counting"), "format": "tf_saved_model"})
assert own.run([tf.ones([1, 2]).numpy()])[0][1].sum() == 4
with tf.Graph().as_default() as graph:
    x = tf.compat.v1.placeholder(tf.float32, [2], name="x")
    read = tf.io.read_file(tf.constant("/etc/hostname"), name="read")
    tf.identity(x, name="y")
    frozen = os.path.join(folder, "frozen.pb")
    open(frozen, "wb").write(graph.as_graph_def().SerializeToString())
refused("tf_frozen_model", frozen, "ReadFile")
loaders.load({"path": frozen, "format": "tf_frozen_model", "output_node_names": "y"})

inputs = tf_keras.Input([3])
path = os.path.join(folder, "keras")
tf_keras.Model(inputs, tf_keras.layers.Lambda(lambda x: x * 2, name="twice")(inputs)).save(path)
harmful = {"path": path, "format": "keras_saved_model"}
file = os.path.join(path, "keras_metadata.pb")
metadata = saved_metadata_pb2.SavedMetadata()
metadata.ParseFromString(open(file, "rb").read())
for node in metadata.nodes:
    node.metadata = node.metadata.replace("Lambda", "\\u004cambda")
open(file, "wb").write(metadata.SerializeToString())
assert found(path) == {"twice"}
graph_file = os.path.join(path, "saved_model.pb")
model = saved_model_pb2.SavedModel()
model.ParseFromString(open(graph_file, "rb").read())
for node in metadata.nodes:
    model.meta_graphs[0].object_graph_def.nodes[node.node_id].user_object.metadata = node.metadata
open(graph_file, "wb").write(model.SerializeToString())
os.remove(file)
assert found(path) == {"twice"}
open(file, "wb").write(b"\\xff\\xff")
try:
    resaving.resave({"source": harmful, "output": os.path.join(folder, "o.h5")}, print)
except JobError as problem:
    assert problem.kind == "source", problem
else:
    raise AssertionError("resaved")
open(os.path.join(folder, "done"), "w").close()
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


def test_saved_models_and_graphs_that_reach_out_and_keras_metadata_of_all_ages_are_refused(
    worker: Worker, tmp_path: Path
) -> None:
    (tmp_path / "saved.py").write_text(SAVED)
    root = str(Path(workflow.__file__).parents[1])
    job = {"script": str(tmp_path / "saved.py"), "arguments": [root, str(tmp_path)], "cwd": str(tmp_path)}
    worker.run("script", job, log=tmp_path / "log", timeout=300)
    assert (tmp_path / "done").exists()
    no_options: dict[str, Any] = {}
    places = (
        ("writing", "tf_saved_model", "WriteFile", no_options),
        ("frozen.pb", "tf_frozen_model", "ReadFile", ENDS),
    )
    for place, kind, op, options in places:
        source = {"path": str(tmp_path / place), "format": kind}
        convert = {"source": source, "options": options, "output": str(tmp_path / "no")}
        with pytest.raises(ConversionError, match=op):
            worker.run("graph", convert, log=tmp_path / "log", timeout=300)
        flags = [f"--{name}={','.join(value)}" for name, value in options.items()]
        formats = [f"--input_format={kind}", "--output_format=tfjs_graph_model"]
        by_reference = {"argv": [*formats, *flags, source["path"], str(tmp_path / "no")]}
        with pytest.raises(ConversionError, match=op) as refusal:
            worker.run("convert", by_reference, log=tmp_path / "log", timeout=300)
        assert "unsafe: true" in str(refusal.value)
    assert not (tmp_path / "mark").exists()
    assert not (tmp_path / "no").exists()


def test_a_graph_model_that_writes_a_file_is_not_rebuilt(worker: Worker, tmp_path: Path) -> None:
    text: dict[str, Any] = {
        "dtype": {"type": "DT_STRING"},
        "value": {"tensor": {"dtype": "DT_STRING", "tensorShape": {}}},
    }
    text["value"]["tensor"]["stringVal"] = [base64.b64encode(str(tmp_path / "mark").encode()).decode()]
    kind = {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "2"}]}}}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": kind},
        {"name": "f", "op": "Const", "attr": text},
        {"name": "w", "op": "WriteFile", "input": ["f", "f"], "attr": {}},
        {"name": "y", "op": "Identity", "input": ["x", "^w"], "attr": {"T": {"type": "DT_FLOAT"}}},
    ]
    described = {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": []}
    (tmp_path / "model.json").write_text(json.dumps(described))
    source = {"path": str(tmp_path / "model.json"), "format": "tfjs_graph_model"}
    with pytest.raises(ConversionError, match="WriteFile"):
        worker.run("saved_model", {"source": source, "output": str(tmp_path / "no")}, log=tmp_path / "log", timeout=300)
