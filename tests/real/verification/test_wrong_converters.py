"""A native converter whose options are wrong writes the right weights: what its results answer gives it away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verification.wrong_converters import Line, with_line, with_options
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.verification.conftest import Lab
    from workflow.verification.evidence import Evidence

    Change = Callable[[pytest.MonkeyPatch], None]

pytestmark = pytest.mark.real

PLACES: dict[str, Any] = {"runtimes": ("python", "node"), "backends": {"node": ("cpu",)}}


def _option(class_name: str, **changes: Any) -> Change:
    return partial(with_options, class_name=class_name, **changes)


def _line(right: str, wrong: str) -> Change:
    return partial(with_line, line=Line(right, wrong))


WRONG: dict[str, tuple[str, Change]] = {
    "another epsilon of BatchNormalization": ("pictures", _option("BatchNormalization", epsilon=1.0)),
    "another epsilon of LayerNormalization": ("phrases", _option("LayerNormalization", epsilon=1e-3)),
    "the epsilon of groups forgotten": ("pictures", _line('layer.config.get("epsilon", 1e-3)', "1e-3")),
    "an axis not brought back to its place": (
        "pictures",
        _line('{"dims": [order.index(place) + 1 for place in range(1, rank)]}', '{"dims": order}'),
    ),
    "groups gathered along the other axis": (
        "pictures",
        _line('"gather", config={"dims": [2, 1, 3]}', '"gather", config={"dims": [1, 2, 3]}'),
    ),
    "an activation taken for linear": ("pictures", _option("Conv2D", activation="linear")),
    "an activation taken for another": ("phrases", _option("GRU", recurrent_activation="sigmoid")),
    "valid for same": ("pictures", _option("AveragePooling2D", padding="valid")),
    "strides of one": ("pictures", _option("Conv2D", strides=[1, 1])),
    "strides of a pool forgotten": ("pictures", _option("AveragePooling2D", strides=None)),
    "causal padding at the end": ("phrases", _line("[[count, 0], [0, 0]]", "[[0, count], [0, 0]]")),
    "sides of a padding exchanged": (
        "phrases",
        _line("list(pair) for pair in sides", "list(pair)[::-1] for pair in sides"),
    ),
    "steps read forwards": ("phrases", _option("LSTM", go_backwards=False)),
    "two ways merged otherwise": ("phrases", _option("Bidirectional", merge_mode="ave")),
    "a sum for a difference": ("phrases", _option("Rescaling", scale=1.0)),
    "another slope": ("phrases", _option("LeakyReLU", alpha=0.2)),
    "the slope of a bent line with another sign": ("pictures", _line("scale=-slope\n", "scale=slope\n")),
    "a crop to the wrong side": ("pictures", _line("[more // 2, more - more // 2]", "[more - more // 2, more // 2]")),
}


def _converted(source: Subject, folder: Path) -> Subject:
    target = folder / "web"
    EDGES[source.format, "tfjs_layers_model"](
        Job(source.path, source.format, target, "tfjs_layers_model", {}, Silent())
    )
    return Subject(target, "tfjs_layers_model")


def _verified(lab: Lab, model: str, folder: Path) -> Evidence:
    source = lab.source(model)
    return lab.verify(_converted(source, folder), source, **PLACES)


@pytest.mark.parametrize("model", ["pictures", "phrases"])
def test_the_right_converter_passes_on_all_levels(lab: Lab, model: str, tmp_path: Path) -> None:
    report = _verified(lab, model, tmp_path)
    assert report.verdict == "passed", [finding.text for level in report.levels for finding in level.findings]


@pytest.mark.parametrize("what", WRONG)
def test_wrong_options_are_caught_by_what_the_result_answers(
    lab: Lab, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, change = WRONG[what]
    change(monkeypatch)
    report = _verified(lab, model, tmp_path)
    assert report.failed is not None
    assert report.failed.level in ("contract", "outputs"), report.failed
