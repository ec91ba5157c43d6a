"""Which jobs of the worker run without a wall: two, and nothing that a model could ask for."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.bridge.passages import runs_outside


@pytest.mark.parametrize(
    ("job", "arguments", "outside"),
    [
        ("script", {}, True),
        ("application", {"weights": "imagenet"}, True),
        ("application", {"weights": "seeded"}, False),
        ("application", {}, False),
        ("convert", {"weights": "imagenet"}, False),
        ("reference", {}, False),
        ("predict", {}, False),
        ("graph", {}, False),
    ],
)
def test_only_scripts_and_published_weights_run_outside_of_the_wall(
    job: str, arguments: dict[str, Any], *, outside: bool
) -> None:
    assert runs_outside(job, arguments) is outside
