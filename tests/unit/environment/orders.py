"""Orders for managers, made of a lock alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflow.environment.blueprint import Blueprint
from workflow.environment.managers import BuildOrder
from workflow.environment.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener


def order_for(lock: Path, folder: Path, listener: Listener, *, platform: str = "linux-64") -> BuildOrder:
    """Return an order for what this conda lock holds; cache and log are in ``folder``."""
    plan = Blueprint(platform, lock, lock.with_name("pip.txt"), "full", "0" * 64)
    return BuildOrder(plan, Settings(), folder / "cache", listener, folder / "logs" / "create.log")


def changed(order: BuildOrder, **settings: Any) -> BuildOrder:
    """Return an order with other settings."""
    return replace(order, settings=replace(order.settings, **settings))
