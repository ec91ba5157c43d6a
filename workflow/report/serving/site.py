"""What the demo server may answer with: a table from URL path to file or bytes; there is nothing beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import __version__
from workflow.base import wording
from workflow.base.errors import ModelFileError, RuntimeRequiredError, UsageError
from workflow.base.wording import shown
from workflow.models.inspection import inspect_model
from workflow.models.tfjs_model import flavour_of
from workflow.verification.measures.artifact_sizes import is_tfjs
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import packages as javascript_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format
    from workflow.models.tfjs_model import Flavour

_FORMATS: dict[Flavour, Format] = {"layers": "tfjs_layers_model", "graph": "tfjs_graph_model"}
_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
_SCRIPTS = {
    "core.js": "tfjs-core/dist/tf-core.es2017.min.js",
    "layers.js": "tfjs-layers/dist/tf-layers.es2017.min.js",
    "converter.js": "tfjs-converter/dist/tf-converter.es2017.min.js",
    "cpu.js": "tfjs-backend-cpu/dist/tf-backend-cpu.es2017.min.js",
    "webgl.js": "tfjs-backend-webgl/dist/tf-backend-webgl.es2017.min.js",
    "webgpu.js": "tfjs-backend-webgpu/dist/tf-backend-webgpu.es2017.min.js",
    "wasm.js": "tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js",
    "tfjs-backend-wasm.wasm": "tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm-simd.wasm": "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm-threaded-simd.wasm": "tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
}


@dataclass(frozen=True)
class Resource:
    """One thing to answer with: a file that lies inside a folder, or bytes that are made here."""

    type: str
    source: Path | bytes
    folder: Path | None = None

    def is_inside(self) -> bool:
        """Return whether the file lies, with links followed, inside its folder now."""
        if not isinstance(self.source, Path) or self.folder is None:
            return True
        return self.source.resolve().is_relative_to(self.folder.resolve())


@dataclass(frozen=True)
class Site:
    """Everything that is served, by URL path; ``title`` is the artifact's name."""

    title: str
    resources: Mapping[str, Resource]


def folder_of(artifact: Path) -> Path:
    """Return the folder of a TensorFlow.js model; raises ``ModelFileError`` when there is none."""
    folder = artifact.parent if artifact.name == "model.json" else artifact
    if not artifact.exists():
        hint = "serve a TensorFlow.js model: the output of a python_to_js, shard, quantize or graph step"
        raise ModelFileError(f"{artifact} does not exist", hint=hint)
    if not is_tfjs(folder):
        raise ModelFileError(
            f"{artifact} is no TensorFlow.js model: it has no model.json",
            hint="serve the output of a python_to_js, shard, quantize or graph step",
        )
    return folder


def site_of(artifact: Path, *, packages: Path, labels: Path | None = None) -> Site:
    """Return the demo site of a TensorFlow.js model; ``packages`` is the node_modules folder with TensorFlow.js.

    Raises ``ModelFileError`` when the artifact is no sound TensorFlow.js model or a file of it is missing.
    """
    folder = folder_of(artifact)
    kind = _FORMATS[flavour_of(folder)]
    model = inspect_model(folder, kind)
    root = (folder / "model.json").resolve().parent  # beside which weight files lie, also where it is a link
    files = {file.relative_to(root if file.is_relative_to(root) else folder).as_posix(): file for file in model.files}
    about = {"name": wording.line(folder.name), "format": kind, "quantized": bool(model.details.get("quantization"))}
    about["files"] = [{"path": name, "bytes": file.stat().st_size} for name, file in files.items()]
    about |= {"labels": _labels(labels), "tool": __version__}
    resources = {f"/{path.name}": _file(path) for path in _STATIC.iterdir() if path.suffix in _TYPES}
    resources["/"] = resources["/index.html"]
    resources["/about.json"] = Resource(_TYPES[".json"], json.dumps(about).encode())
    resources |= {f"/model/{name}": _file(file, root) for name, file in files.items()}
    outside = [name for name in files if not resources[f"/model/{name}"].is_inside()]
    if outside:
        raise ModelFileError(
            f"{shown(outside[0])} of {folder} is a link that leads out of the folder",
            hint="put the file itself there: only what lies inside the model's folder is served",
        )
    resources |= {f"/tfjs/{name}": _file(packages / "@tensorflow" / place) for name, place in _SCRIPTS.items()}
    return Site(folder.name, resources)


def tfjs_packages(listener: Listener) -> Path:
    """Return the node_modules folder with TensorFlow.js, installed on first use.

    Raises ``RuntimeRequiredError`` when it cannot be had.
    """
    found = javascript_packages.modules(listener)
    if isinstance(found, NotRun):
        raise RuntimeRequiredError(f"the demo page needs TensorFlow.js: {found.why}", hint=found.remedy)
    return found


def _labels(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [wording.line(label) for label in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the labels in {path} cannot be read: {error}", hint="one name per line, in UTF-8") from error


def _file(path: Path, folder: Path | None = None) -> Resource:
    return Resource(_TYPES.get(path.suffix, "application/octet-stream"), path, folder)
