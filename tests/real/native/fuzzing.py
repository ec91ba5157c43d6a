"""Damages models without end in a process of its own, which may crash, hang or run out of memory as a finding.

``python -m tests.real.native.fuzzing SECONDS PROGRESS MODEL...``: until the time is up, one of the models is damaged at
random and given to what reads it: its inspection and every native edge from it. Each seed is written to PROGRESS
before it is tried. Whatever is not a result, a ``DeclinedError`` or a ``WorkflowError`` ends with exit code 1.
"""

from __future__ import annotations

import faulthandler
import io
import json
import random
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.native.mutations import damage, damaged_bytes, damaged_json
from workflow.converters.native import EDGES, DeclinedError, NativeJob
from workflow.errors import WorkflowError
from workflow.events import Silent
from workflow.formats.hdf5 import library
from workflow.formats.inspection import inspect_model

if TYPE_CHECKING:
    from workflow.recipe.model import Format

LONGEST = 60  # seconds that one damaged model may take
MEMORY = 3 << 30
WISHES: dict[Format, tuple[dict[str, Any], ...]] = {
    "tfjs_layers_model": ({}, {"quantize_uint8": ["*"]}, {"weight_shard_size_bytes": 999, "metadata": {}}),
    "tfjs_graph_model": ({}, {"quantize_float16": ["*"]}, {"dequantize": True}),
    "keras": ({},),
    "keras_keras": ({},),
}


def format_of(model: Path) -> Format:
    """Return the format of an undamaged model, by its name and its content."""
    if model.is_dir():
        document = next(json.loads(file.read_text()) for file in sorted(model.glob("*.json")))
        return "tfjs_graph_model" if "node" in (document.get("modelTopology") or {}) else "tfjs_layers_model"
    return "keras_keras" if model.suffix == ".keras" else "keras"


def damaged(model: Path, scratch: Path, dice: random.Random) -> Path:
    """Return a damaged copy of a model."""
    copy = scratch / model.name
    if model.is_dir():
        shutil.copytree(model, copy, copy_function=shutil.copyfile)
        damage(copy, dice)
        return copy
    raw = model.read_bytes()
    if model.suffix == ".keras" and dice.random() < 0.5:
        copy.write_bytes(_with_damaged_member(raw, dice))
    elif b'"class_name"' in raw and dice.random() < 0.4:
        copy.write_bytes(_with_damaged_text(raw, dice))
    else:
        copy.write_bytes(damaged_bytes(raw, dice))
    return copy


def _with_damaged_member(raw: bytes, dice: random.Random) -> bytes:
    """Return an archive with valid sums around a damaged configuration or damaged weights."""
    result = io.BytesIO()
    chosen = dice.choice(("config.json", "model.weights.h5"))
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == chosen:
                content = damaged_json(content, dice) if name == "config.json" else damaged_bytes(content, dice)
            target.writestr(name, content)
    return result.getvalue()


def _with_damaged_text(raw: bytes, dice: random.Random) -> bytes:
    """Return an HDF5 file in whose texts, of unchanged length, some characters are others."""
    begin = raw.index(b'"class_name"')
    end = raw.index(b"\0", begin)
    content = bytearray(raw)
    for _ in range(dice.randint(1, 5)):
        content[dice.randrange(begin, end)] = dice.choice(b'0129"[]{},:-eN\0 \xff')
    return bytes(content)


def tried(source: Path, source_format: Format, scratch: Path, dice: random.Random) -> None:
    """Inspect a model and convert it in every way there is; raises what nobody may see."""
    with suppress(WorkflowError):
        inspect_model(source, source_format)
    for number, pair in enumerate(pair for pair in EDGES if pair[0] == source_format):
        options = dice.choice(WISHES[pair[1]])
        job = NativeJob(source, source_format, scratch / f"out{number}", pair[1], options, Silent())
        with suppress(WorkflowError, DeclinedError), np.errstate(all="ignore"):
            EDGES[pair](job)


def limit_memory() -> None:
    """Let allocations beyond any need fail here, where the system has such limits."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> int:
    """Damage and try until the time is up; the exit code says whether anything was found."""
    seconds, progress = float(sys.argv[1]), Path(sys.argv[2])
    models = [(Path(name), format_of(Path(name))) for name in sys.argv[3:]]
    library._SECONDS = 5.0
    limit_memory()
    end, count = time.monotonic() + seconds, 0
    seed = int(progress.read_text()) if progress.exists() else 0
    while time.monotonic() < end:
        seed, count = seed + 1, count + 1
        dice = random.Random(seed)
        model, source_format = dice.choice(models)
        progress.write_text(str(seed))
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                tried(damaged(model, Path(folder), dice), source_format, Path(folder), dice)
            except Exception:  # noqa: BLE001  the finding
                sys.stderr.write(f"seed {seed} on {model}\n{traceback.format_exc()}")
                return 1
    sys.stdout.write(f"{count} damaged models, up to seed {seed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
