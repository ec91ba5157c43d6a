"""A converter that writes the right weights and a topology that is wrong in a small way: what gives it away, and how.

Where contract and configurations show it, ``verify --quick`` does too; else the answers do, in the real Keras and in
TensorFlow.js. Whatever shows it names the layer, the input or the output.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.verification.conftest import Lab
    from workflow.verification.evidence import Evidence

    Json = dict[str, Any]
    Change = Callable[[Json], None]

pytestmark = pytest.mark.real

PLACES: Json = {"runtimes": ("python", "node"), "backends": {"node": ("cpu",)}}


def _layer(config: Json, name: str) -> Json:
    (found,) = (entry for entry in config["layers"] if entry["config"]["name"] == name)
    return dict(found)


def _option(name: str, **changes: Any) -> Change:
    def change(config: Json) -> None:
        options = _layer(config, name)["config"]
        assert {key: options[key] for key in changes} != changes
        options.update(changes)

    return change


def _inside(name: str, **changes: Any) -> Change:
    """Change the options of the layer that a wrapper holds."""
    return lambda config: _layer(config, name)["config"]["layer"]["config"].update(changes)


def _class(name: str, class_name: str) -> Change:
    def change(config: Json) -> None:
        next(entry for entry in config["layers"] if entry["config"]["name"] == name)["class_name"] = class_name

    return change


def _without(name: str, *options: str) -> Change:
    def change(config: Json) -> None:
        for option in options:
            del _layer(config, name)["config"][option]

    return change


def _turned(name: str) -> Change:
    """Exchange what a layer is called on."""
    return lambda config: _layer(config, name)["inbound_nodes"][0].reverse()


def _reversed(key: str) -> Change:
    return lambda config: config[key].reverse()


def _renamed(old: str, new: str) -> Change:
    def change(config: Json) -> None:
        text = json.dumps(config).replace(f'"{old}"', f'"{new}"')
        config.update(json.loads(text))

    return change


def _skipped(name: str, before: str) -> Change:
    """Have whoever reads a layer read the one before it."""

    def change(config: Json) -> None:
        for entry in config["layers"]:
            for place in (place for call in entry["inbound_nodes"] for place in call):
                place[0] = before if place[0] == name else place[0]

    return change


SEEN: dict[str, tuple[str, str, Change]] = {
    "an epsilon a tenth off": ("windows", "norm", _option("norm", epsilon=0.011)),
    "another activation": ("windows", "conv", _option("conv", activation="relu")),
    "an activation left out": ("windows", "last", _option("last", activation="linear")),
    "another alpha": ("windows", "bent", _option("bent", alpha=1.0)),
    "pixels smoothed": ("windows", "larger", _option("larger", interpolation="bilinear")),
    "an open height taken for a fixed one": (
        "windows",
        "image",
        _option("image", batch_input_shape=[None, 8, 8, 3]),
    ),
    "steps read backwards": ("sentences", "first", _option("first", go_backwards=True)),
    "sequences not given on": ("sentences", "first", _option("first", return_sequences=False)),
    "another recurrent activation": ("sentences", "second", _option("second", recurrent_activation="sigmoid")),
    "both ways added": ("sentences", "both", _option("both", merge_mode="sum")),
    "an activation inside a wrapper": ("sentences", "both", _inside("both", activation="relu")),
    "a mask dropped": ("sentences", "known", _option("known", mask_zero=False)),
    "another value masked": ("sentences", "there", _option("there", mask_value=1.0)),
    "repeated once more": ("sentences", "again", _option("again", n=3)),
    "axes not exchanged": ("sentences", "swapped", _option("swapped", dims=[1, 2])),
    "a likeness not normalized": ("sentences", "like", _option("like", normalize=False)),
    "outputs reordered": ("sentences", "classes", _reversed("output_layers")),
    "inputs reordered": ("sentences", "words", _reversed("input_layers")),
    "an output renamed": ("sentences", "scores", _renamed("scores", "points")),
    "an input renamed": ("sentences", "steps", _renamed("steps", "times")),
    "another type of an input": ("sentences", "words", _option("words", dtype="float32")),
}
"""What the files alone show: the model, what is named, and what is wrong."""

ANSWERED: dict[str, tuple[str, Change]] = {
    "a dilation forgotten": ("windows", _option("spread", dilation_rate=[1, 1])),
    "strides forgotten": ("windows", _option("separable", strides=[1, 1])),
    "valid for same": ("windows", _option("conv", padding="valid")),
    "a pool at other edges": ("windows", _option("pool", padding="valid")),
    "a pool of another size": ("windows", _option("pool", pool_size=[2, 2])),
    "a mean for a maximum": ("windows", _class("pool", "AveragePooling2D")),
    "sides of a padding exchanged": ("windows", _option("padded", padding=[[0, 1], [2, 0]])),
    "sides of a crop exchanged": ("windows", _option("inner", cropping=[[0, 1], [1, 2]])),
    "shares along another axis": ("windows", _option("shares", axis=1)),
    "channels first": ("windows", _option("wider", data_format="channels_first")),
    "scaled along another axis": ("windows", _option("norm", axis=[2])),
    "the default alpha filled in": ("windows", _without("bent", "alpha")),
    "the default epsilon filled in": ("windows", _without("norm", "epsilon")),
    "the default activation filled in": ("windows", _without("spread", "activation")),
    "the usual ways merged": ("sentences", _without("both", "merge_mode")),
    "no mask by default": ("sentences", _without("known", "mask_zero")),
    "what is joined in another order": ("sentences", _turned("joined")),
    "a layer passed over": ("sentences", _skipped("even", "joined")),
    "a sum for a difference": ("sentences", _skipped("less_minus", "both")),
    "a mean for a maximum of steps": ("sentences", _class("rows", "GlobalAveragePooling1D")),
}
"""What only running it shows, or files that say less than their source."""

HARMLESS: dict[str, tuple[str, Change]] = {
    "another momentum": ("windows", _option("norm", momentum=0.5)),
    "not to be trained": ("windows", _option("conv", trainable=False)),
    "other initializers": ("windows", _option("last", kernel_initializer=None)),
    "a dropout that only training knows": ("sentences", _option("first", dropout=0.5)),
    "an axis counted from the front": ("windows", _option("shares", axis=3)),
    "a regularizer": (
        "sentences",
        _option("square", kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}}),
    ),
}


def _written(lab: Lab, model: str, folder: Path, change: Change) -> tuple[Subject, Subject]:
    """Convert a model natively, and change the topology that was written."""
    source, target = lab.source(model), folder / "web"
    EDGES["keras", "tfjs_layers_model"](Job(source.path, "keras", target, "tfjs_layers_model", {}, Silent()))
    document = json.loads((target / "model.json").read_text())
    change(document["modelTopology"]["model_config"]["config"])
    (target / "model.json").write_text(json.dumps(document))
    return Subject(target, "tfjs_layers_model"), source


def _told(report: Evidence) -> list[str]:
    return [finding.text for level in report.levels for finding in level.findings]


@pytest.mark.parametrize("model", ["windows", "sentences"])
def test_what_is_written_rightly_passes_on_all_levels(lab: Lab, model: str, tmp_path: Path) -> None:
    report = lab.verify(*_written(lab, model, tmp_path, lambda _: None), **PLACES)
    assert report.verdict == "passed", _told(report)


@pytest.mark.parametrize("what", SEEN)
def test_what_the_files_show_is_seen_with_nothing_run(lab: Lab, what: str, tmp_path: Path) -> None:
    model, name, change = SEEN[what]
    report = lab.verify(*_written(lab, model, tmp_path, change), enabled=False)
    assert report.verdict == "failed", report
    assert report.failed is not None
    assert any(name in finding.text and finding.subject for finding in report.failed.findings), _told(report)


@pytest.mark.parametrize("what", [*ANSWERED, *SEEN])
def test_what_computes_otherwise_fails_and_something_of_the_model_is_named(lab: Lab, what: str, tmp_path: Path) -> None:
    model, change = ANSWERED[what] if what in ANSWERED else (SEEN[what][0], SEEN[what][2])
    result, source = _written(lab, model, tmp_path, change)
    report = lab.verify(result, source, **PLACES)
    assert report.verdict == "failed", report
    assert report.failed is not None
    document = json.loads((result.path / "model.json").read_text())
    names = {entry["config"]["name"] for entry in document["modelTopology"]["model_config"]["config"]["layers"]}
    assert any(name in report.failed.findings[0].text for name in names), _told(report)


@pytest.mark.parametrize("what", HARMLESS)
def test_what_computes_the_same_passes(lab: Lab, what: str, tmp_path: Path) -> None:
    model, change = HARMLESS[what]
    report = lab.verify(*_written(lab, model, tmp_path, change), **PLACES)
    assert report.verdict == "passed", _told(report)
