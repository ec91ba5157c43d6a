from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.bridge import failures

if TYPE_CHECKING:
    from pathlib import Path

NOISY = """\
2026-01-01 10:00:00.000001: I tensorflow/core/util/port.cc:110] oneDNN custom operations are on.
To enable the following instructions: AVX2, rebuild TensorFlow with the appropriate compiler flags.
2026-01-01 10:00:01.000001: W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT Warning
2026-01-01 10:00:01.000001: E tensorflow/core/oops.cc:38] something real
WARNING:tensorflow:No training configuration found

Traceback (most recent call last):
  File "/env/lib/python3.8/site-packages/keras/models.py", line 12, in load
    return deeper(
        path)
  File "/home/me/train.py", line 3, in <module>
    load()
ValueError: bad
"""


def test_the_tail_drops_banners_and_foreign_frames_and_keeps_errors(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(NOISY)
    assert failures.log_tail(log).splitlines() == [
        "2026-01-01 10:00:01.000001: E tensorflow/core/oops.cc:38] something real",
        "Traceback (most recent call last):",
        '  File "/home/me/train.py", line 3, in <module>',
        "    load()",
        "ValueError: bad",
    ]


def test_the_tail_is_of_this_job_only_and_short(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    begin = failures.log_size(log)
    with log.open("a") as sink:
        sink.writelines(f"line {number}\n" for number in range(100))
    assert failures.log_tail(log, begin).splitlines() == [f"line {number}" for number in range(85, 100)]


def test_no_log_has_no_tail(tmp_path: Path) -> None:
    assert failures.log_tail(tmp_path / "none") == ""
    assert failures.log_size(tmp_path / "none") == 0
