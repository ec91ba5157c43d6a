"""Commands as a user gives them, run in this process on workers that stay warm from attack to attack."""

from __future__ import annotations

import io
import os
import re
import signal
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

from workflow.cli import boundary
from workflow.runs import workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.base.events import Listener

WITHOUT_LIST = "TFJS_WORKFLOW_TEST_WITHOUT_LIST"
_BUG = 1
_LONGEST = 90
_SWITCHED_OFF = {WITHOUT_LIST: "1"}


@dataclass(frozen=True)
class Done:
    """How a command ended, and all that it said."""

    code: int
    said: str
    seconds: float

    @property
    def refused(self) -> bool:
        """Whether it ended with an error about the model, the recipe or the verification."""
        return 10 <= self.code < 20 or 30 <= self.code < 50

    @property
    def is_bug(self) -> bool:
        return self.code == _BUG


class Stage:
    """Workers that all commands of one setting share: with the list of allowed names, or without it. Close it."""

    def __init__(self, logs: Path, *, listed: bool) -> None:
        self._logs = logs
        self._variables = {} if listed else _SWITCHED_OFF
        self._made: dict[str, Any] = {}
        self._seen: dict[int, int] = {}
        self._real = workers.EnvironmentWorkers

    def run(self, arguments: list[str], *, folder: Path) -> Done:
        """Run one command with ``folder`` as the current one."""
        said, begin = io.StringIO(), time.monotonic()
        with self._shared(), _at(folder), _not_for_ever(), redirect_stdout(said), redirect_stderr(said):
            code = boundary.guarded(arguments)
        return Done(code, said.getvalue(), time.monotonic() - begin)

    def peak(self) -> int:
        """Return the most bytes that a job of the last command took in a worker."""
        jobs = [job for made in self._made.values() for job in made.usage().jobs[self._seen.get(id(made), 0) :]]
        self._seen = {id(made): len(made.usage().jobs) for made in self._made.values()}
        return max((job.memory.get("peak", 0) for job in jobs), default=0)

    def close(self) -> None:
        for made in self._made.values():
            self._real.close(made)
        self._made = {}

    @contextmanager
    def _shared(self) -> Iterator[None]:
        variables = {**self._variables, "NO_COLOR": "1", "COLUMNS": "400", "TF_CPP_MIN_LOG_LEVEL": "2"}
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        with mock.patch.dict(os.environ, variables), mock.patch.object(workers, "EnvironmentWorkers", self._find):
            try:
                yield
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)

    def _find(self, name: str, wishes: Any, *, logs: Path, listener: Listener) -> Any:
        if name not in self._made:
            self._made[name] = _Lasting(name, wishes, logs=self._logs, listener=listener)
        self._made[name].tell(listener)
        return self._made[name]


class _Lasting(workers.EnvironmentWorkers):
    """Workers that outlive the commands that use them."""

    def tell(self, listener: Listener) -> None:
        """Tell the news to whoever listens to the present command."""
        self._listener = listener

    def close(self) -> None:
        """Stay."""


@contextmanager
def _not_for_ever() -> Iterator[None]:
    """Let a command that hangs end as a bug would."""

    def stop(_number: int, _frame: Any) -> None:
        raise RuntimeError(f"it was still at work after {_LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _at(folder: Path) -> Iterator[None]:
    before = os.getcwd()  # noqa: PTH109  what chdir takes back
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def arguments(command: str, model: Path, scene_folder: Path, *, sound: Path) -> list[str]:
    """Return the command line for one of ``COMMANDS``; a recipe is written where it takes one."""
    command, _, samples = command.partition(":")
    form = COMMANDS[command]
    words = {"model": str(model), "sound": str(sound), "out": f"out_{command}", "inputs": samples}
    if isinstance(form, list):
        return [word.format(**words) for word in form]
    recipe = scene_folder / f"{command}.yml"
    recipe.write_text(_recipe(form, words))
    return ["convert", str(recipe), "--timeout", _SECONDS]


def _recipe(step: str, words: dict[str, str]) -> str:
    quoted = {name: "'" + word.replace("'", "''") + "'" for name, word in words.items()}
    return "steps:\n  - " + re.sub(r"<(\w+)>(\S*?)(?=[,}])", lambda at: quoted[at[1]][:-1] + at[2] + "'", step) + "\n"


_SECONDS = "25"
_VERIFY = ["--runtime", "python", "--samples", "2", "--timeout", _SECONDS]
_OFF = "verify: off"
_IN_PYTHON = "verify: {runtimes: [python], samples: 2, repeat: 1}"
COMMANDS: dict[str, list[str] | str] = {
    "verify": ["verify", "{model}", *_VERIFY],
    "samples": ["verify", "{model}", "--inputs", "{inputs}", *_VERIFY],
    "recipe": ["convert", "{model}", "--timeout", _SECONDS],
    "check": ["check", "{model}"],
    "plan": ["plan", "{model}"],
    "against": ["verify", "{sound}", "--against", "{model}", *_VERIFY],
    "locate": ["verify", "{sound}", "--against", "{model}", "--locate", *_VERIFY],
    "graph": f"graph: {{input: <model>, output: <out>, {_OFF}}}",
    "graph_verified": f"graph: {{input: <model>, output: <out>, {_IN_PYTHON}}}",
    "graph_reference": f"graph: {{input: <model>, output: <out>, engine: reference, {_OFF}}}",
    "frozen_reference": f"graph: {{input: <model>, output: <out>, engine: reference, output_node_names: y, {_OFF}}}",
    "to_js": f"python_to_js: {{input: <model>, output: <out>, format: auto, {_IN_PYTHON}}}",
    "to_js_reference": f"python_to_js: {{input: <model>, output: <out>, engine: reference, {_OFF}}}",
    "hub": f"graph: {{input: <model>, output: <out>, from: tf_hub, {_OFF}}}",
    "hub_reference": f"graph: {{input: <model>, output: <out>, from: tf_hub, engine: reference, {_OFF}}}",
    "to_h5": f"js_to_python: {{input: <model>, output: <out>.h5, engine: reference, {_OFF}}}",
    "to_h5_verified": f"js_to_python: {{input: <model>, output: <out>.h5, {_IN_PYTHON}}}",
    "to_keras": f"js_to_python: {{input: <model>, output: <out>.keras, {_OFF}}}",
    "to_saved": f"js_to_python: {{input: <model>, output: <out>, {_OFF}}}",
    "shard": f"shard: {{input: <model>, output: <out>, shard_size: 1kB, {_IN_PYTHON}}}",
    "shard_off": f"shard: {{input: <model>, output: <out>, shard_size: 1kB, {_OFF}}}",
    "quantize": f"quantize: {{input: <model>, output: <out>, dtype: uint8, {_IN_PYTHON}}}",
}
"""What a user can do with a model: a command line, or the step of a recipe."""
