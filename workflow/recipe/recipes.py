"""A recipe as the rest of the tool sees it: validated, paths absolute, steps in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Engine, Format, RuntimeName
    from workflow.catalogue.kinds import Kind
    from workflow.catalogue.options import OptionValue
    from workflow.recipe.findings import Spot


MOST_FETCHED = 10**10
"""Bytes of a file that is fetched, where nobody says more."""


class FetchedModel(Record):
    """The first model file comes from ``url`` (http, https or file) and must have this sha256.

    Of a longer file than ``max_bytes`` no more is fetched.
    """

    url: str
    sha256: str
    output: Path
    spot: Spot
    max_bytes: int = MOST_FETCHED


class ScriptedModel(Record):
    """A Python script, run in the converter environment as ``script *arguments``, writes the first model file.

    ``depends`` are further files whose bytes the result depends on (training data).
    """

    script: Path
    arguments: tuple[str, ...]
    depends: tuple[Path, ...]
    output: Path
    spot: Spot


class ApplicationModel(Record):
    """A ``keras.applications`` network, saved as Keras HDF5.

    ``weights`` is ``imagenet``, ``seeded`` or the absolute path of a weights file; ``offline`` says what to do when
    imagenet weights cannot be fetched. ``options`` go to the constructor (``input_shape``, ``alpha``, ``classes``...).
    """

    application: str
    weights: str
    offline: Literal["fail", "seeded"]
    seed: int
    options: Mapping[str, object]
    output: Path
    spot: Spot


ModelSource = FetchedModel | ScriptedModel | ApplicationModel


class Tolerance(Record):
    """What one output may differ by: ``atol``, and ``rtol`` times its largest value; None leaves it to the recipe."""

    atol: float | None = None
    rtol: float | None = None


class Verification(Record):
    """How results are run and compared with their source.

    ``backends`` are those of each runtime; one without any takes its own. A runtime in ``require`` that is not there
    is a failure. ``inputs`` is a .npy file, an .npz whose arrays are named as the model's inputs (or hold one array
    ``x``), an image, or a folder of images, whose black and white become ``image_range``; without it inputs are drawn
    from the input spec with ``seed``. ``labels`` is a .npy or .npz (array ``y``) of class indices for ``inputs``: then
    accuracy is reported, and may fall by ``accuracy_drop``. ``samples`` None means all that are given, or as many as
    ``batches`` take. ``atol`` and ``rtol`` None mean derived from dtype, depth and quantization; ``outputs`` sets them
    for one output. At most ``repeat`` predictions are timed.
    """

    enabled: bool = True
    runtimes: tuple[RuntimeName, ...] = ("python", "node", "browser")
    backends: Mapping[str, tuple[str, ...]] = {}
    require: tuple[RuntimeName, ...] = ()
    inputs: Path | None = None
    labels: Path | None = None
    image_range: tuple[float, float] | None = None
    samples: int | None = None
    batches: tuple[int, ...] = (1, 3)
    seed: int = 0
    atol: float | None = None
    rtol: float | None = None
    outputs: Mapping[str, Tolerance] = {}
    accuracy_drop: float | None = None
    agreement: float | None = None
    repeat: int = 30


class Step(Record):
    """One declared conversion. ``input`` is absolute, unless ``input_is_handle`` (a TensorFlow Hub URL)."""

    name: str
    kind: Kind
    input: str
    output: Path
    from_format: Format
    to_format: Format
    options: Mapping[str, OptionValue]
    timeout: float | None
    after: tuple[str, ...]
    """Names of the steps (``model`` for the model source) whose output this step reads."""
    spot: Spot
    input_is_handle: bool = False
    verification: Verification | None = None
    """How this step's result is verified, where that differs from the recipe's."""
    engine: Engine = "auto"
    fallback_format: Format | None = None
    """What is made at ``output`` instead when the native engine declines ``to_format``."""
    alternative: tuple[Format, Format] | None = None
    """From what to what the step goes when its input turns out not to be in ``from_format``: only the run can tell."""


class Recipe(Record):
    """A validated recipe: ``steps`` are in running order, and every path in it is absolute.

    ``base`` is the folder that relative paths in the file count from: the recipe's own folder, or that folder's
    parent when it is called ``recipes``.
    """

    path: Path
    base: Path
    name: str
    environment: str
    model: ModelSource | None
    steps: tuple[Step, ...]
    verification: Verification = Verification()
