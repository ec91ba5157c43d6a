"""The locks: which files they are, what each was made from, whether they agree, how to make them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.environment.locks import conda, pip

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["conda", "pip", "staleness"]


def staleness(root: Path) -> list[str]:
    """Return one sentence for every lock below ``root`` that is not what its sources ask for. No network."""
    findings = [found for lock in pip.LOCKS if (found := pip.staleness(lock, root))]
    return [*conda.staleness(root), *findings]
