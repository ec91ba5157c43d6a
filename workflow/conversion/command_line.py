"""The reference converter's command line for a step: as an argument list, and as a person would type it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.base.errors import ConversionError, DeclinedError, WorkflowError
from workflow.catalogue.formats import EDGES
from workflow.catalogue.options import OPTIONS, QUANTIZATIONS, Form, lacking, ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.catalogue.options import OptionValue
    from workflow.recipe.recipes import Step

PROGRAM = "tensorflowjs_converter"
EVERYTHING = ["*"]
_KNOWN_TO_FAIL = (("keras", "tfjs_layers_model"), ("keras_keras", "tfjs_layers_model"))
_NOT_LOADED = "TensorFlow.js does not load what this makes of {}, unlike what `convert` makes"
_UNDECIDED = "which formats it goes between is found out when it runs"


def converter_argv(step: Step, *, output: Path | None = None) -> list[str]:
    """Return the arguments after the program's name, ready for ``tensorflowjs.converters.convert``.

    ``output`` is written to instead of the step's own output (a staging folder). Raises ``ConversionError`` when the
    reference converter does not offer the conversion, or does not have one of its options.
    """
    if reason := not_offered(step):
        raise ConversionError(
            f"step {step.name}: the reference converter does not do this: {reason}",
            hint="`engine: auto` takes the tool's own code for it, where that can",
        )
    return _argv(step, output or step.output, lambda path: path)


def command_line(step: Step, *, relative_to: Path | None = None) -> str:
    """Return the command that a person would type in ``relative_to`` (the current folder), quoted for a shell.

    The converter's own console script splits its arguments at spaces, so with such a path only this tool works. For
    what the reference converter does not offer, the line is a comment that says so.
    """
    reason = _UNDECIDED if step.fallback_format or step.alternative else not_offered(step)
    if reason:
        return f"# no command of the reference converter: {reason} (step {step.name})"
    here = relative_to or Path.cwd()
    return shlex.join([PROGRAM, *_argv(step, step.output, lambda path: _short(path, here))])


def not_offered(step: Step) -> str:
    """Return why the reference converter cannot do a step at all, or not as it says; empty when it can."""
    pair = (step.from_format, step.to_format)
    if not EDGES[pair].reference:
        return f"it does not convert {pair[0]} to {pair[1]}"
    names = [f"`{option.format or option.name}`" for option in ours(step.options, pair)]
    if names:
        return f"it has no {' and no '.join(names)} from {pair[0]} to {pair[1]}"
    missing = [f"`{option.name}`" for option in lacking(step.options, pair)]
    return f"it needs {' and '.join(missing)}, which this tool finds out when it runs" if missing else ""


def unusable(step: Step) -> list[str]:
    """Return why TensorFlow.js refuses what the command makes of a model that is there, or computes otherwise with it.

    Layers models alone are known so: our own code declines what TensorFlow.js lacks, and says what it writes otherwise.
    """
    pair = (step.from_format, step.to_format)
    undecided = step.fallback_format or step.alternative or not_offered(step)
    if pair not in _KNOWN_TO_FAIL or undecided or not Path(step.input).is_file():
        return []
    if step.from_format == "keras_keras":
        return [_NOT_LOADED.format("a .keras archive")]
    from workflow.conversion.native.keras.building import assemble  # noqa: PLC0415  brings numpy and h5py
    from workflow.models.keras.whole_file import open_whole_file  # noqa: PLC0415  as above

    try:
        with open_whole_file(Path(step.input)) as file:
            if file.version.partition(".")[0] not in ("", "1", "2"):
                return [_NOT_LOADED.format(f"a file of Keras {file.version}")]
            return [f"TensorFlow.js needs what `convert` alone does: {note}" for note in assemble(file).notes]
    except DeclinedError as declined:
        return [f"TensorFlow.js refuses what this makes: {declined.reason}"] if declined.route == "graph" else []
    except WorkflowError:  # the command will say so itself
        return []


def _argv(step: Step, output: Path, shown: Callable[[str], str]) -> list[str]:
    options = {name: value for name, value in step.options.items() if name != "unsafe"}  # which the worker is told
    if isinstance(metadata := options.get("metadata"), dict):
        options["metadata"] = {key: shown(str(path)) for key, path in metadata.items()}
    source = wording.address_text(step.input) if step.input_is_handle else shown(step.input)
    formats = [f"--input_format={step.from_format}", f"--output_format={step.to_format}"]
    return [*formats, *_remainder(options), *_flags(options), source, shown(str(output))]


def _remainder(options: Mapping[str, OptionValue]) -> list[str]:
    """Return the quantization of all weights that no other quantization names, which is a flag without value.

    It stands before another flag, never before the paths: the converter would take the next word as its value.
    """
    names = [name for name in QUANTIZATIONS.values() if name in options]
    return [f"--{name}" for name in names if len(names) > 1 and options[name] == EVERYTHING]


def _flags(options: Mapping[str, OptionValue]) -> list[str]:
    done = {flag.removeprefix("--") for flag in _remainder(options)}
    chosen = [option for option in OPTIONS.values() if option.name in options and option.name not in done]
    rendered = [_RENDERING[option.form](options[option.name]) for option in chosen]
    return [f"--{option.name}{text}" for option, text in zip(chosen, rendered, strict=True) if text is not None]


def _presence(value: Any) -> str | None:
    return "" if value else None


def _truth(value: Any) -> str | None:
    return "=True" if value else None


def _truth_by_default(value: Any) -> str | None:
    return None if value else "="  # every text that is not empty counts as yes there, also "False"


def _plain(value: Any) -> str:
    return f"={value}"


def _joined(value: Any) -> str:
    return "=" + ",".join(value)


def _metadata(value: Any) -> str:
    return "=" + ",".join(f"{key}:{path}" for key, path in value.items())


_RENDERING: dict[Form, Callable[[Any], str | None]] = {
    Form.PRESENCE: _presence,
    Form.TRUTH: _truth,
    Form.TRUTH_BY_DEFAULT: _truth_by_default,
    Form.TEXT: _plain,
    Form.WORD: _plain,
    Form.NAMES: _joined,
    Form.TAGS: _joined,
    Form.PATTERNS: _joined,
    Form.SIZE: _plain,
    Form.METADATA: _metadata,
}


def _short(path: str, here: Path) -> str:
    """Return the path as seen from ``here`` when it is below, else as it is."""
    if not Path(path).is_relative_to(here):
        return path
    relative = os.path.relpath(path, here)
    return f"./{relative}" if relative.startswith("-") else relative
