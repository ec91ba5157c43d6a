"""Which list holds where, what it has, and how it is told that it is off."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from workflow.worker import allow_list

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    allow_list.current.cache_clear()
    yield
    allow_list.current.cache_clear()


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (("keras",), "keras3"),
        (("keras", "tf_keras"), "keras2"),
        (("tf_keras",), "keras2"),
        ((), "keras2"),
    ],
)
def test_the_list_of_keras_3_holds_where_there_is_no_other(
    installed: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in installed else None)
    assert allow_list.current() is allow_list.keras(expected)
    assert allow_list.every() == [allow_list.keras("keras2"), allow_list.keras("keras3")]


def test_each_part_of_a_list_is_that_of_its_file() -> None:
    two, three = allow_list.every()
    assert "Dense" in two.classes
    assert "keras.activations" in two.functions["relu"]
    assert "math.reduce_sum" in two.calls
    assert "flat_values" in two.properties
    assert "to_tensor" in two.methods
    assert "from_row_splits" in two.class_methods["RaggedTensor"]
    assert three.refused["Cond"] == "calls functions"
    ops = allow_list.ops()
    assert ("Relu" in ops.allowed, "Relu" in ops.refused) == (True, False)
    assert ("WriteFile" in ops.allowed, "WriteFile" in ops.refused) == (False, True)


def a_class(name: str, module: str) -> Any:
    return type(name, (), {"__module__": module})


def a_function(name: Any, module: Any) -> Any:
    return SimpleNamespace(__module__=module, __name__=name)


@pytest.mark.parametrize(
    ("thing", "had"),
    [
        (a_class("Dense", "keras.layers"), True),
        (a_class("Dense", "tf_keras.src.layers.core.dense"), True),
        (a_class("Dense", "os"), False),
        (a_class("Nothing", "keras.layers"), False),
        (a_class("relu", "keras.activations"), False),
        (a_function("relu", "keras.activations"), True),
        (a_function("relu", None), False),
        (a_function(None, "keras.activations"), False),
        (a_function("Dense", "keras.layers"), False),
        (a_function("MSE", "builtins"), False),
        (3, False),
    ],
)
def test_a_thing_is_had_by_what_it_says_of_itself(thing: Any, *, had: bool) -> None:
    assert allow_list.keras("keras2").has(thing) is had


def test_it_is_off_for_a_model_that_is_said_to_be_safe_and_by_a_switch_that_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    switch = "TFJS_WORKFLOW_TEST_WITHOUT_LIST"
    assert [allow_list.is_off(source) for source in ({}, {"unsafe": False}, {"unsafe": True})] == [False, False, True]
    monkeypatch.setenv(switch, "yes")
    assert allow_list.is_off({}) is False
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(switch, "1")
    assert allow_list.is_off({}) is True
    assert capsys.readouterr().err == f"WARNING: {switch}=1: the list of what a model may name is OFF\n"
