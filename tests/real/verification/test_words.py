"""What is said where a model cannot be converted, or is less than it was: words that help in the very case."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.real.verification.endings import IN_PYTHON, PROVEN, SmallCase, convert, require_endings, steps
from workflow.base.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).resolve().parent / "programs"
CASES = ROOT.parent / "shared" / "cases"


@dataclass(frozen=True)
class Told:
    """A folder of ../shared/cases, the step that is run in a copy, what is to be said of it, and what is not."""

    folder: str
    step: str
    words: tuple[str, ...]
    never: tuple[str, ...] = ()


OF_CASES = [
    Told(
        "07-normalization-first",
        "python_to_js: {input: m.h5, output: o/m, format: auto}",
        ("All `axis` values to be kept must have known shape. Got axis: (-1,), input shape: [None, None]",),
        ("custom_objects", "reference converter failed"),
    ),
    Told(
        "11-stringlookup-archive",
        "python_to_js: {input: m.keras, output: o/m, format: auto}",
        ("string_lookup", "save the model as a SavedModel"),
        ("signature_name", "captured/"),
    ),
    Told(
        "13-hub-layer-h5",
        "python_to_js: {input: m.h5, output: o/m, format: auto}",
        ("needs the layer KerasLayer", "from tensorflow_hub import KerasLayer"),
        ("my_layers.py",),
    ),
    Told(
        "14-gelu-new",
        "js_to_python: {input: m, output: o/m.h5}",
        ("Keras has no activation gelu_new; TensorFlow.js itself does not find it in a file",),
        ("put another layer",),
    ),
    Told(
        "17-estimator",
        "graph: {input: m_sm, output: o/m}",
        ("ParseExampleV2", "the file has other signatures: `signature_name: predict`"),
    ),
    Told(
        "18-decision-forest",
        "graph: {input: m_sm, output: o/m}",
        ("@tensorflow/tfjs-tfdf", "assets.zip"),
        ("a fresh conversion of the source",),
    ),
    Told(
        "28-hash-table-without-main-op",
        "graph: {input: without_main_op, output: o/m}",
        ("`engine: reference` fills such tables",),
        ("Traceback", "reference converter failed"),
    ),
]


@pytest.mark.parametrize("told", OF_CASES, ids=[each.folder for each in OF_CASES])
def test_what_is_said_of_a_small_case_helps_with_it(
    told: Told, converter_environment: Environment, tmp_path: Path
) -> None:
    if not (CASES / told.folder).is_dir():
        pytest.skip("the small cases are not on this machine")
    assert converter_environment.python.is_file()
    shutil.copytree(CASES / told.folder, tmp_path / "case")
    done = convert(tmp_path / "case", steps(told.step))
    said = done.stdout + done.stderr
    assert [words for words in told.words if words not in said] == [], said
    assert [words for words in told.never if words in said] == [], said


def test_an_input_that_no_output_needs_is_no_failure(converter_environment: Environment, tmp_path: Path) -> None:
    if not (CASES / "27-unused-input").is_dir():
        pytest.skip("the small cases are not on this machine")
    shutil.copytree(CASES / "27-unused-input", tmp_path / "case")
    case = SmallCase("", steps("graph: {name: graph, input: unused_sm, output: o/m}"), {"graph": PROVEN})
    require_endings(case, tmp_path / "case", python=converter_environment.python)


def test_models_that_are_pinned_to_a_gpu_are_converted_and_proven_without_one(
    converter_python: Path, tmp_path: Path
) -> None:
    sources = {"modern": "pinned", "classic": "pinned_v1", "frozen": "pinned.pb"}
    recipe = steps(*(f"graph: {{name: {name}, input: {path}, output: o/{name}}}" for name, path in sources.items()))
    case = SmallCase("", recipe, dict.fromkeys(sources, PROVEN), scripts=(str(PROGRAMS / "pinned.py"),))
    require_endings(case, tmp_path, python=converter_python)


def test_an_optimizer_that_stays_behind_is_said(converter_python: Path, tmp_path: Path) -> None:
    made = run([str(converter_python), str(PROGRAMS / "trained.py")], cwd=tmp_path, timeout=200)
    assert made.code == 0, made.stderr
    lines = (
        "python_to_js: {input: m.h5, output: o/web}",
        "js_to_python: {name: back, input: o/web, output: o/back.h5}",
        "js_to_python: {name: saved, input: o/web, output: o/saved}",
    )
    done = convert(tmp_path, steps(*lines, places=IN_PYTHON))
    assert done.code == 0, done.stderr
    for name in ("back", "saved"):
        assert f"{name}: the optimizer 'Adam' stayed behind: compile the model to train it on" in done.stderr


def test_a_model_that_keras_has_quantized_is_to_be_converted_as_it_was_before(
    keras3: Environment, converter_environment: Environment, tmp_path: Path
) -> None:
    assert converter_environment.python.is_file()
    made = run([str(keras3.python), str(PROGRAMS / "quantized_in_keras.py")], cwd=tmp_path, timeout=200)
    assert made.code == 0, made.stderr
    for ending in ("keras", "h5"):
        for more in ("", ", format: auto"):
            done = convert(tmp_path, steps(f"python_to_js: {{input: int8.{ending}, output: o/m{more}}}"))
            assert done.code != 0
            assert "layer 'dense' (Dense): Keras has quantized it" in done.stderr
            assert "convert the model as it was before that" in done.stderr
            assert "format: auto" not in done.stderr
