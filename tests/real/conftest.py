"""Real tools: the environment ``tfjs`` of this user is made once, and every test and `make convert` share it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from workflow import environment
from workflow.cli.console import ConsoleListener
from workflow.environment import Environment, Wishes

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"


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
