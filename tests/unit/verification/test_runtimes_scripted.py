"""Node.js and the browser as runtimes: packages are installed once, then a script of ours answers; else why not."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base import locations
from workflow.base.events import Recording
from workflow.verification import exchange
from workflow.verification.requests import NotRun, RunRequest, RuntimeFailure
from workflow.verification.runtimes import browsers, node_program, package_integrity, packages
from workflow.verification.runtimes.browser import BrowserRuntime
from workflow.verification.runtimes.scripted import NodeRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.verification.runtimes.scripted import ScriptedRuntime

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")
STAND_IN = Path(__file__).with_name("stand_in_node.py")
NPM = "lib/node_modules/npm/bin/npm-cli.js"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program on PATH that stands in for Node.js, and a file that stands in for npm's script."""
    program = tmp_path / "bin" / "node"
    program.parent.mkdir()
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))}"
    program.write_text(f'#!/bin/sh\nSELF="$0" exec {command} "$@"\n')
    program.chmod(0o755)
    npm = tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text("")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


@pytest.fixture
def manner(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what says how the stand-in behaves."""
    return lambda **told: monkeypatch.setenv("STAND_IN", json.dumps(told))


@pytest.fixture
def runtime(node: Path, tmp_path: Path) -> Iterator[NodeRuntime]:
    made = NodeRuntime(listener=Recording(), log=tmp_path / "log")
    yield made
    made.close()


@pytest.fixture
def browser(node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserRuntime]:
    monkeypatch.setenv(browsers.VARIABLE, str(node))  # any program that is there
    made = BrowserRuntime(listener=Recording(), log=tmp_path / "log")
    yield made
    made.close()


def request_of(folder: Path, runtime: ScriptedRuntime, **more: Any) -> RunRequest:
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "model.json").write_text("{}")
    exchange.write(folder / "in", {"x": np.arange(3, dtype="f4")})
    return RunRequest(folder / "model", "tfjs_graph_model", folder / "in", folder / "out", runtime.name, **more)


def test_a_model_runs_in_node_after_the_packages_are_installed_once(
    runtime: NodeRuntime, tmp_path: Path, node: Path
) -> None:
    pids = [runtime.pid]
    result = runtime.run(request_of(tmp_path, runtime, repeat=2))
    assert exchange.read(result.outputs)["x"].tolist() == [0, 2, 4]
    assert result.backend == "wasm"
    assert result.timings == {"load_ms": 1.0}
    assert result.facts["versions"] == {"tfjs": "4.22.0"}
    asked = result.facts["asked"]
    assert {key: asked[key] for key in ("format", "backend", "repeat")} == {
        "format": "tfjs_graph_model",
        "backend": "wasm",
        "repeat": 2,
    }
    assert asked["model"] == str(tmp_path / "model" / "model.json")
    pids.append(runtime.pid)
    assert [pid is None for pid in pids] == [True, False]
    listener: Any = runtime._listener
    assert listener.lines == ["installing TensorFlow.js for Node and the browser (170 MB, once)"]
    second = NodeRuntime(listener=listener, log=tmp_path / "log2")
    assert second.missing() is None
    assert len(listener.lines) == 1
    second.close()


def test_npm_is_told_to_run_no_scripts_and_to_heed_the_lock(runtime: NodeRuntime, node: Path) -> None:
    assert runtime.missing() is None
    log = packages.installation().log.read_text()
    asked = "ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error"
    command, said = log.splitlines()
    assert command.startswith("+ ")
    assert command.endswith(f"tethered.mjs {shlex.quote(str(node.parents[1] / NPM))} {asked}")
    assert said == f"npm {asked} 1 false"  # and asks nobody whether it is the latest
    folder = packages.installation().folder
    for name in ("package.json", "package-lock.json"):
        assert (folder / name).read_bytes() == locations.project_file(name).read_bytes()


def test_the_key_of_a_model_changes_when_a_file_of_it_does(runtime: NodeRuntime, tmp_path: Path) -> None:
    keys = []
    for number, weights in enumerate((b"1", b"1", b"23")):
        request = request_of(tmp_path, runtime).replaced(outputs=tmp_path / f"out{number}")
        if not number or weights != b"1":
            (tmp_path / "model" / "w.bin").write_bytes(weights)
        os.utime(tmp_path / "model" / "model.json", (1, 1))
        keys.append(runtime.run(request).facts["asked"]["key"])
    assert keys[0] == keys[1] != keys[2]


def test_a_backend_that_node_has_not_is_not_run(runtime: NodeRuntime, tmp_path: Path) -> None:
    lacking = NotRun("Node.js has no backend webgl", "its backends are wasm, cpu")
    assert runtime.missing("webgl") == lacking
    assert runtime.backends() == ("wasm", "cpu")
    with pytest.raises(RuntimeFailure, match=r"Node\.js has no backend webgl"):
        runtime.run(request_of(tmp_path, runtime, backend="webgl"))


def test_what_does_not_run_in_tensorflow_js_is_not_asked_for(runtime: NodeRuntime, tmp_path: Path) -> None:
    request = request_of(tmp_path, runtime).replaced(format="keras")
    with pytest.raises(RuntimeFailure, match=r"keras does not run in TensorFlow\.js") as caught:
        runtime.run(request)
    assert caught.value.kind == "format"


REGISTRY = "npm error code ENOTFOUND\nnpm error request to the registry failed, reason: getaddrinfo ENOTFOUND"
FAILURES = [
    (REGISTRY, "request to the registry failed, reason: getaddrinfo ENOTFOUND", "check the network, the proxy"),
    ("npm error code EINTEGRITY\nnpm error sha512 does not match", "sha512 does not match", "look into "),
    ("npm error code ENOSPC", "code ENOSPC", "look into "),
    ("killed", "its log has more", "look into "),
]


@pytest.mark.parametrize(("said", "why", "remedy"), FAILURES, ids=[why for _, why, _ in FAILURES])
def test_why_npm_could_not_install_is_told(
    runtime: NodeRuntime, manner: Callable[..., None], said: str, why: str, remedy: str
) -> None:
    manner(npm=said)
    found = runtime.missing()
    assert found is not None
    assert found.why == f"npm could not install TensorFlow.js: {why}"
    assert found.remedy.startswith(remedy)
    assert runtime.missing("wasm") is found  # nothing is tried again
    assert not packages.installation().is_complete()


def test_offline_the_remedy_is_to_run_once_with_a_network(
    runtime: NodeRuntime, manner: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFJS_WORKFLOW_OFFLINE", "1")
    manner(npm=REGISTRY)
    found = runtime.missing()
    assert found is not None
    assert found.remedy == "run once without TFJS_WORKFLOW_OFFLINE; after that no network is needed"
    assert " --offline 1 false\n" in packages.installation().log.read_text()


def test_packages_that_lack_a_needed_file_are_not_taken(runtime: NodeRuntime, manner: Callable[..., None]) -> None:
    manner(without="backend-wasm")
    assert runtime.missing() is not None
    assert not packages.installation().is_complete()


def test_a_file_of_the_packages_that_was_changed_is_found_and_they_are_installed_anew(runtime: NodeRuntime) -> None:
    assert list(package_integrity.checks()) == []  # nothing is installed yet
    assert runtime.missing() is None
    (sound,) = package_integrity.checks()
    assert sound.verdict == "ok"
    changed = packages.installation().folder / "node_modules" / "@tensorflow" / "tfjs-core" / "package.json"
    changed.write_text("evil")
    (check,) = package_integrity.checks()
    assert check.verdict == "failed"
    assert "@tensorflow/tfjs-core" in check.output + check.note
    assert not packages.installation().is_complete()


def test_a_script_that_does_not_start_says_why_and_where_its_log_is(
    runtime: NodeRuntime, manner: Callable[..., None], tmp_path: Path, node: Path
) -> None:
    manner(broken="no memory")
    found = runtime.missing()
    assert found is not None
    assert found.why == f"{node} cannot be driven: it does not start: no memory"
    assert found.remedy == f"look into {tmp_path / 'log'}"
    assert runtime.backends() == ()
    with pytest.raises(RuntimeFailure, match="no memory") as caught:
        runtime.run(request_of(tmp_path, runtime))
    assert caught.value.kind == "not here"


def test_pages_get_the_packages_without_a_runtime(node: Path) -> None:
    folder = packages.modules(Recording())
    assert folder == packages.installation().folder / "node_modules"
    assert packages.modules(Recording()) == folder


ABILITIES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ("wasm", "cpu")),
    ({"webgl": "SwiftShader"}, ("webgl", "wasm", "cpu", "webgl-f16")),
    ({"webgl": "GPU", "webgpu": "GPU"}, ("webgl", "wasm", "cpu", "webgpu", "webgl-f16")),
]


@pytest.mark.parametrize(("abilities", "offered"), ABILITIES, ids=str)
def test_a_browser_offers_what_it_can(
    browser: BrowserRuntime, manner: Callable[..., None], abilities: dict[str, Any], offered: tuple[str, ...]
) -> None:
    manner(abilities=abilities)
    assert browser.backends() == offered


DRIVER = "give the machine a graphics driver, or a browser that brings SwiftShader"
GPU = "take a machine with a GPU and driver that the browser's WebGPU supports"


@pytest.mark.parametrize(("backend", "remedy"), [("webgl", DRIVER), ("webgpu", GPU), ("webgl-f16", DRIVER)])
def test_a_browser_without_graphics_says_what_it_takes(browser: BrowserRuntime, backend: str, remedy: str) -> None:
    plain = backend.removesuffix("-f16")
    found = browser.missing(backend)
    assert found is not None
    assert found.why == f"the browser has no {plain} here (it offers no adapter)"
    assert found.remedy == remedy


def test_a_backend_that_no_browser_has_is_not_run(browser: BrowserRuntime) -> None:
    assert browser.missing("tpu") == NotRun("the browser has no backend tpu", "its backends are wasm, cpu")


def test_the_scripts_are_told_what_they_need(
    browser: BrowserRuntime, runtime: NodeRuntime, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules, scratch = Path("/modules"), Path("/scratch")
    assert list(runtime._arguments(modules, scratch)) == ["node.mjs", "/modules", "/scratch"]
    assert browser._needed() == node
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        script, settings = browser._arguments(modules, scratch)
        told = {"modules": "/modules", "executable": str(node), "sandbox": bool(user), "scratch": "/scratch"}
        assert (script, json.loads(settings)) == ("browser.mjs", told)


def test_a_runtime_without_a_log_writes_into_the_tools_own_folder(node: Path) -> None:
    for made, name in ((NodeRuntime(), "node"), (BrowserRuntime(), "browser")):
        assert made._log == locations.home() / "logs" / f"runtime-{name}.log"
        assert made.pid is None
        made.close()


def test_the_device_of_a_backend_is_among_the_facts(
    browser: BrowserRuntime, manner: Callable[..., None], tmp_path: Path
) -> None:
    manner(abilities={"webgl": "SwiftShader"})
    result = browser.run(request_of(tmp_path, browser, backend="webgl-f16"))
    assert result.facts["device"] == "SwiftShader"
    assert result.facts["asked_backend"] == "webgl-f16"
    assert result.backend == "webgl-f16"


def test_a_browser_that_does_not_start_can_be_exchanged(
    browser: BrowserRuntime, manner: Callable[..., None], node: Path
) -> None:
    manner(broken="no display")
    found = browser.missing()
    assert found is not None
    assert found.why == f"{node} cannot be driven: it does not start: no display"
    assert found.remedy.endswith(f", or set {browsers.VARIABLE} to another browser")


def test_without_a_browser_nothing_is_installed(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(browsers.VARIABLE, "/no/browser")
    found = BrowserRuntime().missing()
    assert found is not None
    assert found.why == f"{browsers.VARIABLE} is /no/browser, and no program is there"
    assert not packages.installation().folder.exists()


def test_variables_that_change_what_node_loads_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--require evil.js")
    assert "NODE_OPTIONS" not in node_program.environ()
