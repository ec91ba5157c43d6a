from __future__ import annotations

import numpy as np
import pytest

from workflow.worker.shared import drawing
from workflow.worker.shared.drawing import Spec, UndrawableError, draw, pieces, within_tables

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
    with pytest.raises(UndrawableError, match="string"):
        draw([Spec("text", (None,), "string")], 1, seed=0)


def test_open_sizes_are_chosen_by_rank() -> None:
    assert drawing.sizes(Spec("sound", (None, None, 8), "float32")) == (32, 8)


def test_samples_go_in_by_the_batches_and_one_by_one_where_the_batch_is_fixed() -> None:
    array = np.arange(14.0).reshape(7, 2)
    taken = [(fed[0].shape, count) for fed, count in pieces([Spec("x", (None, 2), "float32")], [array], batches=[1, 3])]
    assert taken == [((1, 2), 1), ((3, 2), 3), ((3, 2), 3)]
    fixed = [(fed[0].shape, count) for fed, count in pieces([Spec("x", (1, 2), "float32")], [array], batches=[1, 3])]
    assert fixed == [((1, 2), 1)] * 7


def test_steps_that_a_model_masks_are_drawn_at_the_end_and_in_the_middle() -> None:
    (drawn,) = draw([Spec("steps", (None, 6, 2), "float32", blank=-3.0)], 8, seed=0)
    blank = (drawn == -3.0).all(axis=2)
    assert not blank[::2].any()
    assert [int(row.sum()) for row in blank[1::2]] == [1, 3, 3, 5]
    assert blank[1::2, -1].all()
    assert not blank[:, 0].any()
    assert blank[3::4, 1].all()
    assert not blank[1::4, 1].any()


@pytest.mark.parametrize("shape", [(None, 1, 2), (None, 2), (None,)])
def test_a_sequence_too_short_to_be_masked_is_left_as_it_is(shape: tuple[int | None, ...]) -> None:
    plain, blank = (draw([Spec("x", shape, "int32", blank=one)], 4, seed=0)[0] for one in (None, -1.0))
    assert np.array_equal(plain, blank)


def test_texts_are_drawn_of_the_words_that_a_model_knows() -> None:
    (drawn,) = draw([Spec("text", (None, 3), "string", words=("a", "b", "unknown"))], 20, seed=0)
    assert drawn.shape == (20, 3)
    assert set(drawn.reshape(-1)) == {"a", "b", "unknown"}
    ((fed, count),) = pieces([Spec("text", (None, 3), "string")], [drawn], batches=[20])
    assert (fed[0].tolist(), count) == (drawn.tolist(), 20)


def test_an_input_whose_samples_would_fill_the_memory_is_not_drawn() -> None:
    with pytest.raises(UndrawableError, match=r"one sample of the input x takes 268\.4 MB; samples are drawn up to"):
        draw([Spec("x", (None, 8192, 8192), "float32")], 1, seed=0)


def answers(*rows: list[float]) -> list[drawing.Named]:
    return [[("y", np.asarray([row]))] for row in rows]


@pytest.mark.parametrize(
    ("found", "differs"),
    [
        (answers([1.0, 2.0], [1.0, 2.0]), False),
        (answers([1.0, 2.0], [1.0, 2.0001]), False),
        (answers([1.0, 2.0], [1.0, 2.001]), True),
        (answers([float("nan")], [float("nan")]), False),
        ([[("y", np.asarray(["a"], dtype=object))]], True),
        ([], False),
    ],
)
def test_answers_differ_by_more_than_rounding(found: list[drawing.Named], differs: bool) -> None:  # noqa: FBT001
    assert drawing.differ(found) is differs


@pytest.mark.parametrize(("least", "scale"), [(0.0, 1.0), (3.0, 10.0), (1e9, 1.0)])
def test_drawn_inputs_grow_and_shrink_until_the_answers_differ(least: float, scale: float) -> None:
    spec = Spec("x", (None, 2), "float32")
    arrays = draw([spec], 4, seed=0)
    run = lambda given: [("y", np.maximum(given[0], least))]  # noqa: E731
    fed, found, factor = drawing.lively([spec], arrays, batches=[1, 3], run=run)
    assert factor == scale
    assert [count for _, count in fed] == [1, 3]
    assert np.array_equal(np.concatenate([piece[0] for piece, _ in fed]), arrays[0] * np.float32(scale))
    assert [name for answer in found for name, _ in answer] == ["y", "y"]


@pytest.mark.parametrize("spec", [Spec("x", (None, 2), "int32"), Spec("x", (None, 2), "float32", bound=3)])
def test_numbers_that_mean_something_are_not_scaled(spec: Spec) -> None:
    (drawn,) = draw([spec], 4, seed=0)
    assert np.array_equal(drawing.scaled([spec], [drawn], factor=10.0)[0], drawn)


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
        with pytest.raises(UndrawableError) as caught:
            draw([Spec("in", (None,), dtype, bound=bound)], 1, seed=0)
        assert str(caught.value) == f"inputs of the type {dtype} cannot be drawn (input in)"


@pytest.mark.parametrize("dtype", sorted(drawing._NUMERIC))
def test_every_type_of_numbers_is_drawn(dtype: str) -> None:
    assert len(drawing._NUMERIC) == 11
    (drawn,) = draw([Spec("in", (None, 2), dtype)], 1, seed=0)
    assert (drawn.dtype, drawn.shape) == (np.dtype(dtype), (1, 2))


def test_an_input_whose_sample_would_fill_the_memory_is_not_drawn() -> None:
    edge = 128 << 20
    drawing._require_moderate(Spec("in", (None, edge // 4), "float32"))
    with pytest.raises(UndrawableError) as caught:
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
    assert drawing.sizes(Spec("x", shape, "float32")) == sizes
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


SAID = "InvalidArgumentError: indices[0,3] = 8 is not in [0, {}) [[{{{{node gather}}}}]]"


@pytest.mark.parametrize(
    ("dtypes", "bounds"),
    [
        (["int32"], [5]),
        (["int64", "float32"], [5, None]),
        (["uint8", "int32", "string"], [5, 5, None]),
        (["float32"], [5]),
        (["float32", "float64", "string", "bool"], [5, 5, None, None]),
    ],
)
def test_what_is_looked_up_in_vain_is_drawn_within_the_table(dtypes: list[str], bounds: list[int | None]) -> None:
    specs = [Spec(f"x{number}", (None, 4), dtype) for number, dtype in enumerate(dtypes)]
    found = within_tables(specs, SAID.format(5))
    assert [spec.bound for spec in found] == bounds
    assert within_tables(found, SAID.format(5)) == ()
    assert [spec.bound for spec in within_tables(found, SAID.format(3))] == [3 if one else None for one in bounds]


@pytest.mark.parametrize("refusal", ["", "indices[0] = 8 is not in [0, n)", SAID.format(0), "[0, 5)"])
def test_a_refusal_that_speaks_of_no_table_changes_nothing(refusal: str) -> None:
    assert within_tables([Spec("x", (None, 4), "int32")], refusal) == ()


def test_a_table_never_widens_what_is_drawn() -> None:
    specs = [Spec("few", (None, 4), "int32", bound=2), Spec("many", (None, 4), "int32", bound=9)]
    assert [spec.bound for spec in within_tables(specs, SAID.format(5))] == [2, 5]
