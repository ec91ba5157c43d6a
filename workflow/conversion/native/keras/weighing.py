"""The weights of a layer of the result: under the name that TensorFlow.js finds them by, and of the right shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.tensors import Tensor, is_stored_as, manifest_dtype, of_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.conversion.native.keras.layers import Part
    from workflow.models.keras.file import Shape, Stored
    from workflow.models.keras.variables import Variable

_HINT = "The file is damaged, or its weights are of another model than its configuration."
_FLOAT = "float32"  # what all weights of layers are in TensorFlow.js


class Placed(Record):
    """One weight of the result, and the array of the source that it is or is made of."""

    tensor: Tensor
    source: Stored | None


def placed(layer: str, parts: Sequence[Part], *, variables: Sequence[Variable]) -> Iterator[Placed]:
    """Yield the weights of a layer; raises ``ModelFileError`` when their shapes are not those of the layer."""
    expected = {variable.role: variable.shape for variable in variables}
    for part in parts:
        name = f"{layer}/{part.role}"
        wanted = expected.get(part.role)
        if wanted is not None and not _fits(part.shape, wanted):
            raise ModelFileError(
                f"the weight {shown(name)} has the shape {part.shape}, and its layer needs {_open(wanted)}", hint=_HINT
            )
        yield Placed(_tensor(part, name), part.source)


def found_by(stored: str, name: str) -> bool:
    """Whether TensorFlow.js finds the weight ``name`` when it is stored under another name.

    It looks for the full name, and then for the name without its last part but one.
    """
    parts = stored.split("/")
    return stored == name or "/".join([*parts[:-2], parts[-1]]) == name


def _tensor(part: Part, name: str) -> Tensor:
    source = part.source
    own = source.name if source and found_by(source.name, name) and source.shape == part.shape else name
    if source is None or manifest_dtype(source.dtype, name) == _FLOAT:
        if source is not None and part.compute is None and is_stored_as(source.dtype, _FLOAT):
            return Tensor(own, part.shape, _FLOAT, lambda: source.data.blocks)
        return of_array(own, part.shape, dtype=_FLOAT, read=part.read)
    return of_array(own, part.shape, dtype=_FLOAT, read=lambda: part.read().astype(_FLOAT))


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or want == size for size, want in zip(shape, wanted, strict=True)
    )


def _open(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)})"
