"""The workers of a run around an environment: when it is made, what is said of it, who is closed, what is noted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow import environment
from workflow.base import scratch
from workflow.base.events import Recording
from workflow.bridge import enclosure, warm_worker
from workflow.environment import Environment, Wishes
from workflow.environment.entries import NO_CONDA
from workflow.runs.workers import EnvironmentWorkers, keras3_if_made

if TYPE_CHECKING:
    from workflow.bridge.usage import Usage


class World:
    """Environments that are there when they are taken, and workers that count what is done with them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Wishes]] = []
        self.released: list[str] = []
        self.made: list[Worker] = []
        self.listeners: list[object] = []


class Worker:
    def __init__(self, python: Path, *, environ: Any, log: Path, usage: Usage) -> None:
        self.facts = (python, environ, log)
        self.usage = usage
        self.acts: list[str] = []

    def start(self) -> None:
        self.acts.append("start")

    def close(self) -> None:
        self.acts.append("close")


class Claim:
    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world

    def release(self) -> None:
        self.world.released.append(self.name)


def made(name: str) -> Environment:
    caveats = ("another Python", NO_CONDA)
    return Environment(
        name, Path("/envs", name), Path("/envs", name, "python"), "conda", "3.8.20", "full", "ab", caveats
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()

    def taken(name: str, *, wishes: Wishes, listener: object) -> tuple[Environment, Claim]:
        found.taken.append((name, wishes))
        found.listeners.append(listener)
        return made(name), Claim(name, found)

    def noted(*words: Any, **more: Any) -> Worker:
        found.made.append(Worker(*words, **more))
        return found.made[-1]

    monkeypatch.setattr(environment, "taken", taken)
    monkeypatch.setattr(environment, "worker_environ", lambda one: {"OF": one.name})
    monkeypatch.setattr(warm_worker, "Worker", noted)
    return found


WISHES = Wishes(manager="conda", strict=True, offline=True, mirror="tuna")


def workers_of(tmp_path: Path, listener: Recording | None = None) -> EnvironmentWorkers:
    return EnvironmentWorkers("tfjs", WISHES, logs=tmp_path / "logs", listener=listener or Recording())


def test_the_environment_is_made_once_when_it_is_first_needed(world: World, tmp_path: Path) -> None:
    listener = Recording()
    workers = workers_of(tmp_path, listener)
    assert world.taken == []
    workers.prepare()
    found: list[object] = [workers.warm(), workers.warm()]
    assert found == world.made * 2
    assert world.taken == [("tfjs", WISHES)]
    assert world.listeners == [listener]
    assert world.made[0].facts == (Path("/envs/tfjs/python"), {"OF": "tfjs"}, tmp_path / "logs" / "worker.log")
    assert world.made[0].acts == ["start"]
    assert listener.warnings == ["environment tfjs: another Python"]


def test_a_worker_of_its_own_is_new_not_started_and_its_owners_to_close(world: World, tmp_path: Path) -> None:
    workers = workers_of(tmp_path)
    found: list[object] = [workers.fresh(), workers.fresh()]
    warm, *others = world.made
    assert others == found
    assert (warm.acts, others[0].acts) == (["start"], [])
    assert others[0].facts == warm.facts
    assert len(world.taken) == 1
    workers.close()
    assert (warm.acts, others[0].acts) == (["start", "close"], [])


def test_keras_3_has_an_environment_and_a_worker_of_its_own_made_as_its_own_lock_says(
    world: World, tmp_path: Path
) -> None:
    workers = workers_of(tmp_path)
    found: list[object] = [workers.keras3(), workers.keras3()]
    assert found == world.made * 2
    assert world.taken == [("keras3", WISHES.replaced(manager=None))]
    log = tmp_path / "logs" / "worker-keras3.log"
    assert world.made[0].facts == (Path("/envs/keras3/python"), {"OF": "keras3"}, log)
    assert world.made[0].acts == []


def test_closing_ends_all_workers_and_gives_every_environment_back(world: World, tmp_path: Path) -> None:
    workers = workers_of(tmp_path)
    workers.close()
    workers.prepare()
    workers.keras3()
    runtimes = workers.runtimes()
    assert workers.runtimes() is runtimes
    ended: list[str] = []
    runtimes.close = lambda: ended.append("runtimes")  # type: ignore[method-assign]
    workers.close()
    assert [one.acts for one in world.made] == [["start", "close"], ["close"]]
    assert sorted(world.released) == ["keras3", "tfjs"]
    assert ended == ["runtimes"]
    workers.close()
    assert [one.acts for one in world.made] == [["start", "close"], ["close"]]
    assert sorted(world.released) == ["keras3", "tfjs"]
    workers.keras3()
    assert len(world.made) == 3


def test_what_every_worker_does_is_noted_in_one_place(world: World, tmp_path: Path) -> None:
    workers = workers_of(tmp_path)
    workers.fresh()
    workers.keras3()
    assert [one.usage is workers.usage() for one in world.made] == [True] * 3


def test_a_record_holds_what_is_known_of_the_environment(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosure, "described", lambda: ["a wall"])
    workers = workers_of(tmp_path)
    assert workers.facts() == {"name": "tfjs"}
    workers.prepare()
    assert workers.facts() == {
        "name": "tfjs",
        "manager": "conda",
        "python": "3.8.20",
        "profile": "full",
        "lock": "ab",
        "caveats": ["another Python", NO_CONDA],
        "wall": ["a wall"],
    }
    assert len(world.taken) == 1


def test_what_workers_of_a_killed_run_left_beside_the_logs_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[str] = []
    monkeypatch.setattr(scratch, "clear", cleared.append)
    workers_of(tmp_path)
    assert cleared == []
    (tmp_path / "logs").mkdir()
    workers_of(tmp_path)
    assert cleared == [str(tmp_path / "logs")]


def test_keras_3_is_used_where_somebody_has_made_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = workers_of(tmp_path)
    assert keras3_if_made(workers) is None
    assert world.taken == []
    monkeypatch.setattr(environment, "find", lambda name: name == "keras3")
    found: object = keras3_if_made(workers)
    assert found is world.made[0]
