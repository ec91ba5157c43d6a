"""Failures that a worker recognised itself, and what the user is told of each: error, words before its own, hint."""

from __future__ import annotations

from workflow.base.errors import (
    ConversionError,
    DownloadError,
    ModelFileError,
    OversizedModelError,
    ReferenceConverterError,
    StorageError,
    UsageError,
    VerificationError,
    WorkflowError,
)
from workflow.bridge import allowances

_BUG = "this is a bug of ours: please report it with the log"
_TRUST = "if you trust who made it, give a step of a recipe `unsafe: true`: it is verified with that as well"
UNQUANTIZED = (
    "its numbers were made smaller before (model.quantize of Keras, for one): convert the model as it was before that, "
    "and let a `quantize` step make its files small"
)
MORE_MEMORY = f"if the machine has more, and the model may have it: {allowances.VARIABLE}=16 allows 16 GB"

KINDS: dict[str, tuple[type[WorkflowError], str, str]] = {
    "usage": (
        UsageError,
        "the reference converter does not take these options: ",
        "compare them with `plan --commands`",
    ),
    "unknown_job": (WorkflowError, "", _BUG),
    "script": (
        ConversionError,
        "the model script failed: ",
        "its own words are in the log; it runs with the environment's Python",
    ),
    "download": (
        DownloadError,
        "",
        "connect to the network, give `weights:` a file, or say `offline: seeded` in the recipe",
    ),
    "application": (UsageError, "", "`model:` names an application of tf.keras and its constructor's options"),
    "not_live": (
        ConversionError,
        "",
        "give other `options:` or another `seed:`; a network that answers alike to everything proves nothing",
    ),
    "inputs": (ModelFileError, "the verification inputs do not fit: ", "see `verify:` in the recipe"),
    "mismatch": (VerificationError, "the result cannot be compared with its source: ", "the log shows both models"),
    "result_fails": (
        VerificationError,
        "the result does not run in Python, where its source does: ",
        "make it from its source again; if that does not run either, please report it with the log",
    ),
    "no_output": (ReferenceConverterError, "", "the log may say why; please report it with the log"),
    "weights_only": (
        ModelFileError,
        "",
        "save the whole model with model.save(), not its weights alone with model.save_weights()",
    ),
    "signature": (ModelFileError, "", "give the step one of these as `signature_name:`"),
    "tags": (ModelFileError, "", "give the step one of these as `saved_model_tags:`"),
    "unsigned": (ModelFileError, "", "save it with signatures: tf.saved_model.save(model, folder, signatures=...)"),
    "unfed": (
        ModelFileError,
        "",
        "save it with all inputs in the signature: tf.saved_model.save(model, folder, signatures=...)",
    ),
    "resource": (ConversionError, "", "TensorFlow.js has lookup tables and no other resources: save the model without"),
    "output_names": (ModelFileError, "", "give the step others as `output_node_names:`"),
    "no_outputs": (ModelFileError, "the outputs of the graph are not clear: ", "name them in `output_node_names:`"),
    "not_frozen": (ModelFileError, "the graph is not frozen: ", "freeze it, or convert what it was made of"),
    "freezing": (ConversionError, "", "the log has TensorFlow's own words, and where it met them"),
    "unsupported_ops": (
        ConversionError,
        "TensorFlow.js has no such op: ",
        "replace these layers, or leave them to code around the model; `skip_op_check: true` if the page registers ops",
    ),
    "stateful": (
        ConversionError,
        "a graph model keeps no state from call to call, and this model writes one: ",
        "make such layers with stateful=False; of Keras layers, a layers model (`python_to_js`) keeps the state",
    ),
    "foreign_ops": (
        ConversionError,
        "TensorFlow has no such op: ",
        "only TensorFlow.js can run this model, where a page or a package registers the op",
    ),
    "too_large": (
        ConversionError,
        "the model is too large for a graph: ",
        "convert it to tfjs_layers_model, which has no such limit, or divide it",
    ),
    "keras_declines": (
        ModelFileError,
        "the converter's Keras does not load it: ",
        (
            "see whether tf.keras.models.load_model(file) does; where not, build the model anew in Python, with an "
            "Input as its first layer, load the weights of the file (model.load_weights) and save that"
        ),
    ),
    "layers_declined": (
        ModelFileError,
        "Keras does not load what this layers model describes: ",
        "a page loads it where it brings what Keras lacks: convert the Keras model that it was made of, where one is",
    ),
    "saved_model_declined": (
        ModelFileError,
        "Keras does not load the layers of this SavedModel: ",
        "a `graph` step needs none of them: it converts the functions that the SavedModel holds",
    ),
    "unknown_class": (
        ModelFileError,
        "",
        "give the step a Python file that defines or imports it: `custom_objects: [my_layers.py]`",
    ),
    "hub_layer": (
        ModelFileError,
        "",
        (
            "it comes with tensorflow_hub: `custom_objects: [own.py]`, a file with the line `from tensorflow_hub "
            "import KerasLayer`, gives it; a SavedModel of the model (model.save(folder)) needs no class at all"
        ),
    ),
    "hub_module": (
        ModelFileError,
        "",
        "a model must hold all that it needs: save it as a SavedModel where it loads, and convert that (`graph`)",
    ),
    "no_layers": (
        ModelFileError,
        "a layers model cannot be made of it: ",
        "what such a model does is code, not layers: convert it to tfjs_graph_model",
    ),
    "foreign_code": (ConversionError, "loading the model would do more than make layers that calculate: ", _TRUST),
    "ambiguous": (ModelFileError, "", "readers would understand the file in different ways: make it again"),
    "outside_ops": (ConversionError, "running the model would reach out of it: ", _TRUST),
    "custom_objects": (
        ModelFileError,
        "",
        "`custom_objects:` names Python files that import without arguments; what they read must lie in their folder",
    ),
    "source": (ModelFileError, "", "`tfjs-workflow verify FILE` says what is known of it; or make the file again"),
    "not_built": (ModelFileError, "", "call the model once, or give it an Input, and save it again"),
    "input_kind": (ModelFileError, "", "TensorFlow.js takes plain tensors: give the model a dense input"),
    "weights": (ConversionError, "", _BUG),
    "types": (
        ConversionError,
        "",
        "TensorFlow.js has float32, int32, bool, complex64 and string: cast to one of these",
    ),
    "quantized_types": (
        ConversionError,
        "",
        UNQUANTIZED,
    ),
    "held_resource": (
        ConversionError,
        "a graph model would lack what these layers look up, of which such a file has only a part: ",
        "save the model as a SavedModel where it was made (model.save(folder)), and convert that by a `graph` step",
    ),
    "patterns": (UsageError, "", "give a pattern that fits the names of weights, or `true` for all of them"),
    "quantization": (ConversionError, "", "leave that weight out of the patterns, or choose another quantization"),
    "metadata": (UsageError, "", "each entry of `metadata:` names a JSON file"),
    "output": (StorageError, "", "give the step an `output:` of its own"),
    "decision_forests": (
        ReferenceConverterError,
        "",
        "this environment does not hold that package: convert on Linux x86-64 or macOS, where it can be installed",
    ),
    # -- models that point out of themselves, or ask for more than their files can stand for
    "leads_out": (
        OversizedModelError,
        "",
        "do not trust it: a model lies in its own files; where the links are your own, `cp -rL` makes files of them",
    ),
    "memory": (
        ConversionError,
        "the model asks for more memory than ",
        MORE_MEMORY,
    ),
    "too_much": (
        OversizedModelError,
        "",
        "no converter writes such a file: do not trust it, or get it again; a model that is right can be saved anew",
    ),
    # -- the environment for files of Keras 3
    "later_keras": (
        ModelFileError,
        "the file is newer than the Keras that should load it: ",
        "save it with that Keras as a SavedModel (model.export(folder)) and convert this, or update tfjs-workflow",
    ),
    "keras3_declines": (
        ModelFileError,
        "Keras 3 does not load it: ",
        "load it in Python first; where that works, model.export(folder) makes a SavedModel that can be converted",
    ),
    "bytecode": (
        ModelFileError,
        "bytecode runs on the version of Python that saved it: ",
        "save it with the Python of the environment `keras3` (`env info` says which), or use layers of a class instead",
    ),
    "not_exported": (
        ConversionError,
        "the model was loaded, and cannot be made into a graph of TensorFlow: ",
        "its own layers must compute with keras.ops or TensorFlow, on tensors; the log says where it failed",
    ),
}
"""By the word that the worker has for the failure."""
