"""Run by the converter environment's Python: hostile graphs, one for each line of JSON on standard input.

A request has ``name``, ``kind`` (frozen, saved_model, hub or place) and the scene's paths; the answer is a line with
the path of what was made, or with what went wrong.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the interpreter is an isolated one

from tests.real.safety.graph_ops import frozen, saved_model
from tests.real.safety.graph_places import PLACES

_KINDS = {"frozen": frozen, "saved_model": saved_model, "hub": saved_model}


def main() -> None:
    """Make what is asked for until nobody asks any more; whatever TensorFlow prints goes elsewhere."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            name = asked["name"]
            made = PLACES[name](asked) if asked["kind"] == "place" else _KINDS[asked["kind"]](name, asked)
            answer = {"path": made}
        except Exception as problem:  # noqa: BLE001  the host shows it
            answer = {"problem": repr(problem)[:2000]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
