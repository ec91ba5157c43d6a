"""Stands in for the tool in the tests of orphans: starts a runtime, says so, and stays until it is killed."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from workflow.verification import runtimes
from workflow.verification.requests import NotRun, RunRequest


def main(name: str, model: str, inputs: str) -> None:
    runtime = runtimes.make(name)
    if isinstance(runtime, NotRun) or runtime.missing() is not None:
        sys.exit(3)
    if model:
        outputs = Path(inputs).parent / "outputs"
        request = RunRequest(Path(model), "tfjs_graph_model", Path(inputs), outputs, name, "cpu", timeout=600)
        threading.Thread(target=runtime.run, args=(request,), daemon=True).start()
        time.sleep(2)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
