from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from workflow.worker import specs
from workflow.worker.failure import JobError, NotRunnableError
from workflow.worker.prediction import pieces
from workflow.worker.runnable import given
from workflow.worker.specs import Spec, draw

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (Spec("a", (None, 3), "float32"), [0.972, 0.7248, -0.9832, -0.3753, -0.3243, -0.9336]),
        (
            Spec("img", (None, 2, 2, 1), "float32", pixels=True),
            [86.9762, 97.8669, 25.6072, 194.8794, 250.3331, 192.701, 18.5277, 176.5082],
        ),
        (Spec("img", (None, 2, 2, 1), "uint8"), [86, 97, 25, 194, 250, 192, 18, 176]),
        (Spec("img", (None, 2, 2, 1), "int8"), [86, 97, 25, 127, 127, 127, 18, 127]),
        (Spec("t", (None, 3), "int32"), [9, 6, 4, 5, 7, 9]),
        (Spec("t", (None, 3), "int64", bound=100), [90, 10, 54, 13, 85, 23]),
        (Spec("b", (None, 4), "bool"), [0, 0, 0, 0, 1, 0, 0, 1]),
        (Spec("f", (), "float32"), [1, 1]),
        (Spec("h", (2, 2), "float16"), [-0.9434, 0.6152, -0.2252, -0.668, 0.021, -0.9854, 0.6597, -0.5605]),
    ],
)
def test_what_is_drawn_stays_the_same_from_version_to_version(spec: Spec, expected: list[float]) -> None:
    (drawn,) = draw([spec], 2, seed=7)
    assert drawn.dtype == np.dtype(spec.dtype)
    assert drawn.astype(float).reshape(-1).tolist() == pytest.approx(expected, abs=1e-3)


def test_what_is_drawn_depends_on_the_name_of_the_input_and_not_on_how_many_there_are() -> None:
    one, other = draw([Spec("a", (None, 3), "float32"), Spec("b", (None, 3), "float32")], 2, seed=7)
    assert not np.allclose(one, other)
    assert np.array_equal(draw([Spec("b", (None, 3), "float32")], 1, seed=7)[0], other[:1])


@pytest.mark.parametrize("dtype", ["complex64", "string", "bfloat16", "float8"])
def test_types_that_cannot_be_drawn_are_named(dtype: str) -> None:
    for bound in (None, 5):
        with pytest.raises(NotRunnableError) as caught:
            draw([Spec("in", (None,), dtype, bound=bound)], 1, seed=0)
        assert str(caught.value) == f"inputs of the type {dtype} cannot be drawn (input in)"


@pytest.mark.parametrize("dtype", sorted(specs._NUMERIC))
def test_every_type_of_numbers_is_drawn(dtype: str) -> None:
    assert len(specs._NUMERIC) == 11
    (drawn,) = draw([Spec("in", (None, 2), dtype)], 1, seed=0)
    assert (drawn.dtype, drawn.shape) == (np.dtype(dtype), (1, 2))


def test_an_input_whose_sample_would_fill_the_memory_is_not_drawn() -> None:
    edge = 128 << 20
    specs._require_moderate(Spec("in", (None, edge // 4), "float32"))
    with pytest.raises(NotRunnableError) as caught:
        draw([Spec("in", (None, edge // 4 + 1), "float32")], 1, seed=0)
    assert str(caught.value) == "one sample of the input in takes 134.2 MB; samples are drawn up to 134.2 MB"


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        *(((), ()), ((None,), ()), ((1,), ()), ((2,), (2,)), ((None, None), (32,)), ((None, None, None), (32, 32))),
        *(((None, None, None, None), (64, 64, 3)), ((None, None, None, 5), (64, 64, 5))),
        *(((None, None, None, None, None), (16, 16, 16, 3)), ((3, None, 2), (3, 32, 2))),
    ],
)
def test_open_sizes_are_chosen_for_every_rank(shape: tuple[int | None, ...], sizes: tuple[int, ...]) -> None:
    assert specs.sizes(Spec("x", shape, "float32")) == sizes
    assert Spec("x", shape, "float32").batched is (shape[:1] == (None,))


def test_pieces_are_cast_and_as_large_as_is_good_for_the_memory() -> None:
    wide = np.ones((9, 1 << 20))  # 8 MB each, of which one goes in at once
    taken = [(fed[0].shape, fed[0].dtype) for fed, _ in pieces([Spec("x", (None, 1), "float32")], [wide], batches=[])]
    assert taken == [((1, 1 << 20), np.dtype("float32"))] * 9
    small = np.ones((3, 1 << 19))
    assert [count for _, count in pieces([Spec("x", (None, 1), "float32")], [small], batches=[])] == [2, 1]
    assert list(pieces([Spec("x", (None, 1), "float32")], [], batches=[2])) == []
    empty = np.ones((2, 0))
    assert [count for _, count in pieces([Spec("x", (None, 0), "float32")], [empty], batches=[])] == [2]
    fixed = list(pieces([Spec("x", (1, 1, 2), "float32")], [np.ones((2, 2))], batches=[]))
    assert [(fed[0].shape, fed[0].dtype) for fed, _ in fixed] == [((1, 1, 2), np.dtype("float32"))] * 2


def test_one_input_may_be_named_otherwise_and_several_must_be_named(tmp_path: Path) -> None:
    two = [Spec("a", (None, 2), "float32"), Spec("b", (None, 2), "float32")]
    np.savez(tmp_path / "both.npz", a=np.ones((1, 2)), b=np.zeros((1, 2)), more=np.ones(1))
    assert [array.tolist() for array in given(two, str(tmp_path / "both.npz"))] == [[[1, 1]], [[0, 0]]]
    np.savez(tmp_path / "x.npz", x=np.ones((1, 2)))
    for wanted, missing in ((two, "a, b"), ([two[0]], "")):
        if missing:
            with pytest.raises(JobError) as caught:
                given(wanted, str(tmp_path / "x.npz"))
            words = f"{tmp_path / 'x.npz'} holds no array for the input {missing}"
            assert (caught.value.kind, str(caught.value)) == ("inputs", words)
        else:
            assert len(given(wanted, str(tmp_path / "x.npz"))) == 1
    np.savez(tmp_path / "named.npz", a=np.zeros((1, 2)), x=np.ones((1, 2)))
    assert given([two[0]], str(tmp_path / "named.npz"))[0].tolist() == [[0, 0]]
    np.savez(tmp_path / "other.npz", other=np.zeros((1, 2)))
    with pytest.raises(JobError, match=r"holds no array for the input a$"):
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
    with pytest.raises(JobError) as caught:
        given([Spec("x", shape, "float32")], str(tmp_path / "x.npy"))
    wanted = shape if shape[0] is None else (None, *shape)
    assert str(caught.value) == f"{tmp_path / 'x.npy'}: input x takes {wanted}, the array is {array}"
