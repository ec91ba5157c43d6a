from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.catalogue.formats import EDGES, FORMATS, reasons

if TYPE_CHECKING:
    from tests.unit.recipe.conftest import Load, Refuse
    from workflow.catalogue.formats import Format

INPUTS: dict[Format, str] = {
    "keras": "a.h5",
    "keras_keras": "a.keras",
    "keras_saved_model": "a",
    "tf_saved_model": "a",
    "tf_hub": "https://tfhub.dev/x/1",
    "tf_frozen_model": "a.pb",
    "tfjs_layers_model": "a",
    "tfjs_graph_model": "a",
}
OUTPUTS: dict[Format, str] = {"keras": "o.h5", "keras_keras": "o.keras"}


def convert(source: Format, target: Format) -> str:
    paths = f"input: '{INPUTS[source]}', output: {OUTPUTS.get(target, 'o')}"
    return f"steps: [{{convert: {{from: {source}, to: {target}, {paths}}}}}]"


@pytest.mark.parametrize("pair", EDGES, ids="-".join)
def test_every_conversion_is_a_recipe(pair: tuple[Format, Format], loaded: Load) -> None:
    (step,) = loaded(convert(*pair)).steps
    assert (step.from_format, step.to_format, step.input_is_handle) == (*pair, pair[0] == "tf_hub")


@pytest.mark.parametrize("pair", reasons(), ids="-".join)
def test_every_other_pair_is_refused_with_reason_and_way_out(pair: tuple[Format, Format], refusal: Refuse) -> None:
    details = refusal(convert(*pair))
    assert f"{pair[0]} cannot be converted to {pair[1]}: {reasons()[pair].reason}. Instead, " in details


def test_the_two_tables_cover_every_pair() -> None:
    assert {*EDGES, *reasons()} == {(source, target) for source in FORMATS for target in FORMATS}
    assert EDGES.keys().isdisjoint(reasons())


CHOSEN = {
    "h5": ("python_to_js: {input: a.h5, output: o}", "keras", "tfjs_layers_model"),
    "hdf5": ("python_to_js: {input: a.hdf5, output: o}", "keras", "tfjs_layers_model"),
    "archive": ("python_to_js: {input: a.keras, output: o}", "keras_keras", "tfjs_layers_model"),
    "to graph": ("python_to_js: {input: a.h5, output: o, format: tfjs_graph_model}", "keras", "tfjs_graph_model"),
    "hub": ("python_to_js: {input: 'https://tfhub.dev/x/1', output: o}", "tf_hub", "tfjs_graph_model"),
    "hub name": ("graph: {input: google/x/1, output: o, from: tf_hub}", "tf_hub", "tfjs_graph_model"),
    "frozen": ("graph: {input: a.pb, output: o}", "tf_frozen_model", "tfjs_graph_model"),
    "saved": ("graph: {input: saved, output: o}", "tf_saved_model", "tfjs_graph_model"),
    "keras saved": ("python_to_js: {input: keras_saved, output: o}", "keras_saved_model", "tfjs_layers_model"),
    "keras saved to graph": ("graph: {input: keras_saved, output: o}", "tf_saved_model", "tfjs_graph_model"),
    "layers folder": ("graph: {input: layers, output: o}", "tfjs_layers_model", "tfjs_graph_model"),
    "layers file": ("graph: {input: layers/model.json, output: o}", "tfjs_layers_model", "tfjs_graph_model"),
    "old layers": ("graph: {input: old_layers, output: o}", "tfjs_layers_model", "tfjs_graph_model"),
    "back to h5": ("js_to_python: {input: w, output: o.h5}", "tfjs_layers_model", "keras"),
    "back to archive": ("js_to_python: {input: w, output: o.keras}", "tfjs_layers_model", "keras_keras"),
    "back to folder": ("js_to_python: {input: w, output: o}", "tfjs_layers_model", "keras_saved_model"),
    "back to SavedModel": (
        "js_to_python: {input: layers, output: o, format: tf_saved_model}",
        "tfjs_layers_model",
        "tf_saved_model",
    ),
    "graph back": ("js_to_python: {input: graph, output: o}", "tfjs_graph_model", "tf_saved_model"),
    "graph sharded": ("shard: {input: graph, output: o, shard_size: 1kB}", "tfjs_graph_model", "tfjs_graph_model"),
    "old graph quantized": (
        "quantize: {input: old_graph, output: o, dtype: uint8}",
        "tfjs_graph_model",
        "tfjs_graph_model",
    ),
    "archive to graph": ("graph: {input: a.keras, output: o}", "keras_keras", "tfjs_graph_model"),
    "keras saved, stated": (
        "graph: {input: keras_saved, output: o, from: keras_saved_model}",
        "keras_saved_model",
        "tfjs_graph_model",
    ),
    "auto of a graph": ("python_to_js: {input: saved, output: o, format: auto}", "tf_saved_model", "tfjs_graph_model"),
    "auto, keras saved": (
        "python_to_js: {input: keras_saved, output: o, format: auto}",
        "tf_saved_model",
        "tfjs_graph_model",
    ),
    "stated folder": (
        "js_to_python: {input: w, output: o.v1, format: keras_saved_model}",
        "tfjs_layers_model",
        "keras_saved_model",
    ),
}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Lay out empty models whose names and heads tell what they are."""
    heads: dict[str, object] = {
        "layers": {"format": "layers-model", "modelTopology": {}},
        "graph": {"modelTopology": {}, "format": "graph-model"},
        "old_layers": {"modelTopology": {"model_config": {}}},
        "old_graph": {"modelTopology": {"node": []}},
        "strange": {"hello": 1},
    }
    for name, head in heads.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text(json.dumps(head))
    for name, files in {"saved": ["saved_model.pb"], "keras_saved": ["saved_model.pb", "keras_metadata.pb"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).touch()
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "pointer.json").write_text("version https://git-lfs\n")
    (tmp_path / "a.h5").touch()
    return tmp_path


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("step", "source", "target"), CHOSEN.values(), ids=CHOSEN.keys())
def test_formats_follow_from_what_is_there(step: str, source: Format, target: Format, loaded: Load) -> None:
    (made,) = loaded(f"steps: [{{{step}}}]").steps
    assert (made.from_format, made.to_format) == (source, target)


REFUSED = {
    "graph is no keras": ("js_to_python: {input: graph, output: o.h5}", "a graph model holds no layers"),
    "old graph": ("js_to_python: {input: old_graph, output: o.h5}", "a graph model holds no layers"),
    "python not sharded": (
        "shard: {input: a.h5, output: o, shard_size: 1kB}",
        "and `a.h5` is a keras. Instead, use `python_to_js`",
    ),
    "layers are no python": ("python_to_js: {input: layers, output: o}", "Instead, use `shard`"),
    "wrong from": (
        "convert: {from: tfjs_layers_model, to: keras, input: graph, output: o.h5}",
        "the input is a tfjs_graph_model",
    ),
    "upper case input": ("python_to_js: {input: a.H5, output: o}", "its ending is `.H5`, not `.h5`"),
    "no ending": ("python_to_js: {input: nothing, output: o}", "what `nothing` is cannot be told. Expected `from:`"),
    "empty folder": ("python_to_js: {input: empty, output: o}", "holds neither model.json nor saved_model.pb"),
    "no JSON": ("graph: {input: pointer.json, output: o}", "pointer.json is not JSON"),
    "no model": ("shard: {input: strange, output: o, shard_size: 1kB}", "holds neither layers nor a graph"),
    "folder as file": (
        "python_to_js: {input: folder.h5, output: o, from: keras}",
        "is a folder, and a keras model is a file",
    ),
    "file as folder": (
        "python_to_js: {input: a.h5, output: o, from: tf_saved_model}",
        "is a file, and a tf_saved_model is a folder",
    ),
    "h5 as archive": ("python_to_js: {input: a.h5, output: o, from: keras_keras}", "does not end in `.keras`"),
    "no model.json": (
        "convert: {from: tfjs_layers_model, to: keras, input: empty, output: o.h5}",
        "holds no model.json",
    ),
    "upper case output": ("js_to_python: {input: layers, output: o.H5}", "`.hdf5` (Keras HDF5), `.keras` (archive)"),
    "other output": ("js_to_python: {input: layers, output: o.onnx}", "the ending `.onnx` does not say"),
    "stated, upper case": (
        "js_to_python: {input: layers, output: o.H5, format: keras}",
        "a name that ends in `.h5` or `.hdf5`",
    ),
    "h5 as folder": ("js_to_python: {input: layers, output: o.h5, format: keras_saved_model}", "is named like a file"),
    "json as folder": ("graph: {input: layers, output: o/model.json}", "is named like a file"),
    "auto of layers": (
        "python_to_js: {input: layers, output: o, format: auto}",
        "`auto` is for Python models, and `layers` is a tfjs_layers_model. Instead, use `shard`, `quantize` or `graph`",
    ),
    "url as keras": ("python_to_js: {input: 'https://x/a.h5', output: o, from: keras}", "does not go with a URL"),
}


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("step", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_impossible_formats_are_refused_before_anything_runs(step: str, expected: str, refusal: Refuse) -> None:
    assert expected in refusal(f"steps: [{{{step}}}]")


def test_a_step_knows_what_an_earlier_one_makes(loaded: Load) -> None:
    recipe = loaded(
        "model: {keras_application: MobileNet, weights: seeded, output: a.h5}\nsteps:\n"
        "- python_to_js: {input: a.h5, output: w}\n"
        "- js_to_python: {input: w, output: s}\n"
        "- python_to_js: {input: s, output: w2}\n"
        "- graph: {input: s, output: g}\n"
        "- graph: {input: w2/model.json, output: g2}\n"
    )
    assert [step.from_format for step in recipe.steps] == [
        "keras",
        "tfjs_layers_model",
        "keras_saved_model",
        "tf_saved_model",
        "tfjs_layers_model",
    ]
    assert [Path(step.input).name for step in recipe.steps] == ["a.h5", "model.json", "s", "s", "model.json"]


def test_a_graph_that_a_step_makes_cannot_go_back_to_keras(refusal: Refuse) -> None:
    details = refusal(
        "steps:\n- graph: {input: a.h5, output: g}\n"
        "- js_to_python: {input: g, output: k.h5}\n- shard: {input: g, output: s, shard_size: 1kB, from: x}\n"
        "- convert: {from: keras, to: tfjs_layers_model, input: g, output: l}\n"
    )
    assert "3:25: tfjs_graph_model cannot be converted to keras" in details
    assert "there is no key `from` in `shard`" in details
    assert "5:19: `from: keras` is wrong: step `graph` makes a tfjs_graph_model" in details


LAYERS, GRAPH = "tfjs_layers_model", "tfjs_graph_model"
AUTO = "python_to_js: {input: a.h5, output: w, format: auto}"


@pytest.mark.parametrize(
    "step",
    [
        AUTO,
        "python_to_js: {input: a.keras, output: w, format: browser}",
        "convert: {from: keras, to: browser, input: a.h5, output: w}",
        "convert: {from: keras, to: auto, input: a.h5, output: w}",
    ],
)
def test_auto_is_a_layers_model_with_a_graph_model_behind_it(step: str, loaded: Load) -> None:
    (made,) = loaded(f"steps: [{{{step}}}]").steps
    assert (made.to_format, made.fallback_format, made.alternative) == (LAYERS, GRAPH, None)


def test_steps_behind_auto_take_whatever_it_made(loaded: Load) -> None:
    recipe = loaded(
        f"steps:\n- {AUTO}\n- shard: {{input: w, output: s, shard_size: 1kB}}\n"
        "- quantize: {input: s, output: q, auto: {max_error: 0.01}}\n"
        "- js_to_python: {input: q, output: back}\n"
        "- graph: {input: back, output: g}\n"
    )
    chosen = [(step.from_format, step.to_format, step.alternative) for step in recipe.steps[1:]]
    assert chosen == [
        (LAYERS, LAYERS, (GRAPH, GRAPH)),
        (LAYERS, LAYERS, (GRAPH, GRAPH)),
        (LAYERS, "keras_saved_model", (GRAPH, "tf_saved_model")),
        ("tf_saved_model", GRAPH, None),
    ]


@pytest.mark.parametrize("step", ["graph: {input: s, output: g}", "js_to_python: {input: w, output: k.h5}"])
def test_steps_that_cannot_take_either_ask_for_a_format(step: str, refusal: Refuse) -> None:
    details = refusal(f"steps:\n- {AUTO}\n- shard: {{input: w, output: s, shard_size: 1kB}}\n- {step}\n")
    assert "step `python_to_js` makes a layers model, or else a graph model, and this step cannot read both" in details
    assert "Expected `format: tfjs_layers_model` or `format: tfjs_graph_model` in `python_to_js`" in details


def test_options_of_a_step_behind_auto_must_suit_either(refusal: Refuse) -> None:
    details = refusal(
        f"steps:\n- {AUTO}\n- shard: {{input: w, output: s, shard_size: 1kB, split_weights_by_layer: true}}\n"
    )
    assert "from tfjs_graph_model to tfjs_graph_model, which this step may turn out to be" in details


def test_what_is_not_there_yet_may_be_either(loaded: Load) -> None:
    model = "model: {script: m.py, output: made}\n"
    shard, back = loaded(
        model + "steps:\n- shard: {input: made, output: s, shard_size: 1kB}\n- js_to_python: {input: s, output: k.h5}\n"
    ).steps
    assert shard.alternative == (GRAPH, GRAPH)
    assert (back.from_format, back.to_format, back.alternative) == (LAYERS, "keras", None)


def test_what_a_script_makes_needs_a_name_that_tells_or_from(loaded: Load, refusal: Refuse) -> None:
    model = "model: {script: m.py, output: made}\n"
    (step,) = loaded(model + "steps: [{python_to_js: {input: made, output: o, from: tf_saved_model}}]").steps
    assert step.after == ("model",)
    assert "what `made` is cannot be told" in refusal(model + "steps: [{python_to_js: {input: made, output: o}}]")
