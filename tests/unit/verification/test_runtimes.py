"""The protocol of runtimes: the fake keeps it, Python's goes through the worker; what JavaScript needs fits."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base import locations
from workflow.base.errors import ReferenceConverterError, StepTimeoutError, WorkerDiedError
from workflow.base.events import Recording
from workflow.bridge.fake_worker import FakeWorker
from workflow.verification import exchange, runtimes
from workflow.verification.requests import NotRun, RunRequest, RuntimeFailure, TensorSpec
from workflow.verification.runtimes import javascript, node_program, packages
from workflow.verification.runtimes.fake_runtime import FakeRuntime
from workflow.verification.runtimes.package_installation import Installation
from workflow.verification.runtimes.python_runtime import PythonRuntime

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.requests import Runtime


@pytest.fixture
def request_(tmp_path: Path) -> RunRequest:
    exchange.write(tmp_path / "inputs", {"x": np.ones((1, 2), np.float32)})
    return RunRequest(tmp_path / "model", "tfjs_graph_model", tmp_path / "inputs", tmp_path / "outputs", "node")


def test_the_fake_runs_what_the_test_gives_it(request_: RunRequest) -> None:
    fake = FakeRuntime(lambda tensors: {"y": tensors["x"] * 2})
    runtime: Runtime = fake
    result = runtime.run(request_)
    assert exchange.read(result.outputs)["y"].tolist() == [[2, 2]]
    assert result.specs_in == (TensorSpec("x", (1, 2), "float32"),)
    assert result.specs_out == (TensorSpec("y", (1, 2), "float32"),)
    assert result.backend == "wasm"
    assert result.load_average is not None or not hasattr(os, "getloadavg")
    assert fake.requests == [request_]
    assert result.timings == {"load_ms": 1.0, "first_ms": 1.0}
    timed = runtime.run(request_.replaced(repeat=4)).timings
    assert timed == {"load_ms": 1.0, "first_ms": 1.0, "median_ms": 1.0, "spread_ms": 0.0, "count": 4}
    fake.close()
    assert fake.closed


def test_the_fake_is_missing_or_fails_as_the_test_wants(request_: RunRequest) -> None:
    absent = FakeRuntime(absent=NotRun("no Node.js", "install it"))
    assert absent.missing() is not None
    assert absent.backends() == ()
    with pytest.raises(RuntimeFailure, match="no Node"):
        absent.run(request_)
    with pytest.raises(RuntimeFailure, match="too much"):
        FakeRuntime(failure=RuntimeFailure("memory", "too much")).run(request_)
    assert FakeRuntime().missing("webgl") == NotRun("node has no backend webgl", "its backends are wasm, cpu")
    assert (FakeRuntime().backends(), FakeRuntime().missing(), FakeRuntime().missing("cpu")) == (
        ("wasm", "cpu"),
        None,
        None,
    )


def test_python_runs_the_predict_job_of_the_worker(request_: RunRequest, tmp_path: Path) -> None:
    told = {
        "inputs": [{"name": "x", "shape": [None, 2], "dtype": "float32"}],
        "outputs": [{"name": "y", "shape": [None, 3], "dtype": "int32"}],
        "timings": {"load_ms": 5.0},
        "versions": {"tensorflow": "2.13.1"},
    }
    worker = FakeWorker({"predict": told})
    result = PythonRuntime(lambda: worker, log=tmp_path / "log").run(request_)
    assert worker.requests[0].args["model"] == {"path": str(request_.model), "format": "tfjs_graph_model"}
    assert result.specs_out == (TensorSpec("y", (None, 3), "int32"),)
    assert result.facts == {"versions": {"tensorflow": "2.13.1"}}


PYTHON_FAILURES = [
    (ReferenceConverterError("no"), "run"),
    (WorkerDiedError("gone"), "crash"),
    (StepTimeoutError("late"), "timeout"),
    ({"not_run": "Keras does not load it"}, "load"),
]


@pytest.mark.parametrize(("answer", "kind"), PYTHON_FAILURES, ids=lambda value: getattr(value, "message", None))
def test_what_fails_in_python_is_a_runtime_failure(
    request_: RunRequest, tmp_path: Path, answer: Any, kind: str
) -> None:
    with pytest.raises(RuntimeFailure) as caught:
        PythonRuntime(lambda: FakeWorker({"predict": answer}), log=tmp_path / "log").run(request_)
    assert caught.value.kind == kind


def test_runtimes_are_made_by_name() -> None:
    assert [runtimes.make(name).name for name in runtimes.NAMES] == ["node", "browser"]  # type: ignore[union-attr]
    unknown = runtimes.make("deno")
    assert isinstance(unknown, NotRun)
    assert "node and browser" in unknown.remedy


def test_model_json_is_found_in_a_folder_or_by_another_name(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match=r"there is no .*model\.json"):
        javascript.described_by(tmp_path)
    (tmp_path / "blazeface.json").write_text("{}", encoding="utf-8")
    assert javascript.described_by(tmp_path) == tmp_path / "blazeface.json"
    (tmp_path / "model.json").write_text("{}", encoding="utf-8")
    assert javascript.described_by(tmp_path) == tmp_path / "model.json"
    assert javascript.described_by(tmp_path / "blazeface.json") == tmp_path / "blazeface.json"


def test_an_installation_is_complete_only_with_its_state_and_all_needed_files() -> None:
    made = Installation("js-0", ("a.js", "b/*.wasm"))
    made.clear()
    (made.folder / "a.js").write_text("one", encoding="utf-8")
    assert not made.seal()
    (made.folder / "b").mkdir()
    (made.folder / "b" / "x.wasm").write_bytes(b"12")
    assert not made.is_complete()
    assert made.seal()
    assert made.is_complete()
    (made.folder / "b" / "x.wasm").write_bytes(b"1")
    assert not made.is_complete()


def test_who_waits_for_an_installation_is_told() -> None:
    made, first, second = Installation("js-0", ("a.js",)), Recording(), Recording()
    done = threading.Event()

    def wait() -> None:
        with made.held(second):
            done.set()

    with made.held(first):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not done.wait(0.2)
    waiting.join(10)
    assert done.is_set()
    assert first.lines == []
    assert "waiting for another process" in second.lines[0]


def test_what_another_process_has_installed_meanwhile_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    node = node_program.NodeProgram(locations.home() / "node", "20.0.0", None)
    looks = iter([False, True])
    monkeypatch.setattr(Installation, "is_complete", lambda _: next(looks))
    assert packages.ensure(node, listener=Recording()) == packages.installation().folder


def test_without_npm_the_packages_are_not_run() -> None:
    node = node_program.NodeProgram(locations.home() / "node", "20.0.0", None)
    found = packages.ensure(node, listener=Recording())
    assert isinstance(found, NotRun)
    assert "no npm" in found.why


def test_package_and_lock_name_the_same_exact_versions_and_no_place() -> None:
    package = json.loads(locations.project_file("package.json").read_text(encoding="utf-8"))
    lock = json.loads(locations.project_file("package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    entries = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in entries.values())
    assert all("resolved" not in entry for entry in entries.values())
    for name, version in package["dependencies"].items():
        assert entries[f"node_modules/{name}"]["version"] == version
    tfjs = {version for name, version in package["dependencies"].items() if name.startswith("@tensorflow/")}
    assert tfjs == {"4.22.0"}
