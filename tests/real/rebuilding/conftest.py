"""A folder of models that graph models are made of here, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.processes import run
from workflow.verification import exchange
from workflow.verification.requests import RunRequest

if TYPE_CHECKING:
    from workflow.bridge.warm_worker import Worker
    from workflow.catalogue.formats import Format
    from workflow.verification.requests import Tensors
    from workflow.verification.runtimes.scripted import NodeRuntime

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def models(converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels of tables, control flow and unusual types; and the zoo of the graph tests, with answers."""
    folder = tmp_path_factory.mktemp("models")
    for script in (HERE / "make_models.py", HERE.parent / "graph" / "zoo.py"):
        done = run([str(converter_python), str(script), str(folder)], env=environ)
        assert done.code == 0, done.stderr[-3000:]
    return folder


@dataclass
class Lab:
    """What the tests do with the worker, below a folder of one test."""

    worker: Worker
    folder: Path

    def job(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.worker.run(name, arguments, log=self.folder / "job.log", timeout=300)

    def graph(self, keras: Path, **more: Any) -> Path:
        """Convert an .h5 file to a graph model by our own way."""
        output = self.folder / "graph"
        source = {"path": str(keras), "format": "keras"}
        self.job("graph", **{"source": source, "output": str(output), "options": {}, **more})
        return output

    def reference(self, path: Path, *flags: str) -> Path:
        """Convert to a graph model by the reference converter."""
        output = self.folder / "graph"
        self.job("convert", argv=["--output_format=tfjs_graph_model", *flags, str(path), str(output)])
        return output

    def saved(self, path: Path, form: str = "tfjs_graph_model", **more: Any) -> tuple[Path, dict[str, Any]]:
        """Convert to a SavedModel by the job; returns the folder and the facts."""
        output = self.folder / "saved"
        return output, self.job("saved_model", source={"path": str(path), "format": form}, output=str(output), **more)

    def answer(self, saved: Path, inputs: Tensors, form: str = "tf_saved_model") -> Tensors:
        """Load with tf.saved_model.load and return what the signature answers."""
        exchange.write(self.folder / "in", inputs)
        model = {"path": str(saved), "format": form}
        told = self.job("predict", model=model, inputs=str(self.folder / "in"), outputs=str(self.folder / "out"))
        assert "not_run" not in told, told
        return exchange.read(self.folder / "out")

    def in_node(self, node: NodeRuntime, model: Path, inputs: Tensors, form: Format = "tfjs_graph_model") -> Tensors:
        """Return what TensorFlow.js answers."""
        exchange.write(self.folder / "in", inputs)
        request = RunRequest(model, form, self.folder / "in", self.folder / "js", "node", backend="cpu")
        node.run(request)
        return exchange.read(request.outputs)


@pytest.fixture
def lab(worker: Worker, tmp_path: Path) -> Lab:
    return Lab(worker, tmp_path)
