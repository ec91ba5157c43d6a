from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from workflow.base import locations
from workflow.base.errors import EnvironmentProblem
from workflow.environment.pins import conda

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = {
    "name": "pip",
    "version": "24.3.1",
    "manager": "conda",
    "platform": "linux-64",
    "url": "https://conda.anaconda.org/conda-forge/noarch/pip-24.3.1-pyh8b19718_0.conda",
    "hash": {"md5": "0" * 32, "sha256": "a" * 64},
    "category": "main",
}
_LOCK = {"version": 1, "metadata": {"platforms": ["linux-64", "osx-64"]}, "package": [_PACKAGE]}


def written(tmp_path: Path, lock: dict[str, Any]) -> Path:
    path = tmp_path / "conda-lock.yml"
    path.write_text(yaml.safe_dump(lock, sort_keys=False))
    return path


def changed(tmp_path: Path, **fields: object) -> Path:
    lock = copy.deepcopy(_LOCK)
    lock["package"] = [{**_PACKAGE, **fields}]
    return written(tmp_path, lock)


def test_a_package_knows_its_file_channel_and_place(tmp_path: Path) -> None:
    (package,) = conda.packages(written(tmp_path, _LOCK), "linux-64")
    assert (package.name, package.version) == ("pip", "24.3.1")
    assert package.file_name == "pip-24.3.1-pyh8b19718_0.conda"
    assert package.channel == "https://conda.anaconda.org/conda-forge"
    assert package.place == "noarch/pip-24.3.1-pyh8b19718_0.conda"
    assert package.digest == ("sha256", "a" * 64)


def test_md5_serves_where_there_is_no_sha256(tmp_path: Path) -> None:
    (package,) = conda.packages(changed(tmp_path, hash={"md5": "0" * 32}), "linux-64")
    assert package.digest == ("md5", "0" * 32)


def test_the_project_s_lock_has_python_3_8_for_each_of_its_platforms() -> None:
    lock = locations.project_file("conda-lock.yml")
    names = conda.platforms(lock)
    assert set(names) == {"linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
    for name in names:
        versions = {package.name: package.version for package in conda.packages(lock, name)}
        assert versions["python"].startswith("3.8.")
        assert "pip" in versions


@pytest.mark.parametrize("fields", [{"category": "dev"}, {"manager": "pip"}, {"platform": "osx-64"}])
def test_only_main_conda_packages_of_the_platform_count(tmp_path: Path, fields: dict[str, str]) -> None:
    with pytest.raises(EnvironmentProblem, match="nothing is locked for the platform linux-64") as raised:
        conda.packages(changed(tmp_path, **fields), "linux-64")
    assert "linux-64, osx-64" in raised.value.details


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"hash": {}}, "pip has no checksum"),
        ({"hash": {"sha256": "abc"}}, "pip has no checksum that could be checked: abc"),
        ({"hash": "abc"}, "lacks its name, version, url or hash"),
        ({"url": "https://host/conda-forge/noarch/.."}, "not the URL of a conda package"),
        ({"url": "https://host/conda-forge/noarch/a%2Fb.conda%5C..%5Cx"}, "not the URL of a conda package"),
    ],
)
def test_a_package_that_cannot_be_checked_or_placed_is_refused(
    tmp_path: Path, fields: dict[str, object], complaint: str
) -> None:
    with pytest.raises(EnvironmentProblem, match=complaint):
        conda.packages(changed(tmp_path, **fields), "linux-64")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "version is None"),
        ("just text", "version is None"),
        ("version: 6\npackage: []\n", "version is 6"),
        ("version: 1\n", "no list of packages"),
        ("version: 1\npackage: {}\n", "no list of packages"),
        ("version: [1\n", "not YAML"),
    ],
)
def test_what_is_no_lock_is_called_so(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(text)
    with pytest.raises(EnvironmentProblem, match=complaint) as raised:
        conda.packages(path, "linux-64")
    assert raised.value.message.startswith(str(path))


def test_a_missing_or_unreadable_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"cannot be read: .*No such file"):
        conda.platforms(tmp_path / "none.yml")
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        conda.packages(tmp_path, "linux-64")
