"""What a layers model holds for training and a file for Python does not get."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.training_state import left_behind

if TYPE_CHECKING:
    from pathlib import Path

COMPILED = {"optimizer_config": {"class_name": "Adam", "config": {}}, "loss": "mse"}
WEIGHTS = [{"name": "a/kernel"}, {"name": "a/kernel/m", "group": "optimizer"}, {"name": "it", "group": "optimizer"}]


def told(folder: Path, document: Any, target: Any = "keras", source: Any = "tfjs_layers_model") -> str:
    (folder / "model.json").write_text(json.dumps(document))
    return left_behind(Job(folder, source, folder / "m.h5", target, {}, Silent()))


@pytest.mark.parametrize("target", ["keras", "keras_keras", "keras_saved_model", "tf_saved_model"])
def test_an_optimizer_and_what_it_has_learnt_are_named(target: Any, tmp_path: Path) -> None:
    of_script = {"modelTopology": {}, "trainingConfig": COMPILED, "weightsManifest": [{"weights": WEIGHTS}]}
    assert told(tmp_path, of_script, target) == (
        "the optimizer 'Adam' and its 2 weights stayed behind: compile the model to train it on"
    )


def test_a_model_that_keras_compiled_names_its_optimizer_alone(tmp_path: Path) -> None:
    registered = {"optimizer_config": {"class_name": "Custom>Adam"}}
    of_keras = {"modelTopology": {"training_config": registered}, "weightsManifest": [{"weights": WEIGHTS[:1]}]}
    assert told(tmp_path, of_keras) == "the optimizer 'Adam' stayed behind: compile the model to train it on"


@pytest.mark.parametrize("document", [{}, {"modelTopology": 1, "weightsManifest": [1, {"weights": [2]}]}, {"a": 1}])
def test_of_a_model_that_was_never_compiled_nothing_is_said(document: Any, tmp_path: Path) -> None:
    assert told(tmp_path, document) == ""


def test_for_a_page_nothing_is_left_behind_and_a_file_that_is_gone_says_nothing(tmp_path: Path) -> None:
    document = {"trainingConfig": COMPILED}
    assert told(tmp_path, document, "tfjs_layers_model") == ""
    assert told(tmp_path, document, "keras", "tfjs_graph_model") == ""
    (tmp_path / "model.json").unlink()
    assert left_behind(Job(tmp_path, "tfjs_layers_model", tmp_path / "m.h5", "keras", {}, Silent())) == ""
