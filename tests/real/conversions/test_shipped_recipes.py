"""The recipes that we ship, run whole on real input, in a copy of the recipes folder."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT
from tests.real.conversions.projects import Project
from workflow.base.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real


EVERYWHERE = {"python", "node wasm", "node cpu", "browser webgl", "browser wasm"}
EXACT = ("python_to_js", "js_to_python", "shard", "graph")


def results(steps: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return the conversions of a run, without the model that they begin with."""
    return [(name, step) for name, step in steps.items() if name != "model"]


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


def places(step: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a step's record says of each place, by runtime and backend; skips where one is not there."""
    runs = step["facts"]["check"]["runs"]
    for told in runs:
        if told["status"] == "not run":
            pytest.skip(f"not run in {told['runtime']}: {told['why']}: {told['remedy']}")
    return {" ".join(filter(None, (told["runtime"], told["backend"]))): told for told in runs}


def test_digits_are_read_alike_in_python_node_and_the_browser_after_every_conversion(
    digits: dict[str, dict[str, Any]],
) -> None:
    shares = {name: {where: told["accuracy"] for where, told in places(step).items()} for name, step in results(digits)}
    assert set(shares) == {"python_to_js", "js_to_python", "shard", "uint16", "uint8", "float16", "graph"}
    for name, found in shares.items():
        assert set(found) == (EVERYWHERE if name != "js_to_python" else {"python"}), name
        for where, share in found.items():
            assert share["source"] > 0.97
            least = share["source"] - (0.01 if name == "uint8" else 0)
            assert share["result"] >= least, (name, where)
            if name in EXACT:
                assert share["result"] == share["source"], (name, where)


def test_every_conversion_of_digits_passed_every_level(digits: dict[str, dict[str, Any]]) -> None:
    for name, step in results(digits):
        check = step["facts"]["check"]
        statuses = [level["status"] for level in check["levels"]]
        assert (check["verdict"], statuses) == ("passed", ["passed"] * 4), name


def test_mobilenet_goes_through_all_five_conversions(mobilenet: dict[str, dict[str, Any]]) -> None:
    assert {step["status"] for step in mobilenet.values()} == {"done"}
    assert len(mobilenet) == 6


def test_mobilenet_computes_the_same_after_every_conversion_wherever_it_lives(
    mobilenet: dict[str, dict[str, Any]],
) -> None:
    for name, step in results(mobilenet):
        found = places(step)
        assert set(found) == ({"python"} if name == "js_to_python" else {"python", "node wasm", "browser wasm"}), name
        for where, told in found.items():
            (output,) = told["outputs"]
            assert output["max_abs"] < (0.05 if name == "quantize" else 1e-4), (name, where)
            measured = (name, where) == ("quantize", "node wasm")  # at home what quantizing costs, with more inputs
            assert output["shape"] == [16 if measured else 4, 1000], (name, where)


def test_mobilenet_is_verified_in_node_and_the_browser_within_a_minute(mobilenet: dict[str, dict[str, Any]]) -> None:
    (busiest,) = os.getloadavg()[:1] if hasattr(os, "getloadavg") else (1.0,)
    others = max(1.0, busiest / (os.cpu_count() or 1))  # a machine that does other things has as much less time for us
    assert sum(step["seconds"] for _, step in results(mobilenet)) < 60 * others


def test_seeded_weights_are_said_and_recorded_or_imagenet_was_there(mobilenet: dict[str, dict[str, Any]]) -> None:
    facts = mobilenet["model"]["facts"]
    assert facts["weights"] == "imagenet" or "seeded weights" in facts["degraded"]
    assert mobilenet["graph"]["facts"]["check"]["outputs"][0]["spread"] > 1e-5


def test_what_was_changed_so_that_tensorflow_js_loads_it_is_recorded(mobilenet: dict[str, dict[str, Any]]) -> None:
    (change,) = mobilenet["python_to_js"]["facts"]["changes"]
    assert "keepdims" in change
