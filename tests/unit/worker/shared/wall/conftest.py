"""A process behind the wall, one without, and what they may not touch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTACKS = Path(__file__).with_name("attacks.py")
Outcome = dict[str, Any]


@pytest.fixture(scope="session")
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the same user, a group of its own."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def places(folder: Path) -> dict[str, Any]:
    for name in ("in", "out", "outside"):
        (folder / name).mkdir(parents=True)
    for name in ("kept", "emptied", "removed", "renamed", "moved", "secret"):
        (folder / "outside" / name).write_text(f"this is {name}")
    for name in ("model", "model2"):
        (folder / "in" / name).write_text("weights")
    return {name: str(folder / name) for name in ("in", "out", "outside")}


def attacked(folder: Path, victim: int, *more: str) -> Outcome:
    """Run all attacks in a process of their own and return how each ended."""
    given = places(folder) | {"victim": victim, "abstract": f"tfjs-{os.getpid()}-{folder.name}"}
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_UNIX) as abstract:
        tcp.bind(("127.0.0.1", 0))
        given |= {"port": tcp.getsockname()[1], "socket": str(folder / "s")}
        unix.bind(given["socket"])
        abstract.bind("\0" + given["abstract"])
        for one in (tcp, unix, abstract):
            one.listen(8)
        argv = [sys.executable, "-I", str(ATTACKS), str(ROOT), json.dumps(given), *more]
        with (folder / "log").open("wb") as log:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=log, timeout=120, check=False)
    assert done.returncode == 0, (folder / "log").read_text()
    found: Outcome = json.loads(done.stdout.splitlines()[-1])
    return found | {"folder": folder}


@pytest.fixture(scope="session")
def walled(tmp_path_factory: pytest.TempPathFactory, victim: subprocess.Popen[bytes]) -> Outcome:
    return attacked(tmp_path_factory.mktemp("w") / "walled", victim.pid)


@pytest.fixture(scope="session")
def unwalled(tmp_path_factory: pytest.TempPathFactory, victim: subprocess.Popen[bytes]) -> Outcome:
    return attacked(tmp_path_factory.mktemp("u") / "open", victim.pid, "open")
