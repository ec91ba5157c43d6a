"""Where the tool keeps things, and where its own project files are."""

from __future__ import annotations

import os
from pathlib import Path

from workflow.base.errors import StorageError

_APP = "tfjs-workflow"


def home() -> Path:
    """Return the folder of environments and their state: ``$TFJS_WORKFLOW_HOME`` or the user's data folder.

    Raises StorageError for a user who has no home.
    """
    chosen = os.environ.get("TFJS_WORKFLOW_HOME")
    if chosen:
        return Path(chosen).absolute()
    return _of_the_user("user_data_path")


def cache() -> Path:
    """Return the folder of what can be fetched again; below ``$TFJS_WORKFLOW_HOME`` when that is set."""
    if os.environ.get("TFJS_WORKFLOW_HOME"):
        return home() / "cache"
    return _of_the_user("user_cache_path")


def config_file() -> Path:
    """Return the path of the user's settings file, which need not exist."""
    if os.environ.get("TFJS_WORKFLOW_HOME"):
        return home() / "config.yml"
    return _of_the_user("user_config_path") / "config.yml"


def users_home() -> Path:
    """Return the user's home folder; where nothing tells one, a path below which nothing is.

    A relative HOME is none: what lies in the current folder is not the user's.
    """
    try:
        found = Path.home()
    except RuntimeError:
        return Path(os.devnull)
    return found if found.is_absolute() else Path(os.devnull)


def _of_the_user(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415  costs 20 ms that --help does not have

    try:
        found: Path = getattr(platformdirs, kind)(_APP, appauthor=False)
    except RuntimeError as error:
        raise StorageError(
            "there is no folder for the tool's own files: HOME names none, and the system knows no home of this user",
            hint="set TFJS_WORKFLOW_HOME (or HOME) to a folder that can be written",
        ) from error
    return found


def project_file(name: str) -> Path:
    """Return a file of the project's top level (``conda-lock.yml``, ``requirements``, ``recipes``).

    In a checkout that is the file itself; in an installed wheel the copy that the build put into the package.
    """
    package = Path(__file__).resolve().parent.parent
    packaged = package / "_project" / name
    return packaged if packaged.exists() else package.parent / name
