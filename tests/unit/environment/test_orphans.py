from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.base.events import Recording, Silent
from workflow.environment import orphans

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no keepers there")
_SLEEP = "import time; time.sleep(60)"
_STUBBORN = f"import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; {_SLEEP}"
_STUBBORN_CHILD = f"""
import os
if os.fork() == 0:
    {_STUBBORN}
{_SLEEP}
"""
# the child ends at once and leaves a grandchild that holds on to its standard input
_FORKING = "import os, time; os.fork() or time.sleep(60)"
_PARENT = """
import sys
from pathlib import Path
from workflow.base import processes
process = processes.start([sys.executable, "-c", sys.argv[2]], stdout=None, stderr=None, tie=Path(sys.argv[1]))
print("started", flush=True)
process.wait()
"""


def is_free(tie: Path) -> bool:
    with tie.open("r+b") as handle:
        return orphans._is_free(handle)


def becomes_free(tie: Path, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_free(tie):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def locked(tie: Path) -> None:
    end = time.monotonic() + 10
    while not tie.is_file() or is_free(tie) or not tie.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)


def started(tie: Path, code: str) -> processes.Process:
    process = processes.start([sys.executable, "-c", code], stdout=None, stderr=None, tie=tie)
    locked(tie)
    return process


def ended(process: processes.Process) -> int:
    code = process.wait(timeout=10)
    if process.stdin is not None:
        process.stdin.close()
    return code


@pytest.mark.parametrize("code", [_SLEEP, _STUBBORN, _FORKING])
def test_the_next_run_ends_what_an_interrupted_one_has_left(tmp_path: Path, code: str) -> None:
    log = tmp_path / "env-e.log"
    process = started(orphans.tie(log, "conda"), code)
    if code == _FORKING:
        ended(process)
    first, second = Recording(), Recording()
    orphans.end_orphans(log, first)
    ended(process)
    orphans.end_orphans(log, second)
    assert str(process.pid) in first.lines[0]
    assert second.lines == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize(("code", "seconds"), [(_SLEEP, 4.0), (_STUBBORN, 10.0), (_STUBBORN_CHILD, 4.0)])
def test_a_child_ends_with_its_parent_whatever_ends_that(
    tmp_path: Path, number: signal.Signals, code: str, seconds: float
) -> None:
    tie = tmp_path / "env-e.conda.child"
    parent = processes.start([sys.executable, "-c", _PARENT, str(tie), code])
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    locked(tie)
    time.sleep(0.2)  # until the stubborn one has become so
    parent.send_signal(number)
    parent.communicate(timeout=10)
    assert becomes_free(tie, seconds)


def test_a_child_ends_with_its_keeper_on_linux(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("nothing tells a child there")
    tie = tmp_path / "tie"
    process = started(tie, _STUBBORN)
    process.kill()
    assert ended(process) == -signal.SIGKILL
    assert becomes_free(tie, 5)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(7)", 7),
        ("pass", 0),
        ("import os; os.kill(os.getpid(), 15)", -15),
        ("import os; os.abort()", -6),
    ],
)
def test_a_keeper_ends_as_its_program_does(tmp_path: Path, code: str, expected: int) -> None:
    done = processes.run_tied([sys.executable, "-c", code], tie=tmp_path / "tie", log=tmp_path / "log")
    assert done.code == expected
    assert is_free(tmp_path / "tie")


def test_an_ignored_hangup_stays_ignored_and_other_signals_are_as_usual(tmp_path: Path) -> None:
    ask = "import signal; print(*[signal.getsignal(n) for n in (1, 15, 17)])"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        done = processes.run_tied([sys.executable, "-c", ask], tie=tmp_path / "tie", log=tmp_path / "log")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert done.stdout.split() == ["1", "0", "0"] or done.stdout.split()[0] == "Handlers.SIG_IGN"


def test_killing_it_reaches_the_program_and_not_its_keeper_alone(tmp_path: Path) -> None:
    process = started(tmp_path / "tie", _STUBBORN)
    processes.kill(process, grace=0.1)
    ended(process)
    assert becomes_free(tmp_path / "tie", 5)


def test_what_cannot_be_run_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nosuch"):
        processes.run_tied(["nosuch-program"], tie=tmp_path / "tie", log=tmp_path / "log")
    (tmp_path / "plain").touch()
    with pytest.raises(PermissionError):
        processes.run_tied([str(tmp_path / "plain")], tie=tmp_path / "tie", log=tmp_path / "log")


def test_what_cannot_be_run_after_all_has_failed_with_the_reason(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = processes.run_tied([str(script)], tie=tmp_path / "tie", log=tmp_path / "log")
    assert done.code == 127
    assert "cannot be run" in done.stdout


def test_the_children_of_other_environments_live_on(tmp_path: Path) -> None:
    process = started(orphans.tie(tmp_path / "env-e.install.log", "check0"), _SLEEP)
    orphans.end_orphans(tmp_path / "env-e.log", Silent())
    assert process.poll() is None
    processes.kill(process)
    ended(process)


def test_without_a_child_nothing_happens(tmp_path: Path) -> None:
    log = tmp_path / "env-e.log"
    orphans.end_orphans(log, Silent())
    processes.run_tied([sys.executable, "-c", ""], tie=orphans.tie(log, "install"), log=log)
    orphans.end_orphans(log, Silent())
    orphans.forget(log)
    assert [path.name for path in tmp_path.iterdir()] == ["env-e.log"]


def test_a_child_whose_keeper_is_killed_before_it_begins_does_not_begin(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("nothing tells a child there")
    for number in range(10):
        tie = tmp_path / f"tie{number}"
        process = processes.start([sys.executable, "-c", _STUBBORN], stdout=None, stderr=None, tie=tie)
        while not tie.is_file() or not tie.read_text():
            pass  # the keeper forks right after
        process.kill()
        ended(process)
        assert becomes_free(tie, 5)
