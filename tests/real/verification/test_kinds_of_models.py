"""Kinds of models that were refused, for want of fitting inputs or of a source that is read as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.verification.endings import PROVEN, SmallCase, require_endings, steps

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).resolve().parent / "programs"
GOES_ON = ("graph", "shard", "quantized", "back")


def routes(model: str) -> list[str]:
    """Return the steps from a SavedModel to a graph model and on from there."""
    graph = f"o/{model}_graph"
    return [
        f"graph: {{name: {model}_graph, input: {model}, output: {graph}}}",
        f"shard: {{name: {model}_shard, input: {graph}, output: o/{model}_shard, shard_size: 1kB}}",
        f"quantize: {{name: {model}_quantized, input: {graph}, output: o/{model}_quantized, dtype: uint16}}",
        f"js_to_python: {{name: {model}_back, input: {graph}, output: o/{model}_back}}",
    ]


def test_small_tables_and_single_numbers_are_proven_on_every_route(converter_python: Path, tmp_path: Path) -> None:
    models = ("whole", "float", "two", "several", "alone", "scaled")
    recipe = steps(*(line for model in models for line in routes(model)))
    endings = {f"{model}_{step}": PROVEN for model in models for step in GOES_ON}
    case = SmallCase("", recipe, endings, scripts=(str(PROGRAMS / "looked_up.py"),))
    require_endings(case, tmp_path, python=converter_python)


def test_a_file_of_keras_3_whose_layers_go_over_two_axes_is_read_as_it_is_written(
    keras3: Environment, converter_environment: Environment, tmp_path: Path
) -> None:
    assert converter_environment.python.is_file()
    lines = [
        f"{kind}: {{name: {name}_{ending}_{kind}, input: {name}.{ending}, output: o/{name}_{ending}_{kind}{more}}}"
        for name in ("softmax", "normalized")
        for ending in ("h5", "keras")
        for kind, more in (("python_to_js", ", format: auto"), ("graph", ""))
    ]
    names = [line.partition("name: ")[2].partition(",")[0] for line in lines]
    script = str(PROGRAMS / "several_axes.py")
    case = SmallCase("", steps(*lines), dict.fromkeys(names, PROVEN), scripts=(script,))
    require_endings(case, tmp_path, python=keras3.python)


def test_answers_that_are_nearly_nothing_prove_nothing_and_are_no_alarm(converter_python: Path, tmp_path: Path) -> None:
    recipe = steps(
        "python_to_js: {name: layers, input: saturated.h5, output: o/web}",
        "quantize: {name: quantized, input: o/web, output: o/q, dtype: uint8}",
    )
    script = str(PROGRAMS / "saturated.py")
    case = SmallCase("", recipe, dict.fromkeys(("layers", "quantized"), "no proof"), scripts=(script,))
    require_endings(case, tmp_path, python=converter_python)
