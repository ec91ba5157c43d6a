"""What a model may point at and claim, by the rules that host and worker share: one entry for each branch."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING, Any

from workflow.worker.shared import containment_rules as rules
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from pathlib import Path


def all_claims(scratch: Path) -> dict[str, Any]:
    """Return what is said of each."""
    free = rules.FREE
    return {
        "claims": {
            f"{claimed} of {held} {packed}": rules.claim_fault("it", claimed, held=held, is_packed=packed)
            for claimed, held in (
                (0, 0),
                (free, 0),
                (free + 1, 0),
                (free * 2, free // 25),
                (free * 2 + 1, free // 25),
                (5, 5),
                (6, 5),
            )
            for packed in (True, False)
        },
        "in words": [
            rules.in_words(count) for count in (0, 999, 1000, 999_949, 10**6, 10**9, 10**12, 10**15, 10**18, 10**22)
        ],
        "paths": {name: [rules.why_outside(name), rules.is_below(name), rules.is_asset(name)] for name in _PATHS},
        "members": {
            name: rules.member_fault(members, "m.keras", held=held) for name, (members, held) in _members().items()
        },
        "folder": _folders(scratch),
        "kernels": [
            kernels.report({}),
            kernels.report({"wasm": {"Einsum": []}}),
            kernels.report({name: {"A": [], "B": []} for name in kernels.BACKENDS}),
        ],
    }


_PATHS = (
    "",
    "a",
    "a/b",
    "/a",
    "../a",
    "a/../b",
    "a\\b",
    "..\\a",
    "C:\\a",
    "C:a",
    "\\\\h\\s\\a",
    "http://a",
    "a\0b",
    "a:b",
    "..a",
    ".",
)


def _members() -> dict[str, tuple[list[zipfile.ZipInfo], int]]:
    def member(
        name: str = "config.json", size: int = 1, packed: int = 1, bits: int = 0, mode: int = 0
    ) -> zipfile.ZipInfo:
        made = zipfile.ZipInfo()
        made.filename, made.file_size, made.compress_size = name, size, packed
        made.flag_bits, made.external_attr = bits, mode << 16
        return made

    names = ("config.json", "metadata.json", "model.weights.h5", "assets/a", "assets/../a", "a.py", "assets\\a", "c:a")
    largest = rules.LARGEST_JSON
    return {
        **{f"called {name}": ([member(name)], 10) for name in names},
        "twice": ([member(), member()], 10),
        "a link": ([member(mode=0o120777)], 10),
        "encrypted": ([member(bits=1)], 10),
        "a flag": ([member(bits=8)], 10),
        "large": ([member(size=largest)], largest),
        "too large": ([member(size=largest + 1)], largest),
        "a large asset": ([member("assets/a.json", size=largest + 1)], largest),
        "as long as the file": ([member(packed=10)], 10),
        "beyond the file": ([member(packed=11)], 10),
        "side by side": ([member(packed=5), member("metadata.json", packed=5)], 10),
        "on top of each other": ([member(packed=5), member("metadata.json", packed=6)], 10),
        "zeros": ([member("assets/a", size=rules.FREE), member("model.weights.h5", size=1)], 10),
        "many members": ([member(f"assets/{number}") for number in range(10_000)], 10_000),
        "too many members": ([member(f"assets/{number}") for number in range(10_001)], 10_001),
    }


def _folders(scratch: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    model = scratch / "model"
    (model / "variables").mkdir(parents=True)
    (model / "variables" / "a").touch()
    (model / "inside").symlink_to("variables/a")
    found["sound"] = rules.folder_fault(str(model))
    (scratch / "link").symlink_to(model)
    found["by a link"] = rules.folder_fault(str(scratch / "link"))
    for name, target in (("beside", scratch / "model2"), ("out", scratch), ("nowhere", model / "gone")):
        (model / "variables" / name).symlink_to(target)
        found[name] = rules.folder_fault(str(model))
        (model / "variables" / name).unlink()
    os.mkfifo(model / "pipe")
    found["a pipe"] = rules.folder_fault(str(model))
    return found
