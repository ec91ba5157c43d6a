from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import ROOT
from workflow.base.processes import run

CODE = """
import os
from pathlib import Path
from workflow.base.numerics import np
print(os.environ.get("OPENBLAS_NUM_THREADS"), int(np.ones(3).sum()), len(list(Path("/proc/self/task").iterdir())))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the threads of a process are listed on Linux only")
def test_numpy_is_loaded_without_threads_that_are_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = run([sys.executable, "-c", CODE], cwd=ROOT)
    assert done.stdout.split() == ["None", "3", "1"], done.stderr


def test_what_the_user_has_set_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    code = "import os, workflow.base.numerics; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert run([sys.executable, "-c", code], cwd=ROOT).stdout.split() == ["2"]
