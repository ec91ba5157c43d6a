"""How far apart two outputs are, and whether the first one varies enough for that to mean anything."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np


def measure(source: Any, result: Any) -> Dict[str, Any]:
    """Return the distances between two arrays of one shape (samples first).

    Distances are taken where both are finite; ``finite`` says whether each side is so everywhere.
    """
    if source.dtype.kind not in "fiub" or result.dtype.kind not in "fiub":
        return {**_NOTHING, "max_abs": 0.0 if np.array_equal(source, result) else 1.0, "dtype": str(source.dtype)}
    ours, theirs = source.astype(np.float64), result.astype(np.float64)
    both = np.isfinite(ours) & np.isfinite(theirs)
    far = np.abs(ours[both] - theirs[both])
    return {
        "dtype": str(source.dtype),
        "max_abs": float(far.max()) if far.size else 0.0,
        "mean_abs": float(far.mean()) if far.size else 0.0,
        "finite": {"source": bool(np.isfinite(ours).all()), "result": bool(np.isfinite(theirs).all())},
        "reference": _range(ours[np.isfinite(ours)]),
        "spread": _spread(ours),
        "cosine": _cosine(ours[both], theirs[both]),
        "top1": _agreement(ours, theirs) if source.dtype.kind == "f" else None,
    }


_NOTHING: Dict[str, Any] = {
    "mean_abs": 0.0,
    "finite": {"source": True, "result": True},
    "reference": {"min": 0.0, "max": 0.0, "std": 0.0},
    "spread": 0.0,
    "cosine": None,
    "top1": None,
}


def accuracy(outputs: Any, labels: Any) -> float:
    """Return the share of samples whose largest output (or single output over one half) is the labelled class."""
    flat = outputs.reshape(len(outputs), -1)
    answers = np.argmax(flat, axis=1) if flat.shape[1] > 1 else (flat[:, 0] > 0.5).astype(int)  # noqa: PLR2004
    return float(np.mean(answers == labels.reshape(-1)))


def _range(values: Any) -> Dict[str, float]:
    if not values.size:
        return {"min": 0.0, "max": 0.0, "std": 0.0}
    return {"min": float(values.min()), "max": float(values.max()), "std": float(values.std())}


def _spread(values: Any) -> float:
    """Return the mean over all elements of the standard deviation between samples."""
    finite = np.where(np.isfinite(values), values, 0.0)
    return float(np.mean(np.std(finite, axis=0))) if finite.size else 0.0


def _cosine(one: Any, other: Any) -> Optional[float]:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other) / size) if size else None


def _agreement(one: Any, other: Any) -> Optional[float]:
    """Return how often the largest element along the last axis is the same, where that axis can mean classes."""
    if one.ndim < 2 or one.shape[-1] < 2:  # noqa: PLR2004
        return None
    return float(np.mean(np.argmax(one, axis=-1) == np.argmax(other, axis=-1)))
