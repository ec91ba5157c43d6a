"""The tutorial's five conversions of a small MobileNet, each run against its source in Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.worker.jobs import compare, convert, reference, side
from workflow.verification.evidence import FiniteSides

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real

KERAS, LAYERS, GRAPH = "keras", "tfjs_layers_model", "tfjs_graph_model"
STEPS = {
    "keras2.h5": (KERAS, (), 1e-6),
    "sharded": (LAYERS, ("--weight_shard_size_bytes=100000",), 1e-6),
    "quantized": (LAYERS, ("--quantize_uint16=*",), 5e-2),
    "graph": (GRAPH, (), 1e-3),
}


@pytest.fixture(scope="module")
def web_model(worker: Worker, mobilenet: Path, home: Path) -> Path:
    convert(worker, (KERAS, LAYERS), source=mobilenet, output=home / "web model")
    return home / "web model"


@pytest.fixture(scope="module")
def answers(worker: Worker, mobilenet: Path, home: Path) -> dict[str, Any]:
    """What the model answers before any conversion."""
    return reference(worker, side(KERAS, mobilenet), home / "answers")


def test_keras_to_layers_agrees_with_a_source_that_is_alive(
    worker: Worker, answers: dict[str, Any], web_model: Path
) -> None:
    (output,) = compare(worker, answers, result=side(LAYERS, web_model))
    assert output.max_abs <= 1e-6
    assert output.spread > 0.01
    assert output.finite == FiniteSides(source=True, result=True)


@pytest.mark.parametrize("name", STEPS)
def test_every_conversion_of_the_tutorial_agrees_with_its_source(
    worker: Worker, web_model: Path, answers: dict[str, Any], home: Path, name: str
) -> None:
    target, flags, bound = STEPS[name]
    source = web_model / "model.json"
    made = convert(worker, (LAYERS, target), source=source, output=home / name, flags=flags)
    assert made["bytes"] > 100_000
    (output,) = compare(worker, answers, result=side(target, home / name))
    assert output.max_abs <= bound
    assert output.top1 == 1.0


def test_shards_have_the_size_that_was_asked_for(home: Path) -> None:
    sizes = sorted(file.stat().st_size for file in (home / "sharded").glob("*.bin"))
    assert sizes[-1] == 100_000
    assert len(sizes) > 5


def test_an_output_without_suffix_still_is_hdf5(worker: Worker, web_model: Path, home: Path) -> None:
    convert(worker, (LAYERS, KERAS), source=web_model / "model.json", output=home / "no suffix")
    assert (home / "no suffix").read_bytes()[:4] == b"\x89HDF"


def test_a_damaged_result_is_found_out(worker: Worker, answers: dict[str, Any], web_model: Path, home: Path) -> None:
    broken = home / "broken"
    broken.mkdir()
    for file in web_model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    shard = next(broken.glob("*.bin"))
    shard.write_bytes(bytes(2000) + shard.read_bytes()[2000:])
    (output,) = compare(worker, answers, result=side(LAYERS, broken))
    assert output.max_abs > 1e-3


def test_the_log_holds_the_noise(home: Path, web_model: Path) -> None:
    assert json.loads((web_model / "model.json").read_text())["format"] == "layers-model"
    assert (home / "graph.log").stat().st_size > 0
