"""TensorFlow.js models that are no models: refused by place, never a bug, whichever command reads them."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fuzzing import commands
from tests.unit.runs.fakes import FakeWorkers
from workflow import recipe as recipes
from workflow.base.errors import ModelFileError
from workflow.report.serving.site import site_of
from workflow.runs.runner import Manner, Runner
from workflow.runs.tasks import Selection
from workflow.runs.watching import RecordingWatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Document = dict[str, Any]

FLOAT = {"type": "DT_FLOAT"}
TENSOR = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}, {"size": "2"}]}}
SHAPE = {"shape": {"dim": [{"size": "-1"}, {"size": "2"}]}}
NODES = [
    {"name": "x", "op": "Placeholder", "attr": {"dtype": FLOAT, "shape": SHAPE}},
    {"name": "w", "op": "Const", "attr": {"dtype": FLOAT, "value": {"tensor": TENSOR}}},
    {"name": "y", "op": "MatMul", "input": ["x", "w"], "attr": {"T": FLOAT}},
]
GRAPH: Document = {
    "format": "graph-model",
    "modelTopology": {"node": NODES, "library": {}, "versions": {}},
    "weightsManifest": [{"paths": ["w.bin"], "weights": [{"name": "w", "shape": [2, 2], "dtype": "float32"}]}],
}
STEPS = {
    "shard": "shard: {input: MODEL, output: out, shard_size: 1kB, engine: native}",
    "quantize": "quantize: {input: MODEL, output: out, dtype: uint8, engine: native}",
    "js_to_python": "js_to_python: {input: MODEL, output: out}",
    "graph": "graph: {input: MODEL, output: out}",
}


def at(*keys: str | int) -> Callable[[Document, Any], None]:
    """Return what puts a value where the keys lead."""

    def put(document: Any, value: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return put


NODE = ("modelTopology", "node", 1)
WEIGHT = ("weightsManifest", 0, "weights", 0)
MALFORMED: dict[str, tuple[Callable[[Document, Any], None], Any, str]] = {
    "value_is_a_number": (at(*NODE, "attr", "value"), 5, "node 2 'w', attr 'value' is a number, not an object"),
    "name_is_a_mapping": (at(*WEIGHT, "name"), {}, "weight 1, name is an object, not text"),
    "size_is_a_word": (
        at(*NODE, "attr", "value", "tensor", "tensorShape"),
        {"dim": [{"size": "x"}]},
        "node 2 'w', attr value, tensor, tensorShape, dim 1, size is 'x', not a whole number",
    ),
    "quantization_dtype_is_a_list": (
        at(*WEIGHT, "quantization"),
        {"dtype": []},
        "weight 'w', quantization, dtype is a list, not text",
    ),
    "path_of_300_characters": (at("weightsManifest", 0, "paths", 0), "A" * 300, "name of 300 characters"),
    "the signature is text": (at("signature"), "x", "signature is text, not an object"),
    "an input is a number": (at("modelTopology", "node", 2, "input"), ["x", 3], "node 3 'y', input 2 is a number"),
    "the library is a list": (at("modelTopology", "library"), [], "the library is a list, not an object"),
    "a size is far too large": (
        at(*NODE, "attr", "value", "tensor", "tensorShape"),
        {"dim": [{"size": str(2**40)}, {"size": str(2**40)}]},
        "more elements than any tensor",
    ),
    "a scale is no number of this world": (
        at(*WEIGHT, "quantization"),
        {"dtype": "uint8", "min": 0, "scale": 10**400},
        "quantization, scale is a number too large for any use",
    ),
}


@pytest.fixture(params=MALFORMED)
def malformed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A folder with one of them, and what has to be said of it."""
    put, value, words = MALFORMED[request.param]
    document = copy.deepcopy(GRAPH)
    put(document, value)
    return write(tmp_path / "model", document), words


def write(folder: Path, document: Document) -> Path:
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "w.bin").write_bytes(bytes(16))
    return folder


def recipe(folder: Path, model: Path, step: str) -> Path:
    path = folder / "recipe.yml"
    path.write_text(f"verify: false\nsteps:\n  - {STEPS[step].replace('MODEL', str(model))}\n")
    return path


def test_the_model_before_the_damage_passes(tmp_path: Path) -> None:
    model = write(tmp_path / "model", GRAPH)
    with commands.own_home(tmp_path):
        assert commands.command("verify", str(model), "--quick")[0] == 0
        assert commands.command("convert", str(recipe(tmp_path, model, "shard")), "--quiet")[0] == 0
    assert site_of(model, packages=tmp_path).title == "model"


def test_verify_refuses_it_by_its_place(malformed: tuple[Path, str], tmp_path: Path) -> None:
    model, words = malformed
    with commands.own_home(tmp_path):
        code, screen = commands.command("verify", str(model), "--quick", "--json")
    found = json.loads(screen[: screen.rindex("\n}") + 2])
    assert code == 41
    assert words in " ".join(finding for level in found["levels"] for finding in level["findings"])


@pytest.mark.parametrize("step", ["shard", "quantize"])
def test_convert_refuses_it_by_its_place(malformed: tuple[Path, str], step: str, tmp_path: Path) -> None:
    model, words = malformed
    with commands.own_home(tmp_path):
        code, screen = commands.command("convert", str(recipe(tmp_path, model, step)), "--keep-going")
    assert code == 31
    assert words in " ".join(screen.split())
    assert not (tmp_path / "out").exists()


def test_js_to_python_refuses_it_before_a_worker_reads_it(malformed: tuple[Path, str], tmp_path: Path) -> None:
    model, words = malformed
    workers = FakeWorkers()
    loaded = recipes.load(recipe(tmp_path, model, "js_to_python"))
    (outcome,) = Runner(loaded, workers, RecordingWatcher(), manner=Manner()).execute(Selection())
    assert isinstance(outcome.error, ModelFileError)
    assert words in outcome.error.message
    assert "model.json" in outcome.error.message
    assert workers.fake.requests == []


def test_graph_is_not_for_it(malformed: tuple[Path, str], tmp_path: Path) -> None:
    with commands.own_home(tmp_path):
        code, screen = commands.command("convert", str(recipe(tmp_path, malformed[0], "graph")))
    assert code == 10
    assert "tfjs_graph_model" in screen


def test_serve_refuses_it_by_its_place(malformed: tuple[Path, str], tmp_path: Path) -> None:
    model, words = malformed
    with pytest.raises(ModelFileError) as caught:
        site_of(model, packages=tmp_path)
    assert words in caught.value.message
    assert caught.value.hint
