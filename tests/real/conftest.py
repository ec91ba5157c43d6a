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

from workflow import environment
from workflow.cli.console import ConsoleListener
from workflow.environment import Environment, Wishes

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.fixture(scope="session")
def converter_environment(pytestconfig: pytest.Config) -> Environment:
    """The environment as `tfjs-workflow env create` makes it; its making is shown, for it may take minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        sys.stderr.write("\n")
        return environment.ensure(environment.DEFAULT_NAME, wishes=Wishes(), listener=ConsoleListener())


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
def corpus() -> Path:
    """The folder of models that strangers made; tests that need it are skipped where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of models (../shared/corpus) is not here")
    return CORPUS
