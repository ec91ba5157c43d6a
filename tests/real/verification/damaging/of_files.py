"""Damages to HDF5 files, .keras archives and SavedModels."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests.real.verification.damaging.of_weights import chosen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ConfigChange = Callable[[dict[str, Any], Any], bool]
    FileChange = Callable[[Any, Any], bool]
    """Changes an open HDF5 file; False where it has nothing to change in that way."""

    Change = Callable[[Path, Any], bool]


def of_config(change: ConfigChange) -> FileChange:
    """Return what changes the configuration that an HDF5 file holds."""

    def hurt(file: Any, rng: Any) -> bool:
        config = json.loads(file.attrs["model_config"])
        if not change(config["config"], rng):
            return False
        file.attrs["model_config"] = json.dumps(config)
        return True

    return hurt


def _datasets(file: Any) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) and one.size > 1 else None)
    return sorted(name for name in names if file[name].dtype.kind == "f")


def _replaced(file: Any, name: str, values: Any) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values)
    file[name].attrs.update(attributes)


def _values(change: Callable[[Any, Any], Any]) -> FileChange:
    def hurt(file: Any, rng: Any) -> bool:
        name = chosen(_datasets(file), rng)
        before = file[name][()]
        after = change(before, rng)
        _replaced(file, name, after)
        return bool(after.shape != before.shape or (after != before).any())

    return hurt


def _one_value(values: Any, rng: Any, *, by: float) -> Any:
    flat = values.reshape(-1).copy()
    flat[int(rng.integers(flat.size))] += by * np.ptp(flat)
    return flat.reshape(values.shape)


def _turned(values: Any, _: Any) -> Any:
    return values.T.reshape(values.shape)


def _exchanged(file: Any, rng: Any) -> bool:
    names = _datasets(file)
    pairs = [
        (one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if file[one].shape == file[other].shape
    ]
    pair = chosen(pairs, rng)
    if pair is None:
        return False
    first, second = file[pair[0]][()], file[pair[1]][()]
    file[pair[0]][()], file[pair[1]][()] = second, first
    return bool((first != second).any())


def _lost(file: Any, rng: Any) -> bool:
    del file[chosen(_datasets(file), rng)]
    return True


def _names_exchanged(file: Any, rng: Any) -> bool:
    groups = [name for name, one in file["model_weights"].items() if len(one.attrs.get("weight_names", ())) > 1]
    group = file["model_weights"][chosen(groups, rng)]
    names = list(group.attrs["weight_names"])
    group.attrs["weight_names"] = [names[1], names[0], *names[2:]]
    return True


def _name_lost(file: Any, rng: Any) -> bool:
    groups = [name for name, one in file["model_weights"].items() if len(one.attrs.get("weight_names", ())) > 1]
    group = file["model_weights"][chosen(groups, rng)]
    group.attrs["weight_names"] = list(group.attrs["weight_names"])[:-1]
    return True


def _layers_turned(file: Any, _: Any) -> bool:
    names = list(file["model_weights"].attrs["layer_names"])
    file["model_weights"].attrs["layer_names"] = names[::-1]
    return True


def _layer_lost(file: Any, rng: Any) -> bool:
    weights = file["model_weights"]
    names = [one for one in weights.attrs["layer_names"] if len(weights[one].attrs.get("weight_names", ()))]
    lost = chosen(names, rng)
    weights.attrs["layer_names"] = [one for one in weights.attrs["layer_names"] if one != lost]
    return True


VALUES: dict[str, FileChange] = {
    "a weight is all zeros": _values(lambda values, _: np.zeros_like(values)),
    "a kernel is transposed": _values(_turned),
    "values are shuffled": _values(lambda values, rng: rng.permutation(values.reshape(-1)).reshape(values.shape)),
    "one value is far off": _values(lambda values, rng: _one_value(values, rng, by=0.8)),
    "one value is a little off": _values(lambda values, rng: _one_value(values, rng, by=0.02)),
    "all values are 5% larger": _values(lambda values, _: values * np.float32(1.05)),
    "values are of half floats": _values(lambda values, _: values.astype("float16")),
    "a weight lost its last row": _values(lambda values, _: values[:-1]),
    "two weights of one shape are exchanged": _exchanged,
    "a weight is lost": _lost,
}
HDF5: dict[str, FileChange] = {
    **VALUES,
    "two names of weights are exchanged": _names_exchanged,
    "a name of a weight is lost": _name_lost,
    "names of layers stand in reverse": _layers_turned,
    "a layer's weights are lost": _layer_lost,
}


def _compressed(file: Any, _: Any) -> bool:
    for name in _datasets(file):
        values, attributes = file[name][()], dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, data=values, compression="gzip", chunks=True)
        file[name].attrs.update(attributes)
    return True


def _doubles(file: Any, _: Any) -> bool:
    for name in _datasets(file):
        _replaced(file, name, file[name][()].astype("float64"))
    return True


def _untrained(file: Any, _: Any) -> bool:
    file.attrs["training_config"] = json.dumps(
        {"loss": "mse", "metrics": [], "optimizer_config": {"class_name": "SGD", "config": {}}}
    )
    return True


def _attribute(name: str, value: str) -> FileChange:
    def change(file: Any, _: Any) -> bool:
        file.attrs[name] = value
        return True

    return change


HARMLESS_HDF5: dict[str, FileChange] = {
    "data is compressed": _compressed,
    "data is of doubles": _doubles,
    "it was made to be trained": _untrained,
    "an attribute that nobody reads": _attribute("said", "by nobody"),
    "an earlier Keras wrote it": _attribute("keras_version", "2.12.0"),
}


def in_hdf5(change: FileChange) -> Change:
    def hurt(path: Path, rng: Any) -> bool:
        with h5py.File(path, "r+") as file:
            return change(file, rng)

    return hurt


def in_archive(change: FileChange | None = None, config: ConfigChange | None = None, **how: Any) -> Change:
    """Return what changes the weights or the configuration of a .keras archive, or how it is packed."""

    def hurt(path: Path, rng: Any) -> bool:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        done = True
        if change is not None:
            buffer = io.BytesIO(files["model.weights.h5"])
            with h5py.File(buffer, "r+") as file:
                done = change(file, rng)
            files["model.weights.h5"] = buffer.getvalue()
        if config is not None:
            document = json.loads(files["config.json"])
            done = config(document["config"], rng)
            files["config.json"] = json.dumps(document).encode()
        if "date" in how:
            files["metadata.json"] = json.dumps(
                json.loads(files["metadata.json"]) | {"date_saved": how["date"]}
            ).encode()
        if how.get("turned"):
            files = dict(reversed(files.items()))
        with zipfile.ZipFile(path, "w", how.get("packed", zipfile.ZIP_STORED)) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return done

    return hurt


HARMLESS_ARCHIVE: dict[str, Change] = {
    "files are compressed": in_archive(packed=zipfile.ZIP_DEFLATED),
    "files stand in another order": in_archive(turned=True),
    "it was saved on another day": in_archive(date="2020-02-02@02:02:02"),
}


def _bytes(name: str, change: Callable[[bytearray, Any], Any]) -> Change:
    def hurt(folder: Path, rng: Any) -> bool:
        file = folder / name
        if not file.exists():
            return False
        content = bytearray(file.read_bytes())
        after = bytes(change(content, rng) or content)
        done = after != file.read_bytes()
        file.write_bytes(after)
        return done

    return hurt


def _zeroed(content: bytearray, rng: Any) -> None:
    begin = int(rng.integers(len(content) // 4)) * 4
    content[begin : begin + 64] = bytes(len(content[begin : begin + 64]))


def _flipped(content: bytearray, rng: Any) -> None:
    content[int(rng.integers(len(content) // 4)) * 4 + 3] ^= 0x80


def _moved(content: bytearray, _: Any) -> bytes:
    return bytes(content[4:] + content[:4])


def _shuffled(content: bytearray, rng: Any) -> bytes:
    return bytes(rng.permutation(np.frombuffer(bytes(content), np.uint32)).tobytes()) if len(content) % 4 == 0 else b""


DATA, INDEX = "variables/variables.data-00000-of-00001", "variables/variables.index"


def _in_graph(before: bytes, after: bytes) -> Change:
    return _bytes("saved_model.pb", lambda content, _: bytes(content).replace(before, after))


SAVED: dict[str, Change] = {
    "64 bytes of the variables are zeros": _bytes(DATA, _zeroed),
    "a sign is the other": _bytes(DATA, _flipped),
    "the variables are one number further": _bytes(DATA, _moved),
    "the variables are shuffled": _bytes(DATA, _shuffled),
    "the variables are cut off": _bytes(DATA, lambda content, _: bytes(content[:-40])),
    "the index of the variables is cut off": _bytes(INDEX, lambda content, _: bytes(content[: len(content) // 2])),
    "the graph is cut off": _bytes("saved_model.pb", lambda content, _: bytes(content[: len(content) // 2])),
    "tanh is atan": _in_graph(b"Tanh", b"Atan"),
    "relu is selu": _in_graph(b"\x04Relu", b"\x04Selu"),
    "same is valid": _in_graph(b"\x04SAME", b"\x05VALID"),
    "a softmax is none": _in_graph(b"\x07Softmax", b"\x08Softplus"),
    "an output has another name": _in_graph(b"classes", b"classed"),
    "an input has another name": _in_graph(b"words", b"worts"),
}


def _without(name: str) -> Change:
    def hurt(folder: Path, _: Any) -> bool:
        there = (folder / name).exists()
        (folder / name).unlink(missing_ok=True)
        return there

    return hurt


def _with(name: str, content: str) -> Change:
    def hurt(folder: Path, _: Any) -> bool:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
        return True

    return hurt


HARMLESS_SAVED: dict[str, Change] = {
    "no fingerprint": _without("fingerprint.pb"),
    "no metadata of Keras": _without("keras_metadata.pb"),
    "a file beside it": _with("notes.txt", "labels: one, two"),
    "an asset that nobody reads": _with("assets.extra/labels.txt", "one\ntwo"),
}
