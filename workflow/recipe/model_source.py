"""``model:``, where the first model file comes from: what may stand there, and the source that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.models import sniffing
from workflow.recipe.findings import Refused, described, listed, nearest, refused
from workflow.recipe.paths import InputPath, output_at, path_at
from workflow.recipe.recipes import MOST_FETCHED, ApplicationModel, FetchedModel, ScriptedModel
from workflow.recipe.value_types import (
    ARGUMENTS,
    FLAG,
    SEED,
    SIZE,
    TEXT,
    Entry,
    EntryOf,
    ListOf,
    Reader,
    choice,
    needed,
    number,
    optional,
    shaped,
    whole,
)

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.recipe.document import RecipeDocument, Said
    from workflow.recipe.findings import Spot
    from workflow.recipe.recipes import ModelSource

_FAMILIES: dict[str, tuple[str, ...]] = {
    "ConvNeXt": ("Tiny", "Small", "Base", "Large", "XLarge"),
    "DenseNet": ("121", "169", "201"),
    "EfficientNet": ("B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7"),
    "EfficientNetV2": ("B0", "B1", "B2", "B3", "S", "M", "L"),
    "InceptionResNet": ("V2",),
    "Inception": ("V3",),
    "MobileNet": ("", "V2", "V3Small", "V3Large"),
    "NASNet": ("Mobile", "Large"),
    "RegNetX": ("002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"),
    "RegNetY": ("002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"),
    "ResNet": ("50", "101", "152", "50V2", "101V2", "152V2"),
    "ResNetRS": ("50", "101", "152", "200", "270", "350", "420"),
    "VGG": ("16", "19"),
    "Xception": ("",),
}
APPLICATIONS: tuple[str, ...] = tuple(
    family + variant for family, variants in _FAMILIES.items() for variant in variants
)


MODEL = "model"
"""The key of the model source, and its name among the steps."""

WORDS_FOR_WEIGHTS = ("imagenet", "seeded")
_OUTPUT = (MODEL, "output")


def _application_name(value: object) -> str:
    """Return the name of a network of ``keras.applications``."""
    if isinstance(value, str) and value in APPLICATIONS:
        return value
    near = nearest(value, APPLICATIONS) if isinstance(value, str) else ""
    raise refused(
        f"keras.applications has no {described(value)}", "a name such as `MobileNet` or `ResNet50`", near=near
    )


SHA256 = shaped(r"^[0-9A-Fa-f]{64}$", "is no sha256", expected="64 hexadecimal digits, as `sha256sum FILE` prints them")
URL = shaped(
    r"^(https?|file)://\S+$", "is no URL that can be fetched", expected="`https://...`, `http://...` or `file:///...`"
)
APPLICATION = Reader(_application_name, {"type": "string", "enum": list(APPLICATIONS)})
COUNT = whole(above=0)
SHARE = number(least=0, below=1)


class ApplicationOptions(Entry):
    """Arguments of the network's constructor."""

    input_shape = optional(ListOf(COUNT, least=3, most=3))
    alpha = optional(number(above=0))
    depth_multiplier = optional(COUNT)
    dropout = optional(SHARE)
    dropout_rate = optional(SHARE)
    include_top = optional(FLAG)
    include_preprocessing = optional(FLAG)
    minimalistic = optional(FLAG)
    pooling = optional(choice(("avg", "max")))
    classes = optional(COUNT)
    classifier_activation = optional(TEXT)


class ApplicationEntry(Entry):
    """The first model is a network of keras.applications, saved as Keras HDF5."""

    keras_application = needed(APPLICATION, "The network, such as MobileNet or ResNet50.")
    output = needed(TEXT, "The .h5 file to write.")
    weights = optional(TEXT, "imagenet, seeded (made here), or the path of a .h5 file.", default="imagenet")
    offline = optional(
        choice(("fail", "seeded")), "What to do when the imagenet weights cannot be fetched.", default="fail"
    )
    seed = optional(SEED, "The seed of seeded weights.", default=0)
    options = optional(EntryOf(ApplicationOptions))


class UrlEntry(Entry):
    """The first model is fetched."""

    url = needed(URL, "An http, https or file URL.")
    sha256 = needed(SHA256, "The file's sha256, 64 digits.")
    output = needed(TEXT, "The file to write.")
    max_bytes = optional(SIZE, "Of a longer file nothing is kept; 10GB when left out.", default=MOST_FETCHED)


class ScriptEntry(Entry):
    """The first model is made by a Python script in the converter environment."""

    script = needed(TEXT, "The Python script to run.")
    output = needed(TEXT, "The file or folder that the script writes.")
    arguments = optional(ARGUMENTS, "The script's arguments.")
    depends = optional(ListOf(TEXT), "Further files that the result depends on.")


SOURCES: dict[str, EntryOf[Any]] = {
    "keras_application": EntryOf(ApplicationEntry),
    "url": EntryOf(UrlEntry),
    "script": EntryOf(ScriptEntry),
}


def source_kind(value: object) -> str | None:
    """Return which of the three model sources a mapping describes; None when it is none of them, or several."""
    found = [key for key in SOURCES if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


class _Source(Reader[Any]):
    """One of the three model sources."""

    def read(self, said: Said) -> Any:
        """Return the entry of the source whose key is there."""
        kind = source_kind(said.value)
        return SOURCES[kind].read(said) if kind else super().read(said)


def _no_source(value: Any) -> Any:
    """Refuse what is none of the model sources, or several."""
    keys = list(value) if isinstance(value, dict) else []
    present = [key for key in keys if key in SOURCES]
    expected = f"exactly one of {listed(SOURCES)}, which says where the first model comes from"
    if present:  # several: one alone would be read
        what = f"`model` has {listed(present)} at once".replace(" or ", " and ")
        raise Refused(what, expected, at=(present[1],), alone=True)
    near = {key: nearest(key, SOURCES) for key in keys}
    for key in filter(near.get, keys):
        raise Refused(f"there is no key `{key}` in `model`", expected, near=near[key], at=(key,), alone=True)
    raise Refused("`model` does not say where the model comes from", expected, at=(), alone=True)


MODEL_SOURCE: Reader[Any] = _Source(_no_source, {"oneOf": [source.schema for source in SOURCES.values()]})


class SettledSource(Record):
    """A model source with what it reads and the formats that its result may have; empty when only the disk knows."""

    model: ModelSource
    reads: tuple[InputPath, ...] = ()
    formats: tuple[Format, ...] = ()


def source_of(document: RecipeDocument, entry: ApplicationEntry | UrlEntry | ScriptEntry) -> SettledSource | None:
    """Return the model source with absolute paths; None, with findings, when one of them is wrong."""
    if isinstance(entry, ApplicationEntry):
        return _application(document, entry)
    if isinstance(entry, ScriptEntry):
        return _script(document, entry)
    output = output_at(document, _OUTPUT)
    if output is None:
        return None
    model = FetchedModel(entry.url, entry.sha256.lower(), output, _spot(document), entry.max_bytes)
    return SettledSource(model, (), sniffing.named(output).formats)


def _spot(document: RecipeDocument) -> Spot:
    return document.key_spot((MODEL,)).replaced(path=document.path)


def _application(document: RecipeDocument, entry: ApplicationEntry) -> SettledSource | None:
    output = output_at(document, _OUTPUT)
    if output and output.suffix not in sniffing.HDF5_ENDINGS:
        what = f"a keras_application is saved as Keras HDF5, and `{entry.output}` does not say so"
        expected = f"a name that ends in {listed(sniffing.HDF5_ENDINGS)}"
        document.blame_value(_OUTPUT, what, expected=expected)
        return None
    reads = _weights(document, entry)
    if output is None or reads is None:
        return None
    if entry.weights != "imagenet" and "offline" in entry.given():
        what = "`offline` means nothing here: only `weights: imagenet` fetches anything"
        document.blame_key((MODEL, "offline"), what)
    model = ApplicationModel(
        application=entry.keras_application,
        weights=str(reads[0].path) if reads else entry.weights,
        offline=entry.offline,
        seed=entry.seed,
        options=entry.options.given() if "options" in entry.given() else {},
        output=output,
        spot=_spot(document),
    )
    return SettledSource(model, reads, ("keras",))


def _weights(document: RecipeDocument, entry: ApplicationEntry) -> tuple[InputPath, ...] | None:
    """Return the weights file, if the recipe names one."""
    if entry.weights in WORDS_FOR_WEIGHTS:
        return ()
    at = (MODEL, "weights")
    path = path_at(document, at)
    if path and path.suffix not in sniffing.HDF5_ENDINGS:
        expected = f"{listed(WORDS_FOR_WEIGHTS)}, or the path of a `.h5` or `.hdf5` file"
        what = f"`weights` cannot be `{entry.weights}`"
        near = nearest(entry.weights, WORDS_FOR_WEIGHTS)
        document.blame_value(at, what, expected=expected, near=near)
        return None
    return (InputPath(path, at),) if path else None


def _script(document: RecipeDocument, entry: ScriptEntry) -> SettledSource | None:
    given = entry.given()
    output, script = output_at(document, _OUTPUT), path_at(document, (MODEL, "script"))
    places = [(MODEL, "depends", at) for at in range(len(given.get("depends", ())))]
    found = [path_at(document, place) for place in places]
    depends = tuple(path for path in found if path)
    if output is None or script is None or len(depends) < len(found):
        return None
    reads = (
        InputPath(script, (MODEL, "script")),
        *(InputPath(path, at) for path, at in zip(depends, places, strict=True)),
    )
    arguments = tuple(given.get("arguments", ()))
    model = ScriptedModel(script, arguments, depends, output=output, spot=_spot(document))
    return SettledSource(model, reads, sniffing.named(output).formats)
