"""What planning says of each step, and what counts as its ingredients, name by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.recipes import recipe_of, scripted, shard_step, write_layers_model
from workflow import environment
from workflow.base.digests import artifact_digests
from workflow.catalogue import formats
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import FetchedModel, Tolerance, Verification
from workflow.runs import planning, publishing
from workflow.runs.sidecars import Ingredients, Sidecar, sidecar_path
from workflow.runs.tasks import Selection, tasks_of

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.recipe.recipes import Recipe, Step
    from workflow.runs.tasks import Task

LOCK = "lock-1"
SAME = "inputs, options and environment are as before, output is intact"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_layers_model(tmp_path / "web")
    return tmp_path


def publish(recipe: Recipe, **facts: object) -> None:
    """Publish for every task what a run would."""
    for task in tasks_of(recipe):
        staged = publishing.begin(task.output)
        write_layers_model(staged)
        found = planning.ingredients(task, recipe, environment=LOCK)
        publishing.publish(task.output, Sidecar(task.name, found, artifact_digests(staged), facts))


def plan(recipe: Recipe, **selection: Any) -> list[Task]:
    return planning.plan(recipe, Selection(**selection), environment=LOCK)


def decisions(recipe: Recipe, **selection: Any) -> list[tuple[bool, tuple[str, ...], str]]:
    return [(task.runs, task.reasons, task.refused) for task in plan(recipe, **selection)]


def test_each_state_of_an_output_has_its_reason(base: Path) -> None:
    recipe, output = recipe_of(base, shard_step(base)), base / "shard"
    assert decisions(recipe) == [(True, ("not made yet",), "")]
    output.mkdir()
    assert decisions(recipe) == [(True, ("no record of an earlier run beside the output",), "")]
    (output / "mine").touch()
    foreign = "nothing shows that tfjs-workflow made shard (there is no shard.tfjs-workflow.json beside it)"
    assert decisions(recipe) == [(True, ("no record of an earlier run beside the output",), foreign)]
    assert decisions(recipe, force_all=True) == [(True, ("forced",), "")]
    sidecar_path(output).write_text("{")
    unread = "nothing shows that tfjs-workflow made shard (shard.tfjs-workflow.json cannot be read)"
    assert decisions(recipe)[0][2] == unread
    publishing.previous_path(output).mkdir()
    assert decisions(recipe) == [
        (True, ("an earlier run was interrupted", "no record of an earlier run beside the output"), "")
    ]


def test_what_is_up_to_date_says_so_and_what_was_left_open(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    publish(recipe)
    assert decisions(recipe) == [(False, (SAME,), "")]
    runs = [
        {"runtime": "browser", "backend": backend, "status": "not run", "why": "the browser has no adapter"}
        for backend in ("webgl", "webgpu")
    ]
    publish(recipe, check={"runs": runs})
    left = "it was not run in browser webgl, browser webgpu: --force shard verifies it again"
    assert decisions(recipe) == [(False, (f"{SAME}; {left}",), "")]


def test_another_format_of_keys_is_said_where_nothing_else_changed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(base, shard_step(base))
    publish(recipe)
    monkeypatch.setattr(Ingredients, "key", lambda self: str(id(self)))
    assert decisions(recipe) == [(True, ("the tool's own format version changed",), "")]


def test_a_step_waits_for_every_one_that_it_reads(base: Path) -> None:
    both = shard_step(base, "three", after=("one", "two"))
    recipe = recipe_of(base, shard_step(base, "one"), shard_step(base, "two"), both)
    assert decisions(recipe)[2][1] == ("its input is made by step one and two",)
    publish(recipe)
    assert decisions(recipe, forced=("two",)) == [
        (False, (SAME,), ""),
        (True, ("forced",), ""),
        (True, ("its input is made by step two",), ""),
    ]


def made_of(base: Path, step: Step, **recipe: Any) -> Ingredients:
    made = recipe_of(base, step).replaced(**recipe)
    return planning.ingredients(tasks_of(made)[0], made, environment=LOCK)


OFF = Verification(enabled=False)


def test_the_options_of_a_step_are_all_that_decides_what_it_makes(base: Path) -> None:
    plain = made_of(base, shard_step(base), verification=OFF)
    assert plain.options == {
        "from": "tfjs_layers_model",
        "to": "tfjs_layers_model",
        "weight_shard_size_bytes": 4,
        "engine": "reference",
        "verify": {"enabled": False},
    }
    assert (plain.kind, plain.environment) == ("shard", LOCK)
    assert sorted(plain.inputs) == ["group1-shard1of1.bin", "model.json"]
    native = made_of(base, shard_step(base).replaced(engine="auto"), verification=OFF)
    assert native.options == {**plain.options, "engine": "auto", "native revision": formats.REVISION}


@pytest.mark.parametrize(
    ("source", "target", "fallback", "keras3"),
    [
        ("keras", "tfjs_graph_model", None, True),
        ("keras_keras", "tfjs_layers_model", "tfjs_graph_model", True),
        ("keras", "tfjs_layers_model", None, False),
        ("tf_saved_model", "tfjs_graph_model", None, False),
    ],
)
def test_files_of_keras_depend_on_the_environment_of_keras_3_where_they_may_go_that_way(
    source: Any, target: Any, fallback: Any, *, keras3: bool, base: Path
) -> None:
    step = shard_step(base).replaced(from_format=source, to_format=target, fallback_format=fallback)
    options = made_of(base, step, verification=OFF).options
    assert options.get("keras3") == (environment.lock_digest(environment.KERAS3_NAME) if keras3 else None)
    assert options.get("or") == fallback


def test_every_setting_of_a_verification_counts_but_files_and_what_is_only_measured(base: Path) -> None:
    settings = Verification(
        backends={"node": ("wasm",)},
        inputs=base / "web" / "model.json",
        image_range=(-1.0, 1.0),
        outputs={"y": Tolerance(atol=0.5)},
        repeat=7,
    )
    found = made_of(base, shard_step(base), verification=settings)
    assert found.options["verify"] == {
        "enabled": True,
        "runtimes": ["python", "node", "browser"],
        "backends": {"node": ["wasm"]},
        "require": [],
        "image_range": [-1.0, 1.0],
        "samples": None,
        "batches": [1, 3],
        "seed": 0,
        "atol": None,
        "rtol": None,
        "outputs": {"y": {"atol": 0.5, "rtol": None}},
        "accuracy_drop": None,
    }
    assert json.loads(json.dumps(found.options)) == found.options
    own = shard_step(base).replaced(verification=OFF)
    assert made_of(base, own, verification=settings).options["verify"] == {"enabled": False}


def test_files_that_a_step_names_are_inputs_under_these_names(base: Path) -> None:
    for name in ("labels.json", "layers.py", "more.py", "x.npy", "y.npy"):
        (base / name).write_text(name)
    step = shard_step(base, custom_objects=[str(base / "layers.py")], metadata={"names": str(base / "labels.json")})
    settings = Verification(inputs=base / "x.npy", labels=base / "y.npy")
    model = ["group1-shard1of1.bin", "model.json"]
    named = [
        "custom objects layers.py/layers.py",
        "custom objects more.py/more.py",
        "metadata names/labels.json",
    ]
    samples = ["verify inputs/x.npy", "verify labels/y.npy"]
    found = made_of(base, step, verification=settings).inputs
    placed = sorted(name.replace(f"{base}/", "") for name in found)
    assert placed == sorted([*model, *named, *samples])
    without = made_of(base, step, verification=settings.replaced(enabled=False)).inputs
    assert sorted(found.keys() - without.keys()) == samples


def test_a_handle_is_an_input_by_itself(base: Path) -> None:
    step = shard_step(base).replaced(input="https://tfhub.dev/x/1", input_is_handle=True, from_format="tf_hub")
    assert made_of(base, step).inputs == {"handle": {"sha256": "https://tfhub.dev/x/1", "bytes": 0}}


def test_sources_of_the_first_model_are_known_by_what_decides_about_them(base: Path, tmp_path_factory: Any) -> None:
    def of(source: Any) -> Ingredients:
        recipe = recipe_of(base, model=source)
        return planning.ingredients(tasks_of(recipe)[0], recipe, environment=LOCK)

    fetched = of(FetchedModel("https://host/a.h5", "ab" * 32, base / "m.h5", Spot(path=base / "recipe.yml")))
    assert fetched == Ingredients("model", {"sha256": "ab" * 32}, {}, "")
    (base / "data.csv").write_text("1")
    script = scripted(base).replaced(arguments=("-n", "3"), depends=(base / "data.csv",))
    inside = of(script)
    assert (inside.kind, inside.options, inside.environment) == ("model", {"arguments": ["-n", "3"]}, LOCK)
    assert sorted(inside.inputs) == ["data.csv", "train.py"]
    outside = tmp_path_factory.mktemp("elsewhere") / "data.csv"
    outside.write_text("1")
    named = of(script.replaced(depends=(outside,))).inputs
    assert sorted(named) == sorted(path.relative_to(path.anchor).as_posix() for path in (outside, base / "train.py"))


def test_planning_uses_the_steps_own_verification_before_the_recipes(base: Path) -> None:
    recipe = recipe_of(base, shard_step(base))
    own = Verification(seed=5)
    assert planning.verification_of(recipe.steps[0], recipe) is recipe.verification
    assert planning.verification_of(recipe.steps[0].replaced(verification=own), recipe) is own
