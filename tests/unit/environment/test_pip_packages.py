"""The real uv, an index on this machine, and an environment of the Python that runs the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment import package_index
from workflow.base import processes
from workflow.base.errors import DownloadError, EnvironmentProblem, IntegrityError, StorageError, WorkflowError
from workflow.base.events import Recording
from workflow.environment import layout, pip_packages, uv_program
from workflow.environment.blueprint import Blueprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.environment.package_index import Index


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index as the user's only one, told in pip's words."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with package_index.serving(tmp_path / "index") as running:
        monkeypatch.setenv("PIP_INDEX_URL", running.url)
        yield running


@pytest.fixture
def python(tmp_path: Path, index: Index) -> Path:
    argv = [uv_program.path(), "venv", "--python", sys.executable, str(tmp_path / "prefix")]
    assert processes.run(argv, env=uv_program.environ(offline=True)).code == 0
    return layout.python(tmp_path / "prefix")


def install(python: Path, text: str, *, offline: bool = False) -> Recording:
    listener = Recording()
    lock = python.parent / "lock.txt"
    lock.write_text(text)
    log = python.parent / "logs" / "log.txt"
    plan = Blueprint("linux-64", lock, lock, profile="full", digest="")
    pip_packages.install(python, plan, offline=offline, listener=listener, log=log)
    return listener


def locked(sha256: str, version: str = "1.0") -> str:
    return f"tiny=={version} --hash=sha256:{sha256}\n"


def test_the_lock_is_installed_from_the_index_that_pip_would_use(python: Path, index: Index) -> None:
    listener = install(python, locked(index.sha256))
    assert processes.run([str(python), "-c", "import tiny"]).code == 0
    assert "installing 1 Python packages" in listener.lines[0]
    assert "Installed 1 package" in (python.parent / "logs" / "log.txt").read_text()


def test_a_package_that_is_not_the_locked_one_is_refused(python: Path, index: Index) -> None:
    with pytest.raises(IntegrityError, match="not the one that the lock names") as caught:
        install(python, locked("0" * 64))
    assert index.sha256 in caught.value.details


def test_links_to_a_folder_serve_where_no_index_is_wanted(
    python: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DownloadError):
        install(python, locked(index.sha256))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index" / "simple" / "tiny"))
    install(python, locked(index.sha256))


def test_a_package_without_hash_is_refused(python: Path) -> None:
    with pytest.raises(EnvironmentProblem):
        install(python, "tiny==1.0\n")


def test_a_version_that_the_index_does_not_have_is_told(python: Path, index: Index) -> None:
    with pytest.raises(DownloadError, match="does not have a package") as caught:
        install(python, locked(index.sha256, version="2.0"))
    assert "PIP_INDEX_URL" in caught.value.hint


def test_an_index_that_cannot_be_reached_is_told(python: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(DownloadError, match="cannot be reached"):
        install(python, locked(index.sha256))


def test_offline_says_that_the_cache_lacks_a_package_and_installs_when_it_does_not(python: Path, index: Index) -> None:
    with pytest.raises(DownloadError, match="offline, and a package is not in the cache"):
        install(python, locked(index.sha256), offline=True)
    install(python, locked(index.sha256))
    processes.run([uv_program.path(), "pip", "uninstall", "--python", str(python), "tiny"])
    install(python, locked(index.sha256), offline=True)
    assert processes.run([str(python), "-c", "import tiny"]).code == 0


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("error: Failed to download `x`\n  cause: No space left on device (os error 28)", StorageError),
        ("error: failed to create directory\n  cause: Permission denied (os error 13)", StorageError),
        ("error: Failed to fetch: `https://m.example`\n  cause: HTTP status server error (503)", DownloadError),
        ("error: Failed to download and build\n  cause: Hash mismatch for `setuptools`", IntegrityError),
        ("error: something new", EnvironmentProblem),
    ],
)
def test_what_uv_says_is_told_by_its_cause(output: str, error: type[WorkflowError], tmp_path: Path) -> None:
    found = uv_program.failure(output, doing="installing", log=tmp_path / "log")
    assert type(found) is error
    assert found.hint
    assert found.details == output


def test_uv_sees_no_other_environment_and_never_downloads_a_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "UV_SYSTEM_PYTHON"):
        monkeypatch.setenv(name, "/elsewhere")
    environ = uv_program.environ(offline=True)
    assert "/elsewhere" not in environ.values()
    assert (environ["UV_PYTHON_DOWNLOADS"], environ["UV_OFFLINE"]) == ("never", "1")


def test_the_users_own_uv_cache_is_respected(monkeypatch: pytest.MonkeyPatch, tool_home: Path) -> None:
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    assert uv_program.environ(offline=False)["UV_CACHE_DIR"] == str(tool_home / "cache" / "uv")
    monkeypatch.setenv("UV_CACHE_DIR", "/my/cache")
    assert uv_program.environ(offline=False)["UV_CACHE_DIR"] == "/my/cache"


def test_where_the_packages_come_from_is_said(python: Path, index: Index) -> None:
    first = "from the cache"
    for offline, source in ((False, "the first time this downloads about 0.7 GB"), (True, first)):
        listener = install(python, locked(index.sha256), offline=offline)
        assert listener.lines[0] == f"installing 1 Python packages of lock.txt ({source})"
    listener = install(python, f"tiny==1.0 ; python_version > '3' --hash=sha256:{index.sha256}\n")
    assert listener.lines[0].startswith("installing up to 1 Python packages")


def test_what_uv_prints_is_kept_whatever_it_is(
    tmp_path: Path, tool_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_CACHE_DIR")
    listener = Recording()
    program = tmp_path / "uv"
    said = "printf 'Building wheel-1\\nodd \\377\\n'; echo $TMPDIR $TEMP $TMP $PWD >&2; exit 3"
    program.write_text(f"#!/bin/sh\n{said}\n")
    program.chmod(0o755)
    cache = tool_home / "cache" / "uv"
    (cache / ".tmpLeft").mkdir(parents=True)
    (cache / ".lock").touch()
    log = tmp_path / "deep" / "logs" / "log.txt"
    code, output = pip_packages._run([str(program), "a b"], offline=True, news=pip_packages._News(listener), log=log)
    building, odd, places = output.split("\n")
    assert (code, building, odd) == (3, "Building wheel-1", "odd \ufffd")
    temporary, *others, folder = places.split()
    assert others == [temporary, temporary]
    assert folder == os.path.realpath(log.parent)
    assert not Path(temporary).exists()
    assert log.read_bytes().startswith(os.fsencode(f"+ {program} 'a b'\nBuilding wheel-1\nodd ") + b"\xff\n")
    assert listener.lines == ["building wheel-1"]
    assert not (cache / ".tmpLeft").exists()


def test_a_failure_names_the_lock_and_has_the_end_of_what_uv_printed(python: Path, index: Index) -> None:
    with pytest.raises(IntegrityError) as caught:
        install(python, locked("0" * 64))
    assert caught.value.message == ("installing the packages of lock.txt: a package is not the one that the lock names")
    assert caught.value.log == str(python.parent / "logs" / "log.txt")
    assert 1 < len(caught.value.details.splitlines()) <= 15


def test_large_downloads_are_told_by_name_and_all_of_them_in_bytes() -> None:
    heard = Recording()
    news = pip_packages._News(heard)
    for line in (
        "Downloading tensorflow (10.0MiB)",
        " Downloading small (9.9MiB)",
        "Downloading huge (1.5GiB)",
        "Downloading tiny (2.0KiB)",
        "Downloading odd (7B)",
        "Downloading unknown",
        "Building sdist",
        " Downloaded small",
        "Downloaded tensorflow",
        "Downloaded unknown",
        "Resolved 3 packages",
    ):
        news.line(line)
    assert heard.lines == ["downloading tensorflow (10.0 MiB)", "downloading huge (1.5 GiB)", "building sdist"]
    sizes = [10 << 20, int(9.9 * (1 << 20)), 3 << 29, 2 << 10, 7]
    totals = [sum(sizes[: number + 1]) for number in range(5)]
    ends = [0, 0, sizes[1], sizes[0] + sizes[1], sizes[0] + sizes[1]]
    assert heard.progress == [
        *(("Python packages", 0, total) for total in totals),
        *(("Python packages", done, totals[-1]) for done in ends),
    ]


def test_stand_ins_are_for_what_the_converter_imports_and_does_not_use() -> None:
    assert (
        *("tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf"),
    ) == pip_packages.STAND_INS
    assert pip_packages._KEPT_LINES == 200
