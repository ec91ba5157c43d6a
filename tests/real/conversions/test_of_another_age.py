"""What Keras 2.13 made goes to TensorFlow.js and comes back, and today's Keras opens it where it opens the original."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import Project
from workflow.base.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).parent / "programs"
NEAR = 1e-4

Far = dict[str, float | str]


@pytest.fixture(scope="module")
def folder(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of Keras 2.13, what TensorFlow.js gets of them, and what comes back; a network as of Teachable Machine."""
    home = tmp_path_factory.mktemp("of_another_age")
    made = run([str(converter_python), str(PROGRAMS / "layers_of_keras_2.py"), "."], cwd=home, timeout=200)
    assert made.code == 0, made.stderr
    lines = ["verify: off", "steps:"]
    for name in sorted(path.stem for path in home.glob("*.h5")):
        lines.append(f"  - python_to_js: {{name: {name}_web, input: {name}.h5, output: web/{name}}}")
        lines += [
            f"  - js_to_python: {{name: {name}_{ending}, input: web/{name}, output: back/{name}.{ending}}}"
            for ending in ("h5", "keras")
        ]
    Project(home).write("\n".join(lines) + "\n").convert("--keep-going", timeout=300)
    return home


def _far(folder: Path, python: Path, where: str) -> Far:
    """Return how far each model in a folder is, in this Python, from what Keras 2.13 answered, or why it is not run."""
    found = sorted(path for path in (folder / where).iterdir() if path.suffix in (".h5", ".keras"))
    (folder / "told.json").write_text(json.dumps([(str(one), str(folder / f"{one.stem}.json")) for one in found]))
    argv = [str(python), str(PROGRAMS / "ask_outside.py"), "told.json", "answered.json"]
    done = run(argv, cwd=folder, timeout=300)
    assert done.code == 0, done.stderr
    return {Path(path).name: far for path, far in json.loads((folder / "answered.json").read_text()).items()}


def test_keras_2_opens_everything_that_comes_back(folder: Path, converter_python: Path) -> None:
    back = _far(folder, converter_python, "back")
    assert len(back) > 110
    assert {name: far for name, far in back.items() if not (isinstance(far, float) and far < NEAR)} == {}


def test_keras_3_opens_what_comes_back_where_it_opens_the_original(folder: Path, keras3: Environment) -> None:
    originals, back = _far(folder, keras3.python, "."), _far(folder, keras3.python, "back")
    opened = {Path(name).stem: far for name, far in originals.items() if isinstance(far, float)}
    assert len(opened) > 45
    worse = {
        name: (far, opened[Path(name).stem])
        for name, far in back.items()
        if Path(name).stem in opened and not (isinstance(far, float) and far <= opened[Path(name).stem] + NEAR)
    }
    assert worse == {}


def test_keras_3_opens_a_model_of_teachable_machine_that_came_back(folder: Path, keras3: Environment) -> None:
    original, back = (_far(folder, keras3.python, where) for where in (".", "back"))
    assert isinstance(original["teachable.h5"], str)
    assert "groups" in original["teachable.h5"]
    for name in ("teachable.h5", "teachable.keras"):
        far = back[name]
        assert isinstance(far, float), far
        assert far < NEAR
