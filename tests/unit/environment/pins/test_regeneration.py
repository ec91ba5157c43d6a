"""The committed locks agree with their sources and with each other, and hold no address of any server."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from workflow.base.errors import EnvironmentProblem
from workflow.base.events import Recording
from workflow.environment.pins import conda, pip, regeneration

PLATFORMS = {"linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
CONVERTER_LOCKS = [lock for lock in pip.LOCKS if lock.profile in {"full", "lean"}]
SOURCE_FILES = ("environment.yml", "conda-lock.yml", "pyproject.toml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in SOURCE_FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def conda_lock() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((ROOT / "conda-lock.yml").read_text(), Loader=yaml.CSafeLoader)
    return content


def test_no_lock_is_stale() -> None:
    assert regeneration.staleness(ROOT) == []


@pytest.mark.parametrize("name", ["tfjs.in", "lean-overrides.txt", "build.in", "dev.in", "keras3.in"])
def test_a_changed_source_makes_its_locks_stale(copy: Path, name: str) -> None:
    source = copy / "requirements" / name
    source.write_text(source.read_text() + "numpy\n")
    findings = regeneration.staleness(copy)
    assert findings
    assert all(name in finding for finding in findings)


def test_a_changed_requirement_in_pyproject_makes_the_host_lock_stale(copy: Path) -> None:
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('"typer>=', '"typer>0'))
    assert regeneration.staleness(copy) == [
        "requirements/host.txt: pyproject.toml or requirements/build.in has changed since it was made"
    ]


def test_another_change_in_pyproject_leaves_the_host_lock_fresh(copy: Path) -> None:
    project = copy / "pyproject.toml"
    project.write_text(project.read_text() + "\n[tool.nothing]\nkey = 1\n")
    assert regeneration.staleness(copy) == []


def test_a_lock_edited_by_hand_is_found(copy: Path) -> None:
    lock = copy / "requirements" / "tfjs-linux-64.txt"
    lock.write_text(lock.read_text().replace("tensorflow==2.13", "tensorflow==2.12"))
    assert regeneration.staleness(copy) == ["requirements/tfjs-linux-64.txt: was edited by hand"]


def test_a_lock_that_is_not_there_is_found(copy: Path) -> None:
    (copy / "requirements" / "tfjs-win-64.txt").unlink()
    assert regeneration.staleness(copy) == ["requirements/tfjs-win-64.txt: there is no such lock"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("python=3.8", "python=3.9"), ("  - pip\n", "  - pip\n  - zlib\n"), ("conda-forge", "bioconda")],
)
def test_a_changed_environment_makes_the_conda_lock_stale_everywhere(copy: Path, old: str, new: str) -> None:
    source = copy / "environment.yml"
    source.write_text(source.read_text().replace(old, new))
    assert len(regeneration.staleness(copy)) == len(PLATFORMS)


def test_a_platform_without_packages_is_found(copy: Path) -> None:
    source = copy / "environment.yml"
    source.write_text(source.read_text().replace("  - win-64\n", ""))
    assert regeneration.staleness(copy) == ["conda-lock.yml: win-64 is locked and not in environment.yml"]


# what conda-lock 4.0.3 itself makes of the source below
HASHES_BY_CONDA_LOCK = {
    "linux-64": "dd6b2e8399c7082322f3a22e9436d2276fbb25272b53c3b7b5ef7fb961c8d848",
    "osx-64": "a871725d9047f678d3461838f085a071727bde338d6cf4d7b0402297ea5e5000",
    "win-64": "96590545f2f265382785a2caf8a776256084cb7410a61edd4557e9d1c8fd56a8",
}


@pytest.mark.parametrize("platform", sorted(HASHES_BY_CONDA_LOCK))
def test_the_content_hash_is_the_one_of_conda_lock(platform: str) -> None:
    source = {
        "channels": ["conda-forge", "bioconda"],
        "dependencies": ["python=3.8", "pip", "numpy >=1.2,<2"],
    }
    assert conda.content_hash(source, platform) == HASHES_BY_CONDA_LOCK[platform]


@pytest.mark.parametrize("item", [{"pip": ["tensorflowjs"]}, "zlib=1.2=h1_0", "conda-forge::xz"])
def test_a_dependency_that_cannot_be_hashed_is_refused(item: object) -> None:
    with pytest.raises(EnvironmentProblem, match="no plain conda dependency"):
        conda.content_hash({"channels": [], "dependencies": [item]}, "linux-64")


def test_every_platform_has_a_conda_lock_and_a_pip_lock() -> None:
    assert {package["platform"] for package in conda_lock()["package"]} == PLATFORMS
    assert {Path(lock.path).stem.removeprefix("tfjs-") for lock in CONVERTER_LOCKS} == PLATFORMS


@pytest.mark.parametrize("lock", CONVERTER_LOCKS, ids=lambda lock: lock.path)
def test_a_converter_lock_says_its_profile_first_and_holds_what_it_says(lock: pip.PipLock) -> None:
    text = (ROOT / lock.path).read_text()
    assert text.startswith(f"# profile: {lock.profile}\n")
    assert ("jax" in pinned(ROOT / lock.path)) == (lock.profile == "full")
    assert pinned(ROOT / lock.path)["tensorflowjs"] == "4.22.0"


@pytest.mark.parametrize("lock", CONVERTER_LOCKS, ids=lambda lock: lock.path)
def test_pip_and_setuptools_are_those_of_the_conda_lock(lock: pip.PipLock) -> None:
    platform = Path(lock.path).stem.removeprefix("tfjs-")
    for package in conda_lock()["package"]:
        if package["platform"] == platform and package["name"] in {"pip", "setuptools"}:
            assert pinned(ROOT / lock.path)[package["name"]] == package["version"]


def test_the_conda_lock_holds_python_3_8_for_each_platform() -> None:
    versions = {(p["platform"], p["version"]) for p in conda_lock()["package"] if p["name"] == "python"}
    assert versions == {(platform, "3.8.20") for platform in PLATFORMS}


@pytest.mark.parametrize("lock", pip.LOCKS, ids=lambda lock: lock.path)
def test_every_line_of_a_pip_lock_is_hashed_and_names_no_server_or_path(lock: pip.PipLock) -> None:
    text = (ROOT / lock.path).read_text()
    assert "://" not in text
    assert not re.search(r"(?:^|\s)(?:-i|-f|--(?:extra-)?index-url|--find-links)\b", text, re.MULTILINE)
    assert not re.search(r"(?:^|\s)(?:/|~|[A-Z]:\\)", text, re.MULTILINE)
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_conda_lock_holds_no_pip_packages_and_one_channel() -> None:
    packages = conda_lock()["package"]
    assert {package["manager"] for package in packages} == {"conda"}
    assert {package["url"].rsplit("/", 2)[0] for package in packages} == {"https://conda.anaconda.org/conda-forge"}


def test_the_build_backend_of_pyproject_is_in_the_host_lock() -> None:
    required = re.search(r'^requires = \["([a-z]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert required is not None
    assert required[1] in pinned(ROOT / "requirements" / "host.txt")


def test_dev_and_host_agree_where_both_hold_a_package() -> None:
    host = set(re.findall(r"^[a-z]\S+==[^\\]*", (ROOT / "requirements" / "host.txt").read_text(), re.MULTILINE))
    dev = set(re.findall(r"^[a-z]\S+==[^\\]*", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    names = {line.partition("==")[0] for line in host}
    assert {line for line in dev if line.partition("==")[0] in names} <= host


@pytest.fixture
def relocked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Note which pip locks are made anew; the second of them is stale."""
    made: list[tuple[str, bool]] = []
    stale = pip.LOCKS[1].path
    monkeypatch.setattr(pip, "relock", lambda lock, _, *, upgrade, **__: made.append((lock.path, upgrade)))
    monkeypatch.setattr(pip, "staleness", lambda lock, _: "stale" if lock.path == stale else None)
    return made


def test_what_is_stale_is_made_anew_and_all_of_it_with_an_upgrade(
    relocked: list[tuple[str, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    listener = Recording()
    monkeypatch.setattr(conda, "staleness", lambda _: found)
    every = [lock.path for lock in pip.LOCKS]
    for upgrade, expected in ((False, every[1:2]), (True, every)):
        made = regeneration.regenerate(tmp_path, upgrade=upgrade, with_conda=False, listener=listener)
        assert made == expected
        assert relocked == [(path, upgrade) for path in expected]
        relocked.clear()
    assert listener.warnings == []
    found += ["conda-lock.yml: it is old", "and more"]
    regeneration.regenerate(tmp_path, upgrade=False, with_conda=False, listener=listener)
    assert listener.warnings == ["conda-lock.yml: it is old; --conda makes it anew"]
    with pytest.raises(EnvironmentProblem) as caught:
        regeneration.require_fresh(tmp_path)
    assert caught.value.message == "3 of the locks are stale"
    assert caught.value.details == "conda-lock.yml: it is old\nand more\nstale"
    assert caught.value.hint == "tfjs-workflow env lock"


@pytest.mark.usefixtures("relocked")
def test_the_conda_lock_is_made_by_conda_lock_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Recording()
    monkeypatch.setattr(conda, "staleness", lambda _: [])
    monkeypatch.setenv("PATH", str(tmp_path))

    def regenerate() -> list[str]:
        return regeneration.regenerate(tmp_path, upgrade=False, with_conda=True, listener=listener)

    with pytest.raises(EnvironmentProblem) as caught:
        regenerate()
    assert caught.value.message == "conda-lock.yml is made by the conda-lock program, which is not on PATH"
    assert caught.value.hint == (
        "install conda-lock (it needs a conda, mamba or micromamba as well), then run this again"
    )
    program = tmp_path / "conda-lock"
    program.write_text('#!/bin/sh\necho "$@" > told; pwd >> told\n')
    program.chmod(0o755)
    assert regenerate() == ["conda-lock.yml", pip.LOCKS[1].path]
    command = "lock -f environment.yml --lockfile conda-lock.yml"
    assert (tmp_path / "told").read_text().splitlines() == [command, str(tmp_path)]
    assert listener.lines == [f"conda-lock.yml: conda-lock {command}"]
    program.write_text(f"#!/bin/sh\necho '{'x' * 3000}' >&2; exit 3\n")
    with pytest.raises(EnvironmentProblem) as caught:
        regenerate()
    assert caught.value.message == "conda-lock.yml: conda-lock failed (exit code 3)"
    assert caught.value.details == "x" * 2000


def test_a_solution_may_take_half_an_hour() -> None:
    assert regeneration._PATIENCE_SECONDS == 1800.0
