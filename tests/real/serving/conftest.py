from __future__ import annotations

from tests.real.serving.driving import driver

__all__ = ["driver"]
