"""A pytest plugin: runs the tests that a file lists, the quickest modules first, and ends at the first that fails.

``python -m pytest -p tests.mutation.chosen MODULES...`` with ``MUTATION_TESTS`` naming a JSON file: node ids in the
order in which their modules are to run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the listed tests, module by module in the listed order."""
    listed = json.loads(Path(os.environ["MUTATION_TESTS"]).read_text(encoding="utf-8"))
    modules = {nodeid.partition("::")[0]: place for place, nodeid in reversed(list(enumerate(listed)))}
    chosen = set(listed)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
    items[:] = [item for item in items if item.nodeid in chosen]
    items.sort(key=lambda item: modules[item.nodeid.partition("::")[0]])
