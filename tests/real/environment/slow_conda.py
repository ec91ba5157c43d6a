# ruff: noqa: T201  a program of its own, run by a CPython 3.8
"""A conda that takes its time: links package by package in a child, and minds neither TERM nor who has asked."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = json.loads((Path(__file__).parent / "settings.json").read_text())


def create(prefix: Path, listing: Path) -> None:
    """Make an environment of a Python that is here, and note the packages as conda does."""
    if prefix.exists():
        sys.exit("CondaValueError: prefix already exists")
    urls = listing.read_text().split()[1:]
    (prefix / "conda-meta").mkdir(parents=True)
    subprocess.run([sys.executable, __file__, "link", str(prefix), str(len(urls))], check=True)
    subprocess.run([SETTINGS["python"], "-m", "venv", "--without-pip", str(prefix)], check=True)
    for url in urls:
        stem = url.partition("#")[0].rpartition("/")[2].replace(".conda", "")
        (prefix / "conda-meta" / f"{stem}.json").write_text("{}")


def link(prefix: Path, packages: int) -> None:
    """Write files for a while, in whatever folder there is."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    steps = packages * 40
    for step in range(steps):
        folder = prefix / "pkgs" / str(step % 7)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{step}.txt").write_text("linked\n")
        time.sleep(SETTINGS["seconds"] / steps)


def main(words: "list[str]") -> None:
    """Do what the words say."""
    if words == ["--version"]:
        print("conda 26.7.1")
    elif words[0] == "create":
        create(Path(words[words.index("-p") + 1]), Path(words[words.index("--file") + 1]))
    elif words[0] == "link":
        link(Path(words[1]), int(words[2]))
    elif words[:2] == ["env", "remove"]:
        os._exit(0)  # the caller finds that it is still there, and deletes it
    else:
        sys.exit(f"slow conda: unknown command {words}")


if __name__ == "__main__":
    main(sys.argv[1:])
