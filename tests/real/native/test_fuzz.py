"""Damaged models of all formats that native edges read: a result or a clear error, in bounded time and memory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.conftest import CORPUS, ROOT
from workflow.converters.native import DeclinedError, NativeJob
from workflow.converters.native.keras.to_layers import archive_to_layers
from workflow.events import Silent
from workflow.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

SECONDS = float(os.environ.get("TFJS_WORKFLOW_FUZZ_SECONDS", "60"))
GALLERY = ROOT / "tests" / "data" / "keras3"
LARGEST = 1 << 20  # what is larger is damaged less often
STRANGERS = ("layers/xor", "layers/gru_sentiment", "layers/tfjs_made", "graph/basic_pitch")


def models(folder: Path) -> Iterator[Path]:
    """Yield our own files, the layers models that are made of them, and small models of the corpus where it is."""
    for file in sorted(GALLERY.glob("*/m.*")):
        yield file
        target = folder / file.parent.name
        if file.suffix == ".keras":
            try:
                archive_to_layers(NativeJob(file, "keras_keras", target, "tfjs_layers_model", {}, Silent()))
            except DeclinedError:
                continue
            yield target
    if CORPUS.is_dir():
        yield from (CORPUS / name for name in STRANGERS)
        files = [file for file in sorted((CORPUS / "h5").rglob("*")) if file.is_file()]
        yield from (file for file in files if file.suffix in (".h5", ".hdf5") and file.stat().st_size < LARGEST)


def test_damaged_models_give_a_result_or_a_clear_error(tmp_path: Path) -> None:
    """For a minute; $TFJS_WORKFLOW_FUZZ_SECONDS makes it longer. The seed of a finding is in its message."""
    progress = tmp_path / "seed"
    names = [str(model) for model in models(tmp_path)]
    assert len(names) > 10
    argv = [sys.executable, "-m", "tests.real.native.fuzzing", str(SECONDS), str(progress), *names]
    done = run(argv, cwd=ROOT, timeout=SECONDS + 120)
    assert done.code == 0, f"seed {progress.read_text()}, exit code {done.code}: {done.stderr[-3000:]}"
