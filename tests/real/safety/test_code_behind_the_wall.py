"""Code of a model that does run, with the list switched off: what it does to its own room leads the host nowhere."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.real.safety.attacks import Attack
from tests.real.safety.crafting import between, calling, hdf5, of_layer
from tests.real.safety.playing import play
from tests.real.safety.running import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.safety.scene import Scene
    from workflow.environment import Environment

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="what happens outside is seen by inotify"),
]
_COMPILE = """
import base64, marshal, sys
code = compile("lambda x: exec(" + repr(sys.stdin.read()) + ", {}) or x", "<model>", "eval").co_consts[0]
sys.stdout.write(base64.b64encode(marshal.dumps(code)).decode())
"""
_ROOM = """
import os, shutil
home = os.environ["HOME"]
jobs = sorted((name for name in os.listdir(home) if name.isdigit()), key=int)
job = os.path.join(home, jobs[-1])
"""
_RESULTS = "results = [one for one in os.listdir(job) if one.isdigit()]\n"
_BEND_ALL = _ROOM + "if not os.path.islink(job): os.rename(job, home + '/moved'); os.symlink({outside!r}, job)\n"
_BEND_RESULTS = f"""{_ROOM}{_RESULTS}
for one in results:
    if os.path.islink(os.path.join(job, one)):
        continue
    os.rename(os.path.join(job, one), os.path.join(home, 'moved-' + one))
    os.symlink({{outside!r}}, os.path.join(job, one))
"""
_GO_DEEP = f"""{_ROOM}
os.mkdir(job + '/deep')
here = os.open(job + '/deep', os.O_RDONLY)
for _ in range(3000):
    os.mkdir('d', dir_fd=here)
    inner = os.open('d', os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = inner
"""
_STAND_BEFORE = f"""{_ROOM}
for ahead in range(1, 4):
    os.symlink({{outside!r}}, os.path.join(home, str(int(jobs[-1]) + ahead)))
"""
_REACH_OUT = """
import fcntl, os, socket
def write():
    open({marker!r}, 'w')
def read():
    open({secret!r}).read()
def remove():
    os.unlink({victim!r})
def link():
    os.link({secret!r}, os.path.join(os.environ['HOME'], 'link'))
def run():
    os.system('touch ' + {marker!r})
def call():
    socket.create_connection(('127.0.0.1', {port}))
def own():
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())
    open({marker!r}, 'w')
for attempt in (write, read, remove, link, run, call, own):
    try:
        attempt()
    except (OSError, ValueError):
        pass
"""
_CODE = {
    "bends its whole room": _BEND_ALL,
    "bends the rooms of its results": _BEND_RESULTS,
    "digs": _GO_DEEP,
    "stands where later jobs will": _STAND_BEFORE,
    "reaches out": _REACH_OUT,
}


@pytest.fixture(scope="module")
def bare_stage(converter_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Workers that do not look at what a model names."""
    made = Stage(tmp_path_factory.mktemp("bare"), listed=False)
    yield made
    made.close()


def running_code(source: str, python: Path, scene: Scene) -> Path:
    """Write a model whose layer runs Python as soon as it is made or run; the bytecode is that of ``python``."""
    places = {name: str(getattr(scene, name)) for name in ("outside", "marker", "secret", "victim")}
    text = "open(__import__('os').environ['HOME'] + '/ran', 'w')\n" + source.format(**places, port=scene.port)
    code = subprocess.run([python, "-c", _COMPILE], input=text, capture_output=True, text=True, check=True).stdout
    (scene.outside / "log").write_text("of the user\n")
    (scene.outside / "model.json").write_text("of the user\n")
    return hdf5(scene, between(calling([code, None, None], of_layer(), kind="lambda")))


@pytest.mark.parametrize("what", _CODE)
@pytest.mark.parametrize("command", ["graph", "to_js_reference", "verify"])
def test_what_it_does_leads_the_host_nowhere(
    bare_stage: Stage, converter_environment: Environment, tmp_path: Path, what: str, command: str
) -> None:
    make = partial(running_code, _CODE[what], converter_environment.python)
    outcome = play(Attack(what, "h5", make), command, bare_stage, tmp_path)
    assert outcome.harm == [], outcome.done.said
    assert not outcome.done.is_bug, outcome.done.said
