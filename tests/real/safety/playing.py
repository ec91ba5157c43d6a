"""One attack played: the model made, a command run on it, and what there is to find fault with afterwards.

``python -m tests.real.safety.playing [--without-list] [--all] [WORDS...]`` plays every attack whose name holds one of
the words and prints what happened, and how many did what they wanted.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real.safety import (
    bombs,
    crafting,
    graph_models,
    graphs,
    keras2_objects,
    keras2_operations,
    keras3_objects,
    keras_files,
    recipes,
    running,
    screens,
    shards,
)
from tests.real.safety.scene import CANARY, Scene

if TYPE_CHECKING:
    from tests.real.safety.attacks import Attack
    from tests.real.safety.running import Done, Stage

_OF_MODELS = (keras2_operations, keras2_objects, keras3_objects, graphs, graph_models, keras_files, shards, bombs)
_SOURCES = (*_OF_MODELS, recipes, screens)
EVERY: list[Attack] = [attack for source in _SOURCES for attack in source.ATTACKS]
_DIFFERENT = range(41, 45)
_MOST = 4 << 30
_SHOWN = frozenset("\n\t")
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp")


@dataclass(frozen=True)
class Outcome:
    """What came of one attack by one command."""

    attack: Attack
    command: str
    done: Done
    harm: list[str]
    """What it did: files opened, made or changed outside, calls to the port, and what it brought home."""

    def faults(self) -> list[str]:
        """Return what is wrong with how it ended, nothing when it was met as it should be."""
        found = list(self.harm)
        code = self.done.code
        if not self.done.refused and not (code == 0 and (self.attack.harmless or self._is_named())):
            found.append(f"it ended with exit code {code}")
        if self.done.refused and not self._is_named() and not self._differs_before():
            found.append(f"the message names none of {', '.join(self.attack.names)}")
        if strange := {character for character in self.done.said if _is_invisible(character)}:
            found.append(f"the message has control characters: {sorted(strange)!r}")
        return found

    def _is_named(self) -> bool:
        return any(name in self.done.said for name in self.attack.names)

    def _differs_before(self) -> bool:
        """Tell whether two models were found not to be alike before either of them was loaded."""
        return self.command in ("against", "locate") and self.done.code in _DIFFERENT


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE and character not in _SHOWN


def chosen(attack: Attack, *, count: int) -> list[str]:
    """Return some of the commands that an attack is tried with: others for other attacks, always the same for one."""
    commands = attack.tried_with()
    start = zlib.crc32(attack.name.encode()) % len(commands)
    return [*commands[start:], *commands[:start]][:count]


def play(attack: Attack, command: str, stage: Stage, folder: Path) -> Outcome:
    """Make the model of an attack in a new place below ``folder`` and run a command on it."""
    place = Path(tempfile.mkdtemp(dir=folder))
    scene = Scene(place / "here", place / "outside")
    try:
        model = attack.make(scene)
        sound = _sound(place)
        scene.begin()
        done = stage.run(running.arguments(command, model, scene.here, sound=sound), folder=scene.here)
        harm = [*scene.harm(), *_brought_home(scene, done)]
        if (taken := stage.peak()) > _MOST:
            harm.append(f"it took {taken >> 20} MiB of memory")
        return Outcome(attack, command, done, harm)
    finally:
        scene.close()


def _sound(place: Path) -> Path:
    scene = Scene(place / "sound", place / "nothing")
    scene.close()
    return crafting.layers_model(scene, crafting.functional([crafting.entry(), crafting.relu()]))


def _brought_home(scene: Scene, done: Done) -> list[str]:
    """Return where the secret turned up: on the screen, or in what was made, as text or as numbers."""
    text = CANARY.encode()
    forms = [text, *(struct.pack(f"<{len(text)}{kind}", *text) for kind in "fihqd")]
    made = [file for file in scene.here.glob("out_*/**/*") if file.is_file() and not file.is_symlink()]
    made += [file for file in scene.here.glob("out_*") if file.is_file()]
    found = [f"the secret is in {file.name}" for file in made if any(form in file.read_bytes() for form in forms)]
    return [*found, *(["the secret is on the screen"] if CANARY in done.said else [])]


def main() -> int:
    """Play attacks and print a table; the exit code says whether one of them did harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-list", action="store_true")
    parser.add_argument("--all", action="store_true", help="every command that an attack can be tried with")
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    attacks = [attack for attack in EVERY if not given.words or any(word in attack.name for word in given.words)]
    harmed, faulty = set(), set()
    with tempfile.TemporaryDirectory(prefix="attacks-") as home:
        stage = running.Stage(Path(home) / "logs", listed=not given.without_list)
        for attack in attacks:
            for command in attack.tried_with() if given.all else chosen(attack, count=2):
                outcome = play(attack, command, stage, Path(home))
                faults = outcome.faults()
                harmed |= {attack.name} if outcome.harm else set()
                faulty |= {attack.name} if faults else set()
                sys.stdout.write(f"{attack.name:45} {command:16} {outcome.done.code:3} {outcome.done.seconds:5.1f} s  ")
                sys.stdout.write(f"{'; '.join(faults) or 'met'}\n")
                sys.stdout.flush()
        stage.close()
        graphs.close()
    sys.stdout.write(
        f"{len(harmed)} of {len(attacks)} attacks did harm; {len(faulty)} were not met as they should be\n"
    )
    return 1 if harmed else 0


if __name__ == "__main__":
    sys.exit(main())
