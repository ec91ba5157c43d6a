"""What was read out of files is kept until they change: one run looks at a model many times, and sees every change."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import layers_document, write_model
from workflow.base.errors import ModelFileError
from workflow.models import strict_json
from workflow.models.file_contents import Kept, settled
from workflow.models.inspection import inspect_model
from workflow.models.strict_json import JsonDocument, read_object
from workflow.models.weights_manifest import read_groups

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed, in a world in which no file was written a moment ago."""
    for tick in ("_TICK", "_COARSE_TICK"):
        monkeypatch.setattr("workflow.models.file_contents." + tick, 0)
    monkeypatch.setattr(strict_json, "_KEPT", Kept(2))
    texts: list[str] = []
    real = strict_json._parsed

    def noted(text: str, path: Path) -> Any:
        texts.append(text)
        return real(text, path)

    monkeypatch.setattr(strict_json, "_parsed", noted)
    return texts


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_a_description_is_parsed_once_however_often_a_model_is_looked_at(parsed: list[str], tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", layers_document())
    found = [inspect_model(model, "tfjs_layers_model") for _ in range(3)]
    assert len(parsed) == 1
    assert found[0] == found[2]


def test_a_description_that_was_changed_is_read_again(parsed: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "model.json", {"a": 1})
    assert read_object(path, "a model") == {"a": 1}
    write(path, {"a": 2})
    os.utime(path, ns=(1, 10**18 + 1))
    assert read_object(path, "a model") == {"a": 2}
    other = write(tmp_path / "other.json", {"a": 3})
    other.replace(path)
    assert read_object(path, "a model") == {"a": 3}
    path.unlink()
    with pytest.raises(ModelFileError, match="does not exist"):
        read_object(path, "a model")


def test_a_description_that_was_refused_is_refused_again(parsed: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "model.json", [1])
    for _ in range(2):
        with pytest.raises(ModelFileError, match="holds a list"):
            read_object(path, "a model")
    assert len(parsed) == 2


def test_a_file_that_was_written_a_moment_ago_is_not_known_by_its_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(tmp_path / "model.json", {})
    os.utime(path, ns=(1, 1_000_000_001))
    written = max(path.stat().st_mtime_ns, path.stat().st_ctime_ns)
    for since, is_known in ((0, False), (15 * 10**6, False), (25 * 10**6, True)):
        monkeypatch.setattr("time.time_ns", lambda since=since: written + since)
        assert bool(settled(path.stat())) is is_known


def test_on_file_systems_that_count_seconds_a_moment_is_longer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(tmp_path / "model.json", {})
    os.utime(path, ns=(1, 10**18))
    written = max(path.stat().st_mtime_ns, path.stat().st_ctime_ns)
    for since, is_known in ((10**8, False), (3 * 10**9, True)):
        monkeypatch.setattr("time.time_ns", lambda since=since: written + since)
        assert bool(settled(path.stat())) is is_known


def test_no_more_is_kept_than_was_said_and_the_oldest_goes_first() -> None:
    few: Kept[str] = Kept(2)
    for number in (1, 2):
        few.keep((number,), str(number))
    assert few.find((1,)) == "1"
    few.keep((3,), "3")
    assert [few.find((number,)) for number in (1, 2, 3)] == ["1", None, "3"]
    few.keep((), "nothing is known of its file")
    assert few.find(()) is None


def test_what_is_kept_again_is_the_newest() -> None:
    few: Kept[str] = Kept(2)
    for number, value in ((1, "old"), (2, "2"), (1, "new"), (3, "3")):
        few.keep((number,), value)
    assert [few.find((number,)) for number in (1, 2, 3)] == ["new", None, "3"]


def test_a_large_description_is_not_kept(parsed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(strict_json, "_LARGEST_KEPT", 10)
    path = write(tmp_path / "model.json", {"a": "as long as this"})
    assert read_object(path, "a model") == read_object(path, "a model")
    assert len(parsed) == 2


def test_what_is_made_of_a_document_is_made_once_and_not_taken_for_that_of_a_changed_copy(tmp_path: Path) -> None:
    document = JsonDocument(layers_document())
    assert read_groups(document, tmp_path) is read_groups(document, tmp_path)
    changed = copy.deepcopy(document)
    changed["weightsManifest"][0]["weights"][0]["name"] = "other"
    assert read_groups(changed, tmp_path)[0].weights[0].name == "other"
    assert read_groups(document, tmp_path)[0].weights[0].name != "other"
