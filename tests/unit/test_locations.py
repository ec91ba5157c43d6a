"""Where the tool keeps things: below its own variable, or in the user's folders and nowhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from workflow.base import locations

if TYPE_CHECKING:
    from pathlib import Path


def test_with_the_variable_everything_is_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path / "ours"))
    assert locations.home() == tmp_path / "ours"
    assert locations.cache() == tmp_path / "ours" / "cache"
    assert locations.config_file() == tmp_path / "ours" / "config.yml"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of other systems have other names")
def test_without_it_each_is_in_the_users_folder_of_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TFJS_WORKFLOW_HOME")
    for kind in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    assert locations.home() == tmp_path / "DATA" / "tfjs-workflow"
    assert locations.cache() == tmp_path / "CACHE" / "tfjs-workflow"
    assert locations.config_file() == tmp_path / "CONFIG" / "tfjs-workflow" / "config.yml"
