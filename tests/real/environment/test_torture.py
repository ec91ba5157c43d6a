"""A sample of what scripts/torture_env.py does: an end in the midst of the work, and the same command afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real.environment import small_site
from tests.real.environment.torture import TERMINAL, Round, Torture
from tests.unit.environment.package_server import serving
from workflow.environment.blueprint import current_platform

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def torture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Torture]:
    python = small_site.python38()
    if python is None or not (current_platform() or "").startswith("linux"):
        pytest.skip("it packs a CPython 3.8 that has a folder of its own, on Linux")
    site = small_site.build(tmp_path_factory.mktemp("torture"), python)
    with serving(site.channel.folder) as server:
        server.behaviour.delay = 0.001
        site.lock_channel(server.url)
        yield Torture(site)


@pytest.mark.parametrize(
    "one",
    [
        Round("conda", "SIGKILL", 1.3, at_once=True),
        Round("conda", TERMINAL, 1.5, at_once=False),
        Round("embedded", "SIGKILL", 1.6, at_once=True),
        Round("embedded", "SIGTERM", 1.2, at_once=False),
        Round("python", "SIGHUP", 0.8, at_once=False),
    ],
    ids=lambda one: f"{one.manager}-{one.end}",
)
def test_whatever_ends_it_nothing_lives_on_and_the_same_command_completes(torture: Torture, one: Round) -> None:
    outcome = torture.play(one)
    assert outcome.was_at_work
    assert outcome.complaints == []
