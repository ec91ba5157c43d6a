from __future__ import annotations

import runpy

import numpy as np

from tests import ROOT
from workflow.recipe import load
from workflow.recipe.recipes import ScriptedModel

RECIPE = ROOT / "recipes" / "digits.yml"
DATA = ROOT / "recipes" / "digits" / "digits.npz"
SAMPLES = ROOT / "recipes" / "digits" / "test_samples.npz"


def test_the_data_are_the_1797_digits_and_small() -> None:
    with np.load(DATA) as data:
        images, digits = data["x"], data["y"]
    assert (images.shape, images.dtype, images.max()) == ((1797, 8, 8), np.uint8, 16)
    assert np.bincount(digits).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert DATA.stat().st_size < 200_000


def test_the_samples_are_fresh() -> None:
    fresh = runpy.run_path(str(ROOT / "scripts" / "make_digits_samples.py"))["samples"]()
    with np.load(SAMPLES) as kept:
        for name in ("x", "y"):
            np.testing.assert_array_equal(kept[name], fresh[name])
            assert kept[name].dtype == fresh[name].dtype


def test_the_samples_are_what_the_model_takes() -> None:
    with np.load(SAMPLES) as kept:
        assert kept["x"].shape == (360, 8, 8, 1)
        assert kept["x"].dtype == np.float32
        assert (kept["x"].min(), kept["x"].max()) == (0, 1)


def test_no_sample_is_among_the_training_images() -> None:
    training = runpy.run_path(str(ROOT / "recipes" / "digits" / "train.py"))
    (seen, _), (kept, _) = training["split"](*training["load"]())
    images = {image.tobytes() for image in seen}
    assert len(seen) + len(kept) == 1797
    assert not any(image.tobytes() in images for image in kept)


def test_the_recipe_trains_converts_in_five_ways_and_reads_the_samples() -> None:
    recipe = load(RECIPE)
    assert isinstance(recipe.model, ScriptedModel)
    assert recipe.model.depends == (DATA,)
    kinds = {step.kind for step in recipe.steps}
    assert kinds == {"python_to_js", "js_to_python", "shard", "quantize", "graph"}
    stored = {step.name for step in recipe.steps if step.kind == "quantize"}
    assert stored == {"uint16", "uint8", "float16"}
    assert recipe.verification.inputs == recipe.verification.labels == SAMPLES
    assert recipe.verification.runtimes == ("python", "node", "browser")
    assert recipe.verification.backends == {"node": ("wasm", "cpu"), "browser": ("webgl", "wasm")}


def test_the_recipe_begins_with_the_line_for_editors() -> None:
    first = RECIPE.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../workflow/recipe/schema.json"
    assert (RECIPE.parent / first.partition("=")[2]).resolve().is_file()
