"""Bounds of a verification at their exact value, and links that lead out of a model that is only verified."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests import ROOT
from tests.unit.verification.models import layers_document, layers_model, save, weights
from workflow.base.errors import ModelFileError
from workflow.verification import exchange
from workflow.verification.asking import Ask, Feed
from workflow.verification.cutting import cut
from workflow.verification.derivations import _numbers
from workflow.verification.differences import bounds_of, compare
from workflow.verification.evidence import Finding, Histogram
from workflow.verification.figures import histogram
from workflow.verification.locate import _fitted
from workflow.verification.model_ports import of_config
from workflow.verification.named_weights import Named
from workflow.verification.requests import Subject
from workflow.verification.runtimes import packages
from workflow.verification.structure import check

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def named(values: NDArray[Any], field: dict[str, Any] | None = None) -> Named:
    return Named("w", values.shape, "float32", lambda: values.reshape(-1), field)


def test_a_difference_of_just_the_bound_is_allowed() -> None:
    theirs = np.array([0.0, 1.0, 4.0], np.float32)
    field = {"dtype": "float16"}
    (bound, *_), step = bounds_of(named(theirs, field), theirs)
    assert step == 0.0
    at, beyond = theirs.copy(), theirs.copy()
    at[0], beyond[0] = bound, np.nextafter(np.float32(bound), np.float32(1))
    assert compare(named(theirs), named(at, field), may_quantize=True).problem == ""
    assert compare(named(theirs), named(beyond, field), may_quantize=True).problem.startswith("the weight w differs by")


@pytest.mark.parametrize(
    ("differences", "wanted"),
    [
        ([1.0], Histogram((1.0, 10.0), (1,))),
        ([0.5], Histogram((0.1, 1.0), (1,))),
        ([10.0, 99.0, 100.0], Histogram((10.0, 100.0, 1000.0), (2, 1))),
        ([0.02, 0.0, np.inf, 5.0], Histogram((0.01, 0.1, 1.0, 10.0), (1, 0, 1), 1, 1)),
    ],
)
def test_differences_are_counted_by_decade(differences: list[float], wanted: Histogram) -> None:
    assert histogram(np.zeros(len(differences)), np.array(differences)) == wanted


@pytest.mark.parametrize(
    "value",
    [
        [1.5, 2],
        {"value": [1.5, 2]},
        {"class_name": "__numpy__", "config": {"value": [1.5, 2], "dtype": "float32"}},
        {"class_name": "x", "config": {"value": {"value": [[1.5], [2]]}}},
    ],
)
def test_numbers_of_an_option_are_read_in_every_form(value: Any) -> None:
    assert _numbers(value).tolist() == [1.5, 2.0]
    assert _numbers(value).dtype == np.float32


def models_inside(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [None, 3]}}
    for number in range(depth):
        found = {"class_name": "Sequential", "config": {"name": f"m{number}", "layers": [found]}}
    return found


def test_the_first_layer_is_looked_for_in_twenty_models_inside_each_other() -> None:
    ports = of_config(models_inside(21))
    assert ports.inputs is not None
    assert ports.inputs[0].shape == (None, 3)
    with pytest.raises(ModelFileError) as caught:
        of_config(models_inside(22))
    assert caught.value.message == "there are more than 20 models inside each other"


@pytest.mark.parametrize("kind", ["tfjs_layers_model", "tfjs_graph_model"])
def test_a_link_that_leads_out_of_a_model_is_not_followed(kind: Any, tmp_path: Path) -> None:
    made = layers_model(tmp_path / "made")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.json").symlink_to(made.path / "model.json")
    found = check(Subject(tmp_path / "m", kind))
    assert found.status == "failed"
    assert found.findings == (
        Finding(
            f"{tmp_path / 'm' / 'model.json'} is a link that leads out of the model's folder",
            remedy="Put the files themselves into the folder: `cp -rL FOLDER COPY` makes a copy without links.",
        ),
    )


def test_packages_lie_under_a_name_made_of_their_lock() -> None:
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    assert packages.installation().folder.name == f"js-{digest[:16]}"


def test_a_weight_by_another_name_is_the_same_weight() -> None:
    one = Named("a", (1,), "int32", lambda: np.ones(1, np.int32), {"dtype": "uint8"}, 0.5)
    assert one.called("b") == Named("b", one.shape, one.dtype, one.read, one.quantization, one.rounding)


def test_a_part_of_a_model_is_fed_with_the_inputs_that_it_still_has(tmp_path: Path) -> None:
    document = layers_document()
    config = document["modelTopology"]["model_config"]["config"]
    config["layers"].append(
        {**config["layers"][0], "name": "y", "config": {**config["layers"][0]["config"], "name": "y"}}
    )
    config["input_layers"] = [["x", 0, 0], ["y", 0, 0]]
    whole = Subject(save(tmp_path / "m", document, weights()), "tfjs_layers_model")
    part = cut(whole, "first", into=tmp_path / "part")
    given = {"a": np.ones((2, 6), np.float32), "b": np.zeros((2, 6), np.float32)}
    exchange.write(tmp_path / "given", given)
    feed = Feed(tmp_path / "given", tmp_path / "answers", 2)
    ask = Ask(whole, (feed, feed), tmp_path / "work", {"a": "x", "b": "y"}, timeout=7.0)
    found = _fitted(ask, part, tmp_path / "fitted")
    assert [list(exchange.read(one.inputs)) for one in found.feeds] == [["a"], ["a"]]
    assert [one.inputs.name for one in found.feeds] == ["fitted_0", "fitted_1"]
    assert (found.inputs, found.timeout, found.feeds[0].samples) == (ask.inputs, 7.0, 2)
    assert _fitted(ask, whole, tmp_path / "whole") is ask
