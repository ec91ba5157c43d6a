""".keras archives of Keras 2.12 and 2.13, whose weights lie elsewhere than the converter's Keras 2.15 looks.

They are stored by the checkpoint's list of layers, in which a layer with weights stands twice, and so counts twice.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from typing import Any, Iterator, Tuple

_WEIGHTS = "model.weights.h5"
_OLDER = "_layer_checkpoint_dependencies"


def is_older(path: str) -> bool:
    """Say whether the archive has the older layout; False as well where it holds no weights to tell by."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        if _WEIGHTS not in archive.namelist():
            return False
        with archive.open(_WEIGHTS) as packed, h5py.File(io.BytesIO(packed.read()), "r") as file:
            found: "list[str]" = []
            file.visit(lambda name: found.append(name) if name.endswith(_OLDER) else None)
            return bool(found)


@contextlib.contextmanager
def older_layout() -> Iterator[None]:
    """Make the converter's Keras look for weights where the older Keras put them."""
    from tf_keras.src.saving import saving_lib

    theirs = saving_lib._walk_trackable, saving_lib._load_container_state  # noqa: SLF001
    saving_lib._walk_trackable, saving_lib._load_container_state = _walk, _load_container  # noqa: SLF001
    try:
        yield
    finally:
        saving_lib._walk_trackable, saving_lib._load_container_state = theirs  # noqa: SLF001


def _walk(trackable: Any) -> Iterator[Tuple[str, Any]]:
    """Yield what an object holds in the order of the older Keras, which meets the list of layers first."""
    from tf_keras.src.saving import saving_lib

    skipped = saving_lib.ATTR_SKIPLIST - {_OLDER}
    for name in dir(trackable):
        if name.startswith("__") or name in skipped:
            continue
        try:
            value = getattr(trackable, name)
        except Exception:  # noqa: S112  properties of layers raise whatever they like
            continue
        yield name, value


def _load_container(container: Any, *stores: Any, inner_path: str, **settings: Any) -> None:
    from tf_keras.src.saving import saving_lib
    from tf_keras.src.utils import generic_utils

    used: "dict[str, int]" = {}
    for item in container.values() if isinstance(container, dict) else container:
        if not saving_lib._is_keras_trackable(item):  # noqa: SLF001
            continue
        name = generic_utils.to_snake_case(type(item).__name__)
        number = used[name] = used.get(name, -1) + 1
        place = os.path.join(inner_path, f"{name}_{number}" if number else name).replace(os.sep, "/")
        saving_lib._load_state(item, *stores, inner_path=place, **settings)  # noqa: SLF001
