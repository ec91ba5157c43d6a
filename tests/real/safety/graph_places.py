"""SavedModels in which something stands where nobody may look: in the syntax of the converter environment's Python."""

from __future__ import annotations

import base64
import json
import marshal
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tf_keras
from google.protobuf import text_format
from tensorflow.compat import v1
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.keras.protobuf import saved_metadata_pb2

from tests.real.safety.graph_ops import INT, NAME, raw, saved, saved_model

if TYPE_CHECKING:
    from collections.abc import Callable

    Scene = dict[str, Any]


_RUNS = "lambda x: __import__('os').system({!r}) or x"


def plain_graph() -> Any:
    graph = v1.Graph()
    with graph.as_default():
        tf.add(v1.placeholder(tf.float32, [None, 3], name="x"), tf.constant(1.0), name="y")
    return graph


class Serving(tf.Module):  # type: ignore[misc]
    """A sound module of TensorFlow 2, with a table if a vocabulary is given."""

    def __init__(self, asset: str = "") -> None:
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0, 3.0])
        self.table = None
        if asset:
            filled = tf.lookup.TextFileInitializer(asset, tf.string, -2, INT, -1)
            self.table = tf.lookup.StaticHashTable(filled, -1)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def serve(self, x: Any) -> Any:
        found = 0 if self.table is None else self.table.lookup(tf.constant(["a"]))
        return {"y": x * self.weight + tf.cast(found, tf.float32)}


def modern(scene: Scene, module: Any = None) -> str:
    folder = str(Path(scene["here"]) / "model")
    module = module or Serving()
    tf.saved_model.save(module, folder, signatures=module.serve)
    return folder


def vocabulary(scene: Scene) -> str:
    path = Path(scene["here"]) / "vocabulary.txt"
    path.write_text("a\nb\n")
    return str(path)


def parsed(folder: str) -> Any:
    document = saved_model_pb2.SavedModel()
    document.ParseFromString((Path(folder) / "saved_model.pb").read_bytes())
    return document


def edit(folder: str, change: Callable[[Any], None]) -> str:
    document = parsed(folder)
    change(document)
    (Path(folder) / "saved_model.pb").write_bytes(document.SerializeToString())
    return folder


def write_nodes(graph: Any, scene: Scene, name: str = NAME) -> None:
    """Add nodes to a GraphDef or a function that write the marker."""
    for key, text in (("a", scene["marker"]), ("b", "x")):
        const = graph.add()
        const.name, const.op = name + "/" + key, "Const"
        const.attr["dtype"].type = tf.string.as_datatype_enum
        const.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))
    node = graph.add()
    node.name, node.op = name, "WriteFile"
    node.input.extend([name + "/a", name + "/b"])


def with_init(scene: Scene) -> str:
    graph = plain_graph()
    with graph.as_default():
        evil = raw.WriteFile(filename=scene["marker"], contents="x", name=NAME)
    return saved(graph, scene, main_op=evil)


def with_old_init(scene: Scene) -> str:
    graph = plain_graph()
    with graph.as_default():
        evil = raw.WriteFile(filename=scene["marker"], contents="x", name=NAME)
    return saved(graph, scene, legacy_init_op=evil)


def in_restore(scene: Scene) -> str:
    """Let the saver's restoring, which loading calls, write a file."""

    def change(document: Any) -> None:
        part = document.meta_graphs[0]
        for function in part.graph_def.library.function:
            if "restore" in function.signature.name:
                write_nodes(function.node_def, scene)
                for node in function.node_def:
                    if node.name == NAME:
                        node.input[:] = [NAME + "/a:output:0", NAME + "/b:output:0"]
                function.control_ret[NAME] = NAME
                function.signature.control_output.append(NAME)

    return edit(modern(scene), change)


def in_served_function(scene: Scene) -> str:
    def change(document: Any) -> None:
        for function in document.meta_graphs[0].graph_def.library.function:
            if "serve" in function.signature.name:
                write_nodes(function.node_def, scene)
                for node in function.node_def:
                    if node.name == NAME:
                        node.input[:] = [NAME + "/a:output:0", NAME + "/b:output:0"]
                function.control_ret[NAME] = NAME
                function.signature.control_output.append(NAME)

    return edit(modern(scene), change)


def in_unused_function(scene: Scene) -> str:
    """Let a function that nothing calls say that it implements the same as one that is called."""

    def change(document: Any) -> None:
        library = document.meta_graphs[0].graph_def.library
        served = next(one for one in library.function if "serve" in one.signature.name)
        other = library.function.add()
        other.CopyFrom(served)
        other.signature.name = "__inference_other_99"
        write_nodes(other.node_def, scene)
        for node in other.node_def:
            if node.name == NAME:
                node.input[:] = [NAME + "/a:output:0", NAME + "/b:output:0"]
        other.control_ret[NAME] = NAME
        other.signature.control_output.append(NAME)
        for function in (served, other):
            function.attr["api_implements"].s = b"same"
            function.attr["api_preferred_device"].s = b"CPU"

    return edit(modern(scene), change)


def in_second_graph(scene: Scene) -> str:
    folder = saved_model("WriteFile", scene)
    evil = parsed(folder)
    shutil.rmtree(folder)

    def change(document: Any) -> None:
        document.meta_graphs.add().CopyFrom(evil.meta_graphs[0])
        document.meta_graphs.reverse()

    return edit(saved(plain_graph(), scene), change)


def pbtxt_beside(scene: Scene) -> str:
    """Leave an evil text beside a sound binary: whoever checks one and loads the other is deceived."""
    folder = saved_model("WriteFile", scene)
    evil = parsed(folder)
    shutil.rmtree(folder)
    saved(plain_graph(), scene)
    (Path(folder) / "saved_model.pbtxt").write_text(text_format.MessageToString(evil))
    return folder


def renamed_asset(name: Callable[[Scene], str]) -> Callable[[Scene], str]:
    def make(scene: Scene) -> str:
        def change(document: Any) -> None:
            document.meta_graphs[0].asset_file_def[0].filename = name(scene)

        return edit(modern(scene, Serving(vocabulary(scene))), change)

    return make


def linked(part: str, aim: str) -> Callable[[Scene], str]:
    """Put a link to something outside in the place of a part of the model."""

    def make(scene: Scene) -> str:
        folder = modern(scene, Serving(vocabulary(scene)))
        path = Path(folder) / part
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        path.symlink_to(scene[aim])
        return folder

    return make


def endless(scene: Scene) -> str:
    graph = v1.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        turned = tf.while_loop(lambda n: n >= 0, lambda n: (n * 1,), [tf.constant(1)], name=NAME)
        tf.add(x, tf.cast(tf.nest.flatten(turned)[0], tf.float32), name="y")
    return saved(graph, scene)


def vast(scene: Scene) -> str:
    graph = v1.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        rows = tf.cast(tf.reduce_sum(x) * 0 + 60000.0, tf.int32)
        tf.add(x, tf.reduce_sum(tf.fill([rows, rows], 1.0)), name="y")
    return saved(graph, scene)


def keras_saved(scene: Scene) -> str:
    """Return a SavedModel with Keras's metadata, in which a sound layer is called evil."""
    folder = str(Path(scene["here"]) / "model")
    inputs = tf_keras.Input([3], name="x")
    hidden = tf_keras.layers.Activation("relu", name=NAME)(inputs)
    tf_keras.Model(inputs, tf_keras.layers.Dense(2, name="y")(hidden)).save(folder, save_format="tf")
    return folder


def keras_metadata(change: Callable[[Scene, dict[str, Any]], dict[str, Any]]) -> Callable[[Scene], str]:
    """Make a Keras SavedModel whose metadata say something else of its layer."""

    def make(scene: Scene) -> str:
        folder = keras_saved(scene)
        path = Path(folder) / "keras_metadata.pb"
        metadata = saved_metadata_pb2.SavedMetadata()
        metadata.ParseFromString(path.read_bytes())
        for node in metadata.nodes:
            told = json.loads(node.metadata)
            if told.get("name") == NAME:
                node.metadata = json.dumps(change(scene, told))
            elif told.get("class_name") == "Functional":
                for layer in told["config"]["layers"]:
                    if layer["name"] == NAME:
                        layer.update({key: value for key, value in change(scene, dict(layer)).items() if key in layer})
                node.metadata = json.dumps(told)
        path.write_bytes(metadata.SerializeToString())
        return folder

    return make


def as_lambda(scene: Scene, told: dict[str, Any]) -> dict[str, Any]:
    made = compile(_RUNS.format(scene["command"]), "<m>", "eval").co_consts[0]
    config: dict[str, Any] = {
        "name": NAME,
        "function": [base64.b64encode(marshal.dumps(made)).decode(), None, None],
        "function_type": "lambda",
        "module": "builtins",
        "output_shape": None,
        "output_shape_type": "raw",
        "output_shape_module": None,
        "arguments": {},
    }
    return {**told, "class_name": "Lambda", "config": config}


def as_operation(scene: Scene, told: dict[str, Any]) -> dict[str, Any]:
    constant = [["_CONSTANT_VALUE", -1, scene["victim"], {}]]
    config = {"name": NAME, "trainable": True, "dtype": "float32", "function": "io.TFRecordWriter"}
    return {**told, "class_name": "TFOpLambda", "config": config, "inbound_nodes": constant}


def as_lookup(scene: Scene, told: dict[str, Any]) -> dict[str, Any]:
    config = {"name": NAME, "vocabulary": scene["secret"], "dtype": "int64", "mask_token": None}
    return {**told, "class_name": "StringLookup", "config": config}


def as_module(scene: Scene, told: dict[str, Any]) -> dict[str, Any]:
    fetched = {"class_name": "function", "module": "tensorflow.python.eager.context", "config": "os.system",
               "registered_name": "os.system"}  # fmt: skip
    config = {"name": NAME, "activation": fetched}
    return {**told, "module": "keras.layers", "registered_name": None, "config": config}


PLACES: dict[str, Callable[[Scene], str]] = {
    "main-op": with_init,
    "legacy-init-op": with_old_init,
    "restore": in_restore,
    "served-function": in_served_function,
    "unused-function": in_unused_function,
    "second-graph": in_second_graph,
    "pbtxt-beside": pbtxt_beside,
    "asset-climbs-out": renamed_asset(lambda s: os.path.relpath(s["secret"], s["here"] + "/model/assets")),
    "asset-absolute": renamed_asset(lambda s: s["secret"]),
    "asset-link": linked("assets/vocabulary.txt", "secret"),
    "assets-folder-link": linked("assets", "outside"),
    "variables-folder-link": linked("variables", "outside"),
    "variables-file-link": linked("variables/variables.data-00000-of-00001", "secret"),
    "index-file-link": linked("variables/variables.index", "secret"),
    "graph-file-link": linked("saved_model.pb", "secret"),
    "endless-loop": endless,
    "vast-tensor": vast,
    "keras-lambda": keras_metadata(as_lambda),
    "keras-operation": keras_metadata(as_operation),
    "keras-lookup": keras_metadata(as_lookup),
    "keras-module": keras_metadata(as_module),
}
"""SavedModels in which something stands where nobody looks."""
