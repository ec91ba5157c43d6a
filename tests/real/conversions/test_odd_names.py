"""Folders whose names are bytes that are no text, which TensorFlow, Node.js and browsers cannot open by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.real.conftest import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment import Environment

MODEL = CORPUS / "h5" / "xor" / "keras.h5"
RECIPE = """\
steps:
  - python_to_js: {input: x.h5, output: web}
  - graph: {input: x.h5, output: fast, verify: {runtimes: [python]}}
  - js_to_python: {name: saved, input: fast, output: saved}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="names are text on this system")
@pytest.mark.skipif(not MODEL.exists(), reason="the corpus of public models is not here")
def test_models_in_a_folder_whose_name_is_no_text_are_converted_and_run_everywhere(
    converter_environment: Environment, tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"w\xffork")
    folder.mkdir()
    shutil.copy(MODEL, folder / "x.h5")
    (folder / "r.yml").write_text(RECIPE)
    words = [sys.executable, "-m", "workflow", "convert", "r.yml", "--quiet"]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"not compared" not in done.stderr
    assert b"not a conda environment" not in done.stderr  # nothing can be done about that in a run
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [".tfjs-workflow", "fast", "saved", "web"]
