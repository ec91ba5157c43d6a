"""Names that would move the cursor, name a window, turn text round or forge a line, wherever a message shows one."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import h5py

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import archive, entry, functional, hdf5, layer, layers_model, of_layer, relu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene

_TITLE = "\x1b]0;evil\x07"
_CLEAR = "\x1b[2J\x1b[H"
_ONE_BYTE = "\x9b2J"
_OVER = "bad\rgood: all is well      "
_ROUND = "\u202egnp.exe\u2066"
_LINK = "\x1b]8;;http://127.0.0.1/\x07here\x1b]8;;\x07"
_LINE = "a\u2028error: none"
_NOTHING = "a\x00b\x08\x08\x7f"


def _class(text: str) -> Json:
    return functional([entry(), layer(f"No{text}Such", {}, of_layer()), relu(LAYER)])


def _named(text: str) -> Json:
    return functional([entry(), layer("NoSuch", {}, of_layer(), name=f"a{text}"), relu(f"a{text}")])


def _weights(text: str, scene: Scene) -> Path:
    manifest = [{"paths": ["w.bin"], "weights": [{"name": f"w{text}", "shape": [7], "dtype": "float32"}]}]
    folder = layers_model(scene, functional([entry(), relu()]), weightsManifest=manifest)
    (folder / "w.bin").write_bytes(bytes(4))
    return folder


def _shard(text: str, scene: Scene) -> Path:
    manifest = [{"paths": [f"w{text}.bin"], "weights": [{"name": "w", "shape": [7], "dtype": "float32"}]}]
    return layers_model(scene, functional([entry(), relu()]), weightsManifest=manifest)


def _version(text: str, scene: Scene) -> Path:
    return hdf5(scene, _class(""), version=f"1.0{text.replace(chr(0), '')}")


def _hdf5_names(text: str, scene: Scene) -> Path:
    path = hdf5(scene, functional([entry(), relu()]))
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        group.attrs["layer_names"] = [f"a{text}".encode()]
    return path


def _config_text(text: str, scene: Scene) -> Path:
    return archive(scene, f"{{{text}".encode())


def _member(text: str, scene: Scene) -> Path:
    path = scene.here / "model.keras"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(f"a{text}", b"x")
    return path


def _graph(text: str, scene: Scene) -> Path:
    folder = scene.here / "model"
    folder.mkdir()
    node = {"name": f"a{text}", "op": f"No{text}Op", "input": [f"b{text}"], "attr": {}}
    content = {"format": "graph-model", "modelTopology": {"node": [node]}, "weightsManifest": []}
    (folder / "model.json").write_text(json.dumps(content))
    return folder


def _recipe(make: Callable[[str], str], text: str, scene: Scene) -> Path:
    path = scene.here / "recipe.yml"
    path.write_text(make(json.dumps(text)))
    return path


def _attack(name: str, form: str, make: Callable[[Scene], Path]) -> Attack:
    return Attack(f"screen-{name}", form, make, names=("",), harmless=True)


ATTACKS = [
    _attack("class-of-layer", "layers", lambda s: layers_model(s, _class(_TITLE))),
    _attack("class-in-h5", "h5", lambda s: hdf5(s, _class(_CLEAR))),
    _attack("class-in-archive", "keras", lambda s: archive(s, _class(_ROUND))),
    _attack("name-of-layer", "layers", lambda s: layers_model(s, _named(_OVER))),
    _attack("name-in-h5", "h5", lambda s: hdf5(s, _named(_LINK))),
    _attack("name-of-weight", "layers", partial(_weights, _ONE_BYTE)),
    _attack("name-of-shard", "layers", partial(_shard, _LINE)),
    _attack("version", "h5", partial(_version, _TITLE)),
    _attack("hdf5-names", "h5", partial(_hdf5_names, _CLEAR)),
    _attack("config-that-is-no-json", "keras", partial(_config_text, _TITLE)),
    _attack("member", "keras", partial(_member, _CLEAR)),
    _attack("op", "graph_model", partial(_graph, _TITLE)),
    _attack("op-turned-round", "graph_model", partial(_graph, _ROUND)),
    _attack("key-of-recipe", "recipe", partial(_recipe, lambda t: f"{t}: 1\nsteps: []\n", _TITLE)),
    _attack("input-of-recipe", "recipe", partial(
        _recipe, lambda t: f"steps:\n  - shard: {{input: {t}, output: o, shard_size: 1kB}}\n", _CLEAR)),
    _attack("name-of-recipe", "recipe", partial(
        _recipe, lambda t: f"name: {t}\nsteps:\n  - shard: {{input: a, output: o, shard_size: 1kB}}\n", _NOTHING)),
]  # fmt: skip
