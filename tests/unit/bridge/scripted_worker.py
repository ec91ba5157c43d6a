"""Stands in for the worker's bootstrap: speaks its protocol and does what the request's ``do`` says."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def take_memory(args: dict[str, Any], number: int) -> None:
    room = bytearray(args["bytes"])
    say({"id": number, "ok": True, "result": {"room": len(room)}})


def fill_disk(args: dict[str, Any], _: int) -> None:
    for name in range(args["files"]):
        with open(os.path.join(os.environ["TMPDIR"], str(name)), "wb") as file:  # noqa: PTH118, PTH123
            file.write(bytes(args["bytes"]))
    time.sleep(600)


def flood(args: dict[str, Any], number: int) -> None:
    while True:
        say({"id": args.get("as", number), "progress": "x" * 1000})


def never_end_a_line(_: dict[str, Any], __: int) -> None:
    while True:
        sys.stdout.write("x" * (1 << 20))


def say_a_text(args: dict[str, Any], number: int) -> None:
    sys.stdout.write(args["text"].replace("NUMBER", str(number)) + "\n")
    sys.stdout.flush()


def write_results(args: dict[str, Any], number: int) -> None:
    for feed in args["feeds"]:
        with open(feed["inputs"]) as given, open(feed["outputs"], "w") as made:  # noqa: PTH123
            made.write(given.read().upper())
    if args.get("fails"):
        say({"id": number, "ok": False, "failure": {"kind": "inputs", "message": f"see {args['feeds'][0]['inputs']}"}})
    else:
        say({"id": number, "ok": True, "result": {"made": args["feeds"][0]["outputs"]}})


def hang(_: dict[str, Any], __: int) -> None:
    time.sleep(600)


MISDEEDS = {
    "hang": hang,
    "memory": take_memory,
    "disk": fill_disk,
    "flood": flood,
    "endless line": never_end_a_line,
    "say": say_a_text,
    "results": write_results,
}


def act(request: dict[str, Any]) -> None:
    args, number = request["args"], request["id"]
    deed = args.get("do", "answer")
    if "noise" in args:
        with open(request["log"], "a", encoding="utf-8") as log:  # noqa: PTH123  as the worker does
            log.write(args["noise"])
    if deed == "answer":
        result = {"args": args, "pid": os.getpid(), "tmp": os.environ["TMPDIR"]}
        say({"id": number, "ok": True, "result": result, "memory": args.get("memory", {})})
    elif deed in MISDEEDS:
        MISDEEDS[deed](args, number)
    elif deed == "fail":
        say({"id": number, "ok": False, "failure": args["failure"]})
    elif deed == "progress":
        say({"id": number, "progress": "half"})
        say({"id": number, "ok": True, "result": {}})
    elif deed == "garble":
        sys.stdout.write("2026-01-01 W tensorflow: oops\n")
        sys.stdout.flush()
    elif deed == "exit":
        os._exit(args["code"])
    elif deed == "kill":
        os.kill(os.getpid(), getattr(signal, args["signal"]))
    elif deed == "leave":
        say({"id": number, "ok": True, "result": {}})
        os._exit(0)


if __name__ == "__main__":
    say({"event": "ready"})
    for line in sys.stdin:
        act(json.loads(line))
