"""Programs that we start end with all that they have started themselves."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from workflow.base import processes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
{then}
"""


def is_running(number: int) -> bool:
    """Whether a process is there and has not ended (an orphan that ended may wait for its new parent)."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{number}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] in "ZX")


@pytest.mark.parametrize(
    "then",
    [
        "time.sleep(60)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(0, flush=True); child.wait()",
    ],
    ids=["minding the polite word", "ignoring it"],
)
def test_killing_a_program_ends_what_it_has_started(then: str) -> None:
    process = processes.start([sys.executable, "-c", PARENT.format(then=then)])
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    if "SIG_IGN" in then:
        process.stdout.readline()
    processes.kill(process, grace=0.3)
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    deadline = time.monotonic() + 10
    while is_running(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(grandchild)
    assert process.returncode is not None


def test_a_program_that_takes_too_long_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(processes.CommandTimeoutError, match="ran longer than 1 s"):
        processes.run([sys.executable, "-c", PARENT.format(then="time.sleep(60)")], timeout=1, log=log)
    grandchild = int(log.read_text().splitlines()[-1])
    deadline = time.monotonic() + 10
    while is_running(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(grandchild)
