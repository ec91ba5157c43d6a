from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow.base import locations, locks
from workflow.environment import uv_program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="uv locks otherwise there")


@pytest.fixture
def uv_cache(tool_home: Path) -> Path:
    cache = locations.cache() / "uv"
    for name in (".tmpAbc/half", "archive-v0/whole", ".git/x"):
        (cache / name).mkdir(parents=True)
    (cache / ".lock").touch()
    return cache


def found(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


def test_what_a_killed_uv_has_left_in_our_cache_goes_and_nothing_else(uv_cache: Path) -> None:
    uv_program.clear_leftovers({"UV_CACHE_DIR": str(uv_cache)})
    assert found(uv_cache) == {"archive-v0", ".git"}


def test_while_a_uv_is_at_work_in_it_nothing_goes(uv_cache: Path) -> None:
    with locks.opened(uv_cache / ".lock") as theirs:
        assert locks.share(theirs)
        uv_program.clear_leftovers({"UV_CACHE_DIR": str(uv_cache)})
    assert ".tmpAbc" in found(uv_cache)


def test_a_cache_of_the_users_own_is_left_alone(uv_cache: Path, tmp_path: Path) -> None:
    own = uv_cache.rename(tmp_path / "own")
    uv_program.clear_leftovers({"UV_CACHE_DIR": str(own)})
    assert ".tmpAbc" in found(own)


def test_without_a_cache_nothing_happens(tool_home: Path) -> None:
    uv_program.clear_leftovers({"UV_CACHE_DIR": str(locations.cache() / "uv")})
    assert not locations.cache().exists()


STRAY = (
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT"),
    *("UV_WORKING_DIR", "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_NO_VERIFY_HASHES", "UV_EXCLUDE_NEWER", "UV_PRERELEASE"),
    *("UV_RESOLUTION", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_NO_BUILD_ISOLATION", "UV_NO_BUILD"),
)


def told_to_uv(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, offline: bool) -> dict[str, str]:
    """Return what uv is told in an environment of these variables alone."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in {"PIP_CONFIG_FILE": os.devnull, **variables}.items():
        monkeypatch.setenv(name, value)
    return uv_program.environ(offline=offline)


def test_uv_is_told_of_our_cache_and_of_the_users_settings_and_of_nothing_that_leads_it_astray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = {"TFJS_WORKFLOW_HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    kept = {"KEPT": "yes", "MY_CONDA_": "kept", "PIP_INDEX_URL": "https://a.example"}
    given = {**dict.fromkeys(STRAY, "1"), **home, **kept, "UV_PYTHON_DOWNLOADS": "automatic"}
    told = told_to_uv(monkeypatch, given, offline=False)
    ours = {"UV_CACHE_DIR": str(locations.cache() / "uv"), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    assert told == {**home, **kept, **ours, "UV_DEFAULT_INDEX": "https://a.example"}
    assert told_to_uv(monkeypatch, given, offline=True) == {**told, "UV_OFFLINE": "1"}
    given = {**home, "UV_CACHE_DIR": "/mine"}
    assert told_to_uv(monkeypatch, given, offline=False)["UV_CACHE_DIR"] == "/mine"


def test_the_uv_that_came_with_this_tool_is_there() -> None:
    assert os.access(uv_program.path(), os.X_OK)


def test_what_uv_says_last_is_shown_of_a_failure_without_a_meaning(tmp_path: Path) -> None:
    said = "\n".join(f"line {number}" for number in range(20))
    error = uv_program.failure(f"{said}\n\n", doing="trying", log=tmp_path / "log")
    assert (error.message, error.hint, error.log) == (
        "trying: uv failed",
        "the log has all of it",
        str(tmp_path / "log"),
    )
    assert error.details.splitlines() == [f"line {number}" for number in range(5, 20)]
