"""The lesser wall, where the system has none: Python's own hooks refuse what Python is asked to do.

It stops bytecode and Python's libraries, not TensorFlow's own C++, nor code that calls the system by itself.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, Sequence, Tuple

_REFUSED = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.startfile/2",
    "os.system",
    "pty.spawn",
    "signal.pthread_kill",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.sendmsg",
    "socket.sendto",
    "subprocess.Popen",
    "webbrowser.open",
    "winreg.CreateKey",
    "winreg.DeleteKey",
    "winreg.DeleteValue",
    "winreg.SetValue",
)
_CHANGING: Dict[str, Tuple[int, ...]] = {
    "os.chflags": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (0, 1),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.removexattr": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.setxattr": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
}
"""Events that change files, and which of their arguments name them."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SINKS = (os.devnull, "/proc/self/clear_refs")


def watch(*, writes: Sequence[str]) -> None:
    """Refuse, for as long as this process lives, to start programs, to connect, and to change files elsewhere."""
    sys.addaudithook(hook(writes))


def hook(writes: Sequence[str]) -> Callable[[str, Tuple[Any, ...]], None]:
    """Return the hook that ``watch`` adds; it raises ``PermissionError`` for what is refused."""
    inside = tuple(os.path.join(os.path.realpath(folder), "") for folder in writes)
    sinks = frozenset(_SINKS)

    def heard(event: str, arguments: Tuple[Any, ...]) -> None:
        if event == "open":
            _, _, flags = arguments
            if flags & _WRITING:
                _require_inside(arguments[0], inside, sinks)
        elif event in _CHANGING:
            for number in _CHANGING[event]:
                _require_inside(arguments[number], inside, sinks)
        elif event in refused:
            raise PermissionError(f"{event}: a model may not do this here")

    refused = frozenset(_REFUSED)
    return heard


def _require_inside(path: Any, inside: Tuple[str, ...], sinks: "frozenset[str]") -> None:
    if isinstance(path, int):  # a descriptor, which somebody was allowed to open
        return
    text = os.fsdecode(path)
    if text in sinks:
        return
    parent = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(text))), "")
    if not os.path.join(os.path.realpath(text), "").startswith(inside) or not parent.startswith(inside):
        raise PermissionError(f"{text}: a model may not change files here")
