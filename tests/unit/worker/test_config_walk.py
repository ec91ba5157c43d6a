"""A config may name what is on the list and what the user's own files define; everything else is told by its layer."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from workflow.worker import allow_list, config_walk, foreign_code, keras_guard
from workflow.worker.failure import JobError

if TYPE_CHECKING:
    from pathlib import Path

KERAS_2, KERAS_3 = allow_list.keras("keras2"), allow_list.keras("keras3")
CHECKED_FURTHER = {"TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceProperty", "InstanceMethod", "Lambda"}
CHECKED_FURTHER |= {"TensorFlowOpLayer"}


def layer(kind: str, nodes: Any = None, **config: Any) -> dict[str, Any]:
    described = {"class_name": kind, "config": {"name": "e", **config}, "name": "e", "inbound_nodes": nodes or []}
    return {"class_name": "Functional", "config": {"name": "m", "layers": [described]}}


def told(document: Any, allowed: allow_list.AllowList = KERAS_2, **more: Any) -> list[str]:
    return [str(one) for one in config_walk.asked(document, allowed, **more)]


@pytest.mark.parametrize("allowed", [KERAS_2, KERAS_3], ids=["keras2", "keras3"])
def test_every_name_on_the_list_may_be_asked_for_by_every_module_that_it_is_in(allowed: allow_list.AllowList) -> None:
    for name, modules in allowed.classes.items():
        for module in [None, *modules] if name not in CHECKED_FURTHER else []:
            found = {"class_name": name, "module": module, "registered_name": None, "config": {"name": "e"}}
            assert told(found, allowed) == []
    for name, modules in allowed.functions.items():
        for module in modules:
            found = {"class_name": "function", "module": module, "config": name, "registered_name": name}
            assert told({"activation": found}, allowed) == []


def test_every_operation_on_the_list_may_be_called_and_none_beside_it() -> None:
    for name in KERAS_2.calls:
        assert told(layer("TFOpLambda", function=name)) == []
        assert told(layer("TFOpLambda", function=name + "x")) != [] or name + "x" in KERAS_2.calls
    assert len(KERAS_2.calls) > 1500


@pytest.mark.parametrize("allowed", [KERAS_2, KERAS_3], ids=["keras2", "keras3"])
@pytest.mark.parametrize("kind", ["function", "class"])
def test_nothing_of_pythons_own_modules_may_be_asked_for(allowed: allow_list.AllowList, kind: str) -> None:
    tried = 0
    for module in sorted(sys.stdlib_module_names & sys.modules.keys()):
        for name in [name for name, thing in vars(sys.modules[module]).items() if callable(thing)]:
            named = ("function", name) if kind == "function" else (name, {})
            found = {"class_name": named[0], "module": module, "config": named[1], "registered_name": name}
            if not (module == "builtins" and allowed.has_function(name, "builtins")):
                assert told(layer("Dense", kernel_initializer=found), allowed), (module, name)
                tried += 1
    assert tried > 2000


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"activation": "os.system"}, "the function os.system"),
        ({"activation": {"class_name": "function", "module": "keras.activations", "config": "os.system"}}, "os.system"),
        ({"activation": {"class_name": "function", "module": "__main__", "config": "main"}}, "main"),
        ({"activation": {"class_name": "function", "module": None, "config": {"deep": 1}}}, "without a name"),
        (
            {"kernel_initializer": {"class_name": "Zeros", "module": "os", "config": {}}},
            "the class Zeros of the module os",
        ),
        (
            {"kernel_initializer": {"class_name": "Zeros", "registered_name": "x.y", "config": {}}},
            "registered class x.y",
        ),
        ({"kernel_initializer": {"class_name": "Zeros", "module": ["os"], "config": {}}}, "the class Zeros"),
        ({"anything": [{"at": {"class_name": "Popen", "module": "subprocess", "config": {}}}]}, "Popen"),
    ],
)
def test_what_is_not_on_the_list_is_told_with_its_layer(config: dict[str, Any], words: str) -> None:
    (found,) = told(layer("Dense", **config))
    assert found.startswith("e asks for ")
    assert words in found


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("TFSMLayer", {"filepath": "/x"}),
        ("ModuleWrapper", {"module": "a", "method_name": "format"}),
        ("ReloadedLayer", {"filepath": "/x"}),
        ("Lambda", {"function": ["4wE=", None, None]}),
        ("StringLookup", {"vocabulary": "/etc/passwd"}),
        ("TextVectorization", {"idf_weights": "/etc/passwd"}),
        ("VocabularyFileCategoricalColumn", {}),
        ("ClassMethod", {"cls_symbol": "io.gfile.GFile", "method_name": "read"}),
        ("ClassMethod", {"cls_symbol": "RaggedTensor", "method_name": "__class__"}),
        ("InstanceMethod", {"attr_name": "__reduce__"}),
        ("InstanceProperty", {"attr_name": "__globals__"}),
        ("TensorFlowOpLayer", {"node_def": {"op": "WriteFile"}}),
        ("TensorFlowOpLayer", {"node_def": {"op": "Relu", "class_name": "__bytes__", "value": "x"}}),
        ("TensorFlowOpLayer", {"node_def": {"op": "StatelessIf", "attr": {"then": {"func": {"name": "f"}}}}}),
        ("TensorFlowOpLayer", {"node_def": "bytes"}),
        ("TensorFlowOpLayer", {"node_def": {"op": "PrintV2", "attr": {"output_stream": {"s": "ZmlsZTovLy94"}}}}),
        (
            "TensorFlowOpLayer",
            {"node_def": {"op": "FixedUnigramCandidateSampler", "attr": {"vocabFile": {"s": "L3g="}}}},
        ),
        ("TensorFlowOpLayer", {"node_def": {"op": "InitializeTableFromTextFileV2"}}),
    ],
)
def test_layers_that_run_read_or_call_are_refused(kind: str, config: dict[str, Any]) -> None:
    assert told(layer(kind, **config))[0].startswith("e asks for ")


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("StringLookup", {"vocabulary": ["a", "/etc/passwd"]}),
        ("StringLookup", {"vocabulary": None}),
        ("Lambda", {"function": "own", "function_type": "function"}),
        ("ClassMethod", {"cls_symbol": "RaggedTensor", "method_name": "from_row_splits"}),
        ("InstanceProperty", {"attr_name": "flat_values"}),
        ("InstanceMethod", {"attr_name": "to_tensor"}),
        ("TensorFlowOpLayer", {"node_def": {"op": "AddV2", "attr": {"T": {"type": "DT_FLOAT"}}}}),
        ("Dense", {"activation": {"class_name": "function", "module": "tensorflow.python.ops.gen_nn_ops",
                                  "config": "relu", "registered_name": "relu"}}),
        ("Dense", {"bias_initializer": {"class_name": "RandomNormal", "module": "tensorflow.python.ops.init_ops_v2",
                                        "config": {"stddev": 0.02}, "registered_name": "RandomNormal"}}),
    ],
)  # fmt: skip
def test_their_harmless_use_is_not(kind: str, config: dict[str, Any]) -> None:
    assert told(layer(kind, **config), own=frozenset(["own"])) == []


@pytest.mark.parametrize(
    "loss", ["<lambda>", ["<lambda>"], ["mse", "mae"], ["mse", None], ["own"], [{"class_name": "Huber", "config": {}}]]
)
def test_a_model_may_be_compiled_with_any_loss_that_has_no_code_in_the_file(loss: Any) -> None:
    assert told({"optimizer_config": {}, "loss": loss, "metrics": [["mae"], None]}, own=frozenset(["own"])) == []


def test_bytecode_in_the_place_of_losses_is_told() -> None:
    assert told({"loss": ["4wE=", None, None]}) == ["the model's config asks for the function 4wE="]


CONSTANT = "_CONSTANT_VALUE"


@pytest.mark.parametrize(
    ("kind", "config", "node"),
    [
        ("Dense", {}, [CONSTANT, -1, "touch x", {}]),
        ("Dense", {}, [["x", 0, 0, {"mask": {"deep": ["touch x"]}}]]),
        ("TFOpLambda", {"function": "math.sqrt"}, [CONSTANT, -1, "victim.txt", {}]),
        ("TFOpLambda", {"function": "concat"}, [[["x", 0, 0, {}], [CONSTANT, -1, ["a"], {}]]]),
        ("TFOpLambda", {"function": "math.reduce_sum"}, ["x", 0, 0, {"axis": "/etc/passwd"}]),
        ("TFOpLambda", {"function": "math.reduce_sum"}, ["x", 0, 0, {"axis": "a; touch x"}]),
        ("TFOpLambda", {"function": "einsum"}, [CONSTANT, -1, "../secret", {}]),
    ],
)
def test_text_is_no_input_of_what_takes_tensors(kind: str, config: dict[str, Any], node: Any) -> None:
    assert told(layer(kind, [node], **config))[0].startswith("e asks for the text ")


@pytest.mark.parametrize(
    ("function", "node"),
    [
        ("einsum", [CONSTANT, -1, "...ab,bc->...ac", {}]),
        ("cast", ["x", 0, 0, {"dtype": "float32", "name": "any/name at all"}]),
        ("nn.conv2d", ["x", 0, 0, {"filters": [CONSTANT, -1, [[1.0]]], "padding": "SAME", "strides": 1}]),
        ("math.subtract", [CONSTANT, -1, 1.0, {"y": ["x", 0, 0], "name": None}]),
        ("strings.join", [[["x", 0, 0, {"separator": "/"}], [CONSTANT, -1, "a/b", {}]]]),
        ("math.equal", ["x", 0, 0, {"y": "yes/no"}]),
        ("debugging.assert_near", ["x", 0, 0, {"y": ["x", 0, 0], "message": "x/y is not near"}]),
    ],
)
def test_words_equations_and_text_for_text_are_free(function: str, node: Any) -> None:
    assert told(layer("TFOpLambda", [node], function=function)) == []


@pytest.mark.parametrize(("kind", "module"), [("Conv", None), ("Multiply", "keras.layers")])
def test_a_constant_among_the_inputs_may_say_its_type_and_nothing_else(kind: str, module: str | None) -> None:
    def given(value: Any, dtype: str = "float32", **more: Any) -> list[str]:
        constant = {"class_name": "__tensor__", "config": {"value": value, "dtype": dtype}, **more}
        node = {"args": [{"class_name": "__keras_tensor__", "config": {"dtype": "float32"}}, constant], "kwargs": {}}
        document = layer(kind, [node])
        document["config"]["layers"][0]["module"] = module
        return told(document, KERAS_3)

    assert given([1.0]) == []
    assert given("touch x") == ["e asks for the text 'touch x' as an input"]


def test_a_class_that_nobody_knows_is_left_to_keras_and_one_of_the_users_is_free() -> None:
    assert told(layer("Scale")) == []
    assert told({"class_name": "Scale", "module": "my_own_layers", "config": {}}) == []
    named = {"class_name": "Scale", "module": "os", "registered_name": "mine>Scale", "config": {}}
    assert told(named) != []
    assert told(named, own=frozenset(["Scale"])) == []


def test_only_what_the_users_files_define_is_theirs(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("class Beside: ...\n")
    (tmp_path / "own.py").write_text(
        "from os import system\nfrom beside import Beside\nimport json\n"
        "def mine(): system = 1\nMY = 2\nif True:\n    class Under: ...\n"
    )
    source = {"custom_objects": [str(tmp_path / "own.py")]}
    assert foreign_code.own_names(source) == {"Beside", "mine", "MY", "Under"}
    with foreign_code.known_classes(source) as known:
        assert set(known) == {"Beside", "mine", "Under"}
        assert not keras_guard.Own(folders=(str(tmp_path),)).has(os.system)
    with foreign_code.known_classes({**source, "unsafe": True}) as known:
        assert "system" in known


def test_json_that_can_be_read_in_two_ways_is_refused() -> None:
    assert keras_guard.parsed('{"a": {"b": 1}}') == {"a": {"b": 1}}
    with pytest.raises(JobError, match="'config' stands twice") as refusal:
        keras_guard.parsed('{"layers": [{"config": 1, "name": "evil", "config": 2}]}')
    assert "evil" in str(refusal.value)


def test_the_switch_for_tests_is_told_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert not allow_list.is_off({})
    monkeypatch.setenv("TFJS_WORKFLOW_TEST_WITHOUT_LIST", "1")
    assert allow_list.is_off({})
    assert "OFF" in capsys.readouterr().err


def test_a_large_config_is_looked_through_in_milliseconds() -> None:
    many = [layer("Dense", activation="relu", kernel_initializer={"class_name": "Zeros", "config": {}})] * 200
    document = json.loads(json.dumps(many))
    assert told(document) == []


@pytest.mark.parametrize("module", [None, "keras.layers", "keras.of.the.future", "tf_keras.src.anything", "nowhere"])
def test_an_operation_is_looked_at_whatever_module_it_is_said_to_be_of(
    module: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras.layers", type(sys)("keras.layers"))  # loaded, without operations in it
    for kind, config in (
        ("TensorFlowOpLayer", {"node_def": {"op": "WriteFile"}}),
        ("TFOpLambda", {"function": "print"}),
    ):
        assert told({"class_name": kind, "module": module, "config": {"name": "e", **config}, "name": "e"})
