"""The reference's own weight code, callable from the tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.base.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable

    Reference = Callable[..., None]


@pytest.fixture(scope="session")
def reference(converter_python: Path) -> Reference:
    """Run one job of reference.py; its failure fails the test."""
    script = Path(__file__).with_name("reference.py")

    def call(*arguments: str | Path) -> None:
        done = run([str(converter_python), str(script), *map(str, arguments)])
        assert done.code == 0, done.stderr

    return call
