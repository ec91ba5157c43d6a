from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.base.download.opening import USER_AGENT
from workflow.base.errors import DownloadError, EnvironmentProblem, ForeignPathError, IntegrityError
from workflow.environment.managers.embedded import EmbeddedManager

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.environment.conftest import Bench

pytestmark = pytest.mark.real


def output(*argv: str | Path) -> str:
    completed = processes.run([str(part) for part in argv], timeout=60)
    assert completed.code == 0, completed.stderr
    return completed.stdout.strip()


def leftovers(bench: Bench) -> list[str]:
    return [path.name for path in bench.prefix.parent.iterdir() if path != bench.prefix]


def test_makes_a_python_3_8_with_pip_that_knows_its_place(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    python = bench.prefix / "bin" / "python"
    assert output(python, "--version").startswith("Python 3.8.")
    assert output(python, "-c", "import sys; print(sys.prefix)") == str(bench.prefix)
    assert output(bench.prefix / "bin" / "pip", "--version").startswith("pip ")
    assert str(bench.prefix) in (bench.prefix / "bin" / "pip").read_text().splitlines()[0]
    assert leftovers(bench) == []


def test_no_file_of_the_environment_names_the_stage(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    files = [path for path in bench.prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files if b".tfjs.stage" in path.read_bytes()] == []


def test_the_environment_records_the_urls_of_the_lock(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    records = [json.loads(path.read_text()) for path in (bench.prefix / "conda-meta").glob("*.json")]
    assert {record["url"].rsplit("/", 2)[0] for record in records} == {bench.server.url}


def test_packages_for_developers_are_not_installed(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    assert not (bench.prefix / "share" / "tool.txt").exists()
    assert not any("developers-tool" in path for path in bench.server.fetched())


def test_every_request_says_who_asks(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    assert bench.server.asked
    assert {request.headers.get("User-Agent") for request in bench.server.asked} == {USER_AGENT}


def test_tells_how_far_it_is(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.order)
    assert ("conda packages downloaded", 3, 3) in bench.news.progress
    assert ("conda packages installed", 3, 3) in bench.news.progress
    received = [done for what, done, _ in bench.news.progress if what == "bytes downloaded"]
    assert received == sorted(received)
    assert received[-1] > 0


def test_refuses_a_relative_prefix(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="absolute"):
        EmbeddedManager().create(bench.prefix.relative_to(tmp_path), bench.order)


def test_refuses_a_prefix_that_exists_and_leaves_it_alone(bench: Bench) -> None:
    bench.prefix.mkdir()
    (bench.prefix / "mine.txt").write_text("precious")
    with pytest.raises(ForeignPathError):
        EmbeddedManager().create(bench.prefix, bench.order)
    assert (bench.prefix / "mine.txt").read_text() == "precious"


def test_a_wrong_checksum_in_the_lock_names_package_expected_and_got(bench: Bench) -> None:
    order = bench.relocked(bench.server.url, {"pip": {"sha256": "ab" * 32}})
    with pytest.raises(IntegrityError, match=rf"^pip .*expected {'ab' * 32}, got [0-9a-f]{{64}}") as raised:
        EmbeddedManager().create(bench.prefix, order)
    assert raised.value.log == str(order.log)
    assert not bench.prefix.exists()
    assert leftovers(bench) == []


def test_a_wrong_checksum_is_noticed_in_a_channel_of_files_too(bench: Bench) -> None:
    order = bench.relocked(bench.channel.folder.as_uri(), {"pip": {"sha256": "ab" * 32}})
    with pytest.raises(IntegrityError, match=r"^pip .*expected abab.*got"):
        EmbeddedManager().create(bench.prefix, order)


def test_a_channel_of_files_works(bench: Bench) -> None:
    EmbeddedManager().create(bench.prefix, bench.relocked(bench.channel.folder.as_uri()))
    assert output(bench.prefix / "bin" / "python", "--version").startswith("Python 3.8.")
    assert bench.server.asked == []


def test_md5_is_checked_where_the_lock_has_nothing_better(bench: Bench) -> None:
    order = bench.relocked(bench.server.url, {"pip": {"md5": "cd" * 16}})
    with pytest.raises(IntegrityError, match="md5 expected cdcd"):
        EmbeddedManager().create(bench.prefix, order)


def test_a_package_that_is_not_there_is_named_with_its_url(bench: Bench) -> None:
    missing = bench.channel.package("pip").path
    bench.server.behaviour.codes[f"noarch/{missing.name}"] = [404]
    with pytest.raises(DownloadError, match=rf"{bench.server.url}/noarch/{missing.name}: HTTP 404"):
        EmbeddedManager().create(bench.prefix, bench.order)
    assert not bench.prefix.exists()


def test_removal_deletes_the_environment_and_its_stage(bench: Bench) -> None:
    manager = EmbeddedManager()
    manager.create(bench.prefix, bench.order)
    manager.remove(bench.prefix)
    assert list(bench.prefix.parent.iterdir()) == []


def test_a_prefix_with_spaces_and_umlauts_works(bench: Bench) -> None:
    prefix = bench.folder / "meine Umgebungen äöü" / "tfjs eins"
    EmbeddedManager().create(prefix, bench.order)
    assert output(prefix / "bin" / "pip", "--version").startswith("pip ")
