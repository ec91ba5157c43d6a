"""The weights of a layer of the result: under the name that TensorFlow.js finds them by, and of the right shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.converters.native.tensors import Tensor, manifest_dtype
from workflow.errors import ModelFileError
from workflow.formats.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from workflow.converters.native.keras.model import Part, Shape, Stored
    from workflow.converters.native.keras.variables import Variable

_HINT = "The file is damaged, or its weights are of another model than its configuration."
_FLOATS = ("float32", "float64", "float16")


@dataclass(frozen=True)
class Placed:
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
    dtype = manifest_dtype(source.dtype, name) if source else "float32"
    if dtype == "float32" or source is None:
        return Tensor(own, part.shape, "float32", part.read)
    return Tensor(own, part.shape, "float32", _as_float(part.read))


def _as_float(read: Callable[[], NDArray[Any]]) -> Callable[[], NDArray[Any]]:
    return lambda: read().astype("float32")


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or want == size for size, want in zip(shape, wanted, strict=True)
    )


def _open(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)})"
