from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import dense, given, layer, row, whole_file
from workflow.base.errors import ConversionError
from workflow.conversion.command_line import command_line, converter_argv, unusable
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import Step

BASE = Path("/here")
UNDECIDED = "which formats it goes between is found out when it runs"


def step(*, options: dict[str, Any] | None = None, source: str = "/here/w/model.json", **changes: Any) -> Step:
    settings: dict[str, Any] = {
        "name": "shard",
        "kind": "shard",
        "input": source,
        "output": BASE / "out",
        "from_format": "tfjs_layers_model",
        "to_format": "tfjs_layers_model",
        "options": options or {},
        "timeout": None,
        "after": (),
        "spot": Spot(path=BASE / "r.yml"),
    }
    return Step(**{**settings, **changes})


def flags(**options: Any) -> list[str]:
    if "output_node_names" in options:
        formats: dict[str, Any] = {"from_format": "tf_frozen_model", "to_format": "tfjs_graph_model"}
    else:
        formats = {"from_format": "keras", "to_format": "tfjs_layers_model"}
    return converter_argv(step(options=options, **formats))[2:-2]


def test_formats_come_first_and_paths_last() -> None:
    assert converter_argv(step()) == [
        "--input_format=tfjs_layers_model",
        "--output_format=tfjs_layers_model",
        "/here/w/model.json",
        "/here/out",
    ]


def test_another_output_can_be_written_to() -> None:
    assert converter_argv(step(), output=Path("/staging/x"))[-1] == "/staging/x"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"weight_shard_size_bytes": 100000}, ["--weight_shard_size_bytes=100000"]),
        ({"quantize_uint8": ["*"]}, ["--quantize_uint8=*"]),
        ({"quantize_uint16": ["a*", "b/?"]}, ["--quantize_uint16=a*,b/?"]),
        ({"split_weights_by_layer": True}, ["--split_weights_by_layer"]),
        ({"split_weights_by_layer": False}, []),
        ({"skip_op_check": True}, ["--skip_op_check"]),
        ({"strip_debug_ops": False}, ["--strip_debug_ops="]),
        ({"strip_debug_ops": True}, []),
        ({"control_flow_v2": True}, ["--control_flow_v2=True"]),
        ({"control_flow_v2": False}, []),
        ({"use_structured_outputs_names": True}, ["--use_structured_outputs_names=True"]),
        ({"experiments": True}, ["--experiments=True"]),
        ({"signature_name": "f g"}, ["--signature_name=f g"]),
        ({"saved_model_tags": []}, ["--saved_model_tags="]),
        ({"saved_model_tags": ["a", "b"]}, ["--saved_model_tags=a,b"]),
        ({"output_node_names": ["x", "y"]}, ["--output_node_names=x,y"]),
        ({"metadata": {"a": "/here/a.json", "b": "/b.json"}}, ["--metadata=a:/here/a.json,b:/b.json"]),
    ],
)
def test_each_option_is_written_as_the_converter_reads_it(options: dict[str, Any], expected: list[str]) -> None:
    assert flags(**options) == expected


def test_quantizing_all_other_weights_is_a_bare_flag_before_another_flag() -> None:
    assert flags(quantize_float16=["a*"], quantize_uint8=["*"]) == ["--quantize_uint8", "--quantize_float16=a*"]


def test_a_command_line_is_what_a_person_would_type() -> None:
    options = {"quantize_uint8": ["*"], "metadata": {"a": "/here/a.json"}}
    line = command_line(step(options=options, to_format="tfjs_graph_model"), relative_to=BASE)
    assert line == (
        "tensorflowjs_converter --input_format=tfjs_layers_model --output_format=tfjs_graph_model "
        "'--quantize_uint8=*' --metadata=a:a.json w/model.json out"
    )


def test_paths_elsewhere_stay_whole_and_strange_ones_are_quoted() -> None:
    line = command_line(step(source="/else where/it's.h5", output=BASE / "-o"), relative_to=BASE)
    assert line.endswith("""'/else where/it'"'"'s.h5' ./-o""")


def test_a_hub_handle_stays_as_it_is() -> None:
    hub = step(source="https://tfhub.dev/x/1", input_is_handle=True, from_format="tf_hub", to_format="tfjs_graph_model")
    assert converter_argv(hub)[-2] == "https://tfhub.dev/x/1"
    assert command_line(hub, relative_to=BASE).split()[-2] == "https://tfhub.dev/x/1"


LAYERS_AND_GRAPH = ("tfjs_graph_model", "tfjs_graph_model")
NOT_OFFERED: dict[str, tuple[dict[str, Any], str]] = {
    "conversion": ({"from_format": "keras_keras", "to_format": "tfjs_graph_model"}, "it does not convert keras_keras"),
    "goal": ({"options": {"quantize_auto": {"max_error": 0.01}}}, "it has no `quantize_auto` from tfjs_layers_model"),
    "two options": (
        {"options": {"metadata": {"a": "a.json"}, "dequantize": True}},
        "it has no `dequantize` and no `metadata`",
    ),
    "names to be found": (
        {"from_format": "tf_frozen_model", "to_format": "tfjs_graph_model"},
        "it needs `output_node_names`, which this tool finds out",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), NOT_OFFERED.values(), ids=NOT_OFFERED.keys())
def test_what_the_reference_lacks_is_a_comment_and_never_a_command(changes: dict[str, Any], reason: str) -> None:
    line = command_line(step(**changes), relative_to=BASE)
    assert line.startswith("# no command of the reference converter: ")
    assert reason in line
    with pytest.raises(ConversionError, match="does not do this") as caught:
        converter_argv(step(**changes))
    assert reason in caught.value.message


@pytest.mark.parametrize("open_end", [{"fallback_format": "tfjs_graph_model"}, {"alternative": LAYERS_AND_GRAPH}])
def test_while_the_formats_are_open_there_is_no_command(open_end: dict[str, Any]) -> None:
    line = command_line(step(**open_end), relative_to=BASE)
    assert line == f"# no command of the reference converter: {UNDECIDED} (step shard)"


def of_file(path: Path, kind: Any = "keras", **changes: Any) -> list[str]:
    return unusable(step(source=str(path), from_format=kind, to_format="tfjs_layers_model", **changes))


def test_commands_whose_models_tensorflow_js_refuses_are_known_before_they_run(tmp_path: Path) -> None:
    weights = {"d": {"d/kernel": np.zeros((3, 2), np.float32), "d/bias": np.zeros(2, np.float32)}}
    plain = row(given([None, 3]), dense("d"))
    assert of_file(whole_file(tmp_path / "plain.h5", plain, weights)) == []
    (own,) = of_file(whole_file(tmp_path / "own.h5", row(given([None, 3]), layer("Own", "o")), {}))
    assert own == "TensorFlow.js refuses what this makes: layer 'o': TensorFlow.js has no layer class 'Own'"
    (later,) = of_file(whole_file(tmp_path / "later.h5", plain, weights, version="3.1.0"))
    assert "does not load what this makes of a file of Keras 3.1.0" in later
    kept = row(given([None, 4, 4, 2]), layer("GlobalAveragePooling2D", "g", keepdims=True))
    (note,) = of_file(whole_file(tmp_path / "kept.h5", kept, {}))
    assert note.startswith("TensorFlow.js needs what `convert` alone does: g: keepdims")
    (tmp_path / "m.keras").write_bytes(b"")
    (archive,) = of_file(tmp_path / "m.keras", "keras_keras")
    assert "does not load what this makes of a .keras archive" in archive


def test_of_a_model_that_is_not_there_or_cannot_be_read_nothing_is_known(tmp_path: Path) -> None:
    assert of_file(tmp_path / "gone.h5") == []
    (tmp_path / "damaged.h5").write_bytes(b"damaged")
    assert of_file(tmp_path / "damaged.h5") == []
    assert unusable(step()) == []
    (tmp_path / "m.keras").write_bytes(b"")
    assert of_file(tmp_path / "m.keras", "keras_keras", fallback_format="tfjs_graph_model") == []
