"""The worker's main loop and its channel, through the real bridge."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.base.errors import ConversionError, WorkflowError

if TYPE_CHECKING:
    from workflow.bridge.warm_worker import Worker

BOOTSTRAP = ROOT / "workflow" / "worker" / "__main__.py"


def script(folder: Path, text: str) -> dict[str, object]:
    path = folder / "a script é 'x'.py"
    path.write_text(text, encoding="utf-8")
    return {"script": str(path), "arguments": ["one", "two words"], "cwd": str(folder)}


def test_a_script_runs_with_its_arguments_folder_and_path(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("NAME = 'beside'\n")
    text = "import sys, os, beside\nprint(sys.argv[1:], os.getcwd(), beside.NAME, __name__)\n"
    result = worker.run("script", script(tmp_path, text), log=tmp_path / "log", timeout=30)
    assert result["lines"] == [f"['one', 'two words'] {tmp_path} beside __main__"]


def test_its_printed_lines_are_told_as_they_come_and_kept_in_the_log(worker: Worker, tmp_path: Path) -> None:
    told: list[str] = []
    job = script(tmp_path, "print('first')\nprint('sec', end='')\nprint('ond')\nprint()\n")
    worker.run("script", job, log=tmp_path / "log", timeout=30, on_progress=told.append)
    assert told == ["first", "second"]
    assert (tmp_path / "log").read_text() == "first\nsecond\n\n"


def test_noise_from_below_python_goes_to_the_log_and_never_to_the_channel(worker: Worker, tmp_path: Path) -> None:
    text = """
        import os, subprocess, sys
        os.write(1, b"raw out\\n"); os.write(2, b"raw err\\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        print("on stderr", file=sys.stderr)
    """
    job = script(tmp_path, "\n".join(line.strip() for line in text.splitlines()))
    assert worker.run("script", job, log=tmp_path / "log", timeout=30) == {"lines": []}
    assert (tmp_path / "log").read_text().splitlines() == ["raw out", "raw err", "from a child", "on stderr"]


def test_a_script_reads_nothing_and_imports_nothing_of_the_host(worker: Worker, tmp_path: Path) -> None:
    text = "import sys\nassert sys.stdin.read() == ''\nif 'workflow' not in sys.modules:\n    print('none')\n"
    assert worker.run("script", script(tmp_path, text), log=tmp_path / "log", timeout=30)["lines"] == ["none"]


def test_a_failing_script_names_its_line_and_error(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"ZeroDivisionError.*line 2") as caught:
        worker.run("script", script(tmp_path, "x = 1\nx / 0\n"), log=tmp_path / "log", timeout=30)
    assert "x / 0" in caught.value.details


@pytest.mark.parametrize(("ending", "fine"), [("0", 1), ("None", 1), ("3", 0), ("'no'", 0)])
def test_a_scripts_exit_code_counts(worker: Worker, tmp_path: Path, ending: str, fine: int) -> None:
    job = script(tmp_path, f"import sys\nsys.exit({ending})\n")
    if fine:
        worker.run("script", job, log=tmp_path / "log", timeout=30)
    else:
        with pytest.raises(ConversionError, match="exit code"):
            worker.run("script", job, log=tmp_path / "log", timeout=30)


def test_an_unknown_job_fails_and_the_worker_lives_on(worker: Worker, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(WorkflowError, match="no job 'cook'"):
            worker.run("cook", {}, log=tmp_path / "log", timeout=30)
    assert worker.pid is not None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere less is known")
def test_every_answer_carries_the_memory_even_a_failures(worker: Worker, tmp_path: Path) -> None:
    worker.run("versions", {}, log=tmp_path / "log", timeout=30)
    with pytest.raises(WorkflowError):
        worker.run("cook", {}, log=tmp_path / "log", timeout=30)
    for done in worker.usage.jobs:
        assert 10**6 < done.memory["now"] <= done.memory["peak"]
    assert [done.job for done in worker.usage.jobs] == ["versions", "cook"]


def test_versions_are_told_even_where_packages_are_missing(worker: Worker, tmp_path: Path) -> None:
    found = worker.run("versions", {}, log=tmp_path / "log", timeout=30)
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert {"tensorflow", "keras", "tf_keras", "tensorflowjs", "numpy"} < found.keys()


def test_the_process_ends_when_the_host_hangs_up(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", str(BOOTSTRAP), str(tmp_path / "scratch")]
    (tmp_path / "scratch").mkdir()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert b"ready" in process.stdout.readline()
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0
    assert not (tmp_path / "scratch").exists()


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_host_killed_in_mid_job_leaves_no_process_behind(tmp_path: Path) -> None:
    slow = script(
        tmp_path, f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)"
    )
    code = f"""
import os, sys
from pathlib import Path
from workflow.bridge.warm_worker import Worker
worker = Worker(Path(sys.executable), environ=os.environ, log=Path({str(tmp_path / "worker.log")!r}))
worker.run("script", {slow!r}, log=Path({str(tmp_path / "log")!r}))
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as host:
        pid = _number_in(tmp_path / "pid")
        host.kill()
    assert _is_gone(pid)


def _number_in(path: Path) -> int:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if path.is_file() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def _is_gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").is_file() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return True  # ended; nobody here has collected it yet
        time.sleep(0.05)
    return False
