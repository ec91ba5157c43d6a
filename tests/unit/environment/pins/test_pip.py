"""Locks are really made anew by uv, from a folder of wheels in place of a package index."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import EnvironmentProblem
from workflow.base.events import Recording
from workflow.environment.pins import pip

if TYPE_CHECKING:
    from pathlib import Path

LOCK = pip.PipLock("requirements/small.txt", ("requirements/small.in",), ("--python-version", "3.8"), profile="full")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "NO_INDEX": "1",
        "FIND_LINKS": str(tmp_path / "wheels"),
        "CACHE_DIR": str(tmp_path / "c"),
    }.items():
        monkeypatch.setenv(f"UV_{name}", value)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "small.in").write_text("small>=1\n")
    (tmp_path / "wheels").mkdir()
    write_wheel(tmp_path, "1.0")
    return tmp_path


def write_wheel(root: Path, version: str) -> None:
    facts = {
        "METADATA": f"Metadata-Version: 2.1\nName: small\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(root / "wheels" / f"small-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in facts.items():
            wheel.writestr(f"small-{version}.dist-info/{name}", text)


def relock(root: Path, *, upgrade: bool = False) -> str:
    pip.relock(LOCK, root, upgrade=upgrade, listener=Recording())
    return (root / LOCK.path).read_text()


def test_a_new_lock_is_fresh_hashed_and_without_paths(root: Path) -> None:
    text = relock(root)
    assert pip.staleness(LOCK, root) is None
    assert text.startswith("# profile: full\n# sources sha256: ")
    assert "small==1.0 \\\n    --hash=sha256:" in text
    assert str(root) not in text


def test_locked_versions_stay_until_an_upgrade(root: Path) -> None:
    relock(root)
    write_wheel(root, "1.5")
    assert "small==1.0 " in relock(root)
    assert "small==1.5 " in relock(root, upgrade=True)


def test_what_cannot_be_resolved_leaves_the_old_lock(root: Path) -> None:
    before = relock(root)
    (root / "requirements" / "small.in").write_text("small>=2\n")
    assert pip.staleness(LOCK, root) == "requirements/small.txt: requirements/small.in has changed since it was made"
    with pytest.raises(EnvironmentProblem, match="uv could not resolve it") as caught:
        relock(root)
    assert "small>=2" in caught.value.details
    assert (root / LOCK.path).read_text() == before
    assert sorted(path.name for path in (root / "requirements").iterdir()) == ["small.in", "small.txt"]


def test_what_is_done_is_said_and_what_uv_says_is_told(root: Path) -> None:
    listener = Recording()
    pip.relock(LOCK, root, upgrade=False, listener=listener)
    command = (
        "uv pip compile requirements/small.in --python-version 3.8 --generate-hashes --no-emit-index-url --no-header"
    )
    assert listener.lines == [f"requirements/small.txt: {command}"]
    header, body = pip._split((root / LOCK.path).read_text())
    assert [line.partition(":")[0] for line in header[:3]] == ["# profile", "# sources sha256", "# body sha256"]
    assert header[3:] == [f"# command: {command}"]
    assert not body.startswith("#")
    (root / "requirements" / "small.in").write_text("small>=9\n")
    with pytest.raises(EnvironmentProblem) as caught:
        pip.relock(LOCK, root, upgrade=True, listener=listener)
    assert caught.value.message == "requirements/small.txt: uv could not resolve it (exit code 1)"
    assert caught.value.hint == "the package index must be reachable; UV_INDEX_URL and the like name another"


def test_each_reason_for_which_a_lock_is_stale_is_told(root: Path) -> None:
    assert pip.staleness(LOCK, root) == "requirements/small.txt: there is no such lock"
    text = relock(root)
    (root / LOCK.path).write_text(text + "more\n")
    assert pip.staleness(LOCK, root) == "requirements/small.txt: was edited by hand"
    (root / LOCK.path).write_text(text.replace("# profile: full", "# profile: lean"))
    assert pip.staleness(LOCK, root) == "requirements/small.txt: requirements/small.in has changed since it was made"
    more = pip.PipLock(LOCK.path, LOCK.inputs, LOCK.options, ("requirements/extra.in",))
    (root / "requirements" / "extra.in").write_text("")
    assert pip.staleness(more, root) == (
        "requirements/small.txt: requirements/small.in or requirements/extra.in has changed since it was made"
    )
    (root / "requirements" / "small.in").unlink()
    with pytest.raises(EnvironmentProblem) as caught:
        pip.staleness(LOCK, root)
    assert caught.value.message == f"{root / 'requirements' / 'small.in'}: no such file"
    assert caught.value.hint == "the locks are made in a checkout of the project"


def test_of_pyproject_only_what_is_required_counts(tmp_path: Path) -> None:
    text = 'name = "a"\nrequires-python = ">=3.10"\ndependencies = [\n  "b",\n]\nversion = "1"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    assert pip._source_text(tmp_path / "pyproject.toml") == 'requires-python = ">=3.10"\ndependencies = [\n  "b",\n]'
    (tmp_path / "other.toml").write_text(text)
    assert pip._source_text(tmp_path / "other.toml") == text


def test_a_resolution_may_take_a_quarter_of_an_hour() -> None:
    assert pip._PATIENCE_SECONDS == 900.0
