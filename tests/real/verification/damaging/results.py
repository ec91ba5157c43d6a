"""What the tool makes of the sources that are damaged here: every format, whole, quantized and in shards."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import ROOT
from workflow.base.processes import run
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

SOURCES = ("pictures", "rows", "words", "pairs")
LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"


@dataclass(frozen=True)
class Result:
    """One result of the tool, and which other file it was made from (a name of another, or "" for the .h5)."""

    model: str
    name: str
    kind: str
    made_of: str
    format: Format
    options: str = ""

    @property
    def file(self) -> str:
        return f"{self.model}_{self.name}"

    @property
    def is_quantized(self) -> bool:
        return "quantize_" in self.options or "dtype" in self.options


def results_of(model: str) -> list[Result]:
    def one(name: str, kind: str, made_of: str, format: Format, options: str = "") -> Result:  # noqa: A002
        return Result(model, name, kind, made_of, format, options)

    return [
        one("layers", "python_to_js", "", LAYERS),
        one("layers8", "python_to_js", "", LAYERS, ", quantize_uint8: true"),
        one("graph", "graph", "", GRAPH),
        one("graph8", "graph", "", GRAPH, ", quantize_uint8: true"),
        one("graph16", "graph", "", GRAPH, ", quantize_float16: true"),
        one("small8", "quantize", "layers", LAYERS, ", dtype: uint8"),
        one("small16", "quantize", "layers", LAYERS, ", dtype: uint16"),
        one("half", "quantize", "layers", LAYERS, ", dtype: float16"),
        one("small_graph", "quantize", "graph", GRAPH, ", dtype: uint16"),
        one("shards", "shard", "layers", LAYERS, ", shard_size: 300B"),
        one("graph_shards", "shard", "graph", GRAPH, ", shard_size: 400B"),
        one("back.h5", "js_to_python", "layers", "keras"),
        one("back.keras", "js_to_python", "layers", "keras_keras"),
        one("saved", "js_to_python", "layers", "tf_saved_model"),
        one("graph_saved", "js_to_python", "graph", "tf_saved_model"),
    ]


def made(folder: Path) -> list[Result]:
    """Let the tool make every result of the sources in a folder; nothing is verified."""
    found = [result for model in SOURCES for result in results_of(model)]
    recipe = "verify: off\nsteps:\n"
    for one in found:
        given = source_path(one, folder).name
        recipe += f"  - {one.kind}: {{name: {one.file}, input: {given}, output: {one.file}{one.options}}}\n"
    (folder / "made.yml").write_text(recipe)
    argv = [sys.executable, "-m", "workflow", "convert", "made.yml", "--quiet"]
    done = run(argv, cwd=folder, env=dict(os.environ, PYTHONPATH=str(ROOT)), timeout=600)
    assert done.code == 0, done.stdout + done.stderr
    return found


def source_path(result: Result, folder: Path) -> Path:
    return folder / (f"{result.model}_{result.made_of}" if result.made_of else f"{result.model}.h5")


def source_of(result: Result, folder: Path) -> Subject:
    source = next((one for one in results_of(result.model) if one.name == result.made_of), None)
    return Subject(source_path(result, folder), source.format if source else "keras")
