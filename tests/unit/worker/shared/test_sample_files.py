"""Arrays that a user gives for verification: plain ones, which hold what they claim."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workflow.worker.shared import sample_files
from workflow.worker.shared.drawing import Spec
from workflow.worker.shared.sample_files import SampleError, given

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
    assert np.array_equal(sample_files.opened(str(tmp_path / "x.npy")), array)
    assert np.array_equal(sample_files.opened(str(tmp_path / "x.npz"))["x"], array)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_pickled_objects_are_refused_and_the_file_is_named(name: str, tmp_path: Path) -> None:
    save = np.save if name == "x.npy" else np.savez
    save(tmp_path / name, np.array([{}], dtype=object))
    with pytest.raises(SampleError, match=name):
        sample_files.opened(str(tmp_path / name))


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_that_claim_more_than_the_file_holds_are_refused(name: str, tmp_path: Path) -> None:
    content = header((10**12, 3)) + bytes(1000)
    if name == "x.npy":
        (tmp_path / name).write_bytes(content)
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("x.npy", content)
    with pytest.raises(SampleError, match=name):
        sample_files.opened(str(tmp_path / name))


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", header((75 << 20,)) + bytes(300 << 20))
    with pytest.raises(SampleError, match=r"x.npz .*unpacked to 314.6 MB"):
        sample_files.opened(str(tmp_path / "x.npz"))


def test_given_inputs_are_found_by_name_or_as_x(tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    spec = Spec("image", (None, 2), "float32")
    np.savez(tmp_path / "named.npz", image=np.ones((3, 2)))
    np.savez(tmp_path / "x.npz", x=np.ones((3, 2)))
    np.save(tmp_path / "plain.npy", np.ones((3, 2)))
    for name in ("named.npz", "x.npz", "plain.npy"):
        assert given([spec], str(tmp_path / name))[0].shape == (3, 2)


def test_given_inputs_that_do_not_fit_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    np.save(tmp_path / "x.npy", np.ones((3, 5)))
    (tmp_path / "no.npy").write_text("no")
    with pytest.raises(SampleError, match=r"input x takes \(None, 2\), the array is \(3, 5\)"):
        given([Spec("x", (None, 2), "float32")], str(tmp_path / "x.npy"))
    with pytest.raises(SampleError, match=r"no \.npy or \.npz"):
        given([Spec("x", (None, 2), "float32")], str(tmp_path / "no.npy"))
    with pytest.raises(SampleError, match="no array for the input a, b"):
        given([Spec("a", (None, 2), "float32"), Spec("b", (None, 2), "float32")], str(tmp_path / "x.npy"))


def test_one_input_may_be_named_otherwise_and_several_must_be_named(tmp_path: Path) -> None:
    two = [Spec("a", (None, 2), "float32"), Spec("b", (None, 2), "float32")]
    np.savez(tmp_path / "both.npz", a=np.ones((1, 2)), b=np.zeros((1, 2)), more=np.ones(1))
    assert [array.tolist() for array in given(two, str(tmp_path / "both.npz"))] == [[[1, 1]], [[0, 0]]]
    np.savez(tmp_path / "x.npz", x=np.ones((1, 2)))
    for wanted, missing in ((two, "a, b"), ([two[0]], "")):
        if missing:
            with pytest.raises(SampleError) as caught:
                given(wanted, str(tmp_path / "x.npz"))
            words = f"{tmp_path / 'x.npz'} holds no array for the input {missing}"
            assert str(caught.value) == words
        else:
            assert len(given(wanted, str(tmp_path / "x.npz"))) == 1
    np.savez(tmp_path / "named.npz", a=np.zeros((1, 2)), x=np.ones((1, 2)))
    assert given([two[0]], str(tmp_path / "named.npz"))[0].tolist() == [[0, 0]]
    np.savez(tmp_path / "other.npz", other=np.zeros((1, 2)))
    with pytest.raises(SampleError, match=r"holds no array for the input a$"):
        given([two[0]], str(tmp_path / "other.npz"))


@pytest.mark.parametrize(
    ("shape", "array", "fits"),
    [
        *(((None, 2), (5, 2), True), ((1, 2), (5, 2), True), ((2,), (5, 2), True), ((2, 3), (5, 2, 3), True)),
        *(((None, None), (5, 9), True), ((None, 2), (5, 3), False), ((None, 2), (5, 2, 1), False)),
        *(((2, 3), (5, 3), False), ((2, 3), (5, 3, 3), False)),
    ],
)
def test_arrays_fit_by_the_shape_of_one_sample(
    shape: tuple[int | None, ...], array: tuple[int, ...], tmp_path: Path, *, fits: bool
) -> None:
    np.save(tmp_path / "x.npy", np.ones(array))
    if fits:
        assert given([Spec("x", shape, "float32")], str(tmp_path / "x.npy"))[0].shape == array
        return
    with pytest.raises(SampleError) as caught:
        given([Spec("x", shape, "float32")], str(tmp_path / "x.npy"))
    wanted = shape if shape[0] is None else (None, *shape)
    assert str(caught.value) == f"{tmp_path / 'x.npy'}: input x takes {wanted}, the array is {array}"
