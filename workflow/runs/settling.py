"""Formats that only the disk can tell: of models that were made as layers where that was possible, else as a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflow.models import sniffing

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.recipe.recipes import Step


def settled(step: Step) -> Step:
    """Return the step with the formats that its input, which is there by now, has in truth."""
    if step.alternative is None or step.input_is_handle:
        return step
    if made_format(Path(step.input), step.from_format) == step.from_format:
        return step.replaced(alternative=None)
    source, target = step.alternative
    return step.replaced(from_format=source, to_format=target, alternative=None)


def result_format(step: Step, staged: Path) -> Format:
    """Return the format that the step's result has, of those that it may have."""
    return made_format(staged, step.to_format) if step.fallback_format else step.to_format


def made_format(path: Path, otherwise: Format) -> Format:
    """Return what the model at ``path`` is by its files; ``otherwise`` where they do not tell."""
    found = sniffing.sighted(path)
    return found.formats[0] if found.formats and otherwise not in found.formats else otherwise
