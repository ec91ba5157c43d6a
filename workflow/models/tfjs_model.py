"""Layers models and graph models: a model.json, the weight files beside it, which of the two it is, what it holds."""

from __future__ import annotations

import contextlib
import re
import stat
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import kind_of, plural, shown, some
from workflow.models.file_contents import folder_kind, recognise
from workflow.models.inspection import ModelSummary, summarise
from workflow.models.strict_json import read_object
from workflow.models.topology import layer_facts, layers_of
from workflow.models.weights_manifest import manifest_facts, order_doubts, read_groups
from workflow.worker.shared.containment_rules import why_outside

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.models.graph import Graph
    from workflow.models.weights_manifest import WeightGroup

Flavour = Literal["layers", "graph"]
_NAMES: dict[Flavour, str] = {"layers": "a layers model", "graph": "a graph model"}
_BY_FORMAT: dict[object, Flavour] = {"layers-model": "layers", "graph-model": "graph"}
_INSTEAD: dict[Flavour, str] = {
    "layers": "A graph model cannot be turned back into layers: use the model that it was made from.",
    "graph": "Make a graph model of it first, with a `graph` step.",
}
_NO_MODEL = "A TensorFlow.js model.json has modelTopology and weightsManifest: check that this is the file you meant."


class TfjsFile(Record):
    """A model.json that was read and checked: its document as it came, what is known of it, and all of its files."""

    path: Path
    document: dict[str, Any]
    topology: dict[str, Any]
    groups: tuple[WeightGroup, ...]
    files: tuple[Path, ...]
    graph: Graph | None
    """None for a layers model."""


def read_tfjs(path: Path, flavour: Flavour) -> TfjsFile:
    """Read a model.json, or the one in a folder, with its weight files; raises ``ModelFileError``."""
    wanted = f"the model.json of {_NAMES[flavour]}"
    file = _model_json(path, wanted)
    document = read_object(file, wanted)
    topology = _topology(document, file)
    found = _flavour(document, topology=topology, path=file)
    if found != flavour:
        raise ModelFileError(f"{file} is {_NAMES[found]}, and {_NAMES[flavour]} is needed", hint=_INSTEAD[flavour])
    graph = _graph(document, file) if found == "graph" else None
    groups = read_groups(document, file)
    return TfjsFile(file, document, topology, groups, files=(file, *check_shards(groups, file)), graph=graph)


def _graph(document: dict[str, Any], path: Path) -> Graph:
    from workflow.models.graph import read_graph  # noqa: PLC0415  for graph models alone

    return read_graph(document, path)


def flavour_of(path: Path) -> Flavour:
    """Return which of the two a model.json is, or the one in a folder; raises ``ModelFileError`` when it is neither."""
    file = _model_json(path, "a TensorFlow.js model")
    document = read_object(file, "the model.json of a TensorFlow.js model")
    return _flavour(document, topology=_topology(document, file), path=file)


def graph_of(model: TfjsFile) -> Graph:
    """Return the graph of a graph model; raises ``TypeError`` for another one."""
    if model.graph is None:
        raise TypeError(f"{model.path} is no graph model")
    return model.graph


def origin_facts(document: dict[str, Any]) -> dict[str, object]:
    """Return who made a model.json, as far as it says so."""
    keys = {"generatedBy": "generated_by", "convertedBy": "converted_by"}
    return {fact: document[key] for key, fact in keys.items() if isinstance(document.get(key), str)}


def inspect_layers_model(path: Path) -> ModelSummary:
    """Check a layers model, given as its model.json or the folder around it."""
    from workflow.models.topology import hazards_of  # noqa: PLC0415  for layers models alone

    model = read_tfjs(path, "layers")
    layers = layers_of(model.topology, str(model.path))
    version = model.topology.get("keras_version")
    details = {
        **origin_facts(model.document),
        **({"keras_version": version} if isinstance(version, str) else {}),
        **layer_facts(layers),
        **manifest_facts(model.groups),
    }
    warnings, doubts = hazards_of(layers), order_doubts(model.groups)
    return summarise("tfjs_layers_model", model.files, details=details, warnings=warnings, doubts=doubts)


def inspect_graph_model(path: Path) -> ModelSummary:
    """Check a graph model, given as its model.json or the folder around it."""
    model = read_tfjs(path, "graph")
    details = {**origin_facts(model.document), **_graph_facts(graph_of(model)), **manifest_facts(model.groups)}
    return summarise("tfjs_graph_model", model.files, details=details, doubts=order_doubts(model.groups))


def _graph_facts(graph: Graph) -> dict[str, object]:
    ops = Counter(node.op for node in graph.nodes)
    sides = {"inputs": graph.inputs, "outputs": graph.outputs}
    named = {side: tuple(port.name for port in ports) for side, ports in sides.items() if ports}
    return {"nodes": len(graph.nodes), "ops": dict(sorted(ops.items())), **named}


def _model_json(path: Path, wanted: str) -> Path:
    if not path.is_dir():
        return path
    file = path / "model.json"
    if file.exists():
        return file
    what, hint = folder_kind(path)
    others = sorted(entry.name for entry in path.glob("*.json"))
    hint = f"It holds {some(others)}: give that file." if others else hint
    raise ModelFileError(f"{path} is {what} without model.json, and {wanted} is needed", hint=hint)


def _topology(document: dict[str, Any], path: Path) -> dict[str, Any]:
    if "modelTopology" not in document:
        keys = some([shown(key) for key in document]) or "nothing"
        raise ModelFileError(f"{path} is no TensorFlow.js model: it has no modelTopology, but {keys}", hint=_NO_MODEL)
    topology = document["modelTopology"]
    if topology is None:
        raise ModelFileError(
            f"{path} holds weights without a topology (modelTopology is null), as a weights-only file gives",
            hint="Save the whole model with `model.save('model.h5')` and convert that.",
        )
    if not isinstance(topology, dict):
        raise ModelFileError(f"{path}: modelTopology is {kind_of(topology)}, not an object", hint=_NO_MODEL)
    return topology


def _flavour(document: dict[str, Any], *, topology: dict[str, Any], path: Path) -> Flavour:
    declared = document.get("format")
    if isinstance(declared, str) and declared in _BY_FORMAT:
        return _BY_FORMAT[declared]
    if "model_config" in topology or "class_name" in topology:
        return "layers"
    if "node" in topology:
        return "graph"
    keys = some([shown(key) for key in topology]) or "nothing"
    raise ModelFileError(f"{path}: modelTopology is neither layers nor a graph; it has {keys}", hint=_NO_MODEL)


_DEFAULT_SHARD = 4 << 20  # the converter's own
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}").fullmatch
_SMALL = 4096  # a pointer or an error page is not longer
_HINT = "Copy all weight files of the model beside its model.json; if one is lost, fetch or convert it again."


class _Shard(Record):
    name: str
    file: Path
    size: int | None
    """None when the file is not there."""


def check_shards(groups: tuple[WeightGroup, ...], model: Path) -> tuple[Path, ...]:
    """Return the weight files of a model.json, each once; raises ``ModelFileError`` for wrong ones."""
    folder = model.resolve().parent  # where the reference converter looks for them, also through a link
    files: dict[Path, None] = {}
    problems: list[str] = []
    for number, group in enumerate(groups, 1):
        shards = [_locate(name, folder=folder, model=model) for name in group.paths]
        problems += _problems(shards, group=group, number=number)
        files.update((shard.file, None) for shard in shards)
    if problems:
        many = f"; in all {plural(len(problems), 'problem')}" if len(problems) > 3 else ""  # noqa: PLR2004
        message = f"{model}: {'; '.join(problems[:3])}{many}"
        raise ModelFileError(message, hint=_HINT, details="\n".join(problems))
    return tuple(files)


def weight_files(groups: tuple[WeightGroup, ...], model: Path) -> tuple[Path, ...]:
    """Return the weight files of a model.json, each once, whatever their sizes; raises ``ModelFileError``.

    One that is not there, or lies outside of the model's folder, is refused.
    """
    folder = model.resolve().parent
    shards = [_locate(name, folder=folder, model=model) for group in groups for name in group.paths]
    missing = [shown(shard.name) for shard in shards if shard.size is None]
    if missing:
        raise ModelFileError(f"{model} names the weight file {some(missing)}, which is not there", hint=_HINT)
    return tuple(dict.fromkeys(shard.file for shard in shards))


def _locate(name: str, *, folder: Path, model: Path) -> _Shard:
    file = folder / name
    if _PLAIN(name):
        with contextlib.suppress(OSError):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):  # beside the model and no link: nearly all are, and there may be thousands
                return _Shard(name, file, status.st_size)
    return _followed(name, folder=folder, model=model)


def _followed(name: str, *, folder: Path, model: Path) -> _Shard:
    """Locate a weight file wherever its path and links lead, as long as that is inside the folder."""
    reason = why_outside(name)
    if reason:
        raise _outside(name, model, reason)
    try:
        file = (folder / name).resolve()
        status = file.stat() if file.exists() else None
    except (OSError, ValueError, RuntimeError) as error:  # NUL, lone surrogate, too long, a loop of links
        raise ModelFileError(f"{model}: the weight file {shown(name)} cannot be read: {error}", hint=_HINT) from error
    if not file.is_relative_to(folder):
        raise _outside(name, model, "is a link that leads out of the model's folder")
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise ModelFileError(f"{model}: the weight file {shown(name)} is no regular file", hint=_HINT)
    return _Shard(name=name, file=folder / name, size=status.st_size if status else None)


def _outside(name: str, model: Path, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{model}: the weight file {shown(name)} {reason}; weight files lie beside model.json",
        hint="Put the weight files into the model's folder and correct their paths, if you trust this model.",
    )


def _problems(shards: list[_Shard], *, group: WeightGroup, number: int) -> list[str]:
    sizes = [shard.size for shard in shards]
    total = group.stored_bytes
    missing = [shard for shard in shards if shard.size is None]
    if missing:
        return [_missing(missing, shards=shards, group=group)]
    found = sum(size or 0 for size in sizes)
    if found == total or (found > total and not group.exact):
        return []
    wanted = _wanted_sizes(total, sizes)
    wrong = [pair for pair in zip(shards, wanted, strict=True) if pair[0].size != pair[1]] if wanted else []
    if wrong and group.exact:
        return [_wrong_size(shard, size) for shard, size in wrong]
    names = some([shown(shard.name) for shard in shards]) or "no files"
    least = "" if group.exact else "at least "
    return [f"weight group {number} ({names}) has {found:,} bytes, and {least}{total:,} are expected"]


def _missing(missing: list[_Shard], *, shards: list[_Shard], group: WeightGroup) -> str:
    names = some([shown(shard.name) for shard in missing])
    are = "is" if len(missing) == 1 else "are"
    found = sum(shard.size or 0 for shard in shards)
    least = "" if group.exact else "at least "
    sizes = f"{found:,} bytes found, {least}{group.stored_bytes:,} expected"
    return f"{len(missing)} of {plural(len(shards), 'weight file')} {are} missing: {names} ({sizes})"


def _wrong_size(shard: _Shard, wanted: int) -> str:
    size = shard.size or 0
    content = recognise(shard.file) if size < _SMALL else None
    known = f" ({content.phrase})" if content and content.name in ("empty", "lfs", "html") else ""
    short = "short" if size < wanted else "too long"
    return f"the weight file {shown(shard.name)} is {short}: {size:,} bytes, {wanted:,} expected{known}"


def _wanted_sizes(total: int, sizes: list[int | None]) -> list[int] | None:
    """Return how long each shard of a group should be, all but the last alike; None when unknown."""
    count = len(sizes)
    common = [size for size, _ in Counter(size for size in sizes[:-1] if size).most_common()]
    for shard in (total, *common, _DEFAULT_SHARD):
        last = total - (count - 1) * shard
        if count and 0 < last <= shard:
            return [shard] * (count - 1) + [last]
    return None
