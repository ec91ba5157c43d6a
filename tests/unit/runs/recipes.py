"""Recipes made in Python, for tests of what comes after the grammar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workflow.recipe.findings import Spot
from workflow.recipe.recipes import Recipe, ScriptedModel, Step, Verification

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.options import OptionValue
    from workflow.recipe.recipes import ModelSource


def write_layers_model(folder: Path, *, weights: bytes = b"\0" * 8) -> Path:
    """Write a layers model of one dense layer with two float32 weights' worth of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = [
        {
            "paths": ["group1-shard1of1.bin"],
            "weights": [{"name": "dense/kernel", "shape": [len(weights) // 4, 1], "dtype": "float32"}],
        }
    ]
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
    topology = {"keras_version": "2.13.1", "backend": "tensorflow", "model_config": config}
    text = json.dumps({"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest})
    (folder / "model.json").write_text(text)
    (folder / "group1-shard1of1.bin").write_bytes(weights)
    return folder


def shard_step(base: Path, name: str = "shard", *, after: tuple[str, ...] = (), **options: OptionValue) -> Step:
    """Return a step that shards ``web`` (or what ``after`` names) by the reference into a folder called as it is."""
    source = base / (after[0] if after else "web")
    return Step(
        name=name,
        kind="shard",
        input=str(source),
        output=base / name,
        from_format="tfjs_layers_model",
        to_format="tfjs_layers_model",
        options={"weight_shard_size_bytes": 4, **options},
        timeout=None,
        after=after,
        spot=Spot(3, 5, path=base / "recipe.yml"),
        engine="reference",
    )


def recipe_of(base: Path, *steps: Step, model: ModelSource | None = None, verify: bool = True) -> Recipe:
    """Return a recipe of these steps in this order."""
    return Recipe(
        path=base / "recipe.yml",
        base=base,
        name="recipe",
        environment="tfjs",
        model=model,
        steps=steps,
        verification=Verification(enabled=verify),
    )


def scripted(base: Path) -> ScriptedModel:
    """Return a model source that runs ``train.py`` to make ``web``."""
    (base / "train.py").write_text("print('trained')\n")
    return ScriptedModel(base / "train.py", (), (), base / "web", Spot(path=base / "recipe.yml"))
