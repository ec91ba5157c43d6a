"""Which arguments of a worker's jobs are files: what each job reads and writes, in one table.

A worker behind its wall sees none of the user's folders. What is named here is brought in before a job and taken out
after it; an argument that is not named here is handed on as it is, and a path in it leads nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Arguments = dict[str, Any]
_METADATA = "--metadata="
_INPUT_FORMAT = "--input_format="


class Porter(Protocol):
    """Carries files over the wall and returns what they are called on the other side."""

    def model(self, path: str, kind: str) -> str:
        """Bring in the model at ``path`` of the format ``kind``, and nothing that is not the model's."""

    def data(self, path: str) -> str:
        """Bring in a file, or a folder with all that is in it."""

    def samples(self, path: str, most: int | None) -> str:
        """Bring in a file of samples, or the first ``most`` of a folder of images."""

    def code(self, path: str) -> str:
        """Bring in a Python file and the neighbours that it may import."""

    def result(self, path: str) -> str:
        """Return where to write what is to stand at ``path`` afterwards."""


def runs_outside(job: str, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a job is done without a wall: a user's own script, and published weights from the network."""
    return job == "script" or (job == "application" and arguments.get("weights") == "imagenet")


def carried(job: str, arguments: Mapping[str, Any], *, by: Porter) -> Arguments:
    """Return the arguments of a job as the worker gets them, with all files in them carried over."""
    found = dict(arguments)
    for name, carry in _JOBS.get(job, {}).items():
        if found.get(name):
            found[name] = carry(found[name], by)
    if job in ("source", "images") and found.get("inputs"):
        found["inputs"] = by.samples(found["inputs"], arguments.get("samples"))
    return found


def _model(given: Any, porter: Porter) -> Any:
    """Carry a model as jobs are given it: path, format, and Python files with classes of its own."""
    if not isinstance(given, dict):
        return given
    carried_over = dict(given)
    if isinstance(given.get("path"), str):
        carried_over["path"] = porter.model(given["path"], str(given.get("format", "")))
    if given.get("custom_objects"):
        carried_over["custom_objects"] = _each(given["custom_objects"], porter.code)
    return carried_over


def _feeds(given: Sequence[Arguments], porter: Porter) -> Any:
    return [
        {**feed, "inputs": porter.data(feed["inputs"]), "outputs": porter.result(feed["outputs"])} for feed in given
    ]


def _options(given: Mapping[str, Any], porter: Porter) -> Any:
    metadata = given.get("metadata")
    if not isinstance(metadata, dict):
        return given
    return {**given, "metadata": {key: porter.data(str(path)) for key, path in metadata.items()}}


def _command_line(given: Sequence[str], porter: Porter) -> Any:
    """Carry the files of the reference converter's command line: its last two words, and those of its metadata."""
    kind = next((word[len(_INPUT_FORMAT) :] for word in given if word.startswith(_INPUT_FORMAT)), "")
    words = [_flag(word, porter) for word in given[:-2]]
    return [*words, *[porter.model(word, kind) for word in given[-2:-1]], *[porter.result(word) for word in given[-1:]]]


def _flag(word: str, porter: Porter) -> str:
    if not word.startswith(_METADATA):
        return word
    pairs = [pair.partition(":") for pair in word[len(_METADATA) :].split(",")]
    return _METADATA + ",".join(f"{key}{colon}{porter.data(path)}" for key, colon, path in pairs)


def _layers(given: str, porter: Porter) -> Any:
    return porter.model(given, "tfjs_layers_model")


def _data(given: str, porter: Porter) -> Any:
    return porter.data(given)


def _result(given: str, porter: Porter) -> Any:
    return porter.result(given)


def _code(given: Any, porter: Porter) -> Any:
    return _each(given, porter.code)


def _each(given: Any, carry: Callable[[str], str]) -> list[str]:
    return [carry(str(path)) for path in ([given] if isinstance(given, str) else given)]


_MAKING: dict[str, Any] = {"source": _model, "options": _options, "output": _result}
_JOBS: dict[str, dict[str, Any]] = {
    "graph": _MAKING,
    "saved_model": _MAKING,
    "resave": _MAKING,
    "export": _MAKING,
    "application": {"weights": _data, "output": _result},
    "convert": {"argv": _command_line, "custom_objects": _code},
    "source": {"model": _model, "weights": _layers, "labels": _data, "folder": _result},
    "images": {"folder": _result},
    "predict": {
        "model": _model,
        "weights": _layers,
        "feeds": _feeds,
        "inputs": _data,
        "outputs": _result,
    },
}
