"""Nothing of the folder that a user stands in is code: no module, no package of Node.js, no program."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import pytest

from tests.real.safety.crafting import entry, functional, layers_model, relu
from tests.real.safety.keras_files import weighted
from tests.real.safety.scene import Scene
from workflow.base.processes import run

if TYPE_CHECKING:
    from workflow.environment import Environment

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="programs are shell scripts here")]

MODULES = (
    *("h5py", "numpy", "json", "yaml", "typing", "tensorflow", "tf_keras", "keras", "tensorflowjs", "pip", "ssl"),
    *("sitecustomize", "usercustomize", "site", "encodings", "random", "tokenize", "antigravity", "worker"),
)
PACKAGES = ("workflow", "absl", "google")
PROGRAMS = ("node", "npm", "python3", "chromium", "conda", "micromamba", "uv", "ldconfig", "gcc")
SCRIPTS = ("index.js", "server.js", "node_modules/@tensorflow/tfjs/index.js", "node_modules/ws/index.js")


@pytest.fixture(scope="module")
def scene(converter_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A folder full of code, in which commands have been run."""
    home = tmp_path_factory.mktemp("cwd")
    made = Scene(home / "here", home / "outside")
    made.close()
    _fill(made)
    model = layers_model(made, functional([entry(), relu()]))
    unusual = weighted(made)
    _rewritten(unusual)
    for words in (
        ("verify", unusual.name, "--quick"),
        ("verify", unusual.name, "--runtime", "python", "--samples", "2"),
        ("verify", model.name, "--runtime", "python", "--runtime", "node", "--samples", "2"),
        ("env", "info"),
    ):
        _command(made, *words)
    return made


def _fill(scene: Scene) -> None:
    told = "import os\nopen(os.path.join({!r}, {!r}), 'w').close()\n"
    for name in MODULES:
        (scene.here / f"{name}.py").write_text(told.format(str(scene.outside), name))
    for name in PACKAGES:
        (scene.here / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (scene.here / name / file).write_text(told.format(str(scene.outside), name))
    for name in PROGRAMS:
        program = scene.here / name
        program.write_text(f"#!/bin/sh\n: > '{scene.outside / name}'\nexit 1\n")
        program.chmod(0o755)
    for name in SCRIPTS:
        script = scene.here / name
        script.parent.mkdir(parents=True, exist_ok=True)
        mark = scene.outside / name.replace("/", "_")
        script.write_text(f"require('fs').writeFileSync({str(mark)!r}, '');\n")
        (script.parent / "package.json").write_text('{"main": "index.js", "type": "commonjs"}')


def _rewritten(path: Path) -> None:
    """Write the file anew in the way that only libhdf5 reads."""
    latest = path.with_suffix(".new")
    with h5py.File(path) as source, h5py.File(latest, "w", libver="latest") as target:
        for key, value in source.attrs.items():
            target.attrs[key] = value
        for name in source:
            source.copy(name, target)
    latest.rename(path)


def _command(scene: Scene, *words: str) -> None:
    tool = Path(sys.executable).with_name("tfjs-workflow")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = {**kept, "PATH": f":{kept['PATH']}:.", "NO_COLOR": "1"}
    done = run([str(tool), *words], cwd=scene.here, env=environ, timeout=120)
    assert done.code not in (1, 2), f"{words}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", [*MODULES, *PACKAGES, *PROGRAMS, *(name.replace("/", "_") for name in SCRIPTS)])
def test_it_is_not_run(scene: Scene, name: str) -> None:
    assert not (scene.outside / name).exists()


def test_such_code_would_be_seen(scene: Scene, tmp_path: Path) -> None:
    """The files do what they should, where they are run."""
    copied = tmp_path / "here"
    shutil.copytree(scene.here, copied)
    assert run([sys.executable, "-c", "import h5py"], cwd=copied).code == 0
    assert (scene.outside / "h5py").exists()
    (scene.outside / "h5py").unlink()
