"""What a worker leaves and tells has been within a model's reach: nothing in it leads anywhere else."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base.errors import VerificationError
from workflow.recipe.recipes import Verification
from workflow.verification import exchange, model_ports
from workflow.verification.requests import Subject
from workflow.verification.source_answers import Question, ask_source

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = {"name": "x", "shape": [2], "dtype": "float32", "file": "0.bin"}
NONSENSE: list[Any] = [
    [{**ENTRY, "file": "../secret"}],
    [{**ENTRY, "file": "/etc/hostname"}],
    [{**ENTRY, "file": "secret"}],
    [{**ENTRY, "file": 3}],
    [{**ENTRY, "file": "link.bin"}],
    [{**ENTRY, "file": "1.bin"}],
    [{**ENTRY, "shape": [3]}],
    [{**ENTRY, "shape": [1 << 60]}],
    [{**ENTRY, "shape": "x"}],
    [{**ENTRY, "dtype": "object"}],
    [{**ENTRY, "dtype": "M8[ns]"}],
    [{**ENTRY, "dtype": "no dtype"}],
    [{**ENTRY, "dtype": ["f4"]}],
    [{**ENTRY, "dtype": "string", "shape": [3]}],
    [{}],
    [3],
    {"a": 1},
    None,
]


@pytest.mark.parametrize("index", NONSENSE, ids=str)
def test_an_exchange_set_that_is_none_is_told(tmp_path: Path, index: Any) -> None:
    folder = tmp_path / "set"
    exchange.write(folder, {"x": np.zeros(2, "f4")})
    (tmp_path / "secret").write_bytes(bytes(8))
    if os.name == "posix":
        (folder / "1.bin").symlink_to(tmp_path / "secret")
    assert exchange.read(folder)["x"].tolist() == [0, 0]
    (folder / exchange.INDEX).write_text(json.dumps(index))
    with pytest.raises(exchange.NoExchangeError):
        exchange.read(folder)


def test_an_exchange_set_that_would_take_all_the_memory_is_none(tmp_path: Path) -> None:
    exchange.write(tmp_path, {"x": np.array(["", ""], dtype=object)})
    (tmp_path / "0.bin").write_bytes(bytes(4 << 20))  # a million texts of no length
    with pytest.raises(exchange.NoExchangeError, match="more texts than the 2"):
        exchange.read(tmp_path)
    with (tmp_path / "0.bin").open("wb") as huge:
        huge.truncate(5 << 30)
    with pytest.raises(exchange.NoExchangeError, match="larger than"):
        exchange.read(tmp_path)
    with (tmp_path / exchange.INDEX).open("wb") as huge:
        huge.truncate(5 << 30)
    with pytest.raises(exchange.NoExchangeError, match="too long"):
        exchange.read(tmp_path)


class Places:
    """Answers a job as it is told."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def job(self, name: str, arguments: Any) -> dict[str, Any]:
        return self._answer

    def job_in_keras3(self, name: str, arguments: Any) -> None:
        return None

    def runtime(self, name: str, backend: str | None) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    "feeds",
    [
        [{"inputs": "/etc", "outputs": "FOLDER/o", "samples": 1}],
        [{"inputs": "FOLDER/i", "outputs": "FOLDER/../o", "samples": 1}],
        [{"inputs": "FOLDER/i", "outputs": "relative", "samples": 1}],
        [{"inputs": "FOLDER/i", "outputs": "FOLDER/o", "samples": "many"}],
        [{"inputs": 3, "outputs": "FOLDER/o", "samples": 1}],
        [{"inputs": "FOLDER/i"}],
        "feeds",
        3,
        None,
    ],
    ids=str,
)
def test_feeds_elsewhere_are_refused(tmp_path: Path, feeds: Any) -> None:
    told = json.loads(json.dumps(feeds).replace("FOLDER", str(tmp_path)))
    places = Places({"feeds": told})
    with pytest.raises(VerificationError):
        ask_source(Question(Subject(tmp_path / "m.h5", "keras"), Verification(), places), folder=tmp_path)


PORT = {"name": "x", "shape": [None, 3], "dtype": "float32"}


@pytest.mark.parametrize(
    "ports",
    [
        *[[{key: value for key, value in PORT.items() if key != gone}] for gone in PORT],
        [{**PORT, "name": 3}],
        [{**PORT, "shape": 3}],
        [{**PORT, "shape": ["3"]}],
        [{**PORT, "shape": [True]}],
        [{**PORT, "dtype": ["float32"]}],
        ["x"],
        [PORT, None],
        {"x": PORT},
        3,
    ],
    ids=str,
)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_ports_that_are_none_are_told(side: str, ports: Any) -> None:
    assert model_ports.told({side: [PORT]}) != model_ports.ModelPorts()
    with pytest.raises(VerificationError, match="tells nonsense of its ports"):
        model_ports.told({side: ports})
