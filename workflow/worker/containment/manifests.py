"""Models of TensorFlow.js before their weights are read: the files lie in the model's own folder."""

from __future__ import annotations

import json
import os
import stat
from typing import Any, Iterator

from ..shared import containment_rules as rules
from . import bounds


def require_contained(path: str) -> int:
    """Return the bytes of all weight files of a model.json or its folder; raises ``JobError`` (leads_out).

    What is missing is the loader's to tell.
    """
    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    try:
        with open(file, encoding="utf-8") as text:
            document = json.load(text)
    except (OSError, ValueError):
        return 0
    root, total = os.path.dirname(os.path.realpath(file)), 0
    for name in _paths(document):
        if not isinstance(name, str) or not rules.is_below(name):
            raise bounds.leads_out(f"the weight file {name!r} is not in the folder of the model")
        place = os.path.join(root, name)
        if not os.path.realpath(place).startswith(root.rstrip(os.sep) + os.sep):
            raise bounds.leads_out(f"the weight file {name!r} is a link that leads out of the folder of the model")
        if os.path.exists(place):
            if not stat.S_ISREG(os.stat(place).st_mode):
                raise bounds.leads_out(f"the weight file {name!r} is no regular file")
            total += os.path.getsize(place)
    return total


def _paths(document: Any) -> Iterator[Any]:
    manifest = document.get("weightsManifest") if isinstance(document, dict) else None
    for group in manifest if isinstance(manifest, list) else ():
        paths = group.get("paths") if isinstance(group, dict) else None
        yield from paths if isinstance(paths, list) else ()
