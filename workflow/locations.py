"""Where the tool keeps things, and where its own project files are."""

from __future__ import annotations

import os
from pathlib import Path

_APP = "tfjs-workflow"


def home() -> Path:
    """Return the folder of environments and their state: ``$TFJS_WORKFLOW_HOME`` or the user's data folder."""
    chosen = os.environ.get("TFJS_WORKFLOW_HOME")
    if chosen:
        return Path(chosen).absolute()
    from platformdirs import user_data_path  # noqa: PLC0415  costs 20 ms that --help does not have

    return user_data_path(_APP, appauthor=False)


def cache() -> Path:
    """Return the folder of what can be fetched again; below ``$TFJS_WORKFLOW_HOME`` when that is set."""
    if os.environ.get("TFJS_WORKFLOW_HOME"):
        return home() / "cache"
    from platformdirs import user_cache_path  # noqa: PLC0415  as above

    return user_cache_path(_APP, appauthor=False)


def config_file() -> Path:
    """Return the path of the user's settings file, which need not exist."""
    if os.environ.get("TFJS_WORKFLOW_HOME"):
        return home() / "config.yml"
    from platformdirs import user_config_path  # noqa: PLC0415  as above

    return user_config_path(_APP, appauthor=False) / "config.yml"


def project_file(name: str) -> Path:
    """Return a file of the project's top level (``conda-lock.yml``, ``requirements``, ``recipes``).

    In a checkout that is the file itself; in an installed wheel the copy that the build put into the package.
    """
    package = Path(__file__).resolve().parent
    packaged = package / "_project" / name
    return packaged if packaged.exists() else package.parent / name
