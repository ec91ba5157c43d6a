from __future__ import annotations

import numpy as np
import pytest

from workflow.worker import specs
from workflow.worker.failure import JobError, NotRunnableError
from workflow.worker.prediction import pieces
from workflow.worker.runnable import given
from workflow.worker.specs import Spec, draw

IMAGE = Spec("image", (None, 32, 32, 3), "float32")


def test_the_same_seed_draws_the_same_and_another_seed_something_else() -> None:
    (one,), (again,), (other,) = (draw([IMAGE], 3, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)


def test_images_differ_in_more_than_noise() -> None:
    (images,) = draw([IMAGE], 4, seed=0)
    assert images.shape == (4, 32, 32, 3)
    assert np.abs(images).max() <= 1.0
    assert images.mean(axis=(1, 2)).std(axis=0).min() > 0.05


@pytest.mark.parametrize(
    ("spec", "shape", "low", "high"),
    [
        (Spec("tokens", (None, None), "int32", bound=5), (2, 32), 0, 4),
        (Spec("tokens", (None, 7), "float32", bound=5), (2, 7), 0, 4),
        (Spec("image", (None, 8, 8, 3), "uint8"), (2, 8, 8, 3), 0, 255),
        (Spec("image", (None, None, None, None), "float32", pixels=True), (2, 64, 64, 3), 0, 255),
        (Spec("flag", (), "bool"), (2,), 0, 0),
        (Spec("fixed", (1, 4), "float32"), (2, 4), -1, 1),
        (Spec("pair", (2, 4), "float32"), (2, 2, 4), -1, 1),
    ],
)
def test_shapes_and_ranges_follow_the_spec(spec: Spec, shape: tuple[int, ...], low: int, high: int) -> None:
    (drawn,) = draw([spec], 2, seed=1)
    assert drawn.shape == shape
    assert drawn.dtype == np.dtype(spec.dtype)
    assert low <= drawn.min() <= drawn.max() <= high


def test_strings_cannot_be_drawn() -> None:
    with pytest.raises(NotRunnableError, match="string"):
        draw([Spec("text", (None,), "string")], 1, seed=0)


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
    with pytest.raises(JobError, match=r"input x takes \(None, 2\), the array is \(3, 5\)"):
        given([Spec("x", (None, 2), "float32")], str(tmp_path / "x.npy"))
    with pytest.raises(JobError, match=r"no \.npy or \.npz"):
        given([Spec("x", (None, 2), "float32")], str(tmp_path / "no.npy"))
    with pytest.raises(JobError, match="no array for the input a, b"):
        given([Spec("a", (None, 2), "float32"), Spec("b", (None, 2), "float32")], str(tmp_path / "x.npy"))


def test_open_sizes_are_chosen_by_rank() -> None:
    assert specs.sizes(Spec("sound", (None, None, 8), "float32")) == (32, 8)


def test_samples_go_in_by_the_batches_and_one_by_one_where_the_batch_is_fixed() -> None:
    array = np.arange(14.0).reshape(7, 2)
    taken = [(fed[0].shape, count) for fed, count in pieces([Spec("x", (None, 2), "float32")], [array], batches=[1, 3])]
    assert taken == [((1, 2), 1), ((3, 2), 3), ((3, 2), 3)]
    fixed = [(fed[0].shape, count) for fed, count in pieces([Spec("x", (1, 2), "float32")], [array], batches=[1, 3])]
    assert fixed == [((1, 2), 1)] * 7
