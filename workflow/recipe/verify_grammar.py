"""What may stand under ``verify:``, for the whole recipe and for one step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from workflow.recipe import values
from workflow.recipe.entries import ABSENT, Entry, Seed, Text
from workflow.recipe.model import RuntimeName

Distance = Annotated[float, Field(ge=0)]
Runtimes = Annotated[list[RuntimeName], BeforeValidator(values.listed), Field(min_length=1, max_length=3)]
Backends = Annotated[
    list[Literal["wasm", "cpu", "webgl", "webgpu", "webgl-f16"]],
    BeforeValidator(values.listed),
    Field(min_length=1, max_length=5),
]


class ToleranceEntry(Entry):
    """What one output may differ by."""

    atol: Distance = Field(default=ABSENT, description="Largest difference.")
    rtol: Distance = Field(default=ABSENT, description="Largest difference in units of the output's largest value.")


class BackendsEntry(Entry):
    """The backends of each runtime on which results are run."""

    node: Backends = Field(default=ABSENT, description="In Node.js; wasm when left out.")
    browser: Backends = Field(default=ABSENT, description="In the browser; webgl and wasm when left out.")


class VerifyEntry(Entry):
    """How the results are run and compared with their source; `off` for not at all."""

    runtimes: Runtimes = Field(
        default=["python", "node", "browser"], description="Where the results are run; what is not there is said."
    )
    backends: Annotated[BackendsEntry, BeforeValidator(values.for_each_runtime)] = Field(
        default=ABSENT, description="The backends of each runtime, or one list for those that have them."
    )
    require: Runtimes = Field(default=ABSENT, description="Runtimes without which the verification fails.")
    inputs: Text = Field(
        default=ABSENT,
        description="A .npy or .npz file, an image or a folder of images; drawn at random when left out.",
    )
    labels: Text = Field(default=ABSENT, description="A .npy or .npz file of class indices for the inputs.")
    image_range: Annotated[list[float], Field(min_length=2, max_length=2)] = Field(
        default=ABSENT, description="What black and white of images become: [-1, 1], [0, 1] or [0, 255]."
    )
    samples: Annotated[int, Field(ge=1, le=65536)] = Field(
        default=ABSENT, description="How many inputs to draw, or to take of those given."
    )
    batches: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=16)] = Field(
        default=[1, 3], description="How many inputs go in at once, first, second...; the rest follows."
    )
    seed: Seed = Field(default=0, description="The seed of drawn inputs.")
    atol: Distance = Field(
        default=ABSENT,
        description="Largest difference of an output; derived from the data types when left out.",
    )
    rtol: Distance = Field(
        default=ABSENT, description="Largest difference in units of an output's largest value, beside atol."
    )
    outputs: dict[Text, ToleranceEntry] = Field(default=ABSENT, description="Other differences, by the output's name.")
    accuracy_drop: Annotated[float, Field(ge=0, le=1)] = Field(
        default=ABSENT, description="By how much the accuracy on labelled inputs may fall; 0.01 is one percent."
    )
    repeat: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=30, description="How many predictions to time, as far as half a second goes."
    )


def switched_off(value: object) -> bool:
    """Tell whether the recipe says ``verify: off`` (YAML reads ``off`` as false, other readers as a text)."""
    return value is False or value == "off"


def _switched(value: object) -> object:
    """Read ``on`` as all defaults; ``off`` has nothing to check."""
    return {} if switched_off(value) or value is True or value == "on" else value


Verify = Annotated[VerifyEntry, BeforeValidator(_switched)]


def entry_at(inner: tuple[object, ...]) -> type[Entry]:
    """Return what stands at a place inside ``verify:``."""
    by_key: dict[object, type[Entry]] = {"backends": BackendsEntry, "outputs": ToleranceEntry}
    return by_key.get(inner[0], VerifyEntry) if inner else VerifyEntry
