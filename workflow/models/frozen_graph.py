"""tf_frozen_model: a TensorFlow graph with its variables turned into constants, in one .pb file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.models.expecting import require_file
from workflow.models.graph_files import graph_ops
from workflow.models.summary import ModelSummary, summarise

if TYPE_CHECKING:
    from pathlib import Path


def inspect(path: Path) -> ModelSummary:
    """Check a frozen graph."""
    require_file(path, "a frozen TensorFlow graph (.pb)")
    ops = graph_ops(path)
    return summarise("tf_frozen_model", (path,), details={"nodes": sum(ops.values()), "ops": ops})
