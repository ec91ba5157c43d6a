"""What every part of the grammar is built of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

ABSENT: Any = None
"""The default of what need not be there; writing nothing after such a key is an error."""

Text = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Entry(BaseModel):
    """A mapping in a recipe: no keys but the declared ones, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)

    def given(self) -> dict[str, Any]:
        """Return what the recipe says here, without what it leaves out."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
