"""Hashes of artifacts: names, bytes, and nothing stale."""

from __future__ import annotations

import hashlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from workflow.base.digests import ahead, artifact_digests, file_digest, from_json, text_digest, to_json, total_bytes

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_has_the_digest_that_everyone_computes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a").sha256 == hashlib.sha256(b"abc").hexdigest()


def test_a_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    before = file_digest(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"xyz")
    (tmp_path / "b").replace(tmp_path / "a")
    assert file_digest(tmp_path / "a") != before


def test_a_folder_is_named_with_forward_slashes(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "index").write_bytes(b"1")
    assert list(artifact_digests(tmp_path)) == ["variables/index"]


def test_digests_survive_json(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    digests = artifact_digests(tmp_path)
    assert from_json(to_json(digests)) == digests


def test_the_order_of_keys_does_not_change_a_digest() -> None:
    assert text_digest({"a": 1, "b": 2}) == text_digest({"b": 2, "a": 1})


def test_what_was_hashed_ahead_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with ahead(partial(file_digest, tmp_path / "missing"), partial(file_digest, tmp_path / "a")):
        pass
    monkeypatch.setattr(hashlib, "sha256", lambda: pytest.fail("read again"))
    assert file_digest(tmp_path / "a").size == 3


def test_what_changes_after_it_was_hashed_ahead_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with ahead(partial(file_digest, tmp_path / "a")):
        pass
    (tmp_path / "a").write_bytes(b"abcd")
    assert file_digest(tmp_path / "a").sha256 == hashlib.sha256(b"abcd").hexdigest()


def test_a_failure_stops_what_is_hashed_ahead_of_it(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 34)  # takes no room, and ten seconds to hash
    begin = time.monotonic()
    with pytest.raises(ValueError, match="bad"), ahead(partial(file_digest, large)):
        raise ValueError("bad")
    assert time.monotonic() - begin < 3
    assert "hashing ahead" not in [thread.name for thread in threading.enumerate()]


def test_a_digest_is_the_one_of_canonical_json() -> None:
    value = {"b": [1, 2.5, None, True], "a": "\u00e9"}
    text = '{"a":"\\u00e9","b":[1,2.5,null,true]}'
    assert text_digest(value) == hashlib.sha256(text.encode()).hexdigest()


def test_an_artifact_has_its_files_in_order_with_sizes_and_none_that_lies_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "out"
    (folder / "in").mkdir(parents=True)
    for name, content in (("b", b"22"), ("a", b"1"), ("in/c", b"333")):
        (folder / name).write_bytes(content)
    (folder / "link").symlink_to(folder / "a")
    (folder / "away").symlink_to(tmp_path / "secret")
    found = artifact_digests(folder)
    assert list(found) == ["a", "b", "in/c", "link"]
    assert [found[name].size for name in found] == [1, 2, 3, 1]
    assert total_bytes(found) == 7
    assert to_json(found)["b"] == {"sha256": hashlib.sha256(b"22").hexdigest(), "bytes": 2}
    assert list(artifact_digests(folder / "b")) == ["b"]
    assert artifact_digests(folder / "nothing") == {}


def test_a_large_file_is_read_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (1 << 13)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "empty").touch()
    assert file_digest(tmp_path / "a").sha256 == hashlib.sha256(content).hexdigest()
    assert file_digest(tmp_path / "a").size == len(content)
    assert file_digest(tmp_path / "empty").size == 0
