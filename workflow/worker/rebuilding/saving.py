"""Rebuilt graphs as SavedModels, written as TensorFlow 1 writes them: the graph as it is, no object around it.

Every loader reads this form, and the same model always gives the same bytes. There are no variables: all weights are
constants of the graph, so the result answers and cannot be trained on.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ..failure import JobError
from ..graph.freezing import LARGEST
from .models import Rebuilt

SIGNATURE, TAG = "serving_default", "serve"
METADATA = os.path.join("assets.extra", "userDefinedMetadata.json")
"""Where a SavedModel may keep what is its author's business: TensorFlow copies it and never reads it."""
_RUN_FIRST = "__saved_model_init_op"
_METHOD = "tensorflow/serving/predict"


def write(folder: str, rebuilt: Rebuilt) -> None:
    """Write the SavedModel into the folder, which is made; raises ``JobError`` for more than 2 GiB."""
    message = _message(rebuilt)
    if message.ByteSize() > LARGEST:
        raise JobError("too_large", f"the graph has {message.ByteSize() / 2**30:.2f} GiB, and 2 GiB is the most")
    os.makedirs(folder)
    with open(os.path.join(folder, "saved_model.pb"), "xb") as file:
        file.write(message.SerializeToString(deterministic=True))
    if rebuilt.metadata:
        path = os.path.join(folder, METADATA)
        os.makedirs(os.path.dirname(path))
        with open(path, "x", encoding="utf-8") as file:
            json.dump(rebuilt.metadata, file)


def _message(rebuilt: Rebuilt) -> Any:
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
    from tensorflow.python.framework import meta_graph

    message = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta = message.meta_graphs.add()
    meta.meta_info_def.tags.append(TAG)
    meta.meta_info_def.tensorflow_version = tf.version.VERSION
    meta.meta_info_def.tensorflow_git_version = tf.version.GIT_VERSION
    meta.meta_info_def.stripped_op_list.MergeFrom(meta_graph.stripped_op_list_for_graph(rebuilt.graph))
    meta.graph_def.CopyFrom(rebuilt.graph)
    signature = rebuilt.signature.as_message()
    signature.method_name = _METHOD
    meta.signature_def[SIGNATURE].CopyFrom(signature)
    if rebuilt.initializer is not None:
        port = meta_graph_pb2.TensorInfo(name=rebuilt.initializer)
        meta.signature_def[_RUN_FIRST].outputs[_RUN_FIRST].CopyFrom(port)
        meta.collection_def["saved_model_main_op"].node_list.value.append(rebuilt.initializer)
    return message
