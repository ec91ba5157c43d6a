"""Arrays that a user gives for verification: plain ones, which hold what they claim."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workflow.worker import runnable
from workflow.worker.failure import JobError

if TYPE_CHECKING:
    from pathlib import Path


def header(shape: tuple[int, ...]) -> bytes:
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(made, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return made.getvalue()


def test_plain_arrays_are_read_from_either_kind_of_file(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    np.savez_compressed(tmp_path / "x.npz", x=array, y=np.zeros(1 << 20))
    assert np.array_equal(runnable.opened(str(tmp_path / "x.npy")), array)
    assert np.array_equal(runnable.opened(str(tmp_path / "x.npz"))["x"], array)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_pickled_objects_are_refused_and_the_file_is_named(name: str, tmp_path: Path) -> None:
    save = np.save if name == "x.npy" else np.savez
    save(tmp_path / name, np.array([{}], dtype=object))
    with pytest.raises(JobError, match=name):
        runnable.opened(str(tmp_path / name))


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_that_claim_more_than_the_file_holds_are_refused(name: str, tmp_path: Path) -> None:
    content = header((10**12, 3)) + bytes(1000)
    if name == "x.npy":
        (tmp_path / name).write_bytes(content)
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("x.npy", content)
    with pytest.raises(JobError, match=name):
        runnable.opened(str(tmp_path / name))


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", header((75 << 20,)) + bytes(300 << 20))
    with pytest.raises(JobError, match=r"x.npz .*unpacked to 314.6 MB"):
        runnable.opened(str(tmp_path / "x.npz"))
