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
