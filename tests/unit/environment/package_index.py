"""A package index on 127.0.0.1 with one tiny wheel, and the environment to install it into."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WHEEL = "tiny-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class Index:
    """Its URL, and the sha256 of its only wheel, ``tiny`` 1.0."""

    url: str
    sha256: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Index]:
    """Make the index in ``folder`` and serve it while the block runs."""
    sha256 = _make(folder / "simple" / "tiny")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Index(f"http://127.0.0.1:{server.server_address[1]}/simple", sha256)
    finally:
        server.shutdown()
        server.server_close()


def _make(folder: Path) -> str:
    folder.mkdir(parents=True)
    contents = {
        "tiny.py": "size = 1\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in contents)
    with zipfile.ZipFile(folder / _WHEEL, "w") as wheel:
        for name, text in {**contents, "tiny-1.0.dist-info/RECORD": record}.items():
            wheel.writestr(name, text)
    (folder / "index.html").write_text(f'<a href="{_WHEEL}">{_WHEEL}</a>')
    return hashlib.sha256((folder / _WHEEL).read_bytes()).hexdigest()
