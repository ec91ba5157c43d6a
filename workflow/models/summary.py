"""What an inspection found out about a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format


class ModelSummary(Record):
    """A model that passed its checks.

    ``files`` is everything that belongs to it and ``bytes`` their size; ``details`` holds facts of the format
    (``keras_version``, ``layers``, ``weights``...); ``warnings`` what the user should know before going on.
    """

    format: Format
    files: tuple[Path, ...]
    bytes: int
    details: Mapping[str, object]
    warnings: tuple[str, ...] = ()


def summarise(
    kind: Format,
    files: tuple[Path, ...],
    *,
    details: Mapping[str, object],
    warnings: tuple[str, ...] = (),
) -> ModelSummary:
    """Return the summary of a model made of ``files``; raises ``OSError`` when one is gone."""
    size = sum(file.stat().st_size for file in files)
    return ModelSummary(format=kind, files=files, bytes=size, details=details, warnings=warnings)
