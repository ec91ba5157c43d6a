"""layers → keras and layers → keras_keras: Keras 2.13 and 2.15 load the files and predict what the source does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.native.keras.judging import assert_all_well, converted, tensors
from workflow.base.errors import DeclinedError
from workflow.base.events import Silent
from workflow.base.processes import run, start
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_keras import layers_to_archive, layers_to_keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.catalogue.formats import Format

pytestmark = pytest.mark.real

FILES = Path(__file__).resolve().parents[3] / "data" / "keras3"
FORMATS: dict[str, tuple[Format, Any]] = {"h5": ("keras", layers_to_keras), "keras": ("keras_keras", layers_to_archive)}

WAYS = {"keras h5": ("keras", "h5"), "keras archive": ("keras", "keras"), "tf_keras archive": ("tf_keras", "keras")}
"""Keras 2.13 and tf_keras, which is 2.15 and looks for weights under other names in an archive."""


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


@pytest.fixture(scope="module")
def answers(
    layers_models: dict[str, tuple[Path, Path]], converter_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Path]]:
    """Where the answers of Keras to the models that have come back should be, by library; one process for each."""
    folder = tmp_path_factory.mktemp("back")
    found: dict[str, list[Path]] = {}
    programs = []
    for way, (library, extension) in WAYS.items():
        asked = [
            name for number, name in enumerate(layers_models) if library == "keras" or is_asked_twice(name, number)
        ]
        kind, convert = FORMATS[extension]
        jobs = []
        for name in asked:
            model, samples = layers_models[name]
            target = folder / f"{name}.{extension}"
            if not target.exists():
                convert(Job(model, "tfjs_layers_model", target, kind, {}, Silent()))
            jobs.append([library, str(target), str(samples), str(folder / way / f"{name}.npz")])
        (folder / way).mkdir()
        (folder / f"{way}.json").write_text(json.dumps(jobs), encoding="utf-8")
        programs.append(
            [str(converter_python), str(Path(__file__).with_name("loading.py")), str(folder / f"{way}.json")]
        )
        found[way] = [folder / way / f"{name}.npz" for name in asked]
    assert_all_well([start(program) for program in programs])
    return found


def is_asked_twice(name: str, number: int) -> bool:
    """Whether tf_keras is asked too: where weights lie in groups of groups, and for some others."""
    return number % 4 == 0 or any(part in name for part in ("both", "each", "nested", "rnn", "shared", "states"))


@pytest.mark.parametrize(("way", "least"), [("keras h5", 225), ("keras archive", 225), ("tf_keras archive", 70)])
def test_keras_loads_what_comes_back_and_predicts_the_same(
    layers_models: dict[str, tuple[Path, Path]], answers: dict[str, list[Path]], way: str, least: int
) -> None:
    asked = {file.stem: file for file in answers[way]}
    differences = {name: difference(file, layers_models[name][1]) for name, file in asked.items()}
    assert {name: found for name, found in differences.items() if not found <= 2e-6} == {}
    assert len(asked) > least


def difference(file: Path, samples: Path) -> float:
    """Return by how much the results differ, relative to their size; infinity when there are none."""
    if not file.exists():
        return float("inf")
    wanted = tensors(samples, "outputs")
    with np.load(file) as results:
        pairs = [(results[f"arr_{number}"], want) for number, want in enumerate(wanted)]
        return max(float(np.abs(one - other).max()) / max(1.0, float(np.abs(other).max())) for one, other in pairs)


@pytest.mark.parametrize("convert", [layers_to_keras, layers_to_archive])
def test_layers_models_of_strangers_load_in_keras(
    corpus: Path, converter_python: Path, tmp_path: Path, convert: Callable[[Job], Any]
) -> None:
    extension, kind = ("h5", "keras") if convert is layers_to_keras else ("keras", "keras_keras")
    files = []
    for folder in sorted((corpus / "layers").iterdir()):
        target = tmp_path / f"{folder.name}.{extension}"
        convert(Job(folder, "tfjs_layers_model", target, kind, {}, Silent()))  # type: ignore[arg-type]
        files.append(str(target))
    code = "import sys\nfrom tensorflow import keras\nfor f in sys.argv[1:]: keras.models.load_model(f, compile=False)"
    done = run([str(converter_python), "-c", code, *files])
    assert done.code == 0, done.stderr[-2000:]
