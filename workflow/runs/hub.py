"""Modules of TensorFlow Hub by their handles: fetched here, unpacked, and kept where tensorflow_hub keeps its own.

A handle is an https address that answers with an archive when ``tf-hub-format=compressed`` is asked for. The folder of
a module is named by the sha1 of its handle, below ``TFHUB_CACHE_DIR`` or else in the tool's own cache, so that what
tensorflow_hub has fetched before is found. Its lock files are left to it: the one here has a name of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from workflow.base import locations, wording
from workflow.base.download.transfer import Transfer
from workflow.base.errors import DownloadError, ModelFileError
from workflow.base.storage import remove, storing, sync_artifact
from workflow.models.file_contents import recognise
from workflow.recipe.recipes import MOST_FETCHED
from workflow.runs.unpacking import Room, UnpackError, unpack

if TYPE_CHECKING:
    from workflow.base.events import Listener

_VARIABLE = "TFHUB_CACHE_DIR"
_COMPRESSED = ("tf-hub-format", "compressed")
_SCHEMES = ("https", "http")
_MODULES = ("saved_model.pb", "saved_model.pbtxt", "tfhub_module.pb")
_TELLING = ("html", "lfs", "empty", "json")
_STAGED = ".tfjs-workflow.tmp"
_BY_HAND = "fetch the module yourself and give its folder as the input, with `from: tf_hub`"
_HINT = f"see whether this machine reaches it (a proxy is read from HTTPS_PROXY), or {_BY_HAND}"


def provide(handle: str, listener: Listener) -> Path:
    """Return the folder of a module, fetched if it is not in the cache.

    Raises ``ModelFileError`` when the handle cannot be one, ``DownloadError`` or ``StorageError``.
    """
    scheme, separator, _ = handle.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise ModelFileError(
            f"{wording.address_text(handle)} is neither a folder nor the address of a module",
            hint=f"the address of a module begins with https://; else {_BY_HAND}",
        )
    folder = _cache() / _named(handle)
    if _is_there(folder):
        listener.say(f"{wording.address_text(handle)} is in the cache")
        return folder
    from workflow.runs.fetching import held  # noqa: PLC0415  its lock costs 50 ms that a module in the cache does not

    with held(folder.with_name(f"{folder.name}.tfjs-workflow.lock"), listener, what="module"):
        if not _is_there(folder):  # another run may have fetched it meanwhile
            _fetch(handle, folder, listener)
    return folder


def archive_address(handle: str) -> str:
    """Return the address of a module's archive, as tensorflow_hub asks for it."""
    try:
        parts = urlsplit(handle)
    except ValueError:
        return handle  # opening it says what is wrong with it
    query = [*parse_qsl(parts.query), _COMPRESSED]
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))


def _named(handle: str) -> str:
    """Return the name of a module's folder; a password is no part of what it says."""
    scheme, _, rest = handle.partition("://")
    authority, slash, path = rest.partition("/")
    bare = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    return hashlib.sha1(bare.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()


def _cache() -> Path:
    named = os.environ.get(_VARIABLE, "")
    if "://" in named or (Path(named).exists() and not Path(named).is_dir()):
        raise ModelFileError(
            f"{_VARIABLE} is {wording.address_text(named)}, which is no folder of this machine",
            hint=f"unset {_VARIABLE}, or set it to a folder",
        )
    return Path(named).absolute() if named else locations.cache() / "tfhub_modules"


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _fetch(handle: str, folder: Path, listener: Listener) -> None:
    """Put the module at ``folder``, whole or not at all; the lock of it is held."""
    shown = wording.address_text(handle)
    part = folder.with_name(f"{folder.name}.part")
    staged = folder.with_name(f"{folder.name}{_STAGED}")

    def on_progress(done: int, total: int) -> None:
        listener.advance(shown, done, total)

    transfer = Transfer(archive_address(handle), part, MOST_FETCHED, on_progress, is_checked=False)
    listener.say(f"fetching {shown}")
    transfer.complete(listener)
    try:
        with storing(staged):
            remove(staged)  # of a run that was killed
            staged.mkdir()
        unpack(part, staged, room=Room(MOST_FETCHED))
        _require_module(staged)
        with storing(folder):
            sync_artifact(staged)
            _make_way(folder)
            staged.rename(folder)
    except UnpackError as error:
        content = recognise(part)
        what = content.phrase if content.name in _TELLING else str(error)
        raise DownloadError(f"what {shown} answers with is no module: {what}", hint=_HINT) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        transfer.discard()


def _require_module(folder: Path) -> None:
    if not any((folder / name).is_file() for name in _MODULES):
        raise UnpackError(f"it has neither {', '.join(_MODULES[:-1])} nor {_MODULES[-1]}")


def _make_way(folder: Path) -> None:
    """Remove what stands where the module goes, which is an empty folder at most."""
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
