"""Stands in for a runtime's script: speaks its lines and does what the request's ``do`` says."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def act(request: dict[str, Any]) -> None:
    number, deed = request["id"], request.get("do", "answer")
    if deed == "answer":
        say({"id": number, "pid": os.getpid(), "tmp": os.environ["TMPDIR"]})
    elif deed == "fail":
        say({"id": number, "failure": {"kind": "shape", "message": "it does not fit"}})
    elif deed == "spend":
        say({"id": number, "failure": {"kind": "memory", "message": "too much"}, "spent": True})
    elif deed == "garble":
        sys.stdout.write("Loading...\n")
        sys.stdout.flush()
    elif deed == "exit":
        os._exit(7)
    elif deed == "hang":
        time.sleep(600)


if __name__ == "__main__":
    manner = sys.argv[1]
    if manner == "broken":
        say({"event": "broken", "message": "no display"})
        sys.exit(1)
    if manner == "dead":
        sys.exit(9)
    if manner == "slow":
        time.sleep(600)
    say({"event": "ready", "versions": {"script": "1"}})
    for line in sys.stdin:
        act(json.loads(line))
