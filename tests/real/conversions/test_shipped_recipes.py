"""The recipes that we ship, run whole on real input, in a copy of the recipes folder."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.conversions.projects import ROOT, Project
from workflow.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real


def outcome(name: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Run a shipped recipe from nothing and return what its record says of each step."""
    folder = tmp_path_factory.mktemp(name)
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    project = Project(folder)
    argv = project.argv("convert", f"{name}.yml", "--json")
    done = run(argv, cwd=folder, env=project.environ(), timeout=580)
    assert done.code == 0, done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["steps"]}


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory, converter_environment: Environment) -> dict[str, dict[str, Any]]:
    assert converter_environment.python.exists()
    return outcome("digits", tmp_path_factory)


@pytest.fixture(scope="session")
def mobilenet(
    tmp_path_factory: pytest.TempPathFactory, converter_environment: Environment
) -> dict[str, dict[str, Any]]:
    assert converter_environment.python.exists()
    return outcome("mobilenet", tmp_path_factory)


def test_training_on_digits_says_an_accuracy_above_97_percent(digits: dict[str, dict[str, Any]]) -> None:
    (line,) = [line for line in digits["model"]["facts"]["printed"] if "test accuracy" in line]
    assert float(line.split(":")[1].split("%")[0]) > 97


def test_digits_keep_their_accuracy_through_all_five_conversions(digits: dict[str, dict[str, Any]]) -> None:
    accuracies = {name: step["facts"]["check"]["accuracy"] for name, step in digits.items() if name != "model"}
    assert len(accuracies) == 5
    for name, accuracy in accuracies.items():
        assert accuracy["source"] > 0.97, name
        assert accuracy["result"] >= accuracy["source"] - 0.01, name


def test_mobilenet_goes_through_all_five_conversions(mobilenet: dict[str, dict[str, Any]]) -> None:
    assert {step["status"] for step in mobilenet.values()} == {"done"}
    assert len(mobilenet) == 6


def test_mobilenet_computes_the_same_after_every_conversion(mobilenet: dict[str, dict[str, Any]]) -> None:
    for name, step in mobilenet.items():
        if name != "model":
            check = step["facts"]["check"]
            assert check["max_abs"] < (0.05 if name == "quantize" else 1e-4), name
            assert check["outputs"][0]["shape"][-1] == 1000


def test_seeded_weights_are_said_and_recorded_or_imagenet_was_there(mobilenet: dict[str, dict[str, Any]]) -> None:
    facts = mobilenet["model"]["facts"]
    assert facts["weights"] == "imagenet" or "seeded weights" in facts["degraded"]
    assert mobilenet["graph"]["facts"]["check"]["outputs"][0]["spread"] > 1e-5


def test_a_layers_model_that_tensorflow_js_refuses_is_named(mobilenet: dict[str, dict[str, Any]]) -> None:
    (warning,) = mobilenet["python_to_js"]["facts"]["check"]["warnings"]
    assert "tfjs#5381" in warning
