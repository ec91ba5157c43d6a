"""The reference converter's optimiser: TensorFlow's own passes and the converter's fusions, in the same order."""

from __future__ import annotations

from typing import Any, List, Sequence

from . import batch_norm_folding
from .signatures import Signature

_FIRST = ("pruning", "constfold", "arithmetic", "dependency") * 2
_SECOND = ("remap", "constfold", "arithmetic", "dependency")
_ON_CPU = frozenset(["Conv2D", "MatMul"])
_UNUSED = "unused_control_flow_input"


def optimize(graph: Any, signature: Signature, *, strip_debug_ops: bool = True, experiments: bool = False) -> Any:
    """Return the optimised GraphDef; the outputs of the signature keep their names."""
    from tensorflowjs.converters import fuse_depthwise_conv2d, fuse_prelu, normalize_bias_add

    passes = [*(["debug_stripper"] if strip_debug_ops else []), *_FIRST]
    graph = _run(passes, graph, signature, experiments=experiments)
    graph = batch_norm_folding.fold(graph)
    graph = normalize_bias_add.normalize_bias_add_op(graph)
    for node in graph.node:
        if node.op in _ON_CPU:  # where TensorFlow knows how to fuse them
            node.device = "/device:CPU:0"
    graph = _run(_SECOND, graph, signature, experiments=experiments)
    _drop_unused_placeholders(graph)
    graph = fuse_prelu.fuse_ops_for_prelu(graph)
    graph = fuse_depthwise_conv2d.fuse_depthwise_conv2d(graph)
    return fuse_prelu.fuse_prelu_with_fused_conv2d_or_matmul(graph)


def _run(passes: Sequence[str], graph: Any, signature: Signature, *, experiments: bool) -> Any:
    from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
    from tensorflow.python.grappler import tf_optimizer

    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers[:] = passes
    if experiments:
        rewriting.experimental_disable_compressed_tensor_optimization = True
    whole = meta_graph_pb2.MetaGraphDef()
    whole.graph_def.CopyFrom(graph)
    whole.collection_def["train_op"].node_list.value.extend(_kept(signature))
    whole.signature_def["not_used_key"].CopyFrom(signature.as_message())
    return tf_optimizer.OptimizeGraph(config, whole, cluster=_cluster())


def _kept(signature: Signature) -> List[str]:
    return list(dict.fromkeys(port.node for port in signature.outputs))


def _cluster() -> Any:
    """Return a machine with one made-up GPU, for which the passes leave layouts as TensorFlow.js wants them."""
    from tensorflow.core.protobuf import device_properties_pb2
    from tensorflow.python.grappler import cluster

    device = device_properties_pb2.NamedDevice(name="/GPU:0")
    device.properties.type = "GPU"
    device.properties.environment["architecture"] = "4"
    return cluster.Cluster(devices=[device])


def _drop_unused_placeholders(graph: Any) -> None:
    kept = [node for node in graph.node if node.op != "Placeholder" or not node.name.startswith(_UNUSED)]
    if len(kept) < len(graph.node):
        copies = [type(node).FromString(node.SerializeToString()) for node in kept]
        del graph.node[:]
        graph.node.extend(copies)
