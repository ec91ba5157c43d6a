"""Damaged copies of models of every format, from a seed."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzzing.hdf5 import damaged_bytes, damaged_hdf5
from tests.fuzzing.trees import damaged_json
from tests.fuzzing.wire import damaged_message

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from workflow.catalogue.formats import Format

_RAW = 0.15
"""The share of damage that knows nothing of the format."""


def format_of(model: Path) -> Format:
    """Return the format of an undamaged model, by its name and its content."""
    if model.is_dir() and (model / "saved_model.pb").is_file():
        return "keras_saved_model" if (model / "keras_metadata.pb").is_file() else "tf_saved_model"
    if model.is_dir() or model.suffix == ".json":
        document = json.loads(json_of(model).read_bytes())
        return "tfjs_graph_model" if "node" in (document.get("modelTopology") or {}) else "tfjs_layers_model"
    return {".keras": "keras_keras", ".pb": "tf_frozen_model"}.get(model.suffix, "keras")  # type: ignore[return-value]


def json_of(model: Path) -> Path:
    """Return the model.json of a TensorFlow.js model, whatever it is called."""
    if not model.is_dir():
        return model
    return next(file for file in sorted(model.glob("*.json")) if b"weightsManifest" in file.read_bytes())


def damaged(model: Path, folder: Path, dice: random.Random) -> Path:
    """Return a damaged copy of a model below ``folder``; one of TensorFlow.js has its description in model.json."""
    kind = format_of(model)
    copied = folder / ("model" + (model.suffix if kind in ("keras", "keras_keras", "tf_frozen_model") else ""))
    if not kind.startswith("tfjs_"):
        (shutil.copytree if model.is_dir() else shutil.copyfile)(model, copied)
    else:
        _copied(json_of(model), copied)
    _DAMAGES[kind](copied, dice)
    return copied


def _copied(description: Path, target: Path) -> None:
    target.mkdir()
    for file in sorted(description.parent.iterdir()):
        if file.is_file():
            shutil.copyfile(file, target / ("model.json" if file == description else file.name))


def _tfjs(folder: Path, dice: random.Random) -> None:
    if dice.random() < 0.85:
        file = folder / "model.json"
        file.write_bytes(damaged_json(file.read_bytes(), dice))
    else:
        _a_file([file for file in sorted(folder.iterdir()) if file.name != "model.json"], dice)


def _hdf5(file: Path, dice: random.Random) -> None:
    if dice.random() < _RAW:
        file.write_bytes(damaged_bytes(file.read_bytes(), dice))
    else:
        damaged_hdf5(file, dice)


def _archive(file: Path, dice: random.Random) -> None:
    raw = file.read_bytes()
    if dice.random() < _RAW:
        file.write_bytes(damaged_bytes(raw, dice))
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    name = dice.choice([name for name in ("config.json", "config.json", "metadata.json", *members) if name in members])
    act = dice.random()
    if act < 0.05:
        del members[name]
    elif act < 0.1:
        members[f"{name}{dice.choice(['_', '/x', '/'])}"] = members[name]
    elif name.endswith(".json"):
        members[name] = damaged_json(members[name], dice)
    elif name.endswith(".h5") and dice.random() < 0.7:
        members[name] = _damaged_member(members[name], dice)
    else:
        members[name] = damaged_bytes(members[name], dice)
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", dice.choice([0, 8])) as target:
        warnings.simplefilter("ignore")
        for named, content in members.items():
            target.writestr(named, content)


def _damaged_member(content: bytes, dice: random.Random) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "m.h5"
        file.write_bytes(content)
        damaged_hdf5(file, dice)
        return file.read_bytes()


def _saved_model(folder: Path, dice: random.Random) -> None:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    messages = [file for file in files if file.suffix == ".pb"]
    if dice.random() < 0.75:
        _message(dice.choice(messages), dice)
    else:
        _a_file(files, dice)


def _message(file: Path, dice: random.Random) -> None:
    raw = file.read_bytes()
    file.write_bytes(damaged_bytes(raw, dice) if dice.random() < _RAW else damaged_message(raw, dice))


def _a_file(files: list[Path], dice: random.Random) -> None:
    """Damage the bytes of one file, or take it away, or put a folder or nothing in its place."""
    if not files:
        return
    file = dice.choice(files)
    raw = file.read_bytes()
    act = dice.randrange(6)
    if act == 0:
        file.unlink()
    elif act == 1:
        file.unlink()
        file.mkdir()
    elif act == 2:
        file.write_bytes(raw[: dice.randrange(len(raw) + 1)])
    elif act == 3:
        file.write_bytes(raw + dice.randbytes(dice.randint(1, 9)))
    else:
        file.write_bytes(damaged_bytes(raw, dice))


_DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "tfjs_layers_model": _tfjs,
    "tfjs_graph_model": _tfjs,
    "keras": _hdf5,
    "keras_keras": _archive,
    "keras_saved_model": _saved_model,
    "tf_saved_model": _saved_model,
    "tf_frozen_model": _message,
}
