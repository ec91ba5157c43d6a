"""Installing the JavaScript packages: once, again when broken, and with a reason when npm cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base.events import Recording
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import node_program, packages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

FAKE_NPM = """
const fs = require('node:fs'), path = require('node:path');
fs.appendFileSync(process.env.FAKE_NPM_LOG, process.argv.slice(2).join(' ') + '\\n');
if (process.env.FAKE_NPM_FAILS) { console.error(process.env.FAKE_NPM_FAILS); process.exit(1); }
if (!fs.existsSync('package-lock.json')) process.exit(2);
for (const name of JSON.parse(process.env.FAKE_NPM_FILES)) {
  fs.mkdirSync(path.dirname(name), { recursive: true });
  fs.writeFileSync(name, 'content');
}
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> node_program.NodeProgram:
    """This machine's Node.js with an npm that writes empty packages, and a home of its own."""
    found = node_program.find(Recording())
    if isinstance(found, NotRun):
        pytest.skip(found.why)
    (tmp_path / "npm.cjs").write_text(FAKE_NPM, encoding="utf-8")
    names = [pattern.replace("*", "x") for pattern in packages.installation().needed]
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAKE_NPM_LOG", str(tmp_path / "calls"))
    monkeypatch.setenv("FAKE_NPM_FILES", str(names).replace("'", '"'))
    return node_program.NodeProgram(found.program, found.version, tmp_path / "npm.cjs")


def calls(folder: Path) -> int:
    return len((folder / "calls").read_text(encoding="utf-8").splitlines())


def test_packages_are_installed_once_and_again_when_broken(tmp_path: Path, node: node_program.NodeProgram) -> None:
    listener = Recording()
    folder = packages.ensure(node, listener=listener)
    assert not isinstance(folder, NotRun)
    assert packages.ensure(node, listener=listener) == folder
    assert calls(tmp_path) == 1
    assert len(listener.lines) == 1
    (folder / "node_modules" / "@tensorflow" / "tfjs-core" / "package.json").unlink()
    assert packages.ensure(node, listener=listener) == folder
    assert calls(tmp_path) == 2


def test_an_installation_that_was_cut_short_is_made_again(tmp_path: Path, node: node_program.NodeProgram) -> None:
    there = packages.installation()
    (there.folder / "node_modules").mkdir(parents=True)
    assert not isinstance(packages.ensure(node, listener=Recording()), NotRun)
    assert calls(tmp_path) == 1


def test_a_failure_of_npm_is_a_reason_with_a_remedy(
    node: node_program.NodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_NPM_FAILS", "npm error code ENOTFOUND\nnpm error network request to the host failed")
    found = packages.ensure(node, listener=Recording())
    assert isinstance(found, NotRun)
    assert "network request to the host failed" in found.why
    assert "proxy" in found.remedy
    assert not packages.installation().is_complete()


def test_offline_with_an_empty_cache_is_a_reason(
    tmp_path: Path, node: node_program.NodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = node_program.find(Recording())
    assert isinstance(real, node_program.NodeProgram)
    monkeypatch.setenv("TFJS_WORKFLOW_OFFLINE", "1")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    found = packages.ensure(real, listener=Recording())
    assert isinstance(found, NotRun)
    assert "without TFJS_WORKFLOW_OFFLINE" in found.remedy
