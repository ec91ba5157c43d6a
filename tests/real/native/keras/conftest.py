"""TensorFlow.js as the judge: models converted natively are loaded and asked in Node, on the cpu backend."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests import ROOT
from tests.real.native.keras.judging import Judge, assert_all_well
from workflow.base.locations import cache
from workflow.base.processes import run, start

NODE = Path(__file__).resolve().parents[1] / "node"


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The check in Node, with its packages installed as the lock says, once for each lock."""
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    key = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = cache() / "layers-model-check" / key
    if not (folder / "node_modules" / "@tensorflow" / "tfjs-layers").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, folder / name)
        done = run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
        assert done.code == 0, done.stderr
    shutil.copy(NODE / "check.mjs", folder / "check.mjs")
    return Judge(folder, tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="session")
def gallery(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of the catalogue as Keras 2.13 saves them, by two processes; takes a minute or so."""
    folder = tmp_path_factory.mktemp("gallery")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    program = [str(converter_python), "-m", "tests.real.native.keras.gallery", str(folder)]
    assert_all_well(start([*program, part], env=environ, cwd=ROOT) for part in ("1/2", "2/2"))
    assert json.loads((folder / "lstm" / "io.json").read_text(encoding="utf-8"))["outputs"]
    return folder
