"""A pytest plugin: notes for every test which lines of the package it executes, and how long it takes.

``python -m pytest -p tests.mutation.tracing`` with ``MUTATION_MAP`` naming a folder. Lines count for a test also when
they ran in a fixture that it shares with others, or while its module was imported. The package is imported whole
before: else a module's own lines would count for the test that happened to need it first. Caches of the package are
emptied before each test, for the same reason.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage

import workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORTED = "(imported)"


class Tracing:
    """Switches coverage's context as tests, shared fixtures and modules come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.coverage = Coverage(data_file=str(folder / "lines"), source=["workflow"], config_file=False)
        self.tests: dict[str, dict[str, Any]] = {}
        self.contexts = [IMPORTED]
        self.coverage.start()
        self.coverage.switch_context(IMPORTED)
        _import_all()
        gc.collect()
        self.caches = [one for one in gc.get_objects() if _is_our_cache(one)]

    def _within(self, context: str) -> Iterator[None]:
        self.contexts.append(context)
        self.coverage.switch_context(context)
        yield
        self.contexts.pop()
        self.coverage.switch_context(self.contexts[-1])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Note what runs while a module of tests is imported."""
        yield from self._within(_module(collector.nodeid))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what a test executes, and which contexts it shares."""
        for cache in self.caches:
            cache.cache_clear()
        fixtures = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009  pytest has no public way
        shared = [_fixture(found[-1]) for found in fixtures.values() if found and found[-1].scope != "function"]
        self.tests[item.nodeid] = {"seconds": 0.0, "passed": True, "shares": [_module(item.nodeid), *shared]}
        yield from self._within(item.nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Note what a shared fixture executes."""
        yield from self._within(self.contexts[-1] if fixturedef.scope == "function" else _fixture(fixturedef))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test took, and whether it passed."""
        test = self.tests[report.nodeid]
        test["seconds"] += report.duration
        test["passed"] = test["passed"] and report.outcome == "passed"

    def pytest_sessionfinish(self) -> None:
        """Write everything down."""
        self.coverage.stop()
        self.coverage.save()
        (self.folder / "tests.json").write_text(json.dumps(self.tests), encoding="utf-8")


def _module(nodeid: str) -> str:
    return f"(module) {nodeid.partition('::')[0]}"


def _fixture(fixturedef: Any) -> str:
    return f"(fixture) {fixturedef.baseid}::{fixturedef.argname}"


def _import_all() -> None:
    for found in pkgutil.walk_packages(workflow.__path__, "workflow.", onerror=lambda _: None):
        if not found.name.endswith("__main__"):
            try:
                importlib.import_module(found.name)
            except Exception:  # noqa: BLE001, S112  the worker's need TensorFlow: nothing of theirs is traced then
                continue


def _is_our_cache(found: object) -> bool:
    return isinstance(found, functools._lru_cache_wrapper) and found.__module__.startswith("workflow.")


def pytest_configure(config: pytest.Config) -> None:
    """Begin, where this plugin is asked for by name."""
    folder = Path(os.environ["MUTATION_MAP"])
    folder.mkdir(parents=True, exist_ok=True)
    config.pluginmanager.register(Tracing(folder), "mutation-tracing")
