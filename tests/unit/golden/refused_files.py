"""Files and folders that are no sound models, and what an inspection says of each, word for word."""

from __future__ import annotations

import os
import shutil
import warnings
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py

from tests.unit.models import hostile, models
from tests.unit.models.test_file_contents import OTHER_FILES
from tests.unit.models.test_tfjs_model import BAD_DOCUMENTS, BAD_TEXTS
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model
from workflow.models.sniffing import sighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format

    Case = tuple[str, Callable[[Path], Path], tuple[Format, ...]]

FILE = "refused_files.json"
_FILES: tuple[Format, ...] = ("keras", "keras_keras", "tf_frozen_model", "tfjs_layers_model", "tfjs_graph_model")
_FOLDERS: tuple[Format, ...] = ("keras_saved_model", "tf_saved_model", "tf_hub")
_ALL = (*_FILES, *_FOLDERS)
_NO_CHANGES: Mapping[str, Any] = {}
_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)
_GRAPH_DEF = models.graph_def("Placeholder", "Const", "MatMul")


def all_refusals(scratch: Path) -> dict[str, Any]:
    """Return what is said of each file as each of the formats, or what an inspection finds; and what it looks like."""
    found: dict[str, Any] = {}
    for number, (name, make, kinds) in enumerate(_cases()):
        folder = scratch / str(number)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice
            path = make(folder)
        said: dict[str, str] = {kind: _outcome(path, kind).replace(str(folder), "FOLDER") for kind in kinds}
        seen = sighted(path)
        said["looks like"] = f"{', '.join(seen.formats)} {seen.why_not}".replace(str(folder), "FOLDER").strip()
        found[name] = said
        shutil.rmtree(folder)
    return found


def _outcome(path: Path, kind: Format) -> str:
    try:
        found = inspect_model(path, kind)
    except ModelFileError as refusal:
        return " | ".join(filter(None, (refusal.message, refusal.hint, refusal.details)))
    details = {key: value for key, value in found.details.items() if key != "weights_file_bytes"}
    return f"passes: {len(found.files)} files, {details} {' '.join(found.warnings)}".strip()


def _cases() -> Iterator[Case]:
    for ending in ("h5", "keras", "json", "pb"):
        for name, (content, _) in OTHER_FILES.items():
            yield f"{name} as .{ending}", partial(_written, f"m.{ending}", content), _FILES
    for name, (text, _) in BAD_TEXTS.items():
        yield f"JSON: {name}", partial(_written, "model.json", text), _LAYERS
    for name, (document, _) in BAD_DOCUMENTS.items():
        yield f"document: {name}", partial(models.write_model, document=document), _LAYERS
    yield from _of_hdf5()
    yield from _of_archives()
    yield from _of_saved_models()
    yield from _of_frozen_graphs()
    yield from _of_paths()


def _written(name: str, content: bytes, folder: Path) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _of_hdf5() -> Iterator[Case]:
    for name, (fill, _) in {**hostile.LEADING_OUT, **hostile.CLAIMING}.items():
        if name != "filter":  # the words are those of libhdf5
            yield f"HDF5: {name}", partial(_hostile, fill, hostile.as_hdf5), ("keras",)
            yield f"archive of HDF5: {name}", partial(_hostile, fill, hostile.as_archive), ("keras_keras",)
    for version in (None, "1.0.1", "2.1.6", "2.13.1", "3.0.0", "3.7.0", "4.0.0", "x"):
        yield f"HDF5 of Keras {version}", partial(_h5, version=version), ("keras",)
    for config in ("", "no json", "[1]", "null", '{"class_name": "Sequential"}', '{"class_name": 3, "config": {}}'):
        yield f"HDF5 of {config!r}", partial(_h5, config=config), ("keras",)
    for name, change in _CHANGES.items():
        yield f"HDF5 {name}", partial(_changed, change), ("keras",)
    yield "HDF5 that is sound", _h5, _FILES


def _hostile(fill: Any, put: Callable[[bytes, Path], tuple[Path, Format]], folder: Path) -> Path:
    return put(hostile.hdf5(fill, folder), folder)[0]


def _h5(folder: Path, **how: Any) -> Path:
    return models.write_h5(folder / "m.h5", **how)


def _changed(change: Callable[[Any], None], folder: Path) -> Path:
    path = _h5(folder)
    with h5py.File(path, "a") as file:
        change(file)
    return path


def _weights_only(file: Any) -> None:
    del file.attrs["model_config"]
    file.attrs["layer_names"] = [b"dense"]


def _nothing(file: Any) -> None:
    file.attrs.clear()
    file.clear()


def _data(file: Any) -> None:
    _nothing(file)
    file["states"] = file["more"] = [1, 2]


def _without(name: str, file: Any) -> None:
    del file[name]


def _names(names: list[bytes], file: Any) -> None:
    file["model_weights/dense"].attrs["weight_names"] = names


def _split(file: Any) -> None:
    attributes = file["model_weights/dense"].attrs
    del attributes["weight_names"]
    attributes["weight_names0"], attributes["weight_names1"] = [b"dense/kernel:0"], [b"dense/bias:0"]


def _text(file: Any) -> None:
    del file["model_weights/dense/dense/bias:0"]
    file["model_weights/dense/dense/bias:0"] = ["text"]


def _circle(file: Any) -> None:
    file["model_weights/loop"] = file["model_weights"]


_CHANGES: dict[str, Callable[[Any], None]] = {
    "without its configuration": _weights_only,
    "with nothing in it": _nothing,
    "of data": _data,
    "without weights": partial(_without, "model_weights"),
    "without one weight": partial(_without, "model_weights/dense/dense/bias:0"),
    "that names a weight that is not there": partial(_names, [b"dense/kernel:0", b"dense/other:0"]),
    "that names a weight twice": partial(_names, [b"dense/kernel:0", b"dense/kernel:0"]),
    "that names no weight": partial(_names, []),
    "with names in parts": _split,
    "with text for a weight": _text,
    "that holds itself": _circle,
}


def _of_archives() -> Iterator[Case]:
    kinds: tuple[Format, ...] = ("keras_keras",)
    for member in ("config", "metadata", "model"):
        yield f"archive without {member}", partial(_archive, changes={member: None}), kinds
    for member in ("config", "metadata"):
        for text in ("", "{", "[]", "3", "null", '{"class_name": 3}', '{"keras_version": 3}', "{}"):
            yield f"archive with the {member} {text!r}", partial(_archive, changes={member: text}), kinds
    for version in ("1.2", "2.12.0", "2.13.1", "3.0.0", "3.15.1", "4", "x"):
        yield f"archive of Keras {version}", partial(_archive, changes={"version": version}), kinds
    for name in ("../../evil", "/etc/evil", "assets/a:b", "evil.py", "config.json", "assets/words.txt"):
        yield f"archive with {name}", partial(_archive_with, name), kinds
    yield "archive of another name", lambda folder: _archive(folder).rename(folder / "m.zip"), (*kinds, "keras")
    yield "archive that is sound", _archive, _FILES


def _archive(folder: Path, changes: Mapping[str, Any] = _NO_CHANGES) -> Path:
    return models.write_archive(folder / "m.keras", **changes)


def _archive_with(name: str, folder: Path) -> Path:
    path = _archive(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    return path


def _of_saved_models() -> Iterator[Case]:
    for content in (b"", b"saved_model_schema_version: 1", b"\x08\x01", b"<html>", b"\xff\xff\xff"):
        yield f"SavedModel of {content!r}", partial(_saved, {"saved_model.pb": content}), _FOLDERS
    for name in ("variables.index", "variables.data-00000-of-00001"):
        yield f"SavedModel without {name}", partial(_saved, {f"variables/{name}": None}), _FOLDERS
    yield "SavedModel with notes", partial(_saved, {"keras_metadata.pb": b"notes"}), _ALL
    yield "SavedModel with empty notes", partial(_saved, {"keras_metadata.pb": b""}), _FOLDERS
    yield "SavedModel that is sound", partial(_saved, {}), _ALL
    yield "SavedModel one level below", lambda folder: _saved({}, folder).parent, _FOLDERS
    yield "SavedModel by its file", lambda folder: _saved({}, folder) / "saved_model.pb", _ALL
    yield "module of TensorFlow 1", partial(_written_below, "tfhub_module.pb", b"\x08\x03"), _FOLDERS
    for asset in ("vocabulary.txt", "../secret", "/etc/passwd", "a/../../b", ""):
        for collected in (False, True):
            make = partial(_with_asset, asset, collected)
            yield f"asset {asset!r} {collected}", make, ("tf_saved_model",)
    sound = models.graph_def("Placeholder", "Const")
    whole = b"\x08\x01" + models.field(2, models.field(2, sound))
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 3]) + whole[at + 1 :]
        yield f"SavedModel, byte {at}", partial(_saved, {"saved_model.pb": damaged}), ("tf_saved_model",)


def _with_asset(asset: str, collected: Any, folder: Path) -> Path:
    return hostile.saved_model(folder / "m", asset=asset, collected=bool(collected))


def _saved(changes: dict[str, bytes | None], folder: Path) -> Path:
    made = models.write_saved_model(folder / "00001")
    for name, content in changes.items():
        if content is None:
            (made / name).unlink()
        else:
            (made / name).write_bytes(content)
    return made


def _written_below(name: str, content: bytes, folder: Path) -> Path:
    return _written(name, content, folder).parent


def _of_frozen_graphs() -> Iterator[Case]:
    kinds: tuple[Format, ...] = ("tf_frozen_model",)
    yield "frozen graph", partial(_written, "f.pb", _GRAPH_DEF), _ALL
    for at in range(len(_GRAPH_DEF)):
        damaged = _GRAPH_DEF[:at] + bytes([_GRAPH_DEF[at] ^ 3]) + _GRAPH_DEF[at + 1 :]
        yield f"frozen graph, byte {at}", partial(_written, "f.pb", damaged), kinds
        yield f"frozen graph of {at} bytes", partial(_written, "f.pb", _GRAPH_DEF[:at]), kinds


def _of_paths() -> Iterator[Case]:
    yield "nothing there", lambda folder: _written("model1.h5", b"", folder).with_name("model.h5"), _ALL
    yield "no folder there", lambda folder: folder / "nowhere" / "model.h5", _ALL
    yield "an empty folder", lambda folder: folder, _ALL
    yield "a folder of files", partial(_written_below, "other.json", b"{}"), _ALL
    yield "a link to nothing", _dangling, _ALL
    yield "a name with a zero", lambda folder: folder / "a\0b.h5", _ALL
    if hasattr(os, "mkfifo"):
        yield "a pipe", _pipe, _FILES
    yield "a layers model by its folder", lambda folder: _web(models.layers_document(), folder), _ALL
    yield "a graph model by its folder", lambda folder: _web(models.graph_document(), folder), _ALL


def _dangling(folder: Path) -> Path:
    (folder / "m.h5").symlink_to(folder / "gone.h5")
    return folder / "m.h5"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "m.h5")
    return folder / "m.h5"


def _web(document: dict[str, Any], folder: Path) -> Path:
    return models.write_model(folder, document).parent
