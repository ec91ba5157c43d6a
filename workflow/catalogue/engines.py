"""Who can convert, and the revision of our own engine."""

from __future__ import annotations

from typing import Literal

Engine = Literal["auto", "native", "reference"]
"""Who converts: our own code without TensorFlow, the reference converter, or the first of them that can."""

REVISION = 3
"""To be raised whenever an edge writes other bytes than before: then what it made is made again."""
