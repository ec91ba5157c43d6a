"""The model source: where the first model file comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.models import sniffing
from workflow.recipe.diagnostics import listed, nearest
from workflow.recipe.drafting import MODEL, output_at, path_at
from workflow.recipe.grammar import ApplicationEntry, ScriptEntry, UrlEntry
from workflow.recipe.model import ApplicationModel, FetchedModel, Place, ScriptedModel
from workflow.recipe.wiring import Read

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.recipe.document import Document
    from workflow.recipe.model import ModelSource

WORDS_FOR_WEIGHTS = ("imagenet", "seeded")
_OUTPUT = (MODEL, "output")


class Source(Record):
    """A model source with what it reads and the formats that its result may have; empty when only the disk knows."""

    model: ModelSource
    reads: tuple[Read, ...] = ()
    formats: tuple[Format, ...] = ()


def source_of(document: Document, entry: ApplicationEntry | UrlEntry | ScriptEntry) -> Source | None:
    """Return the model source with absolute paths; None, with findings, when one of them is wrong."""
    if isinstance(entry, ApplicationEntry):
        return _application(document, entry)
    if isinstance(entry, ScriptEntry):
        return _script(document, entry)
    output = output_at(document, _OUTPUT)
    if output is None:
        return None
    model = FetchedModel(entry.url, entry.sha256.lower(), output, _place(document), entry.max_bytes)
    return Source(model, (), sniffing.named(output).formats)


def _place(document: Document) -> Place:
    spot = document.key_spot((MODEL,))
    return Place(document.path, spot.line, spot.column)


def _application(document: Document, entry: ApplicationEntry) -> Source | None:
    output = output_at(document, _OUTPUT)
    if output and output.suffix not in sniffing.HDF5_ENDINGS:
        what = f"a keras_application is saved as Keras HDF5, and `{entry.output}` does not say so"
        expected = f"a name that ends in {listed(sniffing.HDF5_ENDINGS)}"
        document.complain(document.value_spot(_OUTPUT), what, expected=expected)
        return None
    reads = _weights(document, entry)
    if output is None or reads is None:
        return None
    if entry.weights != "imagenet" and "offline" in entry.given():
        what = "`offline` means nothing here: only `weights: imagenet` fetches anything"
        document.complain(document.key_spot((MODEL, "offline")), what)
    model = ApplicationModel(
        application=entry.keras_application,
        weights=str(reads[0].path) if reads else entry.weights,
        offline=entry.offline,
        seed=entry.seed,
        options=entry.options.given() if "options" in entry.given() else {},
        output=output,
        place=_place(document),
    )
    return Source(model, reads, ("keras",))


def _weights(document: Document, entry: ApplicationEntry) -> tuple[Read, ...] | None:
    """Return the weights file, if the recipe names one."""
    if entry.weights in WORDS_FOR_WEIGHTS:
        return ()
    location = (MODEL, "weights")
    path = path_at(document, location)
    if path and path.suffix not in sniffing.HDF5_ENDINGS:
        expected = f"{listed(WORDS_FOR_WEIGHTS)}, or the path of a `.h5` or `.hdf5` file"
        what = f"`weights` cannot be `{entry.weights}`"
        near = nearest(entry.weights, WORDS_FOR_WEIGHTS)
        document.complain(document.value_spot(location), what, expected=expected, near=near)
        return None
    return (Read(path, location),) if path else None


def _script(document: Document, entry: ScriptEntry) -> Source | None:
    given = entry.given()
    output, script = output_at(document, _OUTPUT), path_at(document, (MODEL, "script"))
    places = [(MODEL, "depends", at) for at in range(len(given.get("depends", ())))]
    found = [path_at(document, place) for place in places]
    depends = tuple(path for path in found if path)
    if output is None or script is None or len(depends) < len(found):
        return None
    reads = (Read(script, (MODEL, "script")), *(Read(path, at) for path, at in zip(depends, places, strict=True)))
    arguments = tuple(given.get("arguments", ()))
    model = ScriptedModel(script, arguments, depends, output=output, place=_place(document))
    return Source(model, reads, sniffing.named(output).formats)
