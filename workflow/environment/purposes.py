"""What environments are for, told by their names: ``keras3`` is for files of Keras 3, every other for the converter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.base.errors import UsageError
from workflow.base.records import Record
from workflow.environment.model import KERAS3_NAME

if TYPE_CHECKING:
    from workflow.environment.managers.base import ManagerName
    from workflow.environment.model import Wishes
    from workflow.environment.settings import Circumstances


class Purpose(Record):
    """A sort of environment: its locks and profiles, who can make it, and what one must know of it.

    ``lock`` is a pattern with the platform's name. ``program`` is what a complete environment has beside its Python.
    """

    lock: str
    uses_conda_lock: bool
    profiles: tuple[str, ...]
    managers: tuple[ManagerName, ...]
    interpreter: str
    program: str
    download: str
    announcement: str = ""
    trial: tuple[str, ...] = ()


CONVERTER = Purpose(
    lock="tfjs-{platform}.txt",
    uses_conda_lock=True,
    profiles=("full", "lean"),
    managers=("micromamba", "mamba", "conda", "embedded", "python", "python-nearby"),
    interpreter="micromamba, or a CPython 3.8 (pyenv and uv can)",
    program="tensorflowjs_converter",
    download="0.7 GB",
    trial=("tensorflowjs_converter", "--help"),
)
KERAS3 = Purpose(
    lock="keras3.txt",
    uses_conda_lock=False,
    profiles=("keras3",),
    managers=("python",),
    interpreter="a CPython 3.10 to 3.13 (your system's package manager, pyenv and uv can)",
    program="saved_model_cli",
    download="0.3 GB",
    announcement="it holds today's TensorFlow and Keras, for files of Keras 3 that the converter's Keras cannot load: "
    "made once, 0.3 GB to download and 1.5 GB on disk, 15 seconds and the time of the download",
    trial=("python", "-c", '"import keras; print(keras.__version__)"'),
)


def of(name: str) -> Purpose:
    """Return what the environment of this name is for."""
    return KERAS3 if name == KERAS3_NAME else CONVERTER


def fitted(circumstances: Circumstances, *, name: str, wishes: Wishes) -> Circumstances:
    """Return the circumstances as they hold for one environment.

    A manager that a setting names and that cannot make this sort is passed over: the setting is for the other. One
    that was asked for by an option raises UsageError.
    """
    purpose = of(name)
    if circumstances.manager is None or circumstances.manager in purpose.managers:
        return circumstances
    if wishes.manager is not None:
        raise UsageError(
            f"environment {name!r} is not made by {wishes.manager}, but by {' or '.join(purpose.managers)}",
            hint=f"leave out --manager: it uses {purpose.interpreter}" if purpose is KERAS3 else "choose one of these",
        )
    return replace(circumstances, manager=None)
