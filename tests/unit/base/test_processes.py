"""Programs and what they start: nothing of a group is left when it is ended, whoever in it does not want to."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.base.errors import AskedToEndError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no process groups")

_FAMILY = """
import os, signal, subprocess, sys, time
from pathlib import Path
notes, stubborn = Path(sys.argv[1]), sys.argv[2].split(",")
own = sys.argv[3] if len(sys.argv) > 3 else "parent"
if own in stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
below = {"parent": "child", "child": "grandchild"}.get(own)
if below:
    subprocess.Popen([sys.executable, __file__, str(notes), sys.argv[2], below])
(notes / f"{own}.new").write_text(str(os.getpid()))
(notes / f"{own}.new").rename(notes / own)
while True:
    time.sleep(0.05)
"""
MEMBERS = ("parent", "child", "grandchild")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be asked does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123  no file of ours
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return not os.path.isdir("/proc/self")  # noqa: PTH112


def until(condition: object, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if callable(condition) and condition():
            return True
        time.sleep(0.01)
    return False


def family(folder: Path, stubborn: str = "") -> tuple[processes.Process, list[int]]:
    """Start a program that starts one that starts one, and return it with the numbers of all three."""
    script = folder / "family.py"
    script.write_text(_FAMILY)
    process = processes.start([sys.executable, str(script), str(folder), stubborn], stdout=None, stderr=None)
    assert until(lambda: all((folder / name).exists() for name in MEMBERS))
    return process, [int((folder / name).read_text()) for name in MEMBERS]


@pytest.mark.parametrize("stubborn", ["", "child", "grandchild", "child,grandchild", "parent,child,grandchild"])
def test_the_whole_family_ends_also_those_that_heed_no_polite_word(tmp_path: Path, stubborn: str) -> None:
    process, pids = family(tmp_path, stubborn)
    processes.kill(process, grace=0.5)
    assert process.returncode == (-signal.SIGKILL if "parent" in stubborn else 7)
    assert until(lambda: not any(map(is_alive, pids)))


def test_the_polite_word_comes_first_and_is_enough(tmp_path: Path) -> None:
    process, _ = family(tmp_path)
    begin = time.monotonic()
    processes.kill(process, grace=30)
    assert time.monotonic() - begin < 10
    assert process.returncode == 7


def test_a_family_whose_parent_has_ended_is_ended_too_and_twice_is_no_harm(tmp_path: Path) -> None:
    process, pids = family(tmp_path, "child,grandchild")
    os.kill(pids[0], signal.SIGKILL)
    process.wait(timeout=20)
    assert is_alive(pids[2])
    for _ in range(2):
        processes.kill(process, grace=0.5)
    assert until(lambda: not any(map(is_alive, pids)))


def test_a_command_that_takes_too_long_ends_with_its_family(tmp_path: Path) -> None:
    script = tmp_path / "family.py"
    script.write_text(_FAMILY)
    argv = [sys.executable, str(script), str(tmp_path), "grandchild"]
    log = tmp_path / "log"
    with pytest.raises(processes.CommandTimeoutError, match=r"family\.py .* ran longer than 3 s"):
        processes.run(argv, timeout=3, log=log)
    pids = [int((tmp_path / name).read_text()) for name in MEMBERS if (tmp_path / name).exists()]
    assert pids
    assert until(lambda: not any(map(is_alive, pids)))
    assert log.read_text().startswith(f"+ {processes.quoted(argv)}\n")


def test_a_command_leads_a_group_of_its_own_and_starts_where_nothing_lies() -> None:
    said = processes.run([sys.executable, "-c", "import os; print(os.getpgrp() == os.getpid(), os.getcwd())"])
    assert said.stdout.split() == ["True", os.path.abspath(os.sep)]  # noqa: PTH100  as the module has it
    assert said.code == 0


def test_output_and_code_of_a_command_are_kept_apart() -> None:
    code = "import sys; print('out'); print('err \\udcff', file=sys.stderr); sys.exit(3)"
    said = processes.run([sys.executable, "-X", "utf8", "-c", code])
    assert (said.code, said.stdout.strip()) == (3, "out")
    assert said.stderr.startswith("err ")
    assert said.command == processes.quoted([sys.executable, "-X", "utf8", "-c", code])


def test_a_log_grows_and_the_answer_is_the_end_of_the_last_command_alone(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log"
    processes.run([sys.executable, "-c", "print('before')"], log=log)
    said = processes.run([sys.executable, "-c", "print('x' * 70_000); print('end')"], log=log)
    assert len(said.stdout) == 65_536
    assert said.stdout.endswith("x\nend\n")
    assert "before" not in said.stdout
    assert log.read_text().startswith("+ ")
    assert "\nbefore\n+ " in log.read_text()


@pytest.mark.parametrize("tied", [False, True])
def test_a_program_that_is_not_there_is_an_error_of_the_system(tmp_path: Path, *, tied: bool) -> None:
    with pytest.raises(FileNotFoundError):
        processes.start(["/no/such/program"], tie=tmp_path / "tie" if tied else None)
    (tmp_path / "text").write_text("no program")
    with pytest.raises(PermissionError):
        processes.start([str(tmp_path / "text")], tie=tmp_path / "tie" if tied else None)


def test_a_tied_program_ends_with_its_family_when_the_line_to_us_is_cut(tmp_path: Path) -> None:
    script = tmp_path / "family.py"
    script.write_text(_FAMILY)
    argv = [sys.executable, str(script), str(tmp_path), ""]
    process = processes.start(argv, stdout=None, stderr=None, tie=tmp_path / "tie")
    assert until(lambda: all((tmp_path / name).exists() for name in MEMBERS))
    pids = [int((tmp_path / name).read_text()) for name in MEMBERS]
    assert (tmp_path / "tie").read_text() == f"{process.pid}\n"
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=20)
    assert until(lambda: not any(map(is_alive, pids)))


@pytest.mark.parametrize("code", [0, 5])
def test_a_tied_program_ends_as_it_would_alone(tmp_path: Path, code: int) -> None:
    argv = [sys.executable, "-c", f"import sys; print('said'); sys.exit({code})"]
    said = processes.run_tied(argv, tie=tmp_path / "tie", log=tmp_path / "log")
    assert (said.code, said.stdout) == (code, "said\n")


def test_a_tied_program_that_a_signal_ends_ends_so_for_us_as_well(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"]
    assert processes.run_tied(argv, tie=tmp_path / "tie", log=tmp_path / "log").code == -signal.SIGTERM


def test_a_program_on_this_terminal_gives_its_exit_code() -> None:
    assert processes.run_foreground([sys.executable, "-c", "import sys; sys.exit(9)"]) == 9


def test_a_program_gets_the_folder_variables_and_descriptors_that_it_is_given_and_no_input(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.getcwd(), os.environ['OWN'], len(os.environ) < 4, sys.stdin.read() == ''); "
        "os.write(int(sys.argv[1]), b'told')"
    )
    reading, writing = os.pipe()
    argv = [sys.executable, "-I", "-c", code, str(writing)]
    process = processes.start(argv, cwd=tmp_path, env={"OWN": "yes"}, inherited=[writing])
    os.close(writing)
    out, err = process.communicate(timeout=20)
    assert out.decode().split() == [os.path.realpath(tmp_path), "yes", "True", "True"], err
    assert os.read(reading, 10) == b"told"
    os.close(reading)
    assert processes.run(argv[:4], cwd=tmp_path, env={"OWN": "yes"}).stderr.count("IndexError") == 1


def test_a_program_on_this_terminal_starts_in_our_folder_and_group_with_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, sys; from pathlib import Path; "
        "Path(sys.argv[1]).write_text(f'{os.getcwd()} {os.getpgrp()} {os.environ[\"OWN\"]}')"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for folder, expected in ((None, tmp_path), (tmp_path / "other", tmp_path / "other")):
        argv = [sys.executable, "-c", code, str(tmp_path / "told")]
        assert processes.run_foreground(argv, cwd=folder, env={**os.environ, "OWN": "yes"}) == 0
        assert (tmp_path / "told").read_text() == f"{os.path.realpath(expected)} {os.getpgrp()} yes"


def test_who_is_asked_to_end_passes_that_on_and_an_interruption_is_left_to_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Waited:
        def __init__(self) -> None:
            self.raised: list[BaseException] = [KeyboardInterrupt(), AskedToEndError(15), KeyboardInterrupt()]
            self.sent: list[int] = []

        def wait(self) -> int:
            if self.raised:
                raise self.raised.pop(0)
            return 5

        def send_signal(self, number: int) -> None:
            self.sent.append(number)

    waited = Waited()
    monkeypatch.setattr(processes, "start", lambda *_, **__: waited)
    assert processes.run_foreground(["x"]) == 5
    assert waited.sent == [15]


def test_a_command_is_shown_as_one_would_type_it_and_without_secrets() -> None:
    done = processes.Completed(("a", "b c", "https://me:s@host/?t=1"), 0, "", "")
    assert done.command == "a 'b c' 'https://host/?...'"
    assert processes.quoted(["it's"]) == "'it'\"'\"'s'"


def test_a_command_that_takes_too_long_is_named_without_secrets_and_with_its_limit(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(60)", "https://me:s@host/"]
    shown = processes.quoted([*argv[:3], "https://host/"])
    for log in (None, tmp_path / "log"):
        with pytest.raises(processes.CommandTimeoutError) as caught:
            processes.run(argv, timeout=0.5, log=log)
        assert str(caught.value) == f"{shown} ran longer than 0.5 s"
    assert (tmp_path / "log").read_text() == f"+ {shown}\n"
    with pytest.raises(processes.CommandTimeoutError):
        processes.run_tied(argv, timeout=0.5, tie=tmp_path / "tie", log=tmp_path / "log")


def test_a_tied_command_runs_in_the_folder_of_its_log(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import os; print(os.getcwd(), os.environ['OWN'])"]
    log = tmp_path / "logs" / "log"
    done = processes.run_tied(argv, tie=tmp_path / "tie", log=log, env={**os.environ, "OWN": "yes"})
    assert done.stdout.split() == [os.path.realpath(log.parent), "yes"]
    assert (done.argv, done.stderr) == (tuple(argv), "")


def test_a_log_is_made_with_its_folders_and_appended_to_and_the_answer_has_the_last_run_alone(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "er" / "log"
    argv = [sys.executable, "-c", "print('said')"]
    for count in (1, 2):
        assert processes.run(argv, log=log).stdout == "said\n"
        assert log.read_text() == f"+ {processes.quoted(argv)}\nsaid\n" * count
