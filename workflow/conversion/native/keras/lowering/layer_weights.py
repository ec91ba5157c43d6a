"""The stored arrays of a layer by their roles, and new arrays made of them when their turn comes to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.wording import shown
from workflow.conversion.native.keras.expressions import LayerWeight
from workflow.models.keras.file import InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.conversion.native.keras.expressions import LayerCall
    from workflow.models.arrays import Array
    from workflow.models.keras.file import Stored


def matched(roles: Sequence[str], arrays: Sequence[Stored], *, what: str) -> list[Stored]:
    """Return the arrays in the order of these roles, by their names where those say it, else as they are ordered.

    Raises ``InexpressibleError`` when there are more or fewer of them; ``what`` names the layer.
    """
    if len(roles) != len(arrays):
        wanted = ", ".join(roles) or "none"
        raise InexpressibleError(f"{what}: its weights should be {wanted}, and the file has {len(arrays)}")
    last = [role.rpartition("/")[2] for role in roles]
    by_name = {array.role: array for array in arrays}
    if len(by_name) == len(arrays) and set(by_name) == set(last) and len(set(last)) == len(last):
        return [by_name[role] for role in last]
    return list(arrays)


def of(layer: LayerCall, *roles: str) -> dict[str, Stored]:
    """Return the stored arrays of a layer by role; raises ``InexpressibleError`` when they are not these."""
    what = f"layer {shown(layer.name)} ({layer.class_name})"
    return dict(zip(roles, matched(roles, layer.weights, what=what), strict=True))


def kept(role: str, array: Stored) -> LayerWeight:
    """Return a stored array as it is, as a weight of this role."""
    return LayerWeight(role, array.shape, None, array)


def reshaped(role: str, array: Stored, *, shape: Sequence[int]) -> LayerWeight:
    """Return a stored array with other axes, its values in the same order."""
    return LayerWeight(role, tuple(shape), None, array)


def made(role: str, shape: Sequence[int], *, read: Callable[[], Array], source: Stored | None = None) -> LayerWeight:
    """Return a weight whose values are computed when they are written."""
    return LayerWeight(role, tuple(shape), read, source)
