"""Behind the wall with TensorFlow: a model's own code and ops may try what they like, with everything else let through.

``unsafe: true`` and ``custom_objects`` let code run, and ``TFJS_WORKFLOW_TEST_WITHOUT_LIST`` switches the list off.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import WorkflowError
from workflow.bridge import allowances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")]

MODULE = """
import json, os, socket, subprocess, sys
import tensorflow as tf
import tf_keras

P = json.loads({places!r})

def connect(kind, address, family=socket.AF_INET):
    one = socket.socket(family, kind)
    one.connect(address)
    one.send(b"x")

ATTACKS = dict(
    write=lambda: open(P["outside"] + "/new", "w"),
    read=lambda: open(P["secret"]).read(),
    list=lambda: os.listdir(P["outside"]),
    home=lambda: os.listdir(P["home"]),
    system=lambda: 1 / (os.system("touch " + P["outside"] + "/new") == 0),
    run=lambda: subprocess.run(["touch", P["outside"] + "/new"]),
    fork=lambda: os.fork(),
    tcp=lambda: connect(socket.SOCK_STREAM, ("127.0.0.1", P["port"])),
    udp=lambda: connect(socket.SOCK_DGRAM, ("127.0.0.1", P["port"])),
    unix=lambda: connect(socket.SOCK_STREAM, P["socket"], socket.AF_UNIX),
    kill=lambda: os.kill(os.getppid(), 9),
    parent=lambda: open("/proc/%d/environ" % os.getppid()).read(),
    link=lambda: os.link(P["secret"], "linked"),
    chmod=lambda: os.chmod(P["secret"], 0o777),
    own_code=lambda: open(sys.modules["tfjs_worker"].__file__, "a"),
    packages=lambda: open(tf.__file__, "a"),
    tf_write=lambda: tf.io.write_file(P["outside"] + "/new", "x"),
    tf_read=lambda: tf.io.read_file(P["secret"]),
    tf_records=lambda: tf.io.TFRecordWriter(P["outside"] + "/new").write(b"x"),
    tf_list=lambda: 1 / len(tf.io.matching_files(P["outside"] + "/*")),
    tf_folder=lambda: tf.io.gfile.makedirs(P["outside"] + "/new"),
    tf_remove=lambda: tf.io.gfile.remove(P["secret"]),
    tf_save=lambda: tf.raw_ops.Save(filename=P["outside"] + "/new", tensor_names=["a"], data=[1.0]),
    tf_server=lambda: tf.distribute.Server.create_local_server(),
)

def tried(attack):
    try:
        attack()
        return "done"
    except Exception as problem:
        return repr(problem)[:200]

print("OUTCOMES " + json.dumps({{name: tried(attack) for name, attack in ATTACKS.items()}}), flush=True)

class Scale(tf_keras.layers.Layer):
    def call(self, inputs):
        return inputs * 3.0
"""
BUILD = """
import sys
import tf_keras

class Scale(tf_keras.layers.Layer):
    def call(self, inputs):
        return inputs * 3.0

inputs = tf_keras.Input([3])
tf_keras.Model(inputs, tf_keras.layers.Dense(2)(Scale()(inputs))).save(sys.argv[-1])
"""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A folder, a secret and sockets that nothing in a model may reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "s"))
        for one in (tcp, unix):
            one.listen(4)
        yield {
            "outside": str(tmp_path / "outside"),
            "secret": str(tmp_path / "outside" / "secret"),
            "home": os.path.expanduser("~"),  # noqa: PTH111  as the attack says it
            "port": tcp.getsockname()[1],
            "socket": str(tmp_path / "s"),
        }


@pytest.fixture
def model(worker: Worker, tmp_path: Path) -> Path:
    (tmp_path / "build.py").write_text(BUILD)
    job = {"script": str(tmp_path / "build.py"), "arguments": [str(tmp_path / "model.h5")], "cwd": str(tmp_path)}
    worker.run("script", job, log=tmp_path / "build.log", timeout=300)
    return tmp_path / "model.h5"


def test_a_models_own_code_runs_behind_the_wall_and_reaches_nothing(
    worker: Worker, model: Path, places: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "layers.py").write_text(MODULE.format(places=json.dumps(places)))
    source = {"path": str(model), "format": "keras", "custom_objects": [str(tmp_path / "mine" / "layers.py")]}
    facts = worker.run(
        "graph", {"source": source, "output": str(tmp_path / "graph")}, log=tmp_path / "log", timeout=300
    )
    assert facts["ops"]  # what is allowed works
    assert (tmp_path / "graph" / "model.json").is_file()
    line = next(line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("OUTCOMES "))
    outcomes = json.loads(line.removeprefix("OUTCOMES "))
    assert len(outcomes) == 24
    assert {name: told for name, told in outcomes.items() if told == "done"} == {}
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret"]
    assert (tmp_path / "outside" / "secret").stat().st_mode & 0o777 != 0o777


def test_a_bomb_of_memory_ends_with_a_clear_message(
    make_worker: Callable[..., Worker], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(allowances.VARIABLE, "2")
    (tmp_path / "bomb.py").write_text("import numpy\nroom = [numpy.ones(1 << 26) for _ in range(40)]\n")
    source = {"path": str(model), "format": "keras", "custom_objects": [str(tmp_path / "bomb.py")]}
    with make_worker() as worker, pytest.raises(WorkflowError, match=r"more memory than the 2\.0 GB") as caught:
        worker.run("graph", {"source": source, "output": str(tmp_path / "graph")}, log=tmp_path / "log", timeout=300)
    assert allowances.VARIABLE in caught.value.hint


def test_no_variable_with_a_secret_and_no_descriptor_of_the_host_is_in_the_worker(
    make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    with make_worker(AWS_ACCESS_KEY_ID="s3cret") as worker:
        worker.run("versions", {}, log=tmp_path / "log", timeout=300)
        done = subprocess.run(["cat", f"/proc/{worker.pid}/environ"], capture_output=True, check=True)
        assert b"s3cret" not in done.stdout
        opened = [os.readlink(f"/proc/{worker.pid}/fd/{name}") for name in os.listdir(f"/proc/{worker.pid}/fd")]  # noqa: PTH115, PTH208
        outside = [name for name in opened if not name.startswith(("/dev/", "/proc/", "pipe:", "anon_inode:"))]
        assert {name.rsplit("/", maxsplit=1)[-1] for name in outside} <= {"worker.log"}
