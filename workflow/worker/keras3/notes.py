"""What a SavedModel's signature loses, kept beside it: the order of inputs and outputs, and the names of all layers."""

from __future__ import annotations

import json
import os
from typing import Any, Dict

FILE = "tfjs_workflow_notes.json"


def write(folder: str, notes: Dict[str, Any]) -> None:
    """Leave ``inputs``, ``outputs``, ``layers`` (names) and ``structured`` (a dictionary answers) in the folder."""
    with open(os.path.join(folder, FILE), "w", encoding="utf-8") as file:
        json.dump(notes, file)


def read(folder: str) -> Dict[str, Any]:
    """Return the notes in the folder, empty where there are none."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            notes = json.load(file)
    except (OSError, ValueError):
        return {}  # only names depend on it
    return notes if isinstance(notes, dict) else {}
