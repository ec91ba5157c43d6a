"""Small models on disk, and a numpy interpreter of them that stands in for Python and for JavaScript."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import VerificationError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.verification import exchange
from workflow.verification.requests import NotRun, RuntimeFailure, Subject, run_result
from workflow.verification.weights_by_layer import weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workflow.catalogue.formats import Format
    from workflow.verification.runtimes.fake_runtime import FakeRuntime

    Array = NDArray[Any]
    Arrays = dict[str, Array]

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"
KERAS: Format = "keras"
UNITS = {"first": (6, 6), "second": (6, 6), "third": (6, 4)}
ACTIVATIONS = {"first": "tanh", "second": "relu", "third": "softmax"}
FUNCTIONS: dict[str, Any] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softmax": lambda x: (
        np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
    ),
}


def weights(seed: int = 7) -> Arrays:
    rng = np.random.default_rng(seed)
    found: Arrays = {}
    for name, (rows, columns) in UNITS.items():
        found[f"{name}/kernel"] = rng.normal(0, 0.7, (rows, columns)).astype(np.float32)
        found[f"{name}/bias"] = rng.normal(0, 0.3, columns).astype(np.float32)
    return found


def layers_document() -> dict[str, Any]:
    layers: list[dict[str, Any]] = [
        {
            "class_name": "InputLayer",
            "config": {"name": "x", "batch_input_shape": [None, 6], "dtype": "float32"},
            "name": "x",
            "inbound_nodes": [],
        }
    ]
    above = "x"
    for name, (_, columns) in UNITS.items():
        config = {"name": name, "units": columns, "activation": ACTIVATIONS[name], "use_bias": True}
        nodes = [[[above, 0, 0, {}]]]
        layers.append({"class_name": "Dense", "config": config, "name": name, "inbound_nodes": nodes})
        above = name
    config = {"name": "net", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["third", 0, 0]]}
    topology = {"keras_version": "2.13.1", "model_config": {"class_name": "Functional", "config": config}}
    return {"format": "layers-model", "modelTopology": topology}


def graph_document(values: Arrays) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = [{"name": "x", "op": "Placeholder", "attr": {}}]
    above = "x"
    for name in UNITS:
        for part in ("kernel", "bias"):
            array = values[f"{name}/{part}"]
            shape = {"dim": [{"size": str(size)} for size in array.shape]}
            tensor = {"dtype": "DT_FLOAT", "tensorShape": shape}
            nodes.append({"name": f"{name}/{part}", "op": "Const", "attr": {"value": {"tensor": tensor}}})
        nodes.append({"name": f"{name}/MatMul", "op": "MatMul", "input": [above, f"{name}/kernel"]})
        nodes.append({"name": f"{name}/BiasAdd", "op": "BiasAdd", "input": [f"{name}/MatMul", f"{name}/bias"]})
        op = ACTIVATIONS[name].capitalize()
        nodes.append({"name": f"{name}/{op}", "op": op, "input": [f"{name}/BiasAdd"]})
        above = f"{name}/{op}"
    nodes.append({"name": "Identity", "op": "Identity", "input": [above]})
    return {
        "format": "graph-model",
        "signature": {"inputs": {"x": port("x:0", -1, 6)}, "outputs": {"third": port("Identity:0", -1, 4)}},
        "modelTopology": {"node": nodes, "versions": {}},
    }


def port(name: str, *shape: int) -> dict[str, Any]:
    return {"name": name, "dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": str(size)} for size in shape]}}


def save(folder: Path, document: dict[str, Any], values: Mapping[str, Array], *, shard: int = 128) -> Path:
    """Write a model in files of ``shard`` bytes."""
    folder.mkdir(parents=True)
    content = b"".join(array.tobytes() for array in values.values())
    parts = [content[start : start + shard] for start in range(0, len(content), shard)]
    names = [f"group1-shard{number}of{len(parts)}.bin" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        (folder / name).write_bytes(part)
    entries = [{"name": n, "shape": list(a.shape), "dtype": a.dtype.name} for n, a in values.items()]
    whole = {**document, "weightsManifest": [{"paths": names, "weights": entries}]}
    (folder / "model.json").write_text(json.dumps(whole))
    return folder


def layers_model(folder: Path) -> Subject:
    return Subject(save(folder, layers_document(), weights()), LAYERS)


def keras_twin(model: Subject) -> Subject:
    """Return the Keras file of a layers model, written beside it; Python's stand-in computes it as that one."""
    file = model.path.with_name(f"{model.path.name}.h5")
    EDGES[LAYERS, KERAS](Job(model.path, LAYERS, file, KERAS, {}, Silent()))
    return Subject(file, KERAS)


def graph_model(folder: Path) -> Subject:
    return Subject(save(folder, graph_document(weights()), weights()), GRAPH)


def quantized(source: Subject, folder: Path, dtype: str) -> Subject:
    """Quantize with the product's own code."""
    options: dict[str, Any] = {f"quantize_{dtype}": ["*"], "weight_shard_size_bytes": 128}
    job = Job(source.path, source.format, folder, source.format, options, Silent())
    EDGES[source.format, source.format](job)
    return Subject(folder, source.format)


def run(subject: Subject, inputs: Arrays, *, at: str | None = None, weights: Subject | None = None) -> Arrays:
    """Compute a model as its files say; what the files do not allow raises as a runtime would."""
    if subject.format == KERAS:
        subject = Subject(subject.path.with_suffix(""), LAYERS)
    document = json.loads((subject.path / "model.json").read_text())
    with weights_of(weights or subject) as found:
        values = {name: one.read().reshape(one.shape) for name, one in found.items()}
    if subject.format == GRAPH:
        return _graph(document, values, inputs)
    return _layers(document, values, inputs, at)


def _layers(document: dict[str, Any], values: Arrays, inputs: Arrays, at: str | None) -> Arrays:
    config = document["modelTopology"]["model_config"]["config"]
    known: Arrays = {config["input_layers"][0][0]: next(iter(inputs.values()))}
    for layer in config["layers"][1:]:
        name, own = layer["name"], layer["config"]
        above = known[layer["inbound_nodes"][0][0][0]]
        summed = above @ values[f"{name}/kernel"]
        summed = summed + values[f"{name}/bias"] if own["use_bias"] else summed
        known[name] = np.asarray(FUNCTIONS[own["activation"]](summed), np.float32)
    output = at or config["output_layers"][0][0]
    return {output: known[output]}


def _graph(document: dict[str, Any], values: Arrays, inputs: Arrays) -> Arrays:
    known: Arrays = {}
    nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
    ops: dict[str, Any] = {
        "MatMul": lambda a, b: a @ b,
        "BiasAdd": lambda a, b: a + b,
        "Identity": lambda a: a,
        **{name.capitalize(): function for name, function in FUNCTIONS.items()},
    }

    def value(name: str) -> Array:
        node = nodes[name.partition(":")[0]]
        if node["name"] not in known:
            read = [value(above) for above in node.get("input", ())]
            leaf = inputs.get(node["name"], values.get(node["name"]))
            known[node["name"]] = (
                leaf if not read and leaf is not None else np.asarray(ops[node["op"]](*read), np.float32)
            )
        return known[node["name"]]

    return {name: value(port["name"]) for name, port in document["signature"]["outputs"].items()}


@dataclass
class NumpyPlaces:
    """A ``Places`` whose Python and whose JavaScript are the interpreter above; ``wrong`` spoils JavaScript's outputs.

    ``tensors`` is what the reference is run on; ``silent`` makes Python refuse every model.
    """

    feeds: list[Array] = field(default_factory=lambda: default_feeds())  # noqa: PLW0108  a name below
    wrong: Any = None
    silent: str = ""
    runtimes: dict[str, FakeRuntime | NotRun] = field(default_factory=dict)
    jobs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.jobs.append((name, dict(arguments)))
        if self.silent:
            return {"not_run": self.silent}
        model = arguments["model"]
        subject = Subject(Path(model["path"]), model["format"])
        try:
            return self._source(subject, arguments) if name == "source" else self._predict(subject, arguments)
        except (ValueError, KeyError) as problem:
            raise VerificationError(f"Python fails: {problem}") from problem

    def _source(self, subject: Subject, arguments: Mapping[str, Any]) -> dict[str, Any]:
        feeds = []
        outputs: Arrays = {}
        for number, array in enumerate(self.feeds):
            folder = Path(arguments["folder"]) / f"feed_{number}"
            outputs = run(subject, {"x": array})
            exchange.write(folder / "inputs", {"x": array})
            exchange.write(folder / "outputs", outputs)
            feeds.append({"inputs": str(folder / "inputs"), "outputs": str(folder / "outputs"), "samples": len(array)})
        told = [
            {"name": name, "shape": [None, *one.shape[1:]], "dtype": one.dtype.name} for name, one in outputs.items()
        ]
        inputs = [{"name": "x", "shape": [None, 6], "dtype": "float32"}]
        samples = sum(len(array) for array in self.feeds)
        return {"inputs": inputs, "outputs": told, "feeds": feeds, "samples": samples, "labels": None, "versions": {}}

    def _predict(self, subject: Subject, arguments: Mapping[str, Any]) -> dict[str, Any]:
        other = Subject(Path(arguments["weights"]), LAYERS) if arguments.get("weights") else None
        for feed in arguments["feeds"]:
            inputs = exchange.read(Path(feed["inputs"]))
            exchange.write(Path(feed["outputs"]), run(subject, inputs, at=arguments.get("cut"), weights=other))
        return {"timings": {"load_ms": 1.0}, "versions": {"tensorflow": "0"}}

    def job_in_keras3(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        return None

    def runtime(self, name: str, backend: str | None) -> Any:
        found = self.runtimes.get(name)
        if isinstance(found, NotRun):
            return found
        return _Interpreter(self.wrong) if found is None else found


@dataclass
class _Interpreter:
    wrong: Any

    def run(self, request: Any) -> Any:
        inputs = exchange.read(request.inputs)
        try:
            outputs = run(Subject(request.model, request.format), inputs)
        except (ValueError, KeyError) as problem:
            raise RuntimeFailure("run", str(problem)) from problem
        exchange.write(request.outputs, self.wrong(outputs, request) if self.wrong else outputs)
        told = {"timings": {"first_ms": 1.0}, "inputs": _ports(inputs), "outputs": _ports(outputs)}
        return run_result(request, backend=request.backend, told=told, facts={})


def _ports(tensors: Mapping[str, Array]) -> list[dict[str, Any]]:
    return [{"name": name, "shape": [None, *one.shape[1:]], "dtype": one.dtype.name} for name, one in tensors.items()]


def default_feeds() -> list[Array]:
    rng = np.random.default_rng(1)
    return [rng.normal(0, 1, (count, 6)).astype(np.float32) for count in (1, 3)]
