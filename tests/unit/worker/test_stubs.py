from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.worker import stubs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def installed() -> Iterator[None]:
    stubs.install()
    yield
    stubs.remove()


@pytest.mark.usefixtures("installed")
def test_the_converters_unused_imports_succeed() -> None:
    assert importlib.import_module("jax.experimental.jax2tf") is sys.modules["jax"].experimental.jax2tf
    assert stubs.installed() == list(stubs.NAMES)


@pytest.mark.usefixtures("installed")
def test_a_stand_in_says_what_it_is_when_it_is_used() -> None:
    with pytest.raises(AttributeError, match=r"jax\.numpy: jax is only a stand-in"):
        _ = sys.modules["jax"].numpy
    with pytest.raises(ImportError, match="stand-in"):
        exec("from jax import xla_computation", {})  # noqa: S102  the statement that TensorFlow itself tries


def test_removing_leaves_nothing_behind() -> None:
    stubs.install()
    stubs.remove()
    assert stubs.installed() == []
    assert not set(stubs.NAMES) & sys.modules.keys()


@pytest.mark.usefixtures("installed")
def test_asking_for_the_real_package_fails_where_there_is_none() -> None:
    with pytest.raises(ImportError):
        stubs.load_real("tensorflow_decision_forests")
