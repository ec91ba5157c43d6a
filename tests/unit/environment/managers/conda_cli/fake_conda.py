# ruff: noqa: T201  a program of its own
"""A conda that answers as the real ones do (versions 23.3 to 26.7), mistakes included, and installs nothing.

It stands in a folder on PATH as ``conda``, ``mamba`` and ``micromamba``. ``behaviour.json`` beside it says
how it behaves; it notes its arguments and the explicit file that it was given in ``calls.jsonl``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

CHECKSUM = """
ChecksumMismatchError: Conda detected a mismatch between the expected content and downloaded content
for url '{url}'.
  expected md5: {md5}
  actual md5: 94b7a7c0e131fcf46c5b0083c1bc6ea1
"""
CONNECTION = """
CondaHTTPError: HTTP 000 CONNECTION FAILED for url <{url}>
Elapsed: -

An HTTP error occurred when trying to retrieve this URL.
"""
NOT_FOUND = """
CondaHTTPError: HTTP 404 NOT FOUND for url <{url}>
Elapsed: 00:00.012
"""
OFFLINE = """
OfflineError: EnforceUnusedAdapter called with url {url}
This command is using a remote connection in offline mode.
"""
FAILURES = {
    "checksum": CHECKSUM,
    "connection": CONNECTION,
    "404": NOT_FOUND,
    "disk full": "NoSpaceLeftError: No space left on devices.",
    "read-only": "NotWritableError: The current user does not have write permissions to a required path.",
    "nonsense": "Traceback (most recent call last):\nKeyError: 'pkgs_dirs'",
}


def main() -> int:
    behaviour = json.loads((HERE / "behaviour.json").read_text())
    arguments = sys.argv[1:]
    explicit = Path(option(arguments, "--file")).read_text() if "--file" in arguments else ""
    with (HERE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"argv": arguments, "explicit": explicit, "env": dict(os.environ)}) + "\n")
    if arguments == ["--version"]:
        print(f"{Path(sys.argv[0]).name} {behaviour['version']}")
        return int(behaviour.get("version_code", 0))
    if arguments[0] == "create":
        return create(arguments, explicit, behaviour)
    if arguments[:2] == ["env", "remove"]:
        return remove(Path(option(arguments, "-p")), behaviour)
    print(f"fake conda: unknown command {arguments}", file=sys.stderr)
    return 2


def option(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def create(arguments: list[str], explicit: str, behaviour: dict[str, Any]) -> int:
    prefix = Path(option(arguments, "-p"))
    if "-y" not in arguments:
        print("Proceed ([y]/n)? ", end="")
        print("\nCondaSystemExit: Exiting.", file=sys.stderr)
        return 0
    if prefix.exists():
        if behaviour["version"] < "25":
            print("CondaValueError: prefix already exists", file=sys.stderr)
            return 1
        shutil.rmtree(prefix)  # what 25.11 with -y and 26.7 do
    header, *lines = explicit.split()
    if header != "@EXPLICIT":
        print("CondaValueError: not an explicit file", file=sys.stderr)
        return 1
    return install(prefix, lines, behaviour, offline="--offline" in arguments)


def install(prefix: Path, lines: list[str], behaviour: dict[str, Any], *, offline: bool) -> int:
    failure = next((how for base, how in behaviour.get("failing", {}).items() if base in lines[0]), None)
    url, _, md5 = lines[0].partition("#")
    if offline and not behaviour.get("cached", False):
        print(OFFLINE.format(url=url), file=sys.stderr)
        return 1
    if behaviour.get("does nothing", False):
        return 0
    records = prefix / "conda-meta"
    records.mkdir(parents=True)
    if failure:  # leaves a partial prefix behind, as the real ones do
        print(FAILURES[failure].format(url=url, md5=md5), file=sys.stderr)
        return 1
    for line in lines[: behaviour.get("stops after")]:
        name = line.partition("#")[0].rpartition("/")[2]
        stem = name.removesuffix(".conda").removesuffix(".tar.bz2")
        (records / f"{stem}.json").write_text("{}")
    (records / "history").touch()
    for extra in behaviour.get("also installs", []):
        (records / f"{extra}.json").write_text("{}")
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").touch()
    return 0


def remove(prefix: Path, behaviour: dict[str, Any]) -> int:
    if not (prefix / "conda-meta").is_dir():
        return 0 if behaviour["version"] < "24" else 1
    if not behaviour.get("cannot remove", False):  # else: exit code 0 all the same (conda issue 8189)
        shutil.rmtree(prefix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
