"""Models made in TensorFlow.js become Keras files and SavedModels and come back; all are asked outside the product.

What each answers is compared with what TensorFlow.js answered where the model was made. What cannot be said in Keras is
declined with the name of the layer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.conversions.projects import Project
from workflow.base.processes import run
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import packages

if TYPE_CHECKING:
    from workflow.environment import Environment
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
NEAR = 1e-5
ENDINGS = {"h5": ".h5", "keras": ".keras", "keras3": ".for3.keras", "saved": "_saved"}
FORMATS = {"keras3": ", format: keras3"}

DECLINED = {
    "axis_1": "over axis 1, TensorFlow.js computes one thing on cpu and wasm and another on webgl",
    "bilinear_by_three": "interpolation='bilinear' is not what TensorFlow.js can do",
    "bilinear_channels_first": "interpolation='bilinear' is not what TensorFlow.js can do",
    "cells": "nothing is known of its cell",
    "depthwise_dilated": "dilation_rate=[2, 2] is not what TensorFlow.js can do",
    "gelu_new": "Keras has no activation gelu_new",
    "masked_mean": "it leaves out masked steps in Keras",
    "masked_rescaling": "it leaves out other steps in TensorFlow.js than in Keras",
    "masked_summary": "it leaves out other steps in TensorFlow.js than in Keras",
    "separable": "has the shape (3, 3, 3, 2), and its layer, by its options, one of (3, 3, any, 1)",
}
"""What is not converted, by model, and what is said of it."""

LEFT_TO_VERIFICATION = ("unmasked_beside_masked",)
"""Models whose files would compute something else, which only running them tells."""

AS_SAVED_MODELS = (
    *("dense", "cnn", "bilinear", "lstm", "bidirectional", "cell_lstm", "embedding", "merges", "norms", "nested"),
    *("conv1d", "dot_of_steps", "shapes", "steps_of_a_model", "separable_dilated", "advanced", "category_encoding"),
)

OTHERWISE_IN_KERAS_3 = frozenset(
    {
        *("lstm_as_it_comes", "gru_as_it_comes", "lstm_activations", "hard_sigmoid", "conv_lstm_as_it_comes"),
        *("hard_sigmoid_of_convolution", "softmax_over_two"),
    }
)
"""What Keras 3 computes otherwise: its hard_sigmoid is another function, and of several axes it takes the last."""

NOT_IN_KERAS_3 = frozenset(
    {"lstm_from_state", "nested", "nested_functional", "nested_twice", "norm_of_two_axes", "odd_names"}
)
"""What Keras 3 reads in no file that Keras 2 reads: tensors as states, calls of a model inside a graph, which it counts
from another number, several axes, and names with a slash.
"""

DECLINED_FOR_KERAS_3 = {
    "norm_of_two_axes": "over several axes, Keras 3",
    "odd_names": "Keras 3 takes no layer names with a slash",
    "softmax_over_two": "over several axes, Keras 3",
}
"""What is not written for Keras 3 alone, and what is said of it."""


@dataclass(frozen=True)
class Journey:
    """A folder with models of TensorFlow.js, and what one run of the tool made of them."""

    folder: Path
    modules: Path
    steps: dict[str, Any]

    def results(self, *kinds: str) -> list[Path]:
        """Return the results of these kinds that were made."""
        return [
            self.folder / "o" / f"{name}{ENDINGS[kind]}"
            for name in self.names()
            for kind in kinds
            if self.steps.get(f"{name}_{kind}", {}).get("status") == "done"
        ]

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "models").iterdir())


@pytest.fixture(scope="module")
def journey(node: NodeRuntime, converter_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """The models of ``made_in_script.mjs``, converted there and back without verification."""
    folder = tmp_path_factory.mktemp("made_in_javascript")
    modules = packages.modules(_Quiet())
    assert not isinstance(modules, NotRun), modules
    _script(folder, modules)
    names = sorted(path.name for path in (folder / "models").iterdir())
    without = [(name, "keras3") for name in DECLINED_FOR_KERAS_3]
    lines = []
    for name in names:
        for kind, ending in ENDINGS.items():
            if name in LEFT_TO_VERIFICATION or (kind == "saved" and name not in (*AS_SAVED_MODELS, *DECLINED)):
                continue
            made = f"o/{name}{ending}"
            given = f"name: {name}_{kind}, input: models/{name}, output: {made}{FORMATS.get(kind, '')}"
            lines.append(f"js_to_python: {{{given}}}")
            if name not in DECLINED and kind != "saved" and (name, kind) not in without:
                lines.append(f"python_to_js: {{name: {name}_{kind}_back, input: {made}, output: back/{kind}/{name}}}")
    return Journey(folder, modules, _steps(Project(folder), "verify: off\n", lines))


def _steps(project: Project, head: str, lines: list[str]) -> dict[str, Any]:
    """Run a recipe of these steps, and return the steps of its record by their names."""
    project.write(head + "steps:\n" + "".join(f"  - {line}\n" for line in lines))
    done = project.convert("--keep-going", timeout=500)
    record = max((project.folder / ".tfjs-workflow" / "recipe" / "runs").glob("*.json"), default=None)
    assert record is not None, done.stderr
    return {step["step"]: step for step in json.loads(record.read_text())["steps"]}


def _script(folder: Path, modules: Path, *models: Path) -> None:
    """Make the models in Node.js, or have it answer with these."""
    argv = ["node", str(HERE / "made_in_script.mjs"), str(modules), str(folder / "models"), *map(str, models)]
    done = run(argv, cwd=folder, timeout=200)
    assert done.code == 0, done.stderr


class _Quiet:
    """A listener that hears nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _far(journey: Journey, python: Path, models: list[Path]) -> dict[str, Any]:
    """Ask a Python outside the product, and return how far off those models are that do not answer as in the script."""
    told = [(str(one), str(journey.folder / "models" / _name(one) / "io.json")) for one in models]
    asked, answered = journey.folder / "told.json", journey.folder / "answered.json"
    asked.write_text(json.dumps(told))
    program = HERE / "programs" / "ask_outside.py"
    done = run([str(python), str(program), str(asked), str(answered)], cwd=journey.folder, timeout=400)
    assert done.code == 0, done.stderr
    found = json.loads(answered.read_text())
    assert len(found) == len(models) > 0
    return {Path(path).name: far for path, far in found.items() if not (isinstance(far, float) and far < NEAR)}


def _name(result: Path) -> str:
    return re.sub(r"(_saved|\.h5|(\.for3)?\.keras)$", "", result.name)


def test_every_model_is_converted_or_declined_by_name(journey: Journey) -> None:
    assert len(journey.names()) > 80
    for name, step in journey.steps.items():
        model = re.sub(r"_(h5|keras3?|saved)(_back)?$", "", name)
        if name.endswith("_keras3") and model in DECLINED_FOR_KERAS_3:
            assert step["status"] == "failed", name
            assert DECLINED_FOR_KERAS_3[model] in step["error"]["message"], step["error"]
        elif model in DECLINED and (model, name) != ("separable", "separable_saved"):  # that refusal is Keras's own
            assert step["status"] == "failed", name
            assert DECLINED[model] in step["error"]["message"], step["error"]
        elif not name.endswith("_back") and model not in DECLINED:
            assert step["status"] == "done", step["error"]


def test_keras_2_answers_as_tensorflow_js_did(journey: Journey, converter_python: Path) -> None:
    assert _far(journey, converter_python, journey.results("h5", "keras", "saved")) == {}


def test_keras_3_answers_as_tensorflow_js_did(journey: Journey, keras3: Environment) -> None:
    far = _far(journey, keras3.python, journey.results("h5", "keras"))
    assert {re.sub(r"\.\w+$", "", name) for name in far} == OTHERWISE_IN_KERAS_3 | NOT_IN_KERAS_3
    assert all(isinstance(found, float) is (_name(Path(name)) in OTHERWISE_IN_KERAS_3) for name, found in far.items())


def test_what_is_written_for_keras_3_alone_answers_there_as_tensorflow_js_did(
    journey: Journey, keras3: Environment
) -> None:
    made = journey.results("keras3")
    assert len(made) > 70
    assert {"nested", "nested_twice", "lstm_from_state", "gru_as_it_comes"} <= {_name(path) for path in made}
    assert _far(journey, keras3.python, made) == {}


def test_what_comes_back_answers_as_it_did(journey: Journey) -> None:
    there = [
        path
        for name in journey.names()
        for kind in ("h5", "keras", "keras3")
        for path in [journey.folder / "back" / kind / name]
        if journey.steps.get(f"{name}_{kind}_back", {}).get("status") == "done"
    ]
    assert len(there) > 190
    _script(journey.folder, journey.modules, *there)
    for path in there:
        answer = json.loads((path / "answer.json").read_text())
        assert "error" not in answer, (path, answer)
        wanted = json.loads((journey.folder / "models" / path.name / "io.json").read_text())["outputs"]
        for one, other in zip(answer["outputs"], wanted, strict=True):
            assert one["shape"] == other["shape"]
            far = [abs(value - right) for value, right in zip(one["data"], other["data"], strict=True)]
            assert max(far, default=0.0) < NEAR, path


def test_what_verification_finds_is_not_published_and_other_kerases_are_spoken_of(
    journey: Journey, keras3: Environment, tmp_path: Path
) -> None:
    models = journey.folder / "models"
    lines = [
        f"js_to_python: {{name: {name}, input: {models / name}, output: o/{name}{ending}}}"
        for name, ending in {
            **dict.fromkeys(("gru_as_it_comes", "conv3d_transposed", "unmasked_beside_masked"), ".h5"),
            "nested_functional": ".keras",
            "stateful": "_saved",
        }.items()
    ]
    steps = _steps(Project(tmp_path), "verify: {runtimes: [python], repeat: 0}\n", lines)
    assert steps["gru_as_it_comes"]["status"] == "done"
    assert steps["nested_functional"]["facts"]["check"]["verdict"] == "passed"
    assert steps["conv3d_transposed"]["facts"]["check"]["verdict"] == "passed"  # not asked on wasm, which has it wrong
    assert "computes otherwise" in json.dumps(steps["gru_as_it_comes"]["facts"]["check"])
    assert "simple_rnn" in steps["unmasked_beside_masked"]["error"]["message"]
    assert "lstm_" in steps["stateful"]["error"]["message"]
