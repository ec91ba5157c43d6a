"""Hostile models, recipes and samples: each is refused by name, runs nothing, and touches nothing beside itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.safety import graphs
from tests.real.safety.playing import EVERY, chosen, play
from tests.real.safety.running import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.safety.attacks import Attack
    from workflow.environment import Environment

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="what happens outside is seen by inotify"),
]
_LOADED = [attack for attack in EVERY if attack.form not in ("recipe", "graph_model")]


@pytest.fixture(scope="module")
def stage(converter_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Workers as users have them."""
    made = Stage(tmp_path_factory.mktemp("listed"), listed=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bare_stage(converter_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Workers that do not look at what a model names: only the wall around them is left."""
    made = Stage(tmp_path_factory.mktemp("bare"), listed=False)
    yield made
    made.close()


@pytest.fixture(scope="module", autouse=True)
def _builder() -> Iterator[None]:
    yield
    graphs.close()


def test_there_are_enough_of_them_and_no_two_have_one_name() -> None:
    assert len({attack.name for attack in EVERY}) == len(EVERY) >= 160


@pytest.mark.parametrize("attack", EVERY, ids=lambda attack: attack.name)
def test_it_is_refused_by_name_and_does_nothing(stage: Stage, attack: Attack, tmp_path: Path) -> None:
    command = chosen(attack, count=2)[0]  # `python -m tests.real.safety.playing --all` tries every one
    outcome = play(attack, command, stage, tmp_path)
    assert outcome.faults() == [], f"{command}: {outcome.done.said}"


@pytest.mark.parametrize("attack", _LOADED, ids=lambda attack: attack.name)
def test_the_wall_alone_holds_it(bare_stage: Stage, attack: Attack, tmp_path: Path) -> None:
    command = chosen(attack, count=2)[-1]
    outcome = play(attack, command, bare_stage, tmp_path)
    assert outcome.harm == [], f"{command}: {outcome.done.said}"
