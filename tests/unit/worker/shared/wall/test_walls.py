"""The walls by their texts and programs, also those of machines that are not here."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from workflow.bridge import enclosure
from workflow.worker.shared import wall
from workflow.worker.shared.wall import audit, calls, seatbelt, seccomp, surroundings

PID = 4711
ALLOW, KILL = 0x7FFF0000, 0x80000000


def answer(machine: str, number: int, *arguments: int, mark: int | None = None) -> int:
    """Return what the filter says to a call, as the kernel would work it out."""
    steps = seccomp.program(PID, machine)
    words = {0: number, 4: calls.MACHINES[machine][0] if mark is None else mark}
    for place in range(6):
        value = (arguments[place] if place < len(arguments) else 0) & (1 << 64) - 1
        words[16 + 8 * place], words[20 + 8 * place] = value & 0xFFFFFFFF, value >> 32
    at = held = 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == 0x20:
            held = words[k]
        elif code == 0x06:
            return k
        else:
            holds = {0x15: held == k, 0x35: held >= k, 0x45: bool(held & k)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", calls.MACHINES)
def test_every_call_of_the_table_fails_and_others_pass(machine: str) -> None:
    column = calls.MACHINES[machine][1]
    refused = {numbers[column] for numbers in calls.REFUSED.values()} - {None}
    conditional = {numbers[column] for numbers, _ in calls.CONDITIONS.values()}
    for number in range(calls.HIGHEST + 1):
        found = answer(machine, number, 1, 1, 1)
        if number in refused:
            assert found & 0xFFFF0000 == 0x00050000, number
            assert found & 0xFFFF in (errno.EPERM, errno.ENOSYS), number
        elif number not in conditional:
            assert found == ALLOW, number
    for number in (calls.HIGHEST + 1, 1000, 0x40000000 | 59):
        assert answer(machine, number) == 0x00050000 | errno.ENOSYS
    assert answer(machine, 0, mark=0x40000003) == KILL


@pytest.mark.parametrize("machine", calls.MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "passes"),
    [
        ("kill", (PID, 9), True),
        ("kill", (0, 9), True),
        ("kill", (-PID, 9), True),
        ("kill", (-1, 9), False),
        ("kill", (1, 9), False),
        ("kill", (PID + 1, 0), False),
        ("tgkill", (PID, 5, 6), True),
        ("tgkill", (PID - 1, 5, 6), False),
        ("tkill", (PID - 1, 6), False),
        ("clone", (0x3D0F00,), True),
        ("clone", (17,), False),
        ("clone", (0x10000000,), False),
        ("prlimit64", (0, 7, 0, 1), True),
        ("prlimit64", (PID, 7, 0, 1), True),
        ("prlimit64", (0, 7, 1, 0), False),
        ("prlimit64", (0, 7, 1 << 32, 0), False),
        ("prlimit64", (PID + 1, 7, 0, 1), False),
        ("fcntl", (3, 1, 0), True),
        ("fcntl", (3, 1030, 8), True),
        *(("fcntl", (3, command, PID + 1), False) for command in (8, 10, 15, 8 | 1 << 32)),
        ("ioctl", (3, 0x5401, 0), True),
        *(("ioctl", (3, request, 0), False) for request in (0x8901, 0x8902, 0x5412, 0x541C)),
    ],
)
def test_calls_pass_by_their_arguments(machine: str, name: str, arguments: tuple[int, ...], *, passes: bool) -> None:
    number = calls.CONDITIONS[name][0][calls.MACHINES[machine][1]]
    assert (answer(machine, number, *arguments) == ALLOW) is passes


def test_the_profile_of_macos_names_what_is_allowed_after_what_is_not(tmp_path: Path) -> None:
    odd = tmp_path / 'a "folder" \\ 模型'
    text = seatbelt.profile(reads=["/in"], writes=[str(odd)])
    lines = text.splitlines()
    assert lines[:2] == ["(version 1)", "(allow default)"]
    for denied in ("process-exec*", "process-fork", "network*", "file-write*"):
        assert f"(deny {denied})" in lines
    place = os.path.realpath(odd).replace("\\", "\\\\").replace('"', '\\"')
    allowed = next(line for line in lines if line.startswith("(allow file-write*"))
    assert f'(subpath "{place}")' in allowed
    assert "/in" not in allowed
    assert lines.index("(deny file-write*)") < lines.index(allowed)
    reading = next(line for line in lines if line.startswith("(allow file-read-data"))
    assert '"/in"' in reading
    assert text.count("(") == text.count(")")


EVENTS: list[tuple[str, tuple[Any, ...], bool]] = [
    ("open", ("OUT/x", "w", os.O_WRONLY | os.O_CREAT), True),
    ("open", ("ELSE/x", "w", os.O_WRONLY | os.O_CREAT), False),
    ("open", ("ELSE/x", "r", os.O_RDONLY), True),
    ("open", ("OUT/../else/x", "w", os.O_RDWR), False),
    ("open", ("OUT/link", "w", os.O_RDWR), False),
    ("open", (7, "w", os.O_WRONLY), True),
    ("open", (os.devnull, "w", os.O_WRONLY), True),
    ("open", (b"ELSE/x", "w", os.O_WRONLY), False),
    ("os.remove", ("ELSE/x", -1), False),
    ("os.remove", ("OUT/x", -1), True),
    ("os.rename", ("OUT/x", "ELSE/x", -1, -1), False),
    ("os.rename", ("ELSE/x", "OUT/x", -1, -1), False),
    ("os.mkdir", ("ELSE/x", 0o777, -1), False),
    ("os.symlink", ("/anything", "OUT/x", -1), True),
    ("os.symlink", ("/anything", "ELSE/x", -1), False),
    ("os.link", ("ELSE/x", "OUT/x", -1, -1), False),
    ("os.chmod", ("ELSE/x", 0o777, -1), False),
    ("os.system", (b"true",), False),
    ("subprocess.Popen", ("true", [], None, None), False),
    ("os.posix_spawn", ("true", [], {}), False),
    ("os.fork", (), False),
    ("socket.connect", (None, ("h", 1)), False),
    ("os.kill", (1, 9), False),
    ("import", ("json", None, None, None, None), True),
    ("compile", (b"", "x"), True),
]


@pytest.mark.skipif(os.name != "posix", reason="links")
@pytest.mark.parametrize(("event", "arguments", "passes"), EVENTS, ids=lambda value: str(value)[:40])
def test_the_lesser_wall_hears_what_python_is_asked_to_do(
    event: str, arguments: tuple[Any, ...], tmp_path: Path, *, passes: bool
) -> None:
    for name in ("out", "else"):
        (tmp_path / name).mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "else" / "x")
    heard = audit.hook([str(tmp_path / "out")])
    given = [placed(value, tmp_path) for value in arguments]
    if passes:
        heard(event, tuple(given))
        return
    with pytest.raises(PermissionError):
        heard(event, tuple(given))


def placed(value: Any, folder: Path) -> Any:
    if isinstance(value, bytes):
        return os.fsencode(placed(os.fsdecode(value), folder))
    if not isinstance(value, str):
        return value
    return value.replace("OUT", str(folder / "out")).replace("ELSE", str(folder / "else"))


def test_the_lesser_wall_stands_where_the_system_has_none(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from workflow.worker.shared import wall
from workflow.worker.shared.wall import landlock, seccomp
landlock.version = lambda: 0
seccomp.is_there = lambda: False
wall.stand(reads=[], writes=[{str(tmp_path / "out")!r}])
import os, subprocess, socket
open({str(tmp_path / "out" / "x")!r}, "w").close()
for attack in (
    lambda: open({str(tmp_path / "y")!r}, "w"),
    lambda: os.system("true"),
    lambda: subprocess.run(["true"]),
    lambda: socket.create_connection(("127.0.0.1", 1)),
):
    try:
        attack()
    except PermissionError:
        continue
    sys.exit("it worked")
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.skipif(os.name != "posix", reason="a home by the user's number")
def test_folders_that_are_searched_are_readable_but_no_persons_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(surroundings._home())
    beside = f"{home}-of-programs"
    own = [str(tmp_path), str(home), str(home.parent), "/", "relative", str(home / "lib"), beside]
    monkeypatch.setattr(sys, "path", [*own, *sys.path])
    monkeypatch.setenv("LD_LIBRARY_PATH", os.pathsep.join(["/opt/libraries", str(home), ""]))
    readable = surroundings.readable()
    assert {str(tmp_path), "/opt/libraries", str(home / "lib"), beside} <= set(readable)
    assert not {str(home), str(home.parent), "/", "relative", ""} & set(readable)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"files": 7, "calls": True, "profile": False}, ["Landlock 7", "seccomp"]),
        ({"files": 0, "calls": True, "profile": False}, ["seccomp", "missing: Landlock", "audit hooks"]),
        ({"files": 4, "calls": False, "profile": False}, ["Landlock 4", "missing: seccomp", "audit hooks"]),
        ({"files": 0, "calls": False, "profile": True}, ["macOS"]),
        ({"files": 0, "calls": False, "profile": False}, ["missing: Landlock", "missing: seccomp", "audit hooks"]),
    ],
)
def test_what_holds_and_what_is_missing_is_told(
    found: dict[str, Any], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "abilities", lambda: found)
    told = enclosure.described()
    assert len(told) == len(words)
    assert all(word in phrase for word, phrase in zip(words, told, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's wall")
def test_calls_are_filtered_only_on_processors_whose_calls_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.uname()
    for machine in ("x86_64", "aarch64"):
        monkeypatch.setattr(os, "uname", lambda name=machine: os.uname_result((*here[:4], name)))
        assert seccomp._machine() == machine
        assert seccomp.is_there()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*here[:4], "riscv64")))
    assert seccomp._machine() is None
    assert not seccomp.is_there()
    monkeypatch.setattr(os, "uname", lambda: here)
    for name, value in (("platform", "darwin"), ("maxsize", 2**31 - 1)):
        with monkeypatch.context() as patch:
            patch.setattr(sys, name, value)
            assert seccomp._machine() is None


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's wall")
def test_the_wall_stands_in_a_moment(tmp_path: Path) -> None:
    """In processor time, for other programs run beside; the module that all calls need is imported anyway."""
    code = f"""
import sys, ctypes, time
sys.path.insert(0, {str(ROOT)!r})
from workflow.worker.shared import wall
begin = time.process_time()
wall.stand(reads=[], writes=[{str(tmp_path)!r}])
print((time.process_time() - begin) * 1000)
"""
    taken = [
        float(subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(taken) < 5.0


def test_a_number_of_the_table_is_that_of_this_machine() -> None:
    """Where the kernel's headers are installed, they agree."""
    headers = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not headers.is_file():
        pytest.skip("no headers here")
    known = dict(line.split()[1:3] for line in headers.read_text().splitlines() if line.startswith("#define __NR_"))
    listed = {**calls.REFUSED, **{name: numbers for name, (numbers, _) in calls.CONDITIONS.items()}}
    checked = {name: int(known[f"__NR_{name}"]) for name in listed if f"__NR_{name}" in known}
    assert len(checked) > 80
    assert {name: listed[name][0] for name in checked} == checked
