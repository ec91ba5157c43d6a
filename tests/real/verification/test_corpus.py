"""Strangers' models raise no false alarm: as they are, and converted. What TensorFlow.js really refuses is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import Project
from workflow.base.errors import DeclinedError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_layers import keras_to_layers
from workflow.verification import structure, weights
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.verification.conftest import Lab
    from workflow.catalogue.formats import Format
    from workflow.environment import Environment
    from workflow.verification.evidence import Evidence

pytestmark = pytest.mark.real

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"

AS_THEY_ARE = [
    ("layers/crepe", LAYERS),
    ("layers/doodlenet", LAYERS),
    ("layers/nsfw_mobilenet_v2", LAYERS),
    ("layers/xor", LAYERS),
    ("graph/basic_pitch", GRAPH),
    ("graph/blazeface/blazeface.json", GRAPH),
    ("graph/structured_outputs/model_structured_outputs.json", GRAPH),
]
KERAS = [
    "keras2_0_mini_xception/fer2013_mini_XCEPTION.102-0.66.hdf5",
    "keras2_4_autoencoder/ad01.h5",
    "keras2_4_nested_sequential/vww_96.h5",
    "keras2_4_resnet/pretrainedResnet.h5",
    "keras2_13_wakeword/str_ww_model.h5",
    "lenet/LeNet.h5",
    "xor/keras.h5",
]
SAVED: list[tuple[str, Format]] = [("keras_two_inputs", "tf_saved_model"), ("multi_output", "tf_saved_model")]


def explained(report: Evidence) -> list[str]:
    found = [finding.text for level in report.levels for finding in level.findings]
    return found + [f"{level.level}: {level.why}" for level in report.levels if level.why]


@pytest.mark.parametrize(("path", "kind"), AS_THEY_ARE, ids=[path for path, _ in AS_THEY_ARE])
def test_a_strangers_model_raises_no_alarm(path: str, kind: Format, lab: Lab, corpus: Path) -> None:
    subject = Subject(corpus / path, kind)
    assert structure.check(subject).seconds < 1
    report = lab.verify(subject, None)
    assert report.verdict in ("passed", "no proof"), explained(report)


@pytest.mark.parametrize("runtime", ["node", "python"])
def test_a_model_that_javascript_made_answers_alike_in_both_worlds(runtime: str, lab: Lab, corpus: Path) -> None:
    report = lab.verify(Subject(corpus / "layers" / "tfjs_made", LAYERS), None, runtimes=(runtime,))
    assert report.verdict == "passed", explained(report)
    assert [run.runtime for run in report.runs] == [runtime]


@pytest.mark.parametrize("path", KERAS)
def test_a_keras_model_made_layers_raises_no_alarm(path: str, lab: Lab, corpus: Path, tmp_path: Path) -> None:
    source = Subject(corpus / "h5" / path, "keras")
    options = Job(source.path, "keras", tmp_path / "made", LAYERS, {}, Silent())
    try:
        keras_to_layers(options)
    except DeclinedError as declined:
        pytest.skip(declined.reason)
    report = lab.verify(Subject(tmp_path / "made", LAYERS), source)
    assert report.verdict == "passed", explained(report)


@pytest.mark.parametrize("path", KERAS)
def test_the_references_layers_have_the_sources_weights(path: str, lab: Lab, corpus: Path) -> None:
    source = Subject(corpus / "h5" / path, "keras")
    result = lab.converted(source, LAYERS)
    assert structure.check(result).status == "passed"
    found = weights.check(result, source, may_quantize=False)
    assert found.status == "passed", [finding.text for finding in found.findings]


@pytest.mark.parametrize(("path", "kind"), SAVED)
def test_a_saved_model_made_a_graph_raises_no_alarm(path: str, kind: Format, lab: Lab, corpus: Path) -> None:
    source = Subject(corpus / "saved_model" / path, kind)
    report = lab.verify(lab.converted(source, GRAPH), source)
    assert report.verdict in ("passed", "no proof"), explained(report)


BACK = {
    "blazeface": "graph/blazeface/blazeface.json",  # names with numbers, in another order
    "faceboxes": "graph/faceboxes/faceboxes.json",  # boxes in the order of nearly equal scores
    "structured": "graph/structured_outputs/model_structured_outputs.json",  # keys beside names
}


def test_graphs_by_strangers_become_saved_models_that_are_not_refused(
    corpus: Path, converter_environment: Environment, tmp_path: Path
) -> None:
    steps = "".join(
        f"  - js_to_python: {{name: {name}, input: {corpus / path}, output: o/{name}}}\n" for name, path in BACK.items()
    )
    project = Project(tmp_path)
    project.write(f"verify: {{runtimes: [python], repeat: 0}}\nsteps:\n{steps}")
    done = project.convert("--keep-going")
    assert done.code == 0, done.stderr
    assert "a fact about the source, and no fault of the result: its output boxes differs between" in done.stderr


def test_dots_in_the_name_of_an_input_are_spelt_as_tensorflow_spells_them(
    corpus: Path, converter_environment: Environment, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    source = corpus / "h5" / "keras2_4_nested_sequential" / "vww_96.h5"
    project.write(
        "verify: {runtimes: [python], repeat: 0}\nsteps:\n"
        f"  - python_to_js: {{input: {source}, output: web}}\n  - js_to_python: {{input: web, output: o/saved}}\n"
    )
    done = project.convert()
    assert done.code == 0, done.stderr
    assert "mobilenet_0.25_96_input is called mobilenet_0_25_96_input" in done.stderr
