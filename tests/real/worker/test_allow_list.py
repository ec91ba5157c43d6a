"""What a model may name: hostile files of every kind are refused, and everything that Keras makes is not."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT
from workflow import environment
from workflow.base.processes import run
from workflow.cli.console import ConsoleListener
from workflow.environment import Wishes
from workflow.environment.managers.python import TodaysPythonManager

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).parent / "programs"
EACH = 9
"""Every ninth layer and operation is tried here; with 1 the programs try all of them, which takes minutes."""
LISTS = ROOT / "workflow" / "worker" / "allowed"


@pytest.fixture(scope="session")
def keras3(pytestconfig: pytest.Config) -> Environment:
    if absent := TodaysPythonManager().missing():
        pytest.skip(absent)
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stderr.write("\n")
        return environment.ensure(environment.KERAS3_NAME, wishes=Wishes(), listener=ConsoleListener())


def done(python: Path, program: Path, *arguments: Any) -> None:
    ended = run([str(python), str(program), *map(str, arguments)], timeout=500)
    assert ended.code == 0, ended.stderr[-3000:]


def tried(python: Path, program: str, folder: Path) -> dict[str, tuple[str, bool]]:
    done(python, PROGRAMS / program, ROOT, folder)
    found = json.loads((folder / "found.json").read_text())
    return {name: (outcome, out) for name, (outcome, out) in found.items()}


def test_the_lists_are_what_the_two_environments_say(
    converter_python: Path, keras3: Environment, tmp_path: Path
) -> None:
    for python in (converter_python, keras3.python):
        done(python, ROOT / "scripts" / "write_allowed.py", tmp_path)
    for file in ("keras2.json", "keras3.json", "ops.json"):
        here, listed = (json.loads((folder / file).read_text()) for folder in (tmp_path, LISTS))
        if here["read_from"] == listed["read_from"]:
            assert here == listed, f"{file}: scripts/write_allowed.py writes it anew"
        else:  # an older Python has an older Keras 3, whose own objects must be on the list as well
            assert set(here["classes"]) - set(listed["classes"]) == set()


def test_nothing_that_a_config_of_keras_2_can_name_runs_or_writes(converter_python: Path, tmp_path: Path) -> None:
    found = tried(converter_python, "attacks.py", tmp_path)
    listed = {name: one for name, one in found.items() if name.endswith("/")}
    assert len(listed) > 150
    assert [name for name, (_, out) in listed.items() if out] == []
    anywhere = ("composite/keras_keras/",)  # there Keras reads it as another thing, which fails by itself
    unnamed = {name: outcome for name, (outcome, _) in listed.items() if "foreign_code" not in outcome}
    assert set(unnamed) <= set(anywhere), unnamed
    assert [name for name, (outcome, _) in listed.items() if "e asks for" not in outcome] == [
        *("composite/keras/", "composite/keras_keras/", "composite/tfjs_layers_model/"),
        "pickled_weights/keras_keras/",
    ]
    live = {name.split("/")[0] for name, (_, out) in found.items() if out}
    assert live == {
        "lambda_posix",
        "lambda_dotted",
        "writer",
        "write_file",
        "print_to_file",
        "gfile",
        "pickled_weights",
    }


def test_nothing_that_a_config_of_keras_3_can_name_runs_or_writes(keras3: Environment, tmp_path: Path) -> None:
    found = tried(keras3.python, "attacks_of_keras_3.py", tmp_path)
    assert len(found) > 50
    assert [name for name, (_, out) in found.items() if out] == []
    assert [name for name, (outcome, _) in found.items() if "foreign_code: e asks for" not in outcome] == []


def everything(python: Path, program: str, folder: Path) -> dict[str, list[str]]:
    done(python, PROGRAMS / program, ROOT, EACH, folder)
    found: dict[str, list[str]] = json.loads((folder / "found.json").read_text())
    return found


def test_no_layer_and_no_operation_of_keras_2_needs_to_be_unsafe(converter_python: Path, tmp_path: Path) -> None:
    found = everything(converter_python, "everything_of_keras.py", tmp_path)
    assert found["wrong"] == []
    assert len(found["layers"]) >= 100 // EACH
    assert len(found["operations"]) >= 400 // EACH


def test_no_layer_and_no_operation_of_keras_3_needs_to_be_unsafe(keras3: Environment, tmp_path: Path) -> None:
    found = everything(keras3.python, "everything_of_keras_3.py", tmp_path)
    assert found["wrong"] == []
    assert len(found["layers"]) >= 100 // EACH
    assert len(found["operations"]) >= 250 // EACH
