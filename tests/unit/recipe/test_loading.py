from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow.recipe import load
from workflow.recipe.recipes import ApplicationModel, FetchedModel, ScriptedModel, Tolerance, Verification

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.recipe.conftest import Load, Refuse

SHIPPED = sorted((ROOT / "recipes").rglob("*.y*ml"))
STEPS = "steps: [{python_to_js: {input: a.h5, output: o, timeout: 90}}]\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_recipes_load_and_tell_editors_their_schema(path: Path) -> None:
    assert load(path, check_files=False).steps
    schema = re.match(r"# yaml-language-server: \$schema=(.+)\n", path.read_text(encoding="utf-8"))
    assert schema
    assert (path.parent / schema[1]).resolve() == ROOT / "workflow" / "recipe" / "schema.json"


def test_the_mobilenet_recipe_is_the_tutorials_five_conversions() -> None:
    recipe = load(ROOT / "recipes" / "mobilenet.yml")
    assert recipe.base == ROOT
    assert [step.kind for step in recipe.steps] == ["python_to_js", "js_to_python", "shard", "quantize", "graph"]
    assert [step.options for step in recipe.steps[2:4]] == [
        {"weight_shard_size_bytes": 100_000},
        {"quantize_uint16": ["*"]},
    ]


def test_a_short_recipe_has_sensible_defaults(loaded: Load) -> None:
    recipe = loaded(STEPS)
    assert (recipe.name, recipe.environment, recipe.model) == ("recipe", "tfjs", None)
    assert recipe.verification == Verification()
    (step,) = recipe.steps
    assert (step.name, step.timeout, step.after, str(step.spot)) == ("python_to_js", 90, (), f"{recipe.path}:1:10")


def test_a_network_of_keras_applications(loaded: Load, tmp_path: Path) -> None:
    model = loaded(
        "model: {keras_application: MobileNetV2, weights: w.h5, seed: 3, output: a.h5,"
        " options: {alpha: 0.5, input_shape: [96, 96, 3]}}\n" + STEPS
    ).model
    assert isinstance(model, ApplicationModel)
    assert (model.application, model.weights, model.seed) == ("MobileNetV2", str(tmp_path / "w.h5"), 3)
    assert model.options == {"alpha": 0.5, "input_shape": [96, 96, 3]}
    assert (model.offline, model.output) == ("fail", tmp_path / "a.h5")


def test_a_model_that_is_fetched(loaded: Load) -> None:
    model = loaded(f"model: {{url: 'https://x.org/a.h5', sha256: {'AB' * 32}, output: a.h5}}\n{STEPS}").model
    assert isinstance(model, FetchedModel)
    assert (model.url, model.sha256) == ("https://x.org/a.h5", "ab" * 32)
    assert model.max_bytes == 10**10


def test_a_model_that_is_fetched_up_to_a_size(loaded: Load) -> None:
    url = f"url: 'https://x.org/a.h5', sha256: {'AB' * 32}, output: a.h5"
    model = loaded(f"model: {{{url}, max_bytes: 2MB}}\n{STEPS}").model
    assert isinstance(model, FetchedModel)
    assert model.max_bytes == 2 * 10**6


def test_a_model_that_a_script_makes(loaded: Load, tmp_path: Path) -> None:
    model = loaded(f"model: {{script: s.py, arguments: [--n, 3], depends: [d.npz], output: a.h5}}\n{STEPS}").model
    assert isinstance(model, ScriptedModel)
    assert (model.script, model.arguments) == (tmp_path / "s.py", ("--n", "3"))
    assert model.depends == (tmp_path / "d.npz",)


def test_how_to_verify(loaded: Load, tmp_path: Path) -> None:
    settings = loaded(STEPS + "verify: {inputs: x.npz, labels: y.npy, samples: 8, seed: 1, atol: 0.001}").verification
    assert settings == Verification(inputs=tmp_path / "x.npz", labels=tmp_path / "y.npy", samples=8, seed=1, atol=0.001)


def test_where_to_verify_and_how_exactly(loaded: Load) -> None:
    text = (
        "verify:\n  runtimes: [node, browser]\n  require: node\n  backends: [wasm, cpu, webgl]\n  batches: [2, 5]\n"
        "  rtol: 0.01\n  outputs: {scores: {atol: 0.5}}\n  accuracy_drop: 0.02\n"
        "  inputs: x.npz\n  labels: x.npz\n"
    )
    settings = loaded(STEPS + text).verification
    assert settings.runtimes == ("node", "browser")
    assert settings.require == ("node",)
    assert settings.backends == {"node": ("wasm", "cpu"), "browser": ("wasm", "cpu", "webgl")}
    assert settings.batches == (2, 5)
    assert settings.outputs == {"scores": Tolerance(atol=0.5)}
    assert (settings.rtol, settings.accuracy_drop) == (0.01, 0.02)


def test_a_step_is_verified_as_it_says_and_otherwise_as_the_recipe_says(loaded: Load) -> None:
    recipe = loaded(
        "verify: {runtimes: [python], seed: 7}\nsteps:\n"
        "  - quantize: {input: a/model.json, output: b, dtype: uint8, verify: {atol: 0.1}}\n"
        "  - shard: {input: a/model.json, output: c, shard_size: 1kB, verify: off}\n"
        "  - shard: {input: a/model.json, output: d, shard_size: 2kB, name: other}\n"
    )
    first, second, third = recipe.steps
    assert first.verification == Verification(runtimes=("python",), seed=7, atol=0.1)
    assert second.verification is not None
    assert not second.verification.enabled
    assert third.verification is None


@pytest.mark.parametrize("name", ["café", "cafe\u0301", "我的 模型", "モデル_2"])
def test_a_name_may_be_in_any_script(name: str, loaded: Load) -> None:
    assert loaded(f"name: {name}\n{STEPS}").name == name


def test_whole_numbers_stand_where_numbers_are_wanted(loaded: Load) -> None:
    settings = loaded(STEPS + "verify: {atol: 1, image_range: [0, 255]}").verification
    assert (settings.atol, settings.image_range) == (1.0, (0.0, 255.0))
    assert isinstance(settings.atol, float)


@pytest.mark.parametrize("text", ["1e-5", "1E-5", "1.0e-5", "0.1e-4", ".1e-4", "+1e-5", "100e-7"])
def test_small_numbers_are_written_as_everybody_does(text: str, loaded: Load) -> None:
    assert loaded(STEPS + f"verify: {{atol: {text}}}").verification.atol == pytest.approx(1e-5)


def test_what_only_begins_like_a_number_is_text(loaded: Load) -> None:
    assert loaded(f"name: 1e-5b\n{STEPS}").name == "1e-5b"


def test_a_name_from_a_strange_file_name_can_be_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "-我的:recipe?.yml"
    path.write_text(STEPS)
    assert load(path, check_files=False).name == "我的-recipe"


def test_loading_a_recipe_imports_nothing_heavy() -> None:
    code = (
        "import sys, pathlib; from workflow.recipe import load; load(pathlib.Path('recipes/mobilenet.yml'));"
        "print({'numpy', 'h5py', 'rattler', 'tensorflow', 'rich', 'pydantic'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("key", ["inputs", "labels"])
@pytest.mark.parametrize("of_step", [True, False])
def test_files_to_verify_with_must_be_there(key: str, *, of_step: bool, refusal: Refuse, tmp_path: Path) -> None:
    for name in ("a.h5", "inputs.npy", "labels.npy"):
        (tmp_path / name).touch()
    (tmp_path / f"{key}.npy").unlink()
    verify = "verify: {inputs: inputs.npy, labels: labels.npy}"
    step = f"python_to_js: {{input: a.h5, output: o{f', {verify}' if of_step else ''}}}"
    (said,) = refusal(f"steps: [{{{step}}}]\n" + ("" if of_step else f"{verify}\n")).split("\n\n")
    assert f"`{key}.npy`" in said.splitlines()[0]
