"""Ops that reach out of a graph, and graphs of one of them: in the syntax of the converter environment's Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.compat import v1

if TYPE_CHECKING:
    from collections.abc import Callable

    Scene = dict[str, Any]

raw = tf.raw_ops
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
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])  # type: ignore[untyped-decorator]
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

    @tf.function  # type: ignore[untyped-decorator]
    def called() -> Any:
        return tf.cond(tf.constant(True), write, lambda: tf.constant(0.0))

    return called()


def in_loop(scene: Scene) -> Any:
    @tf.function  # type: ignore[untyped-decorator]
    def body(number: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(scene["marker"], "x", name=NAME)]):
            return number + 1

    return tf.while_loop(lambda n: n < 2, lambda n: (body(n),), [tf.constant(0)])


def grpc(scene: Scene) -> str:
    return "127.0.0.1:{}".format(scene["port"])


def snapshot(scene: Scene) -> Any:
    made = raw.SnapshotDataset(input_dataset=ones(), path=scene["marker"], output_types=[tf.string], output_shapes=[[]])
    return element(made)


INT = tf.int64
FUNCTION = "pyfunc_0"
OPS: dict[str, Callable[[Scene], Any]] = {
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
    "PyFunc": lambda _: raw.PyFunc(input=[tf.constant(1.0)], token=FUNCTION, Tout=[tf.float32], name=NAME),
    "EagerPyFunc": lambda _: raw.EagerPyFunc(input=[tf.constant(1.0)], token=FUNCTION, Tout=[tf.float32], name=NAME),
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
    path = Path(scene["here"]) / "model.pb"
    path.write_bytes(graph_of(name, scene).as_graph_def().SerializeToString())
    return str(path)


def saved(graph: Any, scene: Scene, **more: Any) -> str:
    folder = str(Path(scene["here"]) / "model")
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
