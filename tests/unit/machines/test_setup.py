"""`make setup` installs into .venv whatever the user has told pip and Python for other places."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ASTRAY = {
    "PIP_USER": "1",
    "PIP_TARGET": "elsewhere",
    "PIP_PREFIX": "elsewhere",
    "PIP_ROOT": "elsewhere",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PYTHONPATH": "shadows",
}
OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")
"""What a make tells those below it, this suite among them: they say more than they are asked to."""

CONFIGURED = "[global]\ntarget = elsewhere\n[install]\nuser = true\n"


def made(target: str, folder: Path, variables: dict[str, str]) -> str:
    """Return what the recipe of a further target prints, with the variables of the Makefile."""
    words = ["make", "-f", str(ROOT / "Makefile"), f"--eval={target}", "shown"]
    environ = {name: value for name, value in os.environ.items() if name not in OF_MAKE} | variables
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this make is too old to be asked")
    assert done.returncode == 0, done.stderr
    return done.stdout


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def test_what_leads_packages_and_imports_astray_does_not_reach_a_command_and_what_names_an_index_does(
    tmp_path: Path,
) -> None:
    variables = {**ASTRAY, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CERT": "/a.pem"}
    shown = dict(line.split("=", 1) for line in made("shown: ; @env", tmp_path, variables).splitlines() if "=" in line)
    assert ASTRAY.keys() & shown.keys() == {"PIP_REQUIRE_VIRTUALENV"}  # .venv is one
    assert shown["PIP_INDEX_URL"] == variables["PIP_INDEX_URL"]
    assert shown["PIP_CERT"] == "/a.pem"


def test_pip_installs_into_the_virtual_environment_against_its_configuration_too(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    (tmp_path / "pip.conf").write_text(CONFIGURED)
    options = shlex.split(made("shown: ; @echo $(PIP_INSTALL)", tmp_path, {}))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    environ = {**os.environ, "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    module, pip, *rest = options
    words = [sys.executable, module, pip, "--python", str(python), *rest, "--no-index", str(wheel)]
    subprocess.run(words, cwd=tmp_path, env=environ, check=True)
    subprocess.run([python, "-c", "import tiny"], cwd=tmp_path / "venv", check=True)
    assert not (tmp_path / "elsewhere").exists()
