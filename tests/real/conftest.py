"""Real tools: the environment ``tfjs`` of this user is made once, and every test and `make convert` share it.

Where Node.js or a browser is not there, the tests that need one are skipped and say how to get it. With
``TFJS_WORKFLOW_REQUIRE_RUNTIMES=1``, as in CI, they fail: a green run then means that models ran there.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow import environment
from workflow.base import locations
from workflow.bridge.warm_worker import Worker
from workflow.cli.console import ConsoleListener
from workflow.environment import Environment, Wishes
from workflow.environment.managers.python import TodaysPythonManager
from workflow.verification.requests import NotRun
from workflow.verification.runtimes.scripted import NodeRuntime

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

CORPUS = ROOT.parent / "shared" / "corpus"

_REQUIRED = os.environ.get("TFJS_WORKFLOW_REQUIRE_RUNTIMES") == "1"
_OF_RUNTIMES = re.compile(r"node|npm|chromium|browser|javascript", re.IGNORECASE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skip for want of Node.js or a browser a failure where they are required."""
    report = yield
    if _REQUIRED and report.skipped and isinstance(report.longrepr, tuple) and _OF_RUNTIMES.search(report.longrepr[2]):
        report.outcome = "failed"
        report.longrepr = f"TFJS_WORKFLOW_REQUIRE_RUNTIMES is set, and this did not run. {report.longrepr[2]}"
    return report


@pytest.fixture(scope="session", autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches of the tests' own for uv and npm, kept from run to run: what tests leave there is not the user's."""
    folder = locations.cache() / "tests"
    credentials = tmp_path_factory.mktemp("credentials")
    own = {"UV_CACHE_DIR": folder / "uv", "UV_CREDENTIALS_DIR": credentials, "NPM_CONFIG_CACHE": folder / "npm"}
    with pytest.MonkeyPatch.context() as patch:
        for name, path in own.items():
            patch.setenv(name, str(path))
        yield


@pytest.fixture(scope="session")
def converter_environment(pytestconfig: pytest.Config) -> Environment:
    """The environment as `tfjs-workflow env create` makes it; its making is shown, for it may take minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stderr.write("\n")
        return environment.ensure(environment.DEFAULT_NAME, wishes=Wishes(), listener=ConsoleListener())


@pytest.fixture(scope="session")
def keras3(pytestconfig: pytest.Config) -> Environment:
    """The environment as a conversion makes it: 15 seconds and a download of 0.3 GB the first time."""
    if absent := TodaysPythonManager().missing():
        pytest.skip(absent)
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stderr.write("\n")
        return environment.ensure(environment.KERAS3_NAME, wishes=Wishes(), listener=ConsoleListener())


@pytest.fixture(scope="session")
def converter_python(request: pytest.FixtureRequest) -> Path:
    """The environment's interpreter; $TFJS_WORKFLOW_TEST_PYTHON stands in for it while developing."""
    chosen = os.environ.get("TFJS_WORKFLOW_TEST_PYTHON")
    if chosen:
        return Path(chosen)
    made = request.getfixturevalue("converter_environment")
    assert isinstance(made, Environment)
    return made.python


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """The variables of workers: this process's, without what is meant for its own Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "2"}


@pytest.fixture(scope="session")
def worker(
    converter_python: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """One warm worker for the tests of several folders: what one of them leaves in it must not matter to the others."""
    with Worker(converter_python, environ=environ, log=tmp_path_factory.mktemp("worker") / "worker.log") as made:
        yield made


@pytest.fixture(scope="session")
def node() -> Iterator[NodeRuntime]:
    """One warm Node.js."""
    runtime = NodeRuntime()
    absent = runtime.missing()
    if isinstance(absent, NotRun):
        pytest.skip(f"{absent.why}: {absent.remedy}")
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of models that strangers made; tests that need it are skipped where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of models (../shared/corpus) is not here")
    return CORPUS
