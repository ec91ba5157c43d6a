"""Modules of TensorFlow Hub: fetched once, found where tensorflow_hub keeps them, whole or not there."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest

from tests.unit.base.download.rude_server import answer, serving
from tests.unit.runs.recipes import recipe_of, shard_step, write_layers_model
from tests.unit.runs.test_unpacking import archive_of, file, special
from workflow.base import locations
from workflow.base.download import transfer
from workflow.base.errors import DownloadError, ModelFileError
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.runs import hub, making
from workflow.runs.tasks import tasks_of

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Step

MODULE = archive_of(file("./saved_model.pb", b"graph"), file("./variables/variables.index", b"1"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01,))
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "hub"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def folders(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.suffix != ".lock"]


def test_a_module_is_fetched_once_and_has_the_name_that_tensorflow_hub_gives_it(cache: Path) -> None:
    with serving(answer(MODULE)) as server:
        handle = server.url("google/x/1")
        found = hub.provide(handle, Recording())
        assert hub.provide(handle, Recording()) == found
    assert found == cache / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    assert files(found) == {"saved_model.pb", "variables/variables.index"}
    assert [asked["first"] for asked in server.asked] == ["GET /google/x/1?tf-hub-format=compressed HTTP/1.1"]
    assert folders(cache) == [found]


@pytest.mark.parametrize("module", ["saved_model.pb", "saved_model.pbtxt", "tfhub_module.pb"])
def test_what_tensorflow_hub_has_fetched_before_is_found_without_a_network(cache: Path, module: str) -> None:
    handle = "https://tfhub.invalid/google/x/1"
    folder = cache / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    folder.mkdir(parents=True)
    (folder / module).write_bytes(b"graph")
    assert hub.provide(handle, Recording()) == folder


def test_a_step_from_a_handle_reads_the_modules_folder_and_its_record_names_the_handle(
    cache: Path, tmp_path: Path
) -> None:
    handle = "https://tfhub.invalid/google/x/1"
    folder = cache / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    write_layers_model(tmp_path / "web")
    local = shard_step(tmp_path).replaced(engine="native")
    named = local.replaced(input=handle, input_is_handle=True)
    found = making.provided(named, Recording())
    assert (found.input, found.input_is_handle) == (str(folder), False)
    assert making.provided(local, Recording()) == local

    def handle_in_record(step: Step, target: str) -> object:
        (task,) = tasks_of(recipe_of(tmp_path, step))
        formats = local.from_format, local.to_format
        job = Job(tmp_path / "web", formats[0], tmp_path / target, formats[1], {}, Recording(), local)
        return making.make(job, task).get("handle")

    assert handle_in_record(named, "one") == handle
    assert handle_in_record(local, "two") is None


def test_without_the_variable_modules_are_in_the_tools_own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    with serving(answer(MODULE)) as server:
        assert hub.provide(server.url("x"), Recording()).parent == locations.cache() / "tfhub_modules"


@pytest.mark.parametrize(
    ("handle", "asked"),
    [
        ("https://h/x/1", "https://h/x/1?tf-hub-format=compressed"),
        ("https://h/x.tar.gz?sig=a%2Fb&empty=", "https://h/x.tar.gz?sig=a%2Fb&tf-hub-format=compressed"),
        ("https://h/x#part", "https://h/x?tf-hub-format=compressed"),
    ],
)
def test_an_archive_is_asked_for_as_tensorflow_hub_asks(handle: str, asked: str) -> None:
    assert hub.archive_address(handle) == asked


def test_an_interrupted_module_goes_on_where_the_server_says_that_it_is_the_same(cache: Path) -> None:
    half = len(MODULE) // 2
    cut = [answer(MODULE, ETag='"1"')[0], MODULE[:half]]
    told = f"bytes {half}-{len(MODULE) - 1}/{len(MODULE)}"
    rest = answer(MODULE[half:], "206 x", Content_Range=told, ETag='"1"')
    with serving(cut, rest) as server:
        assert files(hub.provide(server.url("x"), Recording())) == {"saved_model.pb", "variables/variables.index"}
    assert server.asked[1]["if-range"] == '"1"'
    assert len(folders(cache)) == 1


BAD = {
    "a page": (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
    "nothing": (b"", "empty"),
    "noise": (b"\x1f\x8bnoise", "no tar archive"),
    "half an archive": (MODULE[: len(MODULE) // 2], "no tar archive"),
    "no module": (archive_of(file("README", b"x")), "neither saved_model.pb"),
    "a module in a folder": (archive_of(file("x/saved_model.pb", b"x")), "neither saved_model.pb"),
    "a climber": (archive_of(file("saved_model.pb"), file("../../out")), "leads out"),
    "a link": (archive_of(file("saved_model.pb"), special("variables", b"2", "/etc")), "no plain file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_module_is_refused_and_nothing_of_it_stays(cache: Path, tmp_path: Path, kind: str) -> None:
    content, words = BAD[kind]
    with serving(answer(content)) as server, pytest.raises(DownloadError, match=words) as caught:
        hub.provide(server.url("x?sig=t0ken", user="me:s3cret"), Recording())
    assert "t0ken" not in str(caught.value.as_json())
    assert "s3cret" not in str(caught.value.as_json())
    assert folders(cache) == []
    assert {path.name for path in tmp_path.iterdir()} == {"hub"}


def test_a_module_after_a_refused_one_is_fetched_anew(cache: Path) -> None:
    with serving(answer(b"<html>"), answer(MODULE)) as server:
        with pytest.raises(DownloadError):
            hub.provide(server.url("x"), Recording())
        assert folders(cache) == []
        assert files(hub.provide(server.url("x"), Recording()))


def test_what_a_killed_run_left_does_no_harm(cache: Path) -> None:
    with serving(answer(MODULE)) as server:
        name = hashlib.sha1(server.url("x").encode(), usedforsecurity=False).hexdigest()
        (cache / f"{name}.tfjs-workflow.tmp").mkdir(parents=True)
        (cache / f"{name}.tfjs-workflow.tmp" / "saved_model.pb").write_bytes(b"half")
        (cache / f"{name}.part").write_bytes(b"half")
        (cache / name).mkdir()
        found = hub.provide(server.url("x"), Recording())
    assert (found / "saved_model.pb").read_bytes() == b"graph"
    assert folders(cache) == [found]


def test_of_two_runs_that_want_one_module_the_second_waits(cache: Path) -> None:
    news, found = [Recording(), Recording()], []
    with serving([0.3, *answer(MODULE)]) as server:
        handle = server.url("x")
        threads = [threading.Thread(target=lambda each=each: found.append(hub.provide(handle, each))) for each in news]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found[0] == found[1]
    assert len(server.asked) == 1
    assert sum("waiting for another run" in line for each in news for line in each.lines) == 1
    assert folders(cache) == found[:1]


@pytest.mark.parametrize("handle", ["google/x/1", "gs://bucket/x", "file:///x", "s3://me:s3cret@x", ""])
def test_a_handle_that_is_no_address_of_a_module_is_refused(handle: str) -> None:
    with pytest.raises(ModelFileError, match="neither a folder nor the address of a module") as caught:
        hub.provide(handle, Recording())
    assert "s3cret" not in str(caught.value.as_json())


def test_a_cache_that_is_no_folder_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write_text("a file")
    with pytest.raises(ModelFileError, match="hub, which is no folder of this machine"):
        hub.provide("http://127.0.0.1:1/x", Recording())
    monkeypatch.setenv("TFHUB_CACHE_DIR", "gs://bucket")
    with pytest.raises(ModelFileError, match="no folder of this machine"):
        hub.provide("http://127.0.0.1:1/x", Recording())
