from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import brotli

from tests.unit.verification.measures.models import write_model
from workflow.verification.measures.sizes import measure_sizes

if TYPE_CHECKING:
    from pathlib import Path


def test_sizes_are_those_of_the_files_compressed_one_by_one(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", bytes(100_000), os.urandom(1_500_000))
    files = [path.read_bytes() for path in sorted(model.iterdir())]
    found = measure_sizes(model)
    assert (found.files, found.raw) == (3, sum(map(len, files)))
    assert found.gzip == sum(len(gzip.compress(content, 6, mtime=0)) for content in files)
    assert found.brotli == sum(len(brotli.compress(content, quality=5)) for content in files)


def test_zeros_shrink_and_noise_does_not(tmp_path: Path) -> None:
    zeros, noise = tmp_path / "zeros.h5", tmp_path / "noise.h5"
    zeros.write_bytes(bytes(100_000))
    noise.write_bytes(os.urandom(100_000))
    assert measure_sizes(zeros).gzip < 500
    assert measure_sizes(noise).gzip > 99_000
