"""Stands in for Node.js: says its version, installs packages as npm would, and runs as a script of a runtime.

What it does is in the variable STAND_IN: how npm ends, and what the runtime's script says of itself.
"""

from __future__ import annotations

import array
import json
import os
import sys
from pathlib import Path

PACKAGES = ("core", "layers", "converter", "backend-cpu", "backend-wasm", "backend-webgl", "backend-webgpu")
MANNER = json.loads(os.environ.get("STAND_IN", "{}"))


def install() -> int:
    """Make the files that the packages have, in the current folder, or fail as npm does."""
    notifiers = [os.environ.get(name, "") for name in ("NO_UPDATE_NOTIFIER", "npm_config_update_notifier")]
    sys.stdout.write(f"npm {' '.join(sys.argv[3:])} {' '.join(notifiers)}\n")
    if MANNER.get("npm"):
        sys.stdout.write(MANNER["npm"] + "\n")
        return 1
    for name in PACKAGES:
        if name == MANNER.get("without"):
            continue
        package = Path("node_modules", "@tensorflow", f"tfjs-{name}")
        (package / "dist").mkdir(parents=True)
        for file in ("package.json", f"dist/tf-{name}.node.js", f"dist/tf-{name}.min.js", "dist/tfjs.wasm"):
            (package / file).write_text(name)
    Path("node_modules", "playwright-core").mkdir()
    Path("node_modules", "playwright-core", "index.js").write_text("drives browsers")
    return 0


def say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def script() -> int:
    """Answer each request with its inputs doubled, as outputs."""
    if MANNER.get("broken"):
        say({"event": "broken", "message": MANNER["broken"]})
        return 1
    say({"event": "ready", "versions": {"tfjs": "4.22.0"}, "abilities": MANNER.get("abilities", {}), "argv": sys.argv})
    for line in sys.stdin:
        request = json.loads(line)
        tensors = json.loads(Path(request["inputs"], "tensors.json").read_text())
        Path(request["outputs"]).mkdir(parents=True)
        for file in Path(request["inputs"]).glob("*.bin"):
            numbers = array.array("f", file.read_bytes())
            Path(request["outputs"], file.name).write_bytes(array.array("f", [2 * each for each in numbers]).tobytes())
        Path(request["outputs"], "tensors.json").write_text(json.dumps(tensors))
        told = {"inputs": [], "outputs": [], "timings": {"load_ms": 1.0}, "facts": {"asked": request}}
        say({"id": request["id"], "backend": request["backend"], **told})
    return 0


def main() -> int:
    """Do what the first argument says."""
    if sys.argv[1] == "-e":
        say(["20.1.0", os.environ["SELF"]])
        return 0
    return install() if Path(sys.argv[1]).name == "tethered.mjs" else script()


if __name__ == "__main__":
    sys.exit(main())
