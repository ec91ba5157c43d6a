from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflow.worker.failure import JobError, describe
from workflow.worker.products import check, files_of

if TYPE_CHECKING:
    from pathlib import Path


def test_an_hdf5_file_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "good.h5").write_bytes(b"\x89HDF\r\n\x1a\n and more")
    assert check(str(tmp_path / "good.h5"), "keras") == {"files": 1, "bytes": 17}
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(JobError, match="did not write"):
        check(str(tmp_path / "folder.h5"), "keras")
    (tmp_path / "zip.h5").write_bytes(b"PK\x03\x04")
    with pytest.raises(JobError, match="something else"):
        check(str(tmp_path / "zip.h5"), "keras")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"modelTopology": {"a": 1}, "weightsManifest": [{"paths": ["gone.bin"], "weights": []}]}, "gone.bin"),
        ({"modelTopology": None, "weightsManifest": []}, "no topology"),
    ],
)
def test_a_model_json_must_have_a_topology_and_its_shards(tmp_path: Path, model: object, words: str) -> None:
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(JobError, match=words):
        check(str(tmp_path), "tfjs_layers_model")


@pytest.mark.parametrize("target", ["tfjs_layers_model", "tfjs_graph_model", "keras_saved_model"])
def test_an_empty_folder_is_no_result(tmp_path: Path, target: str) -> None:
    with pytest.raises(JobError, match="did not write"):
        check(str(tmp_path), target)


def test_a_failure_is_described_with_the_causes_beneath_it() -> None:
    def fail() -> None:
        try:
            int("the cause")
        except ValueError:
            raise RuntimeError("the consequence")  # noqa: B904  as the converter's second attempt does

    with pytest.raises(RuntimeError) as caught:
        fail()
    found = describe(caught.value)
    assert (found["kind"], found["type"], found["message"]) == ("exception", "RuntimeError", "the consequence")
    assert found["causes"] == [{"type": "ValueError", "message": "invalid literal for int() with base 10: 'the cause'"}]
    assert describe(JobError("usage", "no"))["kind"] == "usage"


def model_json(folder: Path, **parts: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text(json.dumps({"modelTopology": {"a": 1}, **parts}))


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345")


MANIFEST = [{"paths": ["a.bin", "b.bin"], "weights": []}, {"paths": ["in/c.bin"], "weights": []}]


@pytest.mark.parametrize("target", ["tfjs_layers_model", "tfjs_graph_model"])
def test_a_whole_model_is_counted_with_all_files_below_its_folder(tmp_path: Path, target: str) -> None:
    model_json(tmp_path)
    alone = (tmp_path / "model.json").stat().st_size
    assert check(str(tmp_path), target) == {"files": 1, "bytes": alone}
    model_json(tmp_path, weightsManifest=MANIFEST)
    size = (tmp_path / "model.json").stat().st_size
    names = ("a.bin", "b.bin", "in/c.bin")
    for number, name in enumerate(names):
        with pytest.raises(JobError) as caught:
            check(str(tmp_path), target)
        assert str(caught.value) == f"the converter reported success and did not write {tmp_path / name}", number
        put(tmp_path, name)
    assert check(str(tmp_path), target) == {"files": 4, "bytes": size + 15}


def test_a_saved_model_is_whole_with_its_graph(tmp_path: Path) -> None:
    put(tmp_path, "variables/v", "saved_model.pb", "fingerprint.pb")
    assert check(str(tmp_path), "keras_saved_model") == {"files": 3, "bytes": 15}
    assert files_of(str(tmp_path)) == [str(tmp_path / n) for n in ("fingerprint.pb", "saved_model.pb", "variables/v")]
    assert files_of(str(tmp_path / "saved_model.pb")) == [str(tmp_path / "saved_model.pb")]
    (tmp_path / "saved_model.pb").unlink()
    with pytest.raises(JobError) as caught:
        check(str(tmp_path), "tf_saved_model")
    words = f"the converter reported success and did not write {tmp_path / 'saved_model.pb'}"
    assert (caught.value.kind, str(caught.value)) == ("no_output", words)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ("", "no_output", "the converter reported success and did not write {}"),
        ("{}", "weights_only", "the input holds weights and no topology: the result would be no model"),
    ],
)
def test_a_model_json_with_nothing_in_it_is_no_result(tmp_path: Path, content: str, kind: str, words: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(JobError) as caught:
        check(str(tmp_path), "tfjs_graph_model")
    assert (caught.value.kind, str(caught.value)) == (kind, words.format(path))


def test_a_file_of_another_kind_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"PK\x03\x04 and more")
    assert check(str(path), "keras_keras") == {"files": 1, "bytes": 13}
    path.write_bytes(b"PK\x03")
    with pytest.raises(JobError) as caught:
        check(str(path), "keras_keras")
    words = f"the converter reported success and left something else at {path}"
    assert (caught.value.kind, str(caught.value)) == ("no_output", words)


def chained(count: int) -> Exception:
    """Return a failure that has so many causes beneath it, by raise from and by context in turn."""
    found = ValueError("0")
    for number in range(1, count + 1):
        above = ValueError(str(number))
        if number % 2:
            above.__cause__ = found
        else:
            above.__context__ = found
        found = above
    return found


def test_of_the_causes_ten_are_told_and_none_twice() -> None:
    told = [one["message"] for one in describe(chained(12))["causes"]]
    assert told == [str(number) for number in range(11, 1, -1)]
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one
    assert [each["message"] for each in describe(one)["causes"]] == ["other", "one"]
    assert describe(ValueError("alone"))["causes"] == []


def test_long_messages_are_told_with_both_ends() -> None:
    whole = "a" * 2000 + "b" * 2000
    assert describe(ValueError(whole))["message"] == whole
    assert describe(ValueError(whole + "c"))["message"] == "a" * 2000 + " [...] " + "b" * 1999 + "c"
    told = describe(ValueError("x" * 50_000))
    assert len(told["traceback"]) == 20_000
    assert told["traceback"].endswith("x\n")
