from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.builders import FakeBuilders
from workflow.base.errors import EnvironmentProblem
from workflow.base.events import Silent
from workflow.environment import Wishes, lifecycle, registry
from workflow.runs.workers import EnvironmentWorkers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("project")


@pytest.mark.parametrize("name", ["tfsj", "tfj", "tjfs", "TFJS", "keras", "keras2", "Keras3", "kears3"])
def test_a_recipe_with_a_slip_in_the_name_makes_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=f"no environment named '{name}'; did you mean '(tfjs|keras3)'"):
        EnvironmentWorkers(name, Wishes(), logs=tmp_path, listener=Silent()).prepare()


@pytest.mark.parametrize("name", ["tfjs", "keras3", "tfjs2", "tfjs-nightly", "mine", "work", "e"])
def test_any_other_name_in_a_recipe_is_meant(name: str) -> None:
    registry.require_no_slip(name)


def test_a_name_that_was_once_meant_is_no_slip() -> None:
    lifecycle.ensure("production", wishes=Wishes(), listener=Silent(), builders=FakeBuilders().builders())
    registry.require_no_slip("production")
    registry.require_meant("production")
    with pytest.raises(EnvironmentProblem, match="did you mean 'production'"):
        registry.require_no_slip("prodution")
