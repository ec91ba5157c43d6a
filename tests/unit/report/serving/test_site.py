"""What the demo server may answer with: the whole table, and why a model is not served."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verification.measures.models import write_model
from workflow import __version__
from workflow.base.errors import ModelFileError, RuntimeRequiredError, UsageError
from workflow.base.events import Recording
from workflow.report.serving.site import Site, folder_of, site_of, tfjs_packages
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import packages as javascript_packages

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {
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
SCRIPT, BYTES = "text/javascript; charset=utf-8", "application/octet-stream"
TYPES = {
    "/": "text/html; charset=utf-8",
    "/index.html": "text/html; charset=utf-8",
    "/demo.css": "text/css; charset=utf-8",
    "/about.json": "application/json",
    "/model/model.json": "application/json",
    "/model/a.bin": BYTES,
    **{f"/tfjs/{name}": "application/wasm" if name.endswith(".wasm") else SCRIPT for name in PLACES},
}


def about(site: Site) -> Any:
    source = site.resources["/about.json"].source
    assert isinstance(source, bytes)
    return json.loads(source)


def test_the_table_has_the_page_the_model_and_tensorflow_js_and_nothing_else(tmp_path: Path) -> None:
    model = write_model(tmp_path / "web", b"first", names=("a.bin",))
    site = site_of(model, packages=tmp_path / "modules")
    assert site.title == "web"
    types = {path: one.type for path, one in site.resources.items() if not path.endswith(".js") or "tfjs" in path}
    assert types == TYPES
    assert {one.type for path, one in site.resources.items() if path.endswith(".js")} == {SCRIPT}
    folder = tmp_path / "modules" / "@tensorflow"
    assert {name: site.resources[f"/tfjs/{name}"].source for name in PLACES} == {
        name: folder / place for name, place in PLACES.items()
    }
    assert site.resources["/"] == site.resources["/index.html"]
    assert site.resources["/model/a.bin"].source == model / "a.bin"


def test_the_page_is_told_everything_that_it_shows(tmp_path: Path) -> None:
    model = write_model(tmp_path / "web\tmodel", b"first", names=("a.bin",))
    (tmp_path / "labels.txt").write_text("cat\n\nwild\tdog\n", encoding="utf-8")
    told = about(site_of(model, packages=tmp_path, labels=tmp_path / "labels.txt"))
    size = (model / "model.json").stat().st_size
    assert told == {
        "name": told["name"],
        "format": "tfjs_layers_model",
        "quantized": False,
        "files": [{"path": "model.json", "bytes": size}, {"path": "a.bin", "bytes": 5}],
        "labels": told["labels"],
        "tool": __version__,
    }
    assert "\t" not in told["name"] + "".join(told["labels"])
    assert (len(told["labels"]), told["labels"][:2]) == (3, ["cat", ""])
    assert about(site_of(model, packages=tmp_path))["labels"] == []


REFUSED = [
    ("gone", "gone does not exist", "serve a TensorFlow.js model: the output of a "),
    ("folder", "folder is no TensorFlow.js model: it has no model.json", "serve the output of a "),
    ("folder/file", "file is no TensorFlow.js model: it has no model.json", "serve the output of a "),
]


@pytest.mark.parametrize(("name", "message", "hint"), REFUSED)
def test_what_is_no_model_is_refused_with_what_would_be_one(tmp_path: Path, name: str, message: str, hint: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("")
    with pytest.raises(ModelFileError) as refused:
        folder_of(tmp_path / name)
    assert refused.value.message.endswith(message)
    assert refused.value.hint == f"{hint}python_to_js, shard, quantize or graph step"


def test_labels_that_are_no_text_are_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "web", b"first", names=("a.bin",))
    (tmp_path / "labels.txt").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"the labels in .*labels\.txt cannot be read: ") as refused:
        site_of(model, packages=tmp_path, labels=tmp_path / "labels.txt")
    assert refused.value.hint == "one name per line, in UTF-8"


def test_without_tensorflow_js_there_is_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[Any] = [NotRun("there is no npm", "install it"), tmp_path]
    monkeypatch.setattr(javascript_packages, "modules", lambda _: found.pop(0))
    with pytest.raises(RuntimeRequiredError) as refused:
        tfjs_packages(Recording())
    assert refused.value.message == "the demo page needs TensorFlow.js: there is no npm"
    assert refused.value.hint == "install it"
    assert tfjs_packages(Recording()) == tmp_path
