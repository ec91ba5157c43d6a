from __future__ import annotations

import platform as machine
import sys

import pytest

from workflow.environment import blueprint


@pytest.mark.parametrize(
    ("system", "processor", "name"),
    [
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "x86_64", "osx-64"),
        ("darwin", "arm64", "osx-arm64"),
        ("win32", "AMD64", "win-64"),
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
