"""Which ops of TensorFlow stay inside a graph, and which ops a Python function of TensorFlow can reach."""

# ruff: noqa: PLC0415  TensorFlow is in one environment only

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAVING = re.compile(
    r"_*(Host|Copy|Nccl|TPU|Tpu|Send|Recv|Xla(Host|Send|Recv|Run|Compile|Launch|CustomCall)|Collective|DTensor|Dtensor"
    r"|Debug|RpcServer|Rpc|Remote|Mlir|TRT|PyFunc|Reader|LoadAndRemap|GenerateVocab|Sleep|Abort|ImmutableConst"
    r"|ReadFile|WriteFile|MatchingFiles|RegisterDataset|DatasetFromGraph|DatasetToGraph|CacheDataset|Relayout"
    r"|(Experimental)?(Sleep|Save|Load|List|Snapshot|Cache)(Chunk|Nested)?Dataset"
    r"|Snapshot|CopyToMesh|SplitDedup|MergeDedup|TPUPartitioned|FuncAttr|FuncListAttr)\w*"
)
"""Ops without state that reach files, processes or other machines all the same, or end the process."""
_STAYING = re.compile(
    # variables, and what training left in a graph
    r"(Assign\w*VariableOp|VarHandleOp|VarIsInitializedOp|_?Read(Variable|Variables)(s)?Op|Variable(Shape|V2)?"
    r"|TemporaryVariable|Resource(Gather|Scatter|Apply|SparseApply|StridedSlice|CountUpTo|Accumulator|Conditional)\w*"
    r"|(Sparse)?ConditionalAccumulator|DestroyResourceOp|GuaranteeConst|DisableCopyOnRead|DeepCopy|Empty|_VarHandlesOp"
    r"|IsResourceHandleRefCounting|NegTrain|Add(Many)?SparseToTensorsMap|TakeManySparseFromTensorsMap"
    # tables
    r"|(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|AnonymousMutableDenseHashTable|LookupTable\w+V2"
    r"|InitializeTable(V2|FromTextFileV2|FromDataset)"
    # random numbers
    r"|Random(Crop|Gamma|Poisson(V2)?|Shuffle|StandardNormal|Uniform(Int)?)|(Parameterized)?TruncatedNormal|Multinomial"
    r"|Stateful(RandomBinomial|StandardNormal(V2)?|TruncatedNormal|Uniform\w*)|Rng\w+|NonDeterministicInts"
    r"|StatelessRandomGetAlg|SampleDistortedBoundingBox(V2)?|\w+CandidateSampler|(Anonymous|Dummy)\w*SeedGenerator"
    r"|Delete(Random)?SeedGenerator"
    # control flow, checks, words on the worker's own log
    r"|_?If|_?While|Case|StatefulPartitionedCall|Assert|CheckNumerics(V2)?|Print(V2)?|Timestamp|Barrier|_(Device)?Arg"
    r"|_(Device)?Retval|RiscWhile|GraphDefVersion|RequiresOlderGraphVersion|DeviceIndex|IsTensorFloat32Enabled"
    # lists, stacks, queues
    r"|TensorArray\w*|Stack\w*|\w*Queue\w*|(Ordered)?Map\w*|Stage\w*|Unstage|Mutex\w*|ConsumeMutexLock|_ParallelConcat\w*"
    # trees, recurrent layers of graphics cards, data that are in memory
    r"|BoostedTrees\w+|IsBoostedTrees\w+|CudnnRNN\w*|(Tensor|TensorSlice|SparseTensorSlice|Range|Reduce|Generator)Dataset"
    r"|(Experimental)?GroupByReducerDataset|(Experimental)?RandomDataset(V2)?|Shuffle(AndRepeat)?Dataset(V\d)?"
    r"|(Anonymous|OneShot)?Iterator(V\d)?|IteratorGet\w+|MakeIterator|DeleteIterator|DatasetToSingleElement)"
)
"""Ops with state that stays in the process."""


def all_ops() -> dict[str, bool]:
    """Return every op that TensorFlow registers by itself, and whether it has state."""
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    listed = op_def_pb2.OpList()
    listed.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name: bool(op.is_stateful) for op in listed.op}


def stays_inside(op: str, *, stateful: bool) -> bool:
    """Tell whether an op reaches nothing but the graph's own memory."""
    return bool(_STAYING.fullmatch(op)) if stateful else not _LEAVING.fullmatch(op)


def ops_list() -> dict[str, Any]:
    """Return the ops in two parts."""
    ops = all_ops()
    allowed = sorted(op for op, stateful in ops.items() if stays_inside(op, stateful=stateful))
    return {"allowed": allowed, "refused": sorted(set(ops) - set(allowed))}


class Reach:
    """Which ops of TensorFlow a Python function can reach, by the names that its code uses.

    Followed through the modules that define operations, and no further: what lies below makes tensors and graphs.
    """

    _FOLLOWED = ("tensorflow.python.ops", "tf_keras.src.", "keras.src.")

    def __init__(self, ops: dict[str, bool]) -> None:
        self._ops = ops

    def of(self, function: Any) -> set[str]:
        """Return the ops; a generated function whose op cannot be told is named with a question mark."""
        seen: set[int] = set()
        found: set[str] = set()
        waiting = [undecorated(function)]
        while waiting:
            one = waiting.pop()
            if not isinstance(one, types.FunctionType) or id(one) in seen:
                continue
            seen.add(id(one))
            module = one.__module__ or ""
            if ".gen_" in module:
                found.update([op for op in one.__code__.co_consts if op in self._ops][:1] or [f"?{one.__name__}"])
            elif module.startswith(self._FOLLOWED):
                waiting += map(undecorated, used_by(one))
        return found


def undecorated(function: Any) -> Any:
    """Return the function below all decorators."""
    from tensorflow.python.util import tf_decorator

    function = tf_decorator.unwrap(function)[1]
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def used_by(function: types.FunctionType) -> Iterator[Any]:
    """Yield the functions that a function's code can mean by the names in it, those in modules included."""
    names = names_in(function.__code__)
    for name in names:
        thing = function.__globals__.get(name)
        if isinstance(thing, types.FunctionType):
            yield thing
        elif isinstance(thing, types.ModuleType):
            yield from (vars(thing)[inner] for inner in names if callable(vars(thing).get(inner)))


def names_in(code: types.CodeType) -> set[str]:
    """Return the names in a code object and in those inside it."""
    inner = [names_in(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*inner)
