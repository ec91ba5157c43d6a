"""layers → keras and layers → keras_keras: Keras 2.13 and 2.15 load the files and predict what the source does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.native.keras.judging import converted, tensors
from workflow.converters.native import DeclinedError, NativeJob
from workflow.converters.native.keras.to_keras import layers_to_archive, layers_to_keras
from workflow.events import Silent
from workflow.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.recipe.model import Format

pytestmark = pytest.mark.real

FILES = Path(__file__).resolve().parents[3] / "data" / "keras3"
FORMATS: dict[str, tuple[Format, Any]] = {"h5": ("keras", layers_to_keras), "keras": ("keras_keras", layers_to_archive)}


def sources(gallery: Path) -> dict[str, Path]:
    two = {folder.name: folder / "m.h5" for folder in gallery.iterdir() if (folder / "m.h5").exists()}
    two = {name: file for name, file in two.items() if not name.startswith("first_")}  # wrong in Keras without a GPU
    three = {file.parent.name: file for file in FILES.glob("*/m.keras")}
    return {**two, **three}


@pytest.fixture(scope="module")
def layers_models(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Each layers model with the folder of its source, where its inputs and outputs are."""
    folder = tmp_path_factory.mktemp("layers")
    found = {}
    for name, source in sorted(sources(gallery).items()):
        try:
            converted(source, folder / name)
        except DeclinedError:
            continue
        found[name] = (folder / name, source.parent)
    return found


@pytest.mark.parametrize(("library", "extension"), [("keras", "h5"), ("keras", "keras"), ("tf_keras", "keras")])
def test_keras_loads_what_comes_back_and_predicts_the_same(
    layers_models: dict[str, tuple[Path, Path]],
    converter_python: Path,
    tmp_path: Path,
    library: str,
    extension: str,
) -> None:
    kind, convert = FORMATS[extension]
    jobs = []
    for name, (model, samples) in layers_models.items():
        target = tmp_path / f"{name}.{extension}"
        convert(NativeJob(model, "tfjs_layers_model", target, kind, {}, Silent()))
        jobs.append([library, str(target), str(samples), str(tmp_path / f"{name}.npz")])
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    done = run([str(converter_python), str(Path(__file__).with_name("loading.py")), str(tmp_path / "jobs.json")])
    assert done.code == 0, done.stderr[-2000:]
    wrong = {name: found for name in layers_models if (found := difference(name, layers_models, tmp_path)) > 2e-6}
    assert wrong == {}
    assert len(layers_models) > 225


def difference(name: str, models: dict[str, tuple[Path, Path]], folder: Path) -> float:
    """Return by how much the results differ, relative to their size; infinity when there are none."""
    if not (folder / f"{name}.npz").exists():
        return float("inf")
    wanted = tensors(models[name][1], "outputs")
    with np.load(folder / f"{name}.npz") as results:
        pairs = [(results[f"arr_{number}"], want) for number, want in enumerate(wanted)]
        return max(float(np.abs(one - other).max()) / max(1.0, float(np.abs(other).max())) for one, other in pairs)


@pytest.mark.parametrize("convert", [layers_to_keras, layers_to_archive])
def test_layers_models_of_strangers_load_in_keras(
    corpus: Path, converter_python: Path, tmp_path: Path, convert: Callable[[NativeJob], Any]
) -> None:
    extension, kind = ("h5", "keras") if convert is layers_to_keras else ("keras", "keras_keras")
    files = []
    for folder in sorted((corpus / "layers").iterdir()):
        target = tmp_path / f"{folder.name}.{extension}"
        convert(NativeJob(folder, "tfjs_layers_model", target, kind, {}, Silent()))  # type: ignore[arg-type]
        files.append(str(target))
    code = "import sys\nfrom tensorflow import keras\nfor f in sys.argv[1:]: keras.models.load_model(f, compile=False)"
    done = run([str(converter_python), "-c", code, *files])
    assert done.code == 0, done.stderr[-2000:]
