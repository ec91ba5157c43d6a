"""A class that no Keras has is the user's to give; a bug of Keras's own is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.bridge.failures import translate
from workflow.worker import unknown_names
from workflow.worker.graph.sources import refused

_LOG = Path("step.log")
OF_KERAS_2 = (
    "Unknown layer: 'Fancy'. Please ensure you are using a `keras.utils.custom_object_scope` and that this object is "
    "included in the scope."
)
OF_KERAS_3 = "Could not locate class 'Fancy'. Make sure custom classes and functions are decorated with `@keras`."
NOT_THERE = (
    "Error when deserializing class 'KerasLayer' using config={'name': 'keras_layer', 'handle': 'module'}.\n\n"
    "Exception encountered: module does not exist."
)


@pytest.mark.parametrize("text", [OF_KERAS_2, OF_KERAS_3])
def test_a_class_that_is_not_known_is_asked_for_by_its_name(text: str) -> None:
    error = refused(ValueError(text), "/m.h5", modules=())
    assert error.kind == "unknown_class"
    assert "Fancy, which is none of Keras's own" in str(error)
    assert str(refused(ValueError(text), "/m.h5", modules=("own.py",))).endswith("own, and not in own.py")


def test_the_innermost_layer_that_names_it_is_told() -> None:
    outer = "Error when deserializing class 'Bidirectional' using config={'name': 'both', 'layer': {}}.\n\n"
    inner = "Error when deserializing class 'Dense' using config={'name': 'last', 'units': 3}.\n\n"
    told = f"{outer}{inner}Exception encountered: Unknown activation function: 'own>fancy'. Please ensure"
    error = refused(ValueError(told), "/m.h5", modules=())
    wanted = "/m.h5 needs the activation function own>fancy in the layer last (Dense), which is none of Keras's own"
    assert str(error) == wanted


def test_a_layer_of_the_hub_is_told_where_it_comes_from() -> None:
    error = refused(ValueError(OF_KERAS_2.replace("Fancy", "KerasLayer")), "/m.h5", modules=())
    assert error.kind == "hub_layer"
    lost = refused(ValueError(NOT_THERE), "/m.h5", modules=("own.py",))
    assert lost.kind == "hub_module"
    assert "/m.h5 does not hold the module module" in str(lost)


@pytest.mark.parametrize("kind", ["keras_declines", "layers_declined", "saved_model_declined"])
def test_what_keras_does_wrong_itself_is_not_to_be_mended_by_classes(kind: str) -> None:
    problem = ValueError("All `axis` values to be kept must have known shape. Got axis: (-1,)")
    assert unknown_names.find(problem) is None
    error = refused(problem, "/m.h5", modules=(), kind=kind)
    assert error.kind == kind
    told = translate({"kind": error.kind, "type": "JobError", "message": str(error)}, log=_LOG, job="graph")
    assert "must have known shape" in told.message
    assert "custom_objects" not in told.hint
