"""Attacks that work without the wall and fail behind it, each tried by a real process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.worker.shared.wall.attacks import ATTACKS

if TYPE_CHECKING:
    import subprocess

    from tests.unit.worker.shared.wall.conftest import Outcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")

_NOT_EVERYWHERE = frozenset(
    {
        "asks_for_a_ring",  # off by a setting of the kernel
        "changes_an_attribute",  # not on every file system
        "names_files_by_handle",  # likewise
        "looks_into_another_process",  # not in every container
        "reads_the_memory_of_another_process",
        "reads_what_the_parent_was_started_with",
        "reads_an_open_file_of_the_parent",
        "slows_others_down",
        "becomes_a_program_by_the_loader",  # another C library
    }
)
"""Attacks that machines may refuse by themselves, where they prove nothing."""

_REFUSALS = ("refused: PermissionError(", "refused: OSError(38", "refused: OSError(18", "refused: gaierror(")
"""Forbidden; a call that is not there; another file system, which a hard link out of reach looks like."""


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_works_where_there_is_no_wall_and_fails_behind_it(
    name: str, walled: Outcome, unwalled: Outcome
) -> None:
    if unwalled["attacks"][name] != "done" and name in _NOT_EVERYWHERE:
        pytest.skip(f"this machine refuses it anyway: {unwalled['attacks'][name]}")
    assert unwalled["attacks"][name] == "done"
    assert walled["attacks"][name].startswith(_REFUSALS)


def test_nothing_outside_has_changed_behind_the_wall(walled: Outcome) -> None:
    outside = Path(walled["folder"]) / "outside"
    names = ("kept", "emptied", "removed", "renamed", "moved", "secret")
    assert {file.name: file.read_text() for file in outside.iterdir()} == {name: f"this is {name}" for name in names}
    assert walled["model"] == "weights"


def test_what_is_allowed_works_behind_the_wall(walled: Outcome) -> None:
    assert (Path(walled["folder"]) / "out" / "result").read_text() == "it works"


def test_the_other_process_lives_on(walled: Outcome, victim: subprocess.Popen[bytes]) -> None:
    assert walled["attacks"]
    assert victim.poll() is None
