"""The bridge against a scripted worker that this Python runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base import dialogue
from workflow.base.errors import (
    ConversionError,
    ReferenceConverterError,
    StepTimeoutError,
    UnhealthyError,
    UsageError,
    WorkerDiedError,
    WorkflowError,
)
from workflow.bridge import allowances, warm_worker
from workflow.bridge.usage import Limits, peak
from workflow.bridge.warm_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTED = Path(__file__).with_name("scripted_worker.py")
posix = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_worker, "_BOOTSTRAP", SCRIPTED)


@pytest.fixture
def worker(tmp_path: Path, scripted: None) -> Iterator[Worker]:
    with Worker(Path(sys.executable), environ=os.environ, log=tmp_path / "worker.log") as made:
        yield made


def limited(tmp_path: Path, **limits: int) -> Worker:
    return Worker(Path(sys.executable), environ=os.environ, log=tmp_path / "worker.log", limits=Limits(**limits))


def ask(worker: Worker, log: Path, *, timeout: float | None = 20, **args: Any) -> dict[str, Any]:
    return worker.run("convert", args, log=log, timeout=timeout)


def is_alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_starting_returns_at_once(tmp_path: Path) -> None:
    begin = time.monotonic()
    with Worker(Path(sys.executable), environ=os.environ, log=tmp_path / "worker.log"):
        assert time.monotonic() - begin < 1


def test_arguments_arrive_as_they_were_sent(worker: Worker, tmp_path: Path) -> None:
    argv = ["--x=", "a b", "quote\"'", "模型/é", "line\nbreak"]
    assert ask(worker, tmp_path / "log", argv=argv)["args"] == {"argv": argv}


def test_one_process_serves_many_jobs(worker: Worker, tmp_path: Path) -> None:
    assert (
        ask(worker, tmp_path / "deep" / "logs" / "1.log")["pid"] == ask(worker, tmp_path / "2.log")["pid"] == worker.pid
    )


def test_a_failure_is_translated_and_the_worker_lives_on(worker: Worker, tmp_path: Path) -> None:
    failure = {"kind": "exception", "type": "ValueError", "message": "Unknown layer: 'Fancy'. Please", "causes": []}
    pid = worker.pid
    with pytest.raises(ReferenceConverterError, match="Fancy"):
        ask(worker, tmp_path / "log", do="fail", failure=failure)
    assert ask(worker, tmp_path / "log")["pid"] == pid


def test_progress_reaches_the_caller(worker: Worker, tmp_path: Path) -> None:
    told: list[str] = []
    worker.run("convert", {"do": "progress"}, log=tmp_path / "log", on_progress=told.append)
    assert told == ["half"]


def test_an_exit_names_its_code_and_the_next_job_gets_a_fresh_process(worker: Worker, tmp_path: Path) -> None:
    first = worker.pid
    with pytest.raises(WorkerDiedError, match="exit code 7"):
        ask(worker, tmp_path / "log", do="exit", code=7)
    assert ask(worker, tmp_path / "log")["pid"] != first


@posix
def test_a_kill_is_told_as_a_lack_of_memory_with_the_logs_tail(worker: Worker, tmp_path: Path) -> None:
    noise = "2026-01-01 10:00:00.1: I tensorflow/core/banner.cc:1] hello\nreading weights\n"
    with pytest.raises(WorkerDiedError, match=r"out of memory.*SIGKILL") as caught:
        ask(worker, tmp_path / "log", do="kill", signal="SIGKILL", noise=noise)
    assert (caught.value.details, caught.value.log) == ("reading weights", str(tmp_path / "log"))


@posix
def test_a_crash_names_the_signal(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(WorkerDiedError, match="SIGSEGV"):
        ask(worker, tmp_path / "log", do="kill", signal="SIGSEGV")


def test_a_hang_ends_at_the_limit_and_leaves_the_tool_usable(worker: Worker, tmp_path: Path) -> None:
    first = worker.pid
    with pytest.raises(StepTimeoutError, match=r"limit of 0\.5 s") as caught:
        ask(worker, tmp_path / "log", timeout=0.5, do="hang")
    assert caught.value.hint == (
        "give it a larger `timeout:` (or --timeout), or look into the log for where it stands still"
    )
    assert caught.value.log == str(tmp_path / "log")
    assert not is_alive(first)
    assert ask(worker, tmp_path / "log")["pid"] != first


def test_a_line_that_is_no_answer_counts_as_a_death(worker: Worker, tmp_path: Path) -> None:
    first = worker.pid
    with pytest.raises(WorkerDiedError, match=r"no answer.*oops"):
        ask(worker, tmp_path / "log", do="garble")
    assert not is_alive(first)


def test_interruption_kills_the_process_and_goes_on_up(worker: Worker, tmp_path: Path) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    first = worker.pid
    with pytest.raises(KeyboardInterrupt):
        worker.run("convert", {"do": "progress"}, log=tmp_path / "log", on_progress=interrupt)
    assert not is_alive(first)
    assert worker.pid is None


def test_a_process_that_ended_between_jobs_is_replaced(worker: Worker, tmp_path: Path) -> None:
    ask(worker, tmp_path / "log", do="leave")
    time.sleep(0.3)
    assert ask(worker, tmp_path / "log")["args"] == {}


def test_a_worker_that_ran_a_users_script_is_thrown_away(worker: Worker, tmp_path: Path) -> None:
    worker.run("script", {}, log=tmp_path / "log", timeout=20)
    assert worker.pid is None


def test_temporary_files_go_to_a_folder_that_goes_with_the_process(worker: Worker, tmp_path: Path) -> None:
    folder = Path(ask(worker, tmp_path / "log")["tmp"])
    assert folder.is_dir()
    worker.close()
    assert not folder.exists()


def test_a_second_thread_waits_its_turn(worker: Worker, tmp_path: Path) -> None:
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(worker, tmp_path / "log"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4


def test_a_python_that_is_not_there_is_the_environments_fault(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "python", environ={}, log=tmp_path / "worker.log")
    with pytest.raises(UnhealthyError, match="does not start"):
        worker.start()


def test_closing_twice_is_harmless(worker: Worker) -> None:
    worker.close()
    worker.close()


def test_what_every_job_took_is_noted(worker: Worker, tmp_path: Path) -> None:
    ask(worker, tmp_path / "log", memory={"peak": 900, "now": 400})
    ask(worker, tmp_path / "log", memory={"peak": 700, "now": 500})
    assert [(done.job, done.memory["now"]) for done in worker.usage.jobs] == [("convert", 400), ("convert", 500)]
    assert peak(worker.usage.jobs) == 900


@pytest.mark.usefixtures("scripted")
def test_after_so_many_jobs_another_process_goes_on(tmp_path: Path) -> None:
    with limited(tmp_path, jobs=2) as short_lived:
        pids = [ask(short_lived, tmp_path / "log")["pid"] for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
    assert (tmp_path / "worker.log").read_text().count("gives way to a new one: it has done 2 jobs") == 2


@pytest.mark.usefixtures("scripted")
def test_a_process_that_keeps_too_much_memory_is_replaced_after_the_job(tmp_path: Path) -> None:
    with limited(tmp_path, memory=10**9) as slim:
        first = ask(slim, tmp_path / "log", memory={"peak": 3 * 10**9, "now": 10**9})["pid"]
        assert ask(slim, tmp_path / "log", memory={"now": 10**9 + 1})["pid"] == first
        assert not is_alive(first)
        assert is_alive(slim.pid)
    assert "still holds 1000 MB after 2 jobs" in (tmp_path / "worker.log").read_text()


def test_a_model_with_code_of_its_own_has_a_process_for_itself_alone(worker: Worker, tmp_path: Path) -> None:
    first = ask(worker, tmp_path / "log", source={"custom_objects": ["layers.py"]})["pid"]
    assert worker.pid not in (None, first)
    assert ask(worker, tmp_path / "log")["pid"] != first


NONSENSE = [
    '{"id": NUMBER}',
    '{"id": NUMBER, "ok": true}',
    '{"id": NUMBER, "ok": true, "result": 3}',
    '{"id": NUMBER, "ok": 1, "result": {}}',
    '{"id": NUMBER, "ok": false, "failure": "x"}',
    '{"id": NUMBER, "ok": true, "result": {"a": ' + "[" * 90 + "]" * 90 + "}}",
    '{"id": NUMBER, "ok": true, "result": ' + "[" * 200_000,
    '{"id": NUMBER, "ok": true, "result": ' + "9" * 10_000 + "}",
    "[]",
    "\x00\xff",
]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_an_answer_that_is_not_made_as_answers_are_counts_as_a_death(worker: Worker, tmp_path: Path, text: str) -> None:
    with pytest.raises(WorkerDiedError, match="no answer"):
        ask(worker, tmp_path / "log", do="say", text=text)
    assert worker.pid is None


@pytest.mark.parametrize(
    "failure",
    [{}, {"kind": [], "message": {}, "causes": 3}, {"causes": [3, {"type": None}]}, {"kind": "usage", "message": None}],
    ids=str,
)
def test_a_failure_with_odd_fields_is_told_as_well_as_it_goes(
    worker: Worker, tmp_path: Path, failure: dict[str, Any]
) -> None:
    with pytest.raises(WorkflowError):
        ask(worker, tmp_path / "log", do="fail", failure=failure)


def test_memory_that_is_no_number_of_bytes_is_left_out(worker: Worker, tmp_path: Path) -> None:
    ask(worker, tmp_path / "log", memory={"now": "much", "peak": -3, "before": 7, "x": 10**400})
    assert worker.usage.jobs[0].memory["before"] == 7
    assert "now" not in worker.usage.jobs[0].memory


@pytest.mark.parametrize("number", [None, 12345])
def test_talk_without_end_ends_at_the_limit_and_takes_no_memory(
    worker: Worker, tmp_path: Path, number: int | None
) -> None:
    more = {} if number is None else {"as": number}
    with pytest.raises(StepTimeoutError):
        ask(worker, tmp_path / "log", timeout=1.0, do="flood", **more)
    assert worker.pid is None


def test_a_line_without_end_is_no_answer(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "_LONGEST_LINE", 1 << 20)
    with pytest.raises(WorkerDiedError, match="no answer"):
        ask(worker, tmp_path / "log", do="endless line")


@pytest.mark.skipif(sys.platform != "linux", reason="limits from outside are Linux's")
def test_a_job_gets_so_much_memory_and_no_more(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowances.VARIABLE, "0.5")
    assert ask(worker, tmp_path / "log", do="memory", bytes=1 << 28)["room"] == 1 << 28
    with pytest.raises(WorkerDiedError, match=r"more memory than the 0\.5 GB.*may take") as caught:
        ask(worker, tmp_path / "log", do="memory", bytes=1 << 30)
    assert allowances.VARIABLE in caught.value.hint


@pytest.mark.parametrize("said", ["much", "0", "-1", "1e99", "nan"])
def test_a_limit_that_is_no_number_is_a_mistake_of_the_user(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(allowances.VARIABLE, said)
    with pytest.raises(UsageError, match="no number of GiB"):
        allowances.asked_for()


def test_a_job_that_fills_the_disk_is_stopped(worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "_LEAST_DISK", 10 << 20)
    with pytest.raises(ConversionError, match="write more than"):
        ask(worker, tmp_path / "log", do="disk", files=12, bytes=1 << 20)
    assert worker.pid is None
    assert ask(worker, tmp_path / "log")["pid"] == worker.pid


def test_room_grows_with_the_model_and_is_never_more_than_the_machine_has(tmp_path: Path) -> None:
    small, large = (allowances.allowance(size, tmp_path) for size in (0, 1 << 40))
    assert small.memory >= min(6 << 30, int(allowances._memory_of_the_machine() * 0.9))
    assert small.memory <= large.memory <= allowances._memory_of_the_machine()
    assert small.file >= 1 << 20


def test_no_secret_of_the_environment_reaches_a_worker(tmp_path: Path, scripted: None) -> None:
    secrets = {"AWS_SECRET_ACCESS_KEY": "s3cret", "HF_TOKEN": "s3cret", "HTTPS_PROXY": "http://u:s3cret@h"}
    with Worker(Path(sys.executable), environ={**os.environ, **secrets}, log=tmp_path / "worker.log") as made:
        ask(made, tmp_path / "log")
        environ = Path(f"/proc/{made.pid}/environ")
        if environ.exists():
            assert b"s3cret" not in environ.read_bytes()
            assert b"PATH=" in environ.read_bytes()


def feeds(folder: Path) -> list[dict[str, str]]:
    (folder / "given.txt").write_text("words")
    return [{"inputs": str(folder / "given.txt"), "outputs": str(folder / "made.txt")}]


def test_what_a_job_made_is_where_it_was_asked_for_and_named_so(worker: Worker, tmp_path: Path) -> None:
    done = worker.run("predict", {"do": "results", "feeds": feeds(tmp_path)}, log=tmp_path / "log", timeout=20)
    assert done == {"made": str(tmp_path / "made.txt")}
    assert (tmp_path / "made.txt").read_text() == "WORDS"


def test_of_a_job_that_failed_nothing_is_taken_and_its_words_name_the_users_files(
    worker: Worker, tmp_path: Path
) -> None:
    with pytest.raises(WorkflowError) as caught:
        worker.run("predict", {"do": "results", "fails": 1, "feeds": feeds(tmp_path)}, log=tmp_path / "log", timeout=20)
    assert caught.value.message == f"the verification inputs do not fit: see {tmp_path / 'given.txt'}"
    assert not (tmp_path / "made.txt").exists()


def test_a_python_that_does_not_start_is_told_with_what_helps_and_leaves_nothing(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "python", environ={}, log=tmp_path / "logs" / "worker.log")
    for _ in range(2):
        with pytest.raises(UnhealthyError) as caught:
            worker.start()
        assert caught.value.message == (
            f"the converter environment's Python does not start: {tmp_path / 'python'}: No such file or directory"
        )
        assert caught.value.hint == (
            "`tfjs-workflow env verify` shows what is wrong with it; `env remove` and `env create` remake it"
        )
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["worker.log"]


def test_a_job_that_takes_too_long_is_told_with_its_limit_and_the_end_of_its_log(
    worker: Worker, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("of the job before\n")
    with pytest.raises(StepTimeoutError) as caught:
        ask(worker, tmp_path / "log", timeout=1.5, do="hang", noise="reading weights\n")
    assert caught.value.message == "the worker's job `convert` took longer than its limit of 1.5 s and was stopped"
    assert caught.value.details == "reading weights"
    assert (tmp_path / "log").read_text() == "of the job before\nreading weights\n"


@pytest.mark.parametrize(
    ("args", "foreign"),
    [
        ({}, False),
        ({"custom_objects": ["a.py"]}, True),
        ({"custom_objects": []}, False),
        ({"unsafe": True}, True),
        ({"unsafe": False}, False),
        ({"source": {"unsafe": True}}, True),
        ({"model": {"custom_objects": ["a.py"]}}, True),
        ({"source": {}, "model": "m"}, False),
        ({"other": {"unsafe": True}}, False),
    ],
)
def test_after_a_model_that_may_bring_code_the_process_gives_way(
    worker: Worker, tmp_path: Path, args: dict[str, Any], *, foreign: bool
) -> None:
    first = ask(worker, tmp_path / "log", **args)["pid"]
    assert (worker.pid != first) is foreign
    said = "the worker gives way to a new one: it has run code that came with a model\n"
    assert (said in (tmp_path / "worker.log").read_text()) is foreign


def test_a_jobs_time_includes_its_start_and_is_noted_with_its_name(worker: Worker, tmp_path: Path) -> None:
    begin = time.monotonic()
    ask(worker, tmp_path / "log", memory={"now": 1})
    [done] = worker.usage.jobs
    assert 0 < done.seconds <= time.monotonic() - begin
    assert (done.job, done.memory) == ("convert", {"now": 1})


def test_a_job_outside_of_the_wall_sees_the_users_files_and_variables(tmp_path: Path, scripted: None) -> None:
    with Worker(Path(sys.executable), environ={**os.environ, "OWN": "yes"}, log=tmp_path / "worker.log") as made:
        answer = made.run("script", {"path": "/mine"}, log=tmp_path / "log", timeout=20)
        assert answer["args"] == {"path": "/mine"}
        assert made.usage.jobs[0].job == "script"
        first = answer["pid"]
        assert not is_alive(first)
        assert made.run("convert", {}, log=tmp_path / "log", timeout=20)["pid"] == made.pid
    assert not list(tmp_path.glob("tfjs-*"))


def test_a_job_without_limits_that_dies_for_want_of_memory_names_none(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(WorkerDiedError, match=r"^the worker was lost during script: it ended with exit code 1$"):
        worker.run("script", {"do": "exit", "code": 1, "noise": "MemoryError\n"}, log=tmp_path / "log", timeout=20)
