"""The lives of environments, told line by line as users read them: made, found, refused, mended and removed.

Nothing is downloaded: managers and checks are stand-ins, all else is the real thing in a home of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.unit.environment.builders import FakeBuilders
from workflow import environment
from workflow.base import locations
from workflow.base.errors import DownloadError, EnvironmentProblem, IntegrityError, WorkflowError
from workflow.environment import Wishes, blueprint, claims, execution, lifecycle, registry, removal, state
from workflow.environment.managers.fake import FakeManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


FILE = "environments.json"
_LOCKS = ("# profile: full\na==1\n", "# profile: lean\nb==2\n", "# profile: full\nc==3\n")
_BARE = ("not a conda environment",)


class World:
    """A machine with a project, an empty home, and ears for all that is said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.told: list[str] = []
        (self.project / "requirements").mkdir(parents=True)
        (self.project / "conda-lock.yml").write_text("version: 1\n", encoding="utf-8")
        (self.project / "requirements" / "keras3.txt").write_text("# profile: keras3\na==1\n", encoding="utf-8")
        self.lock(0)

    def lock(self, number: int) -> None:
        """Put another lock in the place of the one that is there, as another checkout has it."""
        path = self.project / "requirements" / f"tfjs-{blueprint.platform()}.txt"
        path.write_text(_LOCKS[number], encoding="utf-8")

    def say(self, text: str) -> None:
        """Hear a line."""
        self.told.append(text)

    def warn(self, text: str) -> None:
        """Hear a warning."""
        self.told.append(f"warning: {text}")

    def advance(self, what: str, done: int, total: int) -> None:
        """Hear a figure."""
        self.told.append(f"{what}: {done} of {total}")

    @contextlib.contextmanager
    def hearing(self) -> Iterator[None]:
        """Hear what a failure says."""
        try:
            yield
        except WorkflowError as error:
            said = (error.message, f"hint: {error.hint}", *error.details.splitlines(), f"log: {error.log}")
            self.told += [f"{type(error).__name__}: {said[0]}", *(f"  {each}" for each in said[1:])]

    def make(self, *managers: FakeManager, name: str = "e", wishes: Wishes | None = None, **how: Any) -> None:
        """Make an environment, or find it."""
        fakes = FakeBuilders(managers=managers or [FakeManager()], **how)
        with self.hearing():
            found = lifecycle.ensure(name, wishes=wishes or Wishes(), listener=self, builders=fakes.builders())
            facts = (found.manager, found.python_version, found.profile, *found.caveats)
            self.told.append(f"-> {found.name} in {found.prefix}: {', '.join(facts)}")

    def show(self) -> None:
        """Tell what stands there."""
        for entry in registry.list_environments():
            current = "" if entry.current else ", of another checkout"
            self.told.append(f"-> {entry.key} is {entry.status}{current}: {entry.reason}")
            if entry.environment is None:
                unknown = (entry.created, entry.tool_version, entry.platform, entry.environment)
                self.told.append(f"   of which nothing is known: {unknown}")

    def use(self, name: str = "e") -> None:
        """Ask for an environment as a shell and a verification do."""
        with self.hearing():
            self.told.append(f"-> {execution.usable(name, self).prefix}")
        with self.hearing():
            self.told.append(f"-> {execution.verifiable(name).prefix}")

    def remove(self, name: str | None = "e", **how: Any) -> None:
        """Remove an environment, or several."""
        with self.hearing():
            doomed = removal.doomed(name, removal.Scope(**how), listener=self)
            removal.remove_all(doomed, self)

    @property
    def prefix(self) -> Path:
        """Where ``e`` stands."""
        return registry.look("e").prefix


def _made_and_found(world: World) -> None:
    world.make()
    world.make()
    world.make(wishes=Wishes(manager="embedded"))
    world.make(wishes=Wishes(manager="conda"))
    world.make(wishes=Wishes(strict=True))
    world.show()
    world.use()
    world.remove()
    world.show()
    world.remove()


def _lesser(world: World) -> None:
    world.make(FakeManager("conda", absence="conda is not on PATH"), FakeManager("python", caveats=_BARE))
    world.make(wishes=Wishes(strict=True))
    world.make(name="keras3")
    world.show()


def _fallbacks(world: World) -> None:
    broken = EnvironmentProblem("conda is confused", hint="mend it", details="Traceback")
    unreachable = DownloadError("no channel answers", hint="try --mirror", log="/log")
    for failures in ((broken,), (unreachable,), (unreachable, broken), (DownloadError("nobody answers"),)):
        fakes = (FakeManager("mamba"), FakeManager("conda"))
        world.make(*(replace(fake, failure=each) for fake, each in zip(fakes, failures, strict=False)))
    world.make(FakeManager("mamba", failure=broken), FakeManager("conda", failure=IntegrityError("other bytes")))
    world.make(FakeManager("mamba", failure=unreachable), FakeManager("python", caveats=_BARE))
    log = state.log_path(world.prefix.name)
    world.told += [f"log> {line}" for line in log.read_text(encoding="utf-8").splitlines()]


def _nobody(world: World) -> None:
    for name in ("e", "keras3"):
        world.make(FakeManager("conda", absence="it is not on PATH"), FakeManager("python", absence="none"), name=name)
        lesser = FakeManager("python", caveats=(*_BARE, "another Python"))
        world.make(lesser, name=name, wishes=Wishes(strict=True))


def _named(world: World) -> None:
    world.make(FakeManager("conda", absence="it is not on PATH"), wishes=Wishes(manager="conda"))
    world.make(FakeManager("conda"), FakeManager("embedded"), wishes=Wishes(manager="mamba"))
    world.make(FakeManager("conda"), wishes=Wishes(manager="cnoda"))
    world.make(FakeManager("python", caveats=_BARE), wishes=Wishes(manager="python", strict=True))
    world.make(name="keras3", wishes=Wishes(manager="conda"))
    world.make(FakeManager("python", caveats=_BARE), wishes=Wishes(manager="python"))
    with mock.patch.dict(os.environ, {"TFJS_WORKFLOW_MANAGER": "conda"}):
        world.make(FakeManager("python", caveats=_BARE), name="keras3")


def _failing(world: World) -> None:
    world.make(unhealthy=True)
    for failure in (OSError(5, "Input/output error", "/disk/x"), OSError(21, "Is a directory"), OSError("odd")):
        world.make(failure=failure)
    world.show()


def _of_another_lock(world: World) -> None:
    world.make()
    world.lock(1)
    world.show()
    world.use()
    world.remove()
    world.make()
    world.show()
    world.remove(None, old=True)
    world.remove(None, old=True)
    world.show()


def _of_three_checkouts(world: World) -> None:
    for number in (0, 1):
        world.lock(number)
        world.make()
    world.lock(2)
    first, last = (entry.key for entry in registry.list_environments())
    for used in ((first, 1000, last, 2000), (first, 2000, last, 1000)):
        for key, seconds in (used[:2], used[2:]):
            os.utime(claims._lock_path(key), (seconds, seconds))
        world.told.append(f"-> {registry.info('e').key} was used last, at {claims.last_used(registry.info('e').key)}")
        world.told += [f"-> other: {entry.key}" for entry in registry.others("e")]
        world.remove()
    for asked in (first, first[:3], "e@", "e@ffffffffffffffff"):
        with world.hearing():
            world.told.append(f"-> {registry.info(asked).key}")
    world.remove(last)
    world.remove("f", old=True)
    world.remove("e", old=True)
    world.show()


def _of_a_former_version(world: World) -> None:
    world.make()
    plain = state.prefix("e")
    world.prefix.rename(plain)
    known = state.read(plain)
    assert known is not None
    state.write(plain, state.State(**{**vars(known), "prefix": str(plain)}))
    world.show()
    world.use()
    state.mark(state.place("e", known.lock_digest))
    world.show()
    world.make()
    world.show()
    world.remove(None, old=True)
    state.mark(plain)
    world.show()


def _ways_to_break(world: World) -> None:
    def lose(name: str) -> Callable[[], None]:
        return (world.prefix / "bin" / name).unlink

    def note(**changes: str) -> Callable[[], None]:
        def noted() -> None:
            known = state.read(world.prefix)
            assert known is not None
            state.write(world.prefix, state.State(**{**vars(known), **changes}))

        return noted

    def spoil() -> None:
        (world.prefix / state.FILE_NAME).write_text("{}", encoding="utf-8")

    breaking = (
        *(lose("python"), lose("tensorflowjs_converter")),
        *(note(unhealthy="pip check"), note(prefix="/elsewhere"), note(name="other"), note(lock_digest="0"), spoil),
    )
    for each in breaking:
        world.make()
        each()
        world.show()
        world.use()
    world.make()


def _half_made(world: World) -> None:
    state.mark(world.prefix)
    world.show()
    world.use()
    (world.prefix / "half").mkdir(parents=True)
    world.show()
    world.make()
    state.mark(world.prefix)
    state.erase(world.prefix)
    world.remove()
    world.show()


def _foreign(world: World) -> None:
    (world.prefix / "mine").mkdir(parents=True)
    (state.folder() / "file").touch()
    (state.folder() / "link").symlink_to(world.folder)
    (state.folder() / "no name!").mkdir()
    world.show()
    for act in (world.make, world.use, world.remove):
        act()
    world.remove(None, everything=True)
    world.make(name="f")
    world.remove(None, everything=True)
    world.show()


def _asked_for(world: World) -> None:
    for name, how in (("e", {"everything": True}), (None, {"everything": True, "old": True}), (None, {}), ("", {})):
        world.remove(name, **how)
    world.remove(None, everything=True)
    world.remove("e@0")
    world.make(name="tfjs")
    world.make()
    with mock.patch.dict(os.environ, {"TFJS_WORKFLOW_ENV": str(world.prefix)}):
        world.remove("x")
        world.remove("e@0")
        world.remove(world.prefix.name)
    world.remove(None)


def _stuck(world: World) -> None:
    for name in ("e", "f"):
        world.make(FakeManager("conda"), name=name)
    for entry in registry.list_environments():
        (entry.prefix / "file").touch()
    failing = mock.patch.object(shutil, "rmtree")
    with failing:
        world.remove()
        world.remove(None, everything=True)
    world.show()


def _names(world: World) -> None:
    world.make(name="mine")
    world.make()
    for name in ("tfsj", "keras2", "tfjs2", "main", "minee", "other", "TFJS", "mine"):
        for like in (None, "tfjs", "keras3"):
            with world.hearing():
                registry.require_meant(name, like=like)
                world.told.append(f"-> {name} is meant (--as {like})")
        with world.hearing():
            registry.require_no_slip(name)
            world.told.append(f"-> {name} is no slip")
    with world.hearing():
        registry.require_meant("keras3", like="tfjs")
    for name in ("x", "tfjs", "keras3", "a b", "x" * 65, "end."):
        with world.hearing():
            registry.info(name)
    world.told.append(f"-> {[environment.find(name) is None for name in ('e', 'x')]}")


STORIES: dict[str, Callable[[World], None]] = {
    "made, found and removed": _made_and_found,
    "less than was asked for": _lesser,
    "one manager after the other": _fallbacks,
    "no manager": _nobody,
    "a manager that was named": _named,
    "a making that fails": _failing,
    "another lock": _of_another_lock,
    "three checkouts": _of_three_checkouts,
    "made by a former version": _of_a_former_version,
    "broken in every way": _ways_to_break,
    "half made": _half_made,
    "not ours": _foreign,
    "what is to be removed": _asked_for,
    "what cannot be removed": _stuck,
    "names and slips": _names,
}


def all_stories(scratch: Path) -> dict[str, list[str]]:
    """Return each story as it is told, with what is of this machine and moment left out."""
    return {name: _story(tell, scratch / str(number)) for number, (name, tell) in enumerate(STORIES.items())}


def _story(tell: Callable[[World], None], folder: Path) -> list[str]:
    world = World(folder)
    variables = {"TFJS_WORKFLOW_HOME": str(folder / "home"), "PATH": "/nowhere"}
    found = mock.patch.object(locations, "project_file", lambda name: world.project / name)
    with found, mock.patch.dict(os.environ, variables):
        os.environ.pop("TFJS_WORKFLOW_ENV", None)
        tell(world)
    text = "\n".join(world.told).replace(str(folder), "/machine")
    for number, digits in enumerate(dict.fromkeys(re.findall("@([0-9a-f]{12})", text))):
        text = text.replace(digits, f"lock{number}")
    return text.split("\n")
