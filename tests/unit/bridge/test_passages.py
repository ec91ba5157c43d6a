"""Which jobs of the worker run without a wall: two, and nothing that a model could ask for."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.bridge.passages import carried, runs_outside


@pytest.mark.parametrize(
    ("job", "arguments", "outside"),
    [
        ("script", {}, True),
        ("application", {"weights": "imagenet"}, True),
        ("application", {"weights": "seeded"}, False),
        ("application", {}, False),
        ("convert", {"weights": "imagenet"}, False),
        ("source", {}, False),
        ("predict", {}, False),
        ("graph", {}, False),
    ],
)
def test_only_scripts_and_published_weights_run_outside_of_the_wall(
    job: str, arguments: dict[str, Any], *, outside: bool
) -> None:
    assert runs_outside(job, arguments) is outside


class Porter:
    """Writes on every path what it was carried as."""

    def model(self, path: str, kind: str) -> str:
        return f"{kind} model of {path}"

    def data(self, path: str) -> str:
        return f"data of {path}"

    def samples(self, path: str, most: int | None) -> str:
        return f"{most} samples of {path}"

    def code(self, path: str) -> str:
        return f"code of {path}"

    def result(self, path: str) -> str:
        return f"result for {path}"


SOURCE = {"path": "m", "format": "keras", "custom_objects": "c.py", "tags": ["serve"]}
CARRIED = {"path": "keras model of m", "format": "keras", "custom_objects": ["code of c.py"], "tags": ["serve"]}


@pytest.mark.parametrize("job", ["graph", "saved_model", "resave", "export"])
def test_what_is_made_of_a_model_has_source_metadata_and_output(job: str) -> None:
    given = {"source": SOURCE, "options": {"metadata": {"a": "a.json"}, "x": 1}, "output": "o", "other": "/path"}
    assert carried(job, given, by=Porter()) == {
        "source": CARRIED,
        "options": {"metadata": {"a": "data of a.json"}, "x": 1},
        "output": "result for o",
        "other": "/path",
    }


@pytest.mark.parametrize(
    ("job", "given", "expected"),
    [
        ("graph", {"source": "m", "options": {"metadata": None}, "output": ""}, {"options": {"metadata": None}}),
        ("graph", {"source": {"path": 3}}, {"source": {"path": 3}}),
        ("graph", {"source": {"path": "m"}}, {"source": {"path": " model of m"}}),
        ("application", {"weights": "w", "output": "o"}, {"weights": "data of w", "output": "result for o"}),
        ("application", {"weights": None}, {}),
        (
            "convert",
            {"argv": ["-x", "--input_format=keras", "--metadata=a:1,b:2:3", "m", "o"], "custom_objects": ["a", "b"]},
            {
                "argv": [
                    *("-x", "--input_format=keras", "--metadata=a:data of 1,b:data of 2:3"),
                    *("keras model of m", "result for o"),
                ],
                "custom_objects": ["code of a", "code of b"],
            },
        ),
        ("convert", {"argv": ["m", "o"]}, {"argv": [" model of m", "result for o"]}),
        (
            "source",
            {"model": SOURCE, "weights": "w", "labels": "l", "folder": "f", "inputs": "i", "samples": 7},
            {
                "model": CARRIED,
                "weights": "tfjs_layers_model model of w",
                "labels": "data of l",
                "folder": "result for f",
                "inputs": "7 samples of i",
            },
        ),
        ("source", {"inputs": "i"}, {"inputs": "None samples of i"}),
        ("source", {"inputs": None}, {}),
        (
            "predict",
            {
                "model": SOURCE,
                "weights": "w",
                "inputs": "i",
                "outputs": "o",
                "feeds": [{"inputs": "a", "outputs": "b"}],
            },
            {
                "model": CARRIED,
                "weights": "tfjs_layers_model model of w",
                "inputs": "data of i",
                "outputs": "result for o",
                "feeds": [{"inputs": "data of a", "outputs": "result for b"}],
            },
        ),
        ("versions", {"path": "p"}, {}),
    ],
)
def test_each_file_of_a_job_is_carried_and_all_else_is_handed_on(
    job: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    before = repr(given)
    assert carried(job, given, by=Porter()) == {**given, **expected}
    assert repr(given) == before
