from __future__ import annotations

import numpy as np
import pytest

from workflow.worker.numbers import accuracy, measure

ONE = np.array([[0.1, 0.7, 0.2], [0.8, 0.1, 0.1]], dtype=np.float32)


def test_equal_outputs_have_no_distance() -> None:
    found = measure(ONE, ONE.copy())
    assert (found["max_abs"], found["mean_abs"], found["top1"]) == (0.0, 0.0, 1.0)
    assert found["cosine"] == pytest.approx(1.0)
    assert found["reference"]["max"] == pytest.approx(0.8)


def test_distance_spread_and_agreement_are_measured() -> None:
    other = ONE + np.array([[0.0, -0.6, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32)
    found = measure(ONE, other)
    assert found["max_abs"] == pytest.approx(0.6)
    assert found["top1"] == 0.5
    assert found["spread"] == pytest.approx(float(np.mean(np.std(ONE, axis=0))))


def test_a_network_that_answers_alike_has_no_spread() -> None:
    assert measure(np.ones((4, 9)), np.ones((4, 9)))["spread"] == 0.0


def test_nan_is_flagged_and_kept_out_of_the_numbers() -> None:
    broken = ONE.copy()
    broken[0, 0] = np.nan
    found = measure(ONE, broken)
    assert found["finite"] == {"source": True, "result": False}
    assert found["max_abs"] == 0.0


def test_integers_have_no_best_class_and_strings_are_equal_or_not() -> None:
    whole = np.array([[1, 2], [3, 4]])
    assert measure(whole, whole)["top1"] is None
    words = np.array([[b"a"], [b"b"]], dtype=object)
    assert measure(words, words)["max_abs"] == 0.0
    assert measure(words, words[::-1])["max_abs"] == 1.0


def test_accuracy_takes_classes_or_one_number() -> None:
    assert accuracy(ONE, np.array([1, 1])) == 0.5
    assert accuracy(np.array([[0.9], [0.2]]), np.array([1, 0])) == 1.0
