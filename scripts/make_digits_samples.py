"""Write recipes/digits/test_samples.npz, the labelled samples of the digits recipe, from its data set.

They are the samples that recipes/digits/train.py keeps out of the training, as the model takes them.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "recipes" / "digits"
SAMPLES = FOLDER / "test_samples.npz"


def samples() -> dict[str, Any]:
    """Return the held-out images ``x`` (n, 8, 8, 1; float32 from 0 to 1) and their digits ``y`` (n; int64)."""
    training = runpy.run_path(str(FOLDER / "train.py"))
    _, (images, digits) = training["split"](*training["load"]())
    return {"x": images, "y": digits}


if __name__ == "__main__":
    np.savez_compressed(SAMPLES, **samples())
    print(f"wrote {SAMPLES}")
