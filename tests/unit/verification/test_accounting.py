"""Each weight is compared, missing, too many, or said to be unknown: none goes by in silence."""

from __future__ import annotations

from tests.unit.verification.layered import held, model
from workflow.verification.accounting import account, forms

KERNEL, BIAS = [[1.0, 2.0]], [3.0, 4.0]
DENSE = held("Dense", "dense", kernel=KERNEL, bias=BIAS)


def test_every_weight_of_a_kept_layer_is_compared() -> None:
    found = account(model(DENSE), model(DENSE, in_script=True))
    assert [(wanted.name, one.name) for wanted, one in found.pairs] == [
        (name, name) for name in ("dense/kernel", "dense/bias")
    ]
    assert (found.others, found.unused, found.wrong) == ((), (), ())


def test_a_weight_that_is_lost_is_named() -> None:
    found = account(model(DENSE), model(held("Dense", "dense", {"use_bias": False}, kernel=KERNEL), in_script=True))
    assert found.wrong == (("the weight dense/bias of the source is not in the result", "dense/bias"),)


def test_a_weight_that_a_layer_of_the_result_lacks_is_named() -> None:
    found = account(model(DENSE), model(held("Dense", "dense", kernel=KERNEL), in_script=True))
    assert [text for text, _ in found.wrong] == [
        "the weight dense/bias of the source is not in the result",
        "the layer dense (Dense) has no weight dense/bias in the result",
    ]


def test_a_weight_too_many_is_named() -> None:
    result = model(DENSE, held("Dense", "dense_9", kernel=KERNEL, bias=BIAS), in_script=True)
    texts = [text for text, _ in account(model(DENSE), result).wrong]
    assert texts == [
        f"the result has a weight dense_9/{role} that its source does not have" for role in ("kernel", "bias")
    ]


def test_weights_of_an_unknown_layer_are_counted_and_no_fault() -> None:
    source = model(DENSE, held("Mine", "mine", w=KERNEL))
    result = model(DENSE, held("Dense", "mine", {"use_bias": False}, kernel=KERNEL), in_script=True)
    found = account(source, result)
    assert [one.name for one in found.others] == ["mine/kernel"]
    assert [one.name for one in found.unused] == ["mine/w"]
    assert len(found.pairs) == len(DENSE.by_role)
    assert found.wrong == ()


def test_weights_of_an_unknown_layer_that_keep_their_names_are_compared() -> None:
    mine = held("Mine", "mine", w=KERNEL)
    found = account(model(mine), model(mine, in_script=True))
    assert [one.name for _, one in found.pairs] == ["mine/w"]
    assert (found.others, found.unused, found.wrong) == ((), (), ())


def test_counts_that_no_prediction_uses_may_be_left_out() -> None:
    source = held("Normalization", "n", {"axis": -1}, mean=[1.0], variance=[1.0], count=2)
    own = held("BatchNormalization", "n", {"scale": False, "center": False}, moving_mean=[1.0], moving_variance=[1.0])
    found = account(model(source), model(own, in_script=True))
    assert (len(found.pairs), found.unused, found.wrong) == (2, (), ())


def test_models_of_tensorflow_js_are_compared_by_name_alone() -> None:
    source, result = (
        model(DENSE, in_script=True),
        model(held("Dense", "other", kernel=KERNEL, bias=BIAS), in_script=True),
    )
    assert len(account(source, result).wrong) == 2 * len(DENSE.by_role)


def test_graphs_are_held_against_kernels_in_full_too() -> None:
    source = held("Conv1D", "conv", {"groups": 2, "use_bias": False}, kernel=[[[1.0, 2.0]]])
    assert {name: one.shape for name, one in forms(model(source), {}).items()} == {
        "conv/kernel": (1, 1, 2),
        "conv/made/kernel": (1, 2, 2),
    }


def test_kernels_without_groups_are_held_against_graphs_as_they_are() -> None:
    for name in ("Conv1D", "Dense", "DepthwiseConv2D"):
        for config in ({}, {"groups": 1}, {"groups": None}):
            source = held(name, "one", {"use_bias": False, **config}, kernel=[[[1.0, 2.0]]])
            assert list(forms(model(source), {})) == ["one/kernel"]


def test_what_a_layer_of_a_keras_file_lacks_is_told_by_its_source_alone() -> None:
    found = account(model(DENSE), model(held("Dense", "dense", kernel=KERNEL)))
    assert found.wrong == (("the weight dense/bias of the source is not in the result", "dense/bias"),)
