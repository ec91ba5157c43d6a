"""The server for the browser: it shows what is mounted to whoever knows the secret, and nothing else."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from workflow.base import processes
from workflow.base.events import Recording
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import node_program, packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

SCRIPT = """
const [server, folder] = process.argv.slice(1);
const { Server } = await import(server);
const made = new Server();
await made.listen();
const mounts = [made.mount('read', `${folder}/read`), made.mount('write', `${folder}/write`, { writable: true })];
console.log(JSON.stringify(mounts));
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server over two folders: the addresses of the one to read and the one to write to."""
    node = node_program.find(Recording())
    if isinstance(node, NotRun):
        pytest.skip(node.why)
    for name in ("read", "write"):
        (tmp_path / name).mkdir()
    (tmp_path / "read" / "a b.bin").write_bytes(b"abc")
    (tmp_path / "secret").write_text("no", encoding="utf-8")
    (tmp_path / "read" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "read" / "folder").symlink_to(tmp_path)
    (tmp_path / "read" / "sub").mkdir()
    (tmp_path / "write" / "gone").symlink_to(tmp_path / "made")
    argv = [str(node.program), "--input-type=module", "-e", SCRIPT, (packages.SCRIPTS / "server.mjs").as_uri()]
    process = processes.start([*argv, str(tmp_path)], stdout=processes.PIPE, stderr=None)
    assert process.stdout is not None
    read, write = json.loads(process.stdout.readline())
    yield read, write
    processes.kill(process)
    process.stdout.close()


def asked(
    url: str, *, path: str | None = None, host: str | None = None, body: bytes | None = None
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        headers = {} if host is None else {"Host": host}
        connection.request("GET" if body is None else "POST", path or parts.path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_files_are_read_and_written_where_they_may_be(served: tuple[str, str], tmp_path: Path) -> None:
    read, write = served
    assert asked(f"{read}/a%20b.bin") == (200, b"abc")
    assert asked(f"{write}/0.bin", body=b"12")[0] == 204
    assert (tmp_path / "write" / "0.bin").read_bytes() == b"12"


def test_nothing_else_is_read_or_written(served: tuple[str, str], tmp_path: Path) -> None:
    read, write = served
    inside = urlsplit(read).path
    assert asked(f"{read}/gone")[0] == 404
    assert asked(read, path=f"{inside}/../../secret")[0] == 404
    assert asked(read, path=f"{inside}/%2e%2e/secret")[0] == 404
    assert asked(read, path=f"{inside}/..%2fsecret")[0] == 404
    assert asked(read, path=inside.replace(inside.split("/")[1], "0" * 32) + "/a%20b.bin")[0] == 404
    assert asked(f"{read}/a%20b.bin", host="rebound.example")[0] == 404
    assert asked(f"{read}/new", body=b"x")[0] == 405
    assert asked(write, path=f"{urlsplit(write).path}/..%2fsecret", body=b"x")[0] == 404
    for place in ("link", "folder/secret", "sub", "", "%00", "a%20b.bin%00", "%"):
        assert asked(f"{read}/{place}")[0] == 404
    assert asked(f"{write}/gone", body=b"x")[0] == 404
    assert not (tmp_path / "made").exists()
    assert asked(f"{read}/a%20b.bin") == (200, b"abc")
    assert (tmp_path / "secret").read_text(encoding="utf-8") == "no"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text on this system")
def test_a_folder_behind_a_link_is_served_also_where_its_own_name_is_no_text(
    served: tuple[str, str], tmp_path: Path
) -> None:
    read, write = served
    for name in ("read", "write"):
        odd = tmp_path / os.fsdecode(b"w\xffork " + name.encode())
        (tmp_path / name).rename(odd)
        (tmp_path / name).symlink_to(odd)
    assert asked(f"{read}/a%20b.bin") == (200, b"abc")
    assert asked(f"{write}/0.bin", body=b"12")[0] == 204
    for place in ("link", "folder/secret"):
        assert asked(f"{read}/{place}")[0] == 404


def test_who_does_not_say_what_it_wants_is_hung_up_on(served: tuple[str, str]) -> None:
    parts = urlsplit(served[0])
    with socket.create_connection(("127.0.0.1", parts.port or 0), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        begin = time.monotonic()
        while connection.recv(4096):
            pass
    assert 5 < time.monotonic() - begin < 20
