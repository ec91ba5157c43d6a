"""Locating in a model with branches: the layer that differs is found in whichever of them it is, by a few cuts."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import KERAS, NumpyPlaces, keras_twin, save
from workflow.recipe.recipes import Verification
from workflow.verification import exchange
from workflow.verification.cutting import points_of
from workflow.verification.evidence import PlaceReport
from workflow.verification.levels import Case, verify
from workflow.verification.requests import NotRun, RuntimeFailure, Subject, run_result
from workflow.verification.searching import SearchResult, search
from workflow.verification.weights_by_layer import weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.verification.models import Array, Arrays

LEFT = ("left1", "left2", "left3")
RIGHT = ("right1", "right2")
ABOVE = {
    "stem": ["x"],
    "left1": ["stem"],
    "left2": ["left1"],
    "left3": ["left2"],
    "right1": ["stem"],
    "right2": ["right1"],
    "join": ["left3", "right2"],
    "head": ["join"],
    "top": ["head"],
}
"""The layers and what feeds each: a stem, two branches of three and two, where they meet, and two more."""

DENSE = [name for name in ABOVE if name != "join"]


def document() -> dict[str, Any]:
    begin = {"name": "x", "batch_input_shape": [None, 6], "dtype": "float32"}
    layers: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": begin, "name": "x", "inbound_nodes": []}]
    for name, above in ABOVE.items():
        options = {"units": 6, "activation": "tanh", "use_bias": False} if name in DENSE else {}
        layers.append(
            {
                "class_name": "Dense" if name in DENSE else "Add",
                "config": {"name": name, **options},
                "name": name,
                "inbound_nodes": [[[each, 0, 0, {}] for each in above]],
            }
        )
    config = {"name": "net", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["top", 0, 0]]}
    topology = {"keras_version": "2.13.1", "model_config": {"class_name": "Functional", "config": config}}
    return {"format": "layers-model", "modelTopology": topology}


def kernels() -> Arrays:
    random = np.random.default_rng(11)
    return {f"{name}/kernel": random.normal(0, 0.5, (6, 6)).astype(np.float32) for name in DENSE}


def model(folder: Path, spoilt: str = "") -> Subject:
    """Write the model, one of its layers with another kernel."""
    values = kernels()
    if spoilt:
        values[f"{spoilt}/kernel"] = values[f"{spoilt}/kernel"] + np.float32(0.3)
    return Subject(save(folder, document(), values), "tfjs_layers_model")


def computed(subject: Subject, inputs: Mapping[str, Array], at: str | None = None, wrong: Any = None) -> Arrays:
    """Compute a model, or a part of it, layer by layer; ``wrong`` is what a runtime does to the results of layers."""
    if subject.format == KERAS:
        subject = Subject(subject.path.with_suffix(""), "tfjs_layers_model")
    config = json.loads((subject.path / "model.json").read_text())["modelTopology"]["model_config"]["config"]
    with weights_of(subject) as weights:
        values = {name: one.read().reshape(one.shape) for name, one in weights.items()}
    known: Arrays = dict(inputs)
    for layer in config["layers"][1:]:
        name = layer["name"]
        above = [known[place[0]] for place in layer["inbound_nodes"][0]]
        result = sum(above) if layer["class_name"] == "Add" else np.tanh(above[0] @ values[f"{name}/kernel"])
        known[name] = np.asarray(wrong(name, result) if wrong else result, np.float32)
    output = at or config["output_layers"][0][0]
    return {output: known[output]}


@dataclass
class Branches(NumpyPlaces):
    """A places that computes the model above; ``wrong`` is what JavaScript does to each layer's result."""

    ran: list[str] = field(default_factory=list)
    """The last layers of what ran in JavaScript or in Python, cut by cut."""

    def job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        subject = Subject(Path(arguments["model"]["path"]), arguments["model"]["format"])
        if name == "source":
            return self._told(subject, arguments)
        for feed in arguments["feeds"]:
            inputs = exchange.read(Path(feed["inputs"]))
            exchange.write(Path(feed["outputs"]), computed(subject, inputs, arguments.get("cut")))
        return {"timings": {"load_ms": 1.0}, "versions": {}}

    def _told(self, subject: Subject, arguments: Mapping[str, Any]) -> dict[str, Any]:
        feeds = []
        for number, array in enumerate(self.feeds):
            folder = Path(arguments["folder"]) / f"feed_{number}"
            exchange.write(folder / "inputs", {"x": array})
            exchange.write(folder / "outputs", computed(subject, {"x": array}))
            feeds.append({"inputs": str(folder / "inputs"), "outputs": str(folder / "outputs"), "samples": len(array)})
        inputs = [{"name": "x", "shape": [None, 6], "dtype": "float32"}]
        outputs = [{"name": "top", "shape": [None, 6], "dtype": "float32"}]
        return {"inputs": inputs, "outputs": outputs, "feeds": feeds, "samples": 4, "labels": None, "versions": {}}

    def runtime(self, name: str, backend: str | None) -> Any:
        return self

    def run(self, request: Any) -> Any:
        subject = Subject(request.model, request.format)
        config = json.loads((request.model / "model.json").read_text())["modelTopology"]["model_config"]["config"]
        self.ran.append(config["output_layers"][0][0])
        outputs = computed(subject, exchange.read(request.inputs), wrong=self.wrong)
        exchange.write(request.outputs, outputs)
        return run_result(request, backend=request.backend, told={"timings": {"first_ms": 1.0}}, facts={})


def located(case: Case, places: Branches, keep: Path) -> SearchResult:
    found = search(case, places, report=verify(case, places), keep=keep)
    assert isinstance(found, SearchResult), found
    return found


@pytest.mark.parametrize("spoilt", DENSE)
def test_a_layer_with_another_weight_is_found_in_whichever_branch_it_is(spoilt: str, tmp_path: Path) -> None:
    source, result = model(tmp_path / "good"), model(tmp_path / "bad", spoilt)
    case = Case(result, source, Verification(runtimes=("python",)), tmp_path / "work")
    report = verify(case, Branches())
    assert report.failed is not None  # the weights are compared first, and differ
    forged = report.replaced(levels=(), runs=(PlaceReport("python", "failed"),))
    found = search(case, Branches(), report=forged, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == spoilt
    assert found.located.figure > found.located.bound
    assert set(found.located.fine) <= set(ABOVE[spoilt])


@pytest.mark.parametrize("spoilt", list(ABOVE))
def test_a_layer_that_javascript_gets_wrong_is_found_and_the_cut_shows_it(spoilt: str, tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    places = Branches(wrong=lambda name, array: array + np.float32(0.2) if name == spoilt else array)
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    found = located(case, places, tmp_path / "keep")
    assert (found.located.point.name, found.place) == (spoilt, "node wasm")
    assert "differs by up to 0.2, allowed is" in found.located.sentence()
    assert found.located.reproduction == tmp_path / "keep" / "model"
    kept = [point.name for point in points_of(Subject(tmp_path / "keep" / "model", subject.format))]
    assert kept[-1] == spoilt
    assert set(kept) == above(spoilt)


def above(name: str) -> set[str]:
    """Return a layer and all that feed it."""
    return {name}.union(*(above(each) for each in ABOVE.get(name, ())))


def test_what_agrees_before_it_is_named(tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    places = Branches(wrong=lambda name, array: array + np.float32(0.2) if name == "join" else array)
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    sentence = located(case, places, tmp_path / "keep").located.sentence()
    assert sentence.startswith("the first to differ is join (Add): it differs by up to 0.2")
    assert sentence.endswith("; left3, right2 before it agree")


def test_both_branches_are_looked_into_and_the_bisection_keeps_to_what_all_pass(tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    places = Branches(wrong=lambda name, array: array + np.float32(0.2) if name == "right1" else array)
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    report = verify(case, places)
    places.ran.clear()
    found = search(case, places, report=report, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult)
    cuts = list(dict.fromkeys(places.ran))
    assert cuts[0] == "top"  # the output, which must differ
    assert set(cuts[1:3]) <= {"stem", "join", "head"}  # every way leads through these
    assert found.located.cuts == len(cuts) < len(ABOVE)


def test_what_lies_before_a_point_that_agrees_is_not_cut(tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    places = Branches(wrong=lambda name, array: array + np.float32(0.2) if name == "top" else array)
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    report = verify(case, places)
    places.ran.clear()
    search(case, places, report=report, keep=tmp_path / "keep")
    assert list(dict.fromkeys(places.ran)) == ["top", "join", "head"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda _, array: array[:, :3], "has the shape [4, 3], and [4, 6] in the source"),
        (lambda _, array: array * np.float32(np.nan), "holds NaN or infinity where its source has numbers"),
    ],
    ids=["shape", "nan"],
)
def test_what_is_wrong_with_it_is_said(wrong: Any, words: str, tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    places = Branches(wrong=lambda name, array: wrong(name, array) if name == "top" else array)
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    forged = verify(case, Branches()).replaced(runs=(PlaceReport("node", "failed", "cpu"),))
    found = search(case, places, report=forged, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == "top"
    assert found.located.sentence().startswith(f"the first to differ is top (Dense): it {words}")
    assert found.place == "node cpu"


def test_a_layer_at_which_the_runtime_fails_is_the_one(tmp_path: Path) -> None:
    subject = model(tmp_path / "web")

    def fails(name: str, array: Any) -> Any:
        if name == "left2":
            raise RuntimeFailure("run", "no kernel for Tanh")
        return array

    source = keras_twin(subject)
    forged = verify(Case(subject, source, Verification(runtimes=("python",)), tmp_path / "first"), Branches())
    forged = forged.replaced(runs=(PlaceReport("browser", "failed", "webgl"),))
    case = Case(subject, source, Verification(runtimes=("python", "browser")), tmp_path / "work")
    found = search(case, Branches(wrong=fails), report=forged, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == "left2"
    assert "fails: no kernel for Tanh" in found.located.sentence()
    assert found.command.endswith("--runtime python --runtime browser --backend webgl")


def test_a_difference_that_no_cut_shows_is_said_to_lie_elsewhere(tmp_path: Path) -> None:
    subject = model(tmp_path / "web")
    case = Case(subject, keras_twin(subject), Verification(runtimes=("python", "node")), tmp_path / "work")
    forged = copy.copy(verify(case, Branches())).replaced(runs=(PlaceReport("node", "failed"),))
    found = search(case, Branches(), report=forged, keep=tmp_path / "keep")
    assert found == NotRun(
        "no output differs when the model is cut there", "the difference lies in how outputs are read"
    )
    assert not (tmp_path / "keep").exists()
