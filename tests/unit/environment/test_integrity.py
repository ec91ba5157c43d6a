"""Every file of an environment against what its packages list."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from workflow.base import locations
from workflow.environment import Environment, integrity
from workflow.verification.runtimes import package_integrity as javascript
from workflow.verification.runtimes import packages

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.environment.health import Check

FILES = {"a/__init__.py": b"1", "a/lib.so": bytes(3_000_000), "../../../bin/a": b"#!/bin/sh\n"}


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def brought_by_pip(site: Path, name: str, files: dict[str, bytes]) -> None:
    rows = []
    for file, content in files.items():
        write(site / file, content)
        digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f'"{file}",sha256={digest},{len(content)}\n')
    record = f"{name}-1.0.dist-info/RECORD"
    write(site / record, "".join([*rows, f"{record},,\n", "a/__pycache__/x.pyc,,\n"]).encode())


def brought_by_conda(prefix: Path, name: str, files: dict[str, bytes], *, kind: str = "hardlink") -> None:
    paths = []
    for file, content in files.items():
        write(prefix / file, content)
        paths.append({"_path": file, "path_type": kind, "sha256": "0", "sha256_in_prefix": sha256(content)})
    paths.append({"_path": "bin/entry", "path_type": "unix_python_entry_point"})
    record = {"name": name, "files": [*files, "bin/entry"], "paths_data": {"paths": paths}}
    write(prefix / "conda-meta" / f"{name}-1.0-0.json", json.dumps(record).encode())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "env" / "lib" / "python3.8" / "site-packages"
    brought_by_pip(site, "a", FILES)
    brought_by_pip(site, "b", {"b.py": b"2", "strange, name.py": b"3"})
    return site


@pytest.fixture
def environment(tmp_path: Path, site: Path) -> Environment:
    prefix = tmp_path / "env"
    return Environment("env", prefix, prefix / "bin" / "python", "python", "3.8.20", "full", "0", ())


def checked(environment: Environment) -> list[Check]:
    return list(integrity.checks(environment))


def test_what_is_as_its_packages_brought_it_passes_with_counts(environment: Environment) -> None:
    [check] = checked(environment)
    assert (check.verdict, check.note) == ("ok", "7 files, 3.0 MB")  # and its size counts the lists


@pytest.mark.parametrize("name", ["a/__init__.py", "a/lib.so", "../../../bin/a"])
def test_a_file_that_was_changed_or_deleted_is_named_with_its_package(
    environment: Environment, site: Path, name: str
) -> None:
    content = bytearray(FILES[name])
    content[-1] ^= 1
    (site / name).write_bytes(content)
    [check] = checked(environment)
    assert check.verdict == "failed"
    assert check.output.endswith(f"{name.removeprefix('../../../')} was changed")
    assert check.note == "1 of 7 files, 3.0 MB differ, of a-1.0"
    (site / name).unlink()
    assert checked(environment)[0].output.endswith(f"{name.removeprefix('../../../')} is missing")


def test_a_changed_file_that_is_linked_from_the_cache_needs_the_cache_to_be_deleted(
    environment: Environment, site: Path, tmp_path: Path
) -> None:
    (site / "b.py").write_bytes(b"x")
    assert checked(environment)[0].mend == ""
    (tmp_path / "cached").hardlink_to(site / "b.py")
    assert f"delete {locations.cache() / 'uv'}, then" in checked(environment)[0].mend


def test_what_no_package_lists_is_told_and_does_not_fail(environment: Environment, site: Path) -> None:
    for name in ("sitecustomize.py", "sneaked.pth", "more/of.py", "empty.libs/x.pyc", "jax/__init__.py"):
        write(site / name, b"")
    [check] = checked(environment)
    assert check.verdict == "marked"
    assert check.output.splitlines() == ["more", "sitecustomize.py", "sneaked.pth"]


def test_what_is_listed_outside_the_environment_is_no_file_of_it(environment: Environment, site: Path) -> None:
    brought_by_pip(site, "c", {"../../../../elsewhere": b"x"})
    assert "elsewhere lies outside" in checked(environment)[0].output


def test_files_of_conda_are_held_against_what_they_became_in_their_prefix(environment: Environment) -> None:
    brought_by_conda(environment.prefix, "python", {"bin/python3.8": b"python", "lib/x.py": b"x"})
    pip, conda = checked(environment)
    assert (pip.verdict, conda.verdict, conda.note) == ("ok", "ok", "2 files, 7 B")
    (environment.prefix / "lib" / "x.py").write_bytes(b"y")
    assert checked(environment)[1].output.endswith("lib/x.py was changed")


def test_a_conda_package_that_pip_has_replaced_is_pips(environment: Environment, site: Path) -> None:
    name = "lib/python3.8/site-packages"
    files = {f"{name}/pip/a.py": b"old", f"{name}/pip-24.dist-info/METADATA": b"old"}
    brought_by_conda(environment.prefix, "pip", files)
    (environment.prefix / name / "pip-24.dist-info" / "METADATA").unlink()
    brought_by_pip(site, "pip", {"pip/a.py": b"new"})
    assert [check.verdict for check in checked(environment)] == ["ok", "ok"]


def test_javascript_packages_are_hashed_when_installed_and_distrusted_when_changed() -> None:
    there = packages.installation()
    assert list(javascript.checks()) == []
    for pattern in there.needed:
        write(there.folder / pattern.replace("*", "x"), b"module")
    other = there.folder / "node_modules" / "@tensorflow" / "tfjs-core" / "dist" / "other.js"
    write(other, b"first")
    assert there.seal()
    [check] = javascript.checks()
    assert check.verdict == "ok"
    other.write_bytes(b"secon")  # of the same size, which alone was looked at
    assert there.is_complete()
    [check] = javascript.checks()
    assert (check.verdict, check.output) == ("failed", f"{other} was changed")
    assert "of @tensorflow/tfjs-core" in check.note
    assert "installed anew" in check.mend
    assert not there.is_complete()


def test_packages_that_were_installed_before_hashes_were_kept_say_so() -> None:
    there = packages.installation()
    for pattern in there.needed:
        write(there.folder / pattern.replace("*", "x"), b"module")
    assert there.seal()
    (there.folder / ".tfjs-workflow-hashes.json").unlink()
    [check] = javascript.checks()
    assert check.verdict == "marked"
    assert str(there.folder) in check.note


@pytest.mark.parametrize("listed", ["sha256=", "", "md5=AAAA", "SHA256=AAAA"])
def test_what_a_package_hashes_in_another_way_or_not_at_all_need_only_be_there(
    environment: Environment, site: Path, listed: str
) -> None:
    write(site / "c.py", b"anything")
    write(site / "c-1.0.dist-info" / "RECORD", f"c.py,{listed},8\nc-1.0.dist-info/RECORD\n\n".encode())
    assert checked(environment)[0].verdict == "ok"
    (site / "c.py").unlink()
    assert checked(environment)[0].output == f"{site / 'c.py'} is missing"


def test_a_hash_is_read_with_and_without_its_padding() -> None:
    for size in range(4):
        text = urlsafe_b64encode(bytes([251, 255, 254][:size])).decode()
        for written in (text, text.rstrip("=")):
            assert integrity._hex(f"sha256={written}") == "fbfffe"[: 2 * size]


def test_a_conda_package_lists_hard_links_by_either_hash_and_bytecode_does_not_count(environment: Environment) -> None:
    write(environment.prefix / "a", b"a")
    paths = [
        {"_path": "a", "path_type": "hardlink", "sha256": sha256(b"a")},
        {"_path": "a", "path_type": "hardlink", "sha256": "0", "sha256_in_prefix": sha256(b"a")},
        {"_path": "a", "path_type": "hardlink"},
        {"_path": "x.pyc", "path_type": "hardlink", "sha256": "0"},
        {"_path": "link", "path_type": "softlink", "sha256": "0"},
    ]
    for name, content in (("a", {"paths_data": {"paths": paths}}), ("b", {"paths_data": None}), ("c", {})):
        record = json.dumps({"name": name, **content}).encode()
        write(environment.prefix / "conda-meta" / f"{name}.json", record)
    check = checked(environment)[1]
    assert (check.verdict, check.note, check.command) == ("ok", "3 files, 3 B", "sha256 against conda-meta")
    (environment.prefix / "a").write_bytes(b"b")
    check = checked(environment)[1]
    assert (check.title, check.note) == ("files of conda packages", "2 of 3 files, 3 B differ, of a")


def test_a_file_that_cannot_be_read_is_told_as_that(environment: Environment, site: Path) -> None:
    (site / "b.py").unlink()
    (site / "b.py").mkdir()
    [check] = checked(environment)
    assert check.output == f"{site / 'b.py'} cannot be read: Is a directory"
    assert (check.title, check.command) == ("files of Python packages", "sha256 against RECORD")


def test_further_files_are_named_with_the_note(environment: Environment, site: Path) -> None:
    write(site / "more.py", b"")
    [check] = checked(environment)
    assert check.note == "7 files, 3.0 MB; no package lists more.py"
    (site / "b.py").write_bytes(b"x")
    assert checked(environment)[0].verdict == "failed"


def test_each_file_that_differs_has_a_line_of_its_own(environment: Environment, site: Path) -> None:
    for name in ("a/__init__.py", "b.py"):
        (site / name).unlink()
    [check] = checked(environment)
    assert check.output.splitlines() == [f"{site / 'a/__init__.py'} is missing", f"{site / 'b.py'} is missing"]
    assert check.note == "2 of 7 files, 3.0 MB differ, of a-1.0, b-1.0"
