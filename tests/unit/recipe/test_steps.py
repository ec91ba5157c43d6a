from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.recipe.conftest import Load, Refuse

A, B = "python_to_js: {input: a.h5, output: b}", "js_to_python: {input: b, output: c.h5}"


def steps(*declared: str) -> str:
    return "steps:\n" + "".join(f"- {step}\n" for step in declared)


CLASHES = {
    "duplicate output": (
        steps(A, "graph: {input: a.h5, output: b}"),
        "3:32: `b` is the output of `python_to_js` already",
    ),
    "other spelling": (steps(A, "graph: {input: a.h5, output: ./x/../b/}"), "3:32: `./x/../b/` is the output of"),
    "output in output": (steps(A, "graph: {input: a.h5, output: b/c}"), "3:32: `b/c` lies inside `b`, the output of"),
    "output around output": (steps("graph: {input: a.h5, output: b/c}", A), "2:32: `b/c` lies inside `b`"),
    "output is input": (steps("js_to_python: {input: a.h5, output: a.h5}"), "2:39: `a.h5` is the step's input too"),
    "output is model.json": (
        steps("shard: {input: w/model.json, output: w, shard_size: 1kB}"),
        "2:40: `w` is the step's input",
    ),
    "output in input": (steps("graph: {input: s, output: s/g, from: tf_saved_model}"), "2:29: `s/g` lies inside `s`"),
    "output around input": (steps("graph: {input: s/a.h5, output: s}"), "2:34: `s` encloses `s/a.h5`"),
    "output is the base": (steps("graph: {input: a.h5, output: .}"), "2:32: `.` is the recipe's base folder"),
    "output above the base": (steps("graph: {input: a.h5, output: ../}"), "2:32: `../` holds the recipe's base folder"),
    "output is the recipe": (
        steps("graph: {input: a.h5, output: recipe.yml}"),
        "2:32: `recipe.yml` is the recipe itself",
    ),
    "output is the root": (steps("graph: {input: a.h5, output: /}"), "2:32: `/` holds the recipe's base folder"),
    "script replaced": (
        "model: {script: make.py, output: make.py}\n" + steps("graph: {input: a.h5, output: g}"),
        "1:34: `make.py` is what the recipe reads",
    ),
    "circle": (
        steps("shard: {input: x, output: y, shard_size: 1kB}", "quantize: {input: y, output: x, dtype: uint8}"),
        "these steps wait for each other: `quantize` → `shard` → `quantize`. Expected one of them with another input",
    ),
    "same name": (
        steps("graph: {name: n, input: a.h5, output: b}", "graph: {name: n, input: a.h5, output: c}"),
        "3:17: the step in line 2 is called `n` too",
    ),
    "name of the source": (
        steps("graph: {name: model, input: a.h5, output: b}"),
        "2:17: a step cannot be called `model`",
    ),
    "missing input": (
        steps("python_to_js: {input: data/a.h5, output: b}"),
        "`data/a.h5` does not exist, and no step makes it",
    ),
    "misspelt input": (steps(A, "js_to_python: {input: bb, output: c.h5}"), "3:25: `bb` does not exist"),
    "missing script": ("model: {script: m.py, output: a.h5}\n" + steps(A), "1:17: `m.py` does not exist"),
    "missing weights": (
        "model: {keras_application: VGG16, weights: w.h5, output: a.h5}\n" + steps(A),
        "1:44: `w.h5` does not exist",
    ),
    "weights misspelt": (
        "model: {keras_application: VGG16, weights: imagnet, output: a.h5}\n" + steps(A),
        "1:44: `weights` cannot be `imagnet`. Expected `imagenet` or `seeded`",
    ),
    "network not as HDF5": (
        "model: {keras_application: VGG16, output: a.keras}\n" + steps("graph: {input: a.keras, output: b}"),
        "1:43: a keras_application is saved as Keras HDF5",
    ),
    "nothing to fetch": (
        "model: {keras_application: VGG16, weights: seeded, offline: fail, output: a.h5}\n" + steps(A),
        "1:52: `offline` means nothing here",
    ),
    "missing samples": (steps(A) + "verify: {inputs: x.npy}", "3:18: `x.npy` does not exist"),
    "a budget without labels": (steps(A) + "verify: {accuracy_drop: 0.1}", "3:10: `accuracy_drop` without `labels`"),
    "other inputs under a budget": (
        steps(A.rstrip("}") + ", verify: {inputs: a.h5}}") + "verify: {inputs: a.h5, labels: a.h5, accuracy_drop: 0.1}",
        "`accuracy_drop` without `labels`",
    ),
    "labels alone": (steps(A) + "verify: {labels: y.npy}", "3:10: `labels` without `inputs`"),
    "missing metadata": (
        steps("graph: {input: a.h5, output: g, metadata: {l: labels.json}}"),
        "2:49: `labels.json` does not exist",
    ),
    "colon in metadata": (steps("graph: {input: a.h5, output: g, metadata: {l: 'a:b'}}"), "has a colon or comma"),
}


@pytest.mark.parametrize(("text", "expected"), CLASHES.values(), ids=CLASHES.keys())
def test_paths_that_get_in_each_others_way_are_refused(text: str, expected: str, refusal: Refuse) -> None:
    assert expected in refusal(text)


def test_one_place_through_a_symbolic_link_is_one_output(refusal: Refuse, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    text = steps("graph: {input: a.h5, output: real/g}", "graph: {input: a.h5, output: link/g}")
    assert "3:32: `link/g` is the output of `graph` already" in refusal(text)


def test_a_missing_input_names_what_is_near(refusal: Refuse, tmp_path: Path) -> None:
    (tmp_path / "mobilenet.h5").touch()
    text = steps(
        "python_to_js: {input: mobilnet.h5, output: web_model}", "js_to_python: {input: webmodel, output: c.h5}"
    )
    details = refusal(text)
    assert "Did you mean `mobilenet.h5`?" in details
    assert "Did you mean `web_model`?" in details


def test_steps_run_after_what_they_read_and_otherwise_as_declared(loaded: Load) -> None:
    recipe = loaded(
        "model: {script: make.py, output: a.h5}\n"
        + steps(B, "graph: {input: b/model.json, output: d}", A, "python_to_js: {input: z.h5, output: e}")
    )
    assert [(step.name, step.after) for step in recipe.steps] == [
        ("python_to_js", ("model",)),
        ("js_to_python", ("python_to_js",)),
        ("graph", ("python_to_js",)),
        ("python_to_js-2", ()),
    ]


def test_default_names_avoid_the_names_that_are_given(loaded: Load) -> None:
    declared = [f"graph: {{{name}input: a.h5, output: g{n}}}" for n, name in enumerate(["", "name: graph, ", ""])]
    assert sorted(step.name for step in loaded(steps(*declared)).steps) == ["graph", "graph-2", "graph-3"]


def test_paths_count_from_above_a_folder_called_recipes(tmp_path: Path) -> None:
    from workflow.recipe import load  # noqa: PLC0415  the fixture writes elsewhere

    path = tmp_path / "recipes" / "x.yml"
    path.parent.mkdir()
    path.write_text(steps("python_to_js: {input: ~/a.h5, output: data/b}"))
    (step,) = load(path, check_files=False).steps
    assert step.output == tmp_path / "data" / "b"
    assert step.input == str(Path.home() / "a.h5")


def test_a_script_that_makes_the_model_may_make_the_samples(refusal: Refuse) -> None:
    text = "model: {script: m.py, output: a.h5}\n" + steps(A) + "verify: {inputs: x.npy, labels: y.npy}\n"
    assert "x.npy" not in refusal(text).replace(text.splitlines()[3], "")
