"""What every command reads of a model, of a run and of what lies beside it, in this process: for damaged ones.

A command goes through the command line as a user's does, less the reading of the shell; whatever it would report as a
bug of ours is raised here.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from tests.fuzzing.damage import format_of
from tests.fuzzing.trees import damaged_json
from workflow.base import bugs
from workflow.base.errors import DeclinedError, WorkflowError
from workflow.base.events import Silent
from workflow.cli import boundary
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES
from workflow.models.inspection import inspect_model
from workflow.recipe.recipes import Verification
from workflow.report.serving.site import site_of
from workflow.verification import cutting, tolerances
from workflow.verification.levels import Case, verify
from workflow.verification.measures.artifact_sizes import measure_sizes, payload
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.catalogue.formats import Format

CODES = frozenset({0, 2, *range(10, 20), *range(30, 50)})
"""How a command may end that was given a damaged model: well, or with an error that is the model's or the recipe's."""

_MEASURED = 0.1
_WISHES: dict[str, tuple[dict[str, Any], ...]] = {
    "tfjs_layers_model": (
        *({}, {"quantize_uint8": ["*"]}, {"weight_shard_size_bytes": 999, "metadata": {}}, {"dequantize": True}),
        *({"split_weights_by_layer": True}, {"quantize_auto": {"max_error": 0.01}, "keep_float": ["biases"]}),
    ),
    "tfjs_graph_model": (
        *({}, {"quantize_float16": ["*"], "keep_float": ["biases", "normalisation"]}, {"dequantize": True}),
        {"quantize_auto": {"max_error": 0.01}},
    ),
    "keras": ({},),
    "keras_keras": ({},),
}
_STEPS: dict[str, tuple[str, ...]] = {
    "tfjs_layers_model": (
        "shard: {input: MODEL, output: out/shard, shard_size: 1kB, engine: native}",
        "quantize: {input: MODEL, output: out/quantize, dtype: uint8, engine: native}",
        "js_to_python: {input: MODEL, output: out/back.h5, engine: native}",
        "js_to_python: {input: MODEL, output: out/back.keras, name: archive, engine: native}",
    ),
    "tfjs_graph_model": (
        "shard: {input: MODEL, output: out/shard, shard_size: 1kB, engine: native}",
        "quantize: {input: MODEL, output: out/quantize, dtype: uint8, engine: native}",
    ),
    "keras": ("python_to_js: {input: MODEL, output: out/web, engine: native}",),
    "keras_keras": ("python_to_js: {input: MODEL, output: out/web, engine: native}",),
    "keras_saved_model": ("graph: {input: MODEL, output: out/graph}",),
    "tf_saved_model": ("graph: {input: MODEL, output: out/graph}",),
    "tf_frozen_model": ("graph: {input: MODEL, output: out/graph}",),
}


class Finding(Exception):  # noqa: N818  it is what is looked for
    """A command ended as no command may."""


def command(*arguments: str, codes: frozenset[int] = CODES) -> tuple[int, str]:
    """Run a command line here and return its exit code and what it wrote; raises what it would report as a bug."""
    found: list[BaseException] = []

    def keep(error: BaseException, _: Any) -> WorkflowError:
        found.append(error)
        return WorkflowError("a bug")

    screen = io.StringIO()
    shown = contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen)
    with patch.object(bugs, "bug_of", keep), shown[0], shown[1]:
        code = boundary.guarded(arguments)
    if found:
        raise found[0]
    if code not in codes:
        raise Finding(f"{' '.join(arguments)} ended with {code}: {screen.getvalue()[-2000:]}")
    return code, screen.getvalue()


def through_the_commands(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    """Give a damaged model to the commands that read it: verify, check, plan, convert."""
    command("verify", str(model), "--quick", *dice.choice(([], ["--json"])), *_format(kind, dice))
    recipe = folder / "fuzz.yml"
    wanted = dice.choice(("true", "{runtimes: [python], atol: 0.1}")) if kind.startswith("tf_") else "false"
    steps = "".join(f"  - {step.replace('MODEL', str(model))}\n" for step in _STEPS[kind])
    recipe.write_text(f"verify: {wanted}\nsteps:\n{steps}")
    command("check", str(recipe))
    command("plan", str(recipe), *dice.choice(([], ["--json"], ["--commands"])))
    if any(pair[0] == kind for pair in EDGES):
        command("convert", str(recipe), "--keep-going", "--quiet")
        command("plan", str(recipe))


def through_the_readers(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    """Give a damaged model to everything that reads one: inspection, conversion, verification, serving, measuring."""
    for reader in (_inspected, _converted, _verified, _against_itself, _cut, _served, _measured):
        with contextlib.suppress(WorkflowError, DeclinedError), np.errstate(all="ignore"):
            reader(model, kind, folder, dice)


def against(pristine: Path, model: Path, kind: Format, folder: Path) -> None:
    """Compare a damaged model with the one that it was made of, both ways round."""
    for result, source in ((model, pristine), (pristine, model)):
        with contextlib.suppress(WorkflowError), np.errstate(all="ignore"):
            _quick(Case(Subject(result, kind), Subject(source, kind), Verification(enabled=False), folder))


def _format(kind: Format, dice: random.Random) -> list[str]:
    return ["--format", kind] if dice.random() < 0.8 else []


def _inspected(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    inspect_model(model, kind)


def _converted(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    pairs = [pair for pair in EDGES if pair[0] == kind]
    for number, pair in enumerate(pairs):
        options = dice.choice(_WISHES[pair[1]])
        job = Job(model, kind, folder / f"edge{number}", pair[1], options, Silent())
        with contextlib.suppress(WorkflowError, DeclinedError):
            EDGES[pair](job)


def _verified(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    _quick(Case(Subject(model, kind), None, Verification(enabled=False), folder))


def _against_itself(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    subject = Subject(model, kind)
    _quick(Case(subject, subject, Verification(enabled=False), folder))
    tolerances.deepest([subject])
    tolerances.noise(subject, None)


def _quick(case: Case) -> None:
    places: Any = None  # with `enabled` off nothing is run
    verify(case, places)


def _cut(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    if not kind.startswith("tfjs_"):
        return
    subject = Subject(model, kind)
    points = cutting.points_of(subject)
    cutting.outputs_of(subject)
    if points:
        at = dice.choice(points).name
        cutting.ancestors(points, at)
        cutting.cut(subject, at, into=folder / "cut")


def _served(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    if kind.startswith("tfjs_"):
        site_of(model, packages=folder)


def _measured(model: Path, kind: Format, folder: Path, dice: random.Random) -> None:
    payload(model)
    if dice.random() < _MEASURED:  # which compresses every file, whatever is in it
        measure_sizes(model)


def ran(model: Path, folder: Path) -> Path:
    """Run a recipe on a sound model and return it: its journal, sidecars and outputs are then there to be damaged."""
    kind = format_of(model)
    recipe = folder / "ran.yml"
    steps = "".join(f"  - {step.replace('MODEL', str(model))}\n" for step in _STEPS[kind])
    recipe.write_text(f"verify: false\nsteps:\n{steps}")
    for _ in range(2):
        command("convert", str(recipe), "--quiet", "--force", "--keep-going")
    return recipe


def through_the_reports(recipe: Path, dice: random.Random, *, runs: tuple[dict[str, Any], ...] = ()) -> None:
    """Damage the record of a run, a sidecar or what was measured, and give it to what reads them."""
    folder = recipe.parent / ".tfjs-workflow" / recipe.stem
    records = sorted((folder / "runs").glob("*.json"))
    if runs and dice.random() < 0.7:
        records[-1].write_bytes(json.dumps(dice.choice(runs)).encode())
    beside = sorted(recipe.parent.rglob("*.tfjs-workflow.json"))
    file = dice.choice([*records, records[-1], records[-1], *beside, *folder.glob("measures.json")])
    file.write_bytes(damaged_json(file.read_bytes(), dice))
    page = recipe.parent / "page.html"
    others = dice.choice(
        ([], ["--json"], ["--markdown", str(recipe.parent / "r.md"), "--junit", str(recipe.parent / "r.xml")])
    )
    command("report", str(recipe), "--html", str(page), "--no-links", *others)
    command("compare", str(recipe), f"{recipe}~1", "--all")
    command("compare", str(records[-1]), str(records[0]))
    if page.exists():
        command("compare", str(page), str(records[-1]))
    command("plan", str(recipe))
    if file.name.endswith(".tfjs-workflow.json"):
        command("convert", str(recipe), "--quiet", "--keep-going")


@contextlib.contextmanager
def own_home(folder: Path) -> Iterator[None]:
    """Keep logs, caches and locks of commands that are run here below a folder."""
    former = dict(os.environ)
    os.environ["TFJS_WORKFLOW_HOME"] = str(folder / "home")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)


def copied(recipe: Path, folder: Path) -> Path:
    """Return a copy of a recipe that was run, with all that lies beside it."""
    target = folder / "project"
    shutil.copytree(recipe.parent, target)
    made = target / recipe.name
    made.write_text(made.read_text().replace(str(recipe.parent), str(target)))
    return made
