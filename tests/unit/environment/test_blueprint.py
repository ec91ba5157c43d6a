from __future__ import annotations

import hashlib
import platform as machine
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.conftest import pip_lock
from workflow.base.errors import EnvironmentProblem
from workflow.environment import blueprint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("system", "processor", "name"),
    [
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "x86_64", "osx-64"),
        ("darwin", "arm64", "osx-arm64"),
        ("win32", "AMD64", "win-64"),
        ("linux", "amd64", "linux-64"),
        ("linux", "arm64", "linux-aarch64"),
        ("win32", "x86_64", "win-64"),
        ("linux", "riscv64", None),
        ("freebsd14", "amd64", None),
    ],
)
def test_this_machine_s_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str, name: str | None
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(machine, "machine", lambda: processor)
    monkeypatch.setattr(machine, "libc_ver", lambda: ("glibc", "2.36"))
    assert blueprint.current_platform() == name


def test_a_linux_without_glibc_has_no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(machine, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "libc_ver", lambda: ("", ""))
    assert blueprint.current_platform() is None


def test_a_machine_of_32_bits_has_no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(machine, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(sys, "maxsize", 2**32)
    assert blueprint.current_platform() == "linux-64"
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert blueprint.current_platform() is None


def test_a_machine_without_a_lock_is_told_with_those_that_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "sunos5")
    monkeypatch.setattr(machine, "machine", lambda: "sun4v")
    with pytest.raises(EnvironmentProblem) as caught:
        blueprint.platform()
    assert caught.value.message == "there is no lock of the converter environment for sunos5 on sun4v"
    assert caught.value.hint == (
        "it exists for Linux with glibc (x86_64, aarch64), macOS (Intel, Apple silicon) and 64 bit Windows"
    )


def test_the_digest_is_of_the_locks_that_count_with_their_lengths(project: Path) -> None:
    (project / "requirements" / "keras3.txt").write_bytes(b"# profile: keras3\na==1\n")
    plan, other = blueprint.blueprint(), blueprint.blueprint("keras3")
    conda, pip = (project / "conda-lock.yml").read_bytes(), pip_lock(project).read_bytes()
    assert plan.digest == digest_of(conda, pip)
    assert other.digest == digest_of(b"# profile: keras3\na==1\n")
    assert (plan.profile, other.profile) == ("full", "keras3")
    assert (plan.conda_lock, plan.pip_lock) == (project / "conda-lock.yml", pip_lock(project))
    assert (plan.purpose, other.purpose) == (blueprint.CONVERTER, blueprint.KERAS3)
    assert plan.platform == other.platform == blueprint.platform()


def digest_of(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(len(data).to_bytes(8, "little") + data for data in contents)).hexdigest()


@pytest.mark.parametrize(
    "first", ["", "a==1", "# profile: other", "# profile: keras3", "#profile: full", "# Profile: full"]
)
def test_a_lock_that_does_not_say_its_profile_is_refused(project: Path, first: str) -> None:
    pip_lock(project).write_text(f"{first}\n# profile: full\n")
    with pytest.raises(EnvironmentProblem) as caught:
        blueprint.blueprint()
    assert caught.value.message == (
        f"{pip_lock(project)}: the first line does not say '# profile: full' or '# profile: lean'"
    )
    assert caught.value.hint == "make the lock anew with scripts/relock.py"
    for profile in ("full", "lean"):
        pip_lock(project).write_text(f"# profile:   {profile}  \n")
        assert blueprint.blueprint().profile == profile


def test_a_lock_that_is_not_there_is_told(project: Path) -> None:
    pip_lock(project).unlink()
    with pytest.raises(EnvironmentProblem) as caught:
        blueprint.blueprint()
    assert caught.value.message == (
        f"cannot read the environment's lock {pip_lock(project)}: No such file or directory"
    )
    assert caught.value.hint == "the installation is incomplete: install the tool again, or restore the file from git"
