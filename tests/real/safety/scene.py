"""Where an attack happens: a folder beside the model that nothing may touch, watched by the kernel, and a listener.

What an attack would do is harmless: it makes, empties, reads or removes files in that folder, or knocks at a port of
this machine. Every opening of a file there is seen, whether or not anything was made of it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a9c-of-this-machine"
_EVENT = struct.Struct("iIII")
_WATCHED = {
    0x1: "read",
    0x2: "written",
    0x4: "attributes changed",
    0x20: "opened",
    0x40: "moved away",
    0x80: "moved in",
    0x100: "created",
    0x200: "deleted",
    0x400: "deleted itself",
}
_IS_FOLDER = 0x40000000
_NONBLOCK = 0o4000


class Watch:
    """Reports what happens to the files of a folder, by inotify; Linux only. Close it."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(_NONBLOCK)
        if self._handle < 0 or libc.inotify_add_watch(self._handle, os.fsencode(folder), sum(_WATCHED)) < 0:
            raise OSError(ctypes.get_errno(), f"{folder} cannot be watched")

    def events(self) -> list[str]:
        """Return what happened since the last call, once each."""
        found: list[str] = []
        try:
            while raw := os.read(self._handle, 1 << 16):
                found += _told(raw)
        except BlockingIOError:
            pass
        return list(dict.fromkeys(found))

    def close(self) -> None:
        os.close(self._handle)


def _told(raw: bytes) -> list[str]:
    found, at = [], 0
    while at < len(raw):
        _, mask, _, length = _EVENT.unpack_from(raw, at)
        name = os.fsdecode(raw[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0"))
        what = [word for bit, word in _WATCHED.items() if mask & bit]
        found += [f"{name or 'the folder'} {word}" for word in what]
        at += _EVENT.size + length
    return found


@dataclass
class Scene:
    """One attack's places: ``here`` for its model, ``outside`` which must stay as it is, ``port`` that nobody calls."""

    here: Path
    outside: Path
    marker: Path = field(init=False)
    """Is not there; an attack that can run code or write makes it."""
    victim: Path = field(init=False)
    """Holds a text; an attack that can write empties or removes it."""
    secret: Path = field(init=False)
    """Holds a text; an attack that can read takes it."""

    def __post_init__(self) -> None:
        self.here.mkdir(parents=True)
        self.outside.mkdir(parents=True)
        self.marker, self.victim = self.outside / "marker", self.outside / "victim.txt"
        self.secret = self.outside / "secret.txt"
        self.victim.write_text("something that must stay\n")
        self.secret.write_text(f"{CANARY}\n" * 4)
        self._before = self._state()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", self.port))
        self._datagrams.setblocking(False)
        self._watch: Watch | None = None

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def command(self) -> str:
        """A shell command that makes the marker."""
        return f"touch {self.marker}"

    def begin(self) -> None:
        """From here on, look at what happens outside."""
        self._before = self._state()
        self._watch = Watch(self.outside) if sys.platform == "linux" else None

    def harm(self) -> list[str]:
        """Return what has been done that nothing may do, and look no longer."""
        found = [] if self._watch is None else self._watch.events()
        if self._state() != self._before:
            found.append("the folder beside the model has changed")
        if self._called():
            found.append("the port was called")
        return found

    def close(self) -> None:
        for closable in (self._watch, self._listener, self._datagrams):
            if closable is not None:
                closable.close()

    def _state(self) -> dict[str, tuple[int, int, int]]:
        files = sorted(self.outside.rglob("*"))
        stats = {file: file.lstat() for file in files}
        return {str(file): (stat.st_size, stat.st_mtime_ns, stat.st_mode) for file, stat in stats.items()}

    def _called(self) -> bool:
        calls = 0
        for waiting in (self._listener.accept, lambda: self._datagrams.recv(1)):
            try:
                taken = waiting()
            except BlockingIOError:
                continue
            calls += 1
            if isinstance(taken, tuple):
                taken[0].close()
        return calls > 0
