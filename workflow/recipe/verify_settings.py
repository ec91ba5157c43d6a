"""``verify:``, for the whole recipe and for one step: what may stand there, and the settings that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from workflow.catalogue.formats import Backend, NodeBackend, RuntimeName, backends_by_runtime
from workflow.recipe.findings import described, nearest, refused
from workflow.recipe.paths import path_at
from workflow.recipe.recipes import Tolerance, Verification
from workflow.recipe.value_types import SEED, TEXT, Entry, EntryOf, ListOf, MapOf, choice, number, optional, whole

if TYPE_CHECKING:
    from workflow.recipe.document import Document

VERIFY = "verify"

DISTANCE = number(least=0)
RUNTIMES: ListOf[RuntimeName] = ListOf(choice(get_args(RuntimeName)), least=1, most=3, one=True)
BACKEND = choice(get_args(Backend))
NODE_BACKENDS: ListOf[NodeBackend] = ListOf(choice(get_args(NodeBackend)), least=1, most=2, one=True)
BACKENDS: ListOf[Backend] = ListOf(BACKEND, least=1, most=5, one=True)


class ToleranceEntry(Entry):
    """What one output may differ by."""

    atol = optional(DISTANCE, "Largest difference.")
    rtol = optional(DISTANCE, "Largest difference in units of the output's largest value.")


class BackendsEntry(Entry):
    """The backends of each runtime on which results are run."""

    short = (BACKEND.schema, {"type": "array", "items": BACKEND.schema})

    node = optional(NODE_BACKENDS, "In Node.js; wasm when left out.")
    browser = optional(BACKENDS, "In the browser; webgl and wasm when left out.")

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return one list of backends as the backends of each runtime that has them."""
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list):
            return words
        known = get_args(Backend)
        strange = next((word for word in words if word not in known), None)
        if strange is not None:
            what, expected = f"{described(strange)} is no backend", ", ".join(sorted(known))
            raise refused(what, expected, near=nearest(str(strange), known))
        return {runtime: list(found) for runtime, found in backends_by_runtime(words).items()}


class VerifyEntry(Entry):
    """How the results are run and compared with their source; `off` for not at all."""

    short = ({"enum": [True, False, "on", "off"]},)

    runtimes = optional(
        RUNTIMES, "Where the results are run; what is not there is said.", default=["python", "node", "browser"]
    )
    backends = optional(EntryOf(BackendsEntry), "The backends of each runtime, or one list for those that have them.")
    require = optional(RUNTIMES, "Runtimes without which the verification fails.")
    inputs = optional(TEXT, "A .npy or .npz file, an image or a folder of images; drawn at random when left out.")
    labels = optional(TEXT, "A .npy or .npz file of class indices for the inputs.")
    image_range = optional(
        ListOf(number(), least=2, most=2), "What black and white of images become: [-1, 1], [0, 1] or [0, 255]."
    )
    samples = optional(whole(least=1, most=65536), "How many inputs to draw, or to take of those given.")
    batches = optional(
        ListOf(whole(least=1, most=4096), least=1, most=16),
        "How many inputs go in at once, first, second...; the rest follows.",
        default=[1, 3],
    )
    seed = optional(SEED, "The seed of drawn inputs.", default=0)
    atol = optional(DISTANCE, "Largest difference of an output; derived from the data types when left out.")
    rtol = optional(DISTANCE, "Largest difference in units of an output's largest value, beside atol.")
    outputs = optional(MapOf(EntryOf(ToleranceEntry)), "Other differences, by the output's name.")
    accuracy_drop = optional(
        number(least=0, most=1), "By how much the accuracy on labelled inputs may fall; 0.01 is one percent."
    )
    repeat = optional(
        whole(least=0, most=1000), "How many predictions to time, as far as half a second goes.", default=30
    )

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return ``on`` as all defaults; ``off`` has nothing to check."""
        return {} if _switched_off(value) or value is True or value == "on" else value


VERIFICATION = EntryOf(VerifyEntry)


def verification_of(document: Document, entry: VerifyEntry, *, base: Verification | None = None) -> Verification:
    """Return what the entry says, on top of ``base``; findings go to the document."""
    base = base or Verification()
    if _switched_off(document.value_at(entry.at)):
        return base.replaced(enabled=False)
    given = entry.given()
    found = {key: _READ.get(key, _same)(value) for key, value in given.items()}
    for key in ("inputs", "labels"):
        if key in given:
            found[key] = path_at(document, (*entry.at, key))
    if "inputs" in given and "labels" not in given:
        found["labels"] = None  # those of the recipe are for its own inputs
    chosen = base.replaced(**{**found, "enabled": True})
    if "labels" in given and chosen.inputs is None:
        what = "`labels` without `inputs` cannot be compared"
        document.blame_key((*entry.at, "labels"), what, expected="`inputs` beside them")
    unlabelled = [key for key in ("accuracy_drop", "inputs") if key in given]
    if unlabelled and chosen.accuracy_drop is not None and chosen.labels is None:
        what = "`accuracy_drop` without `labels` cannot be held to"
        document.blame_key((*entry.at, unlabelled[0]), what, expected="`labels` beside it")
    for name in chosen.require:
        if name not in chosen.runtimes:
            what, key = (
                f"`{name}` is required and not among the runtimes",
                "require" if "require" in given else "runtimes",
            )
            document.blame_key((*entry.at, key), what, expected="it in `runtimes`")
    return chosen


def _switched_off(value: object) -> bool:
    """Tell whether the recipe says ``verify: off`` (YAML reads ``off`` as false, other readers as a text)."""
    return value is False or value == "off"


def _same(value: Any) -> Any:
    return value


def _backends(entry: Any) -> dict[str, tuple[str, ...]]:
    return {runtime: tuple(names) for runtime, names in entry.given().items()}


def _outputs(entries: Any) -> dict[str, Tolerance]:
    return {name: Tolerance(**entry.given()) for name, entry in entries.items()}


_READ: dict[str, Any] = {
    "runtimes": tuple,
    "require": tuple,
    "batches": tuple,
    "image_range": tuple,
    "backends": _backends,
    "outputs": _outputs,
}
