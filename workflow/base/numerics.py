"""numpy, loaded without the threads of its linear algebra: starting them takes a good part of its import.

Nothing in this tool multiplies matrices with numpy. Processes that it starts have all of their threads.
"""

from __future__ import annotations

import os

_THREADS = "OPENBLAS_NUM_THREADS"
_given = os.environ.get(_THREADS)
os.environ.setdefault(_THREADS, "1")
try:
    import numpy as np
finally:
    if _given is None:
        del os.environ[_THREADS]

__all__ = ["np"]
