from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes
from workflow.environment import pip_packages

if TYPE_CHECKING:
    from pathlib import Path

AS_TENSORFLOWJS = "import tensorflow_decision_forests\nfrom jax.experimental import jax2tf\n"


def run(packages: Path, code: str) -> processes.Completed:
    return processes.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages)!r})\n{code}"])


def test_what_tensorflowjs_imports_can_be_imported(tmp_path: Path) -> None:
    pip_packages.install_stand_ins(tmp_path)
    done = run(tmp_path, f"{AS_TENSORFLOWJS}print(hasattr(jax2tf, '__version__'))")
    assert (done.stdout.strip(), done.stderr) == ("False", "")


@pytest.mark.parametrize(
    ("code", "package"),
    [
        ("jax2tf.convert(1)", "jax"),
        ("from jax import numpy", "jax"),
        ("tensorflow_decision_forests.keras.RandomForestModel()", "tensorflow_decision_forests"),
    ],
)
def test_whoever_calls_a_stand_in_is_told_what_it_is(tmp_path: Path, code: str, package: str) -> None:
    pip_packages.install_stand_ins(tmp_path)
    done = run(tmp_path, AS_TENSORFLOWJS + code)
    assert done.code == 1
    assert f"only a stand-in for '{package}', made by tfjs-workflow" in done.stderr


def test_a_real_package_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "jax").mkdir()
    pip_packages.install_stand_ins(tmp_path)
    assert list((tmp_path / "jax").iterdir()) == []
    assert (tmp_path / "tensorflow_decision_forests" / "__init__.py").is_file()
