"""Every kind of step that is declared, on what it reads and on what it does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from workflow.catalogue.formats import JAVASCRIPT
from workflow.catalogue.kinds import KINDS, Kind
from workflow.catalogue.options import OPTIONS
from workflow.recipe.grammar import AnyStep

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.recipe.conftest import Load, Refuse
    from workflow.catalogue.formats import Format

INPUTS: dict[Format, str] = {
    "keras": "a.h5",
    "keras_keras": "a.keras",
    "tf_frozen_model": "a.pb",
    "tfjs_layers_model": "layers",
    "tfjs_graph_model": "graph",
}
"""What can be seen to be in a format."""
NEEDED: dict[Kind, str] = {"shard": ", shard_size: 1kB", "quantize": ", dtype: uint8"}
"""What a step of a kind cannot do without, beside its paths."""
READ = [(kind, source) for kind, what in KINDS.items() for source in INPUTS if source in what.sources]
NOT_READ = [(kind, source) for kind, what in KINDS.items() for source in INPUTS if source not in what.sources]


@pytest.fixture(autouse=True)
def _models(tmp_path: Path) -> None:
    for name in ("a.h5", "a.keras", "a.pb"):
        (tmp_path / name).touch()
    for name in ("layers", "graph"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text(f'{{"format": "{name}-model"}}')


def step(kind: Kind, source: Format) -> str:
    """Return a step of the kind with as little said as may be."""
    formats = {"from": source, "to": "tfjs_graph_model"}
    stated = "".join(f", {key.name}: {formats[key.name]}" for key in KINDS[kind].settings if key.needed)
    return f"steps: [{{{kind}: {{input: {INPUTS[source]}, output: o{stated}{NEEDED.get(kind, '')}}}}}]"


def test_the_words_for_kinds_are_those_that_are_declared() -> None:
    assert get_args(Kind) == (*KINDS,) == (*AnyStep.keys,)


@pytest.mark.parametrize(("kind", "source"), READ)
def test_a_kind_takes_each_format_that_it_reads_and_makes_one_that_it_makes(
    kind: Kind, source: Format, loaded: Load
) -> None:
    (found,) = loaded(step(kind, source)).steps
    assert (found.kind, found.from_format) == (kind, source)
    assert (source, found.to_format) in KINDS[kind].pairs


@pytest.mark.parametrize(("kind", "source"), NOT_READ)
def test_a_kind_refuses_each_other_format_and_says_what_it_is_for_and_what_to_use(
    kind: Kind, source: Format, refusal: Refuse
) -> None:
    details, what = refusal(step(kind, source)), KINDS[kind]
    for_what = f"`{kind}` {what.task}, and `{INPUTS[source]}` is a {source}. Instead, {what.otherwise}"
    no_such_conversion = f"{source} cannot be converted to keras_saved_model"
    assert (for_what if {*what.targets} <= {*JAVASCRIPT} else no_such_conversion) in details


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_own_keys_are_none_that_every_step_has_and_no_options(kind: Kind) -> None:
    shared = {"input", "output", "name", "timeout", "verify", "engine"}
    own = KINDS[kind].own
    assert len({*own}) == len(own)
    assert not {*own} & (shared | OPTIONS.keys())


@pytest.mark.parametrize("kind", [kind for kind, what in KINDS.items() if what.keeps_format])
def test_a_kind_that_keeps_the_format_makes_what_it_reads(kind: Kind) -> None:
    assert {*KINDS[kind].sources} <= {*JAVASCRIPT}
    assert KINDS[kind].pairs == {(source, source) for source in KINDS[kind].sources}


def test_a_step_of_no_kind_is_told_of_every_kind(refusal: Refuse) -> None:
    every = ", ".join(f"`{kind}`" for kind in (*KINDS,)[:-1]) + f" or `{(*KINDS,)[-1]}`"
    assert f"there is no step `melt`. Expected {every}." in refusal("steps: [{melt: {input: a.h5, output: o}}]")
