"""The table of known failures: what the log says (pattern), and what we say instead (class, message, hint, issue)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.base.errors import (
    ConversionError,
    DownloadError,
    ModelFileError,
    ReferenceConverterError,
    StorageError,
    UnhealthyError,
    UsageError,
    WorkflowError,
)

_TFJS = "https://github.com/tensorflow/tfjs/issues/"


@dataclass(frozen=True)
class Rule:
    """One known failure. ``pattern`` is searched in ``Type: message``; its named groups fill message and hint."""

    pattern: re.Pattern[str]
    error: type[WorkflowError]
    message: str
    hint: str
    issue: str = ""


def _rule(pattern: str, error: type[WorkflowError], message: str, *, hint: str, issue: int = 0) -> Rule:
    return Rule(re.compile(pattern, re.DOTALL), error, message, hint, f"{_TFJS}{issue}" if issue else "")


RULES: tuple[Rule, ...] = (
    # -- the machine
    _rule(
        r"No space left on device|errno = 28|Disk quota exceeded|errno = 122",
        StorageError,
        "the disk is full",
        hint="make room where the output and the temporary files go (TMPDIR moves the latter), then run again",
    ),
    _rule(
        r"Read-only file system|errno = 30",
        StorageError,
        "the output's folder is on a read-only file system",
        hint="choose an `output:` in a folder that can be written",
    ),
    _rule(
        r"(?:PermissionError|errno = 13|PermissionDenied|Permission denied)(?:[^'\"]*['\"](?P<path>[^'\"]+)['\"])?",
        StorageError,
        "no permission to read or write {path}",
        hint="see who owns the file or folder, or choose another `output:`",
    ),
    _rule(
        r"^MemoryError|OOM when allocating|bad_alloc|Unable to allocate (?P<size>[\d.]+ \w+)",
        ConversionError,
        "not enough memory for this model",
        hint="close other programs or use a machine with more memory; where it has more than a job may take, "
        "TFJS_WORKFLOW_WORKER_MEMORY=16 allows 16 GB",
    ),
    _rule(
        r"^ModuleNotFoundError: No module named '(?P<module>[^']+)'",
        UnhealthyError,
        "the converter environment lacks the module {module}",
        hint="`tfjs-workflow env verify` shows what is wrong with it; `env remove` and `env create` remake it",
    ),
    _rule(
        r"URL fetch failure on (?P<url>\S+?):? |urlopen error",
        DownloadError,
        "could not fetch {url}",
        hint="see whether the network, or the proxy in HTTPS_PROXY, reaches it",
    ),
    # -- the file is not what the step says
    _rule(
        r"No model config found in the file|Cannot create group in read.only mode",
        ModelFileError,
        "the HDF5 file holds no model topology: weights alone, or other data",
        hint="save the whole model with model.save(), not its weights alone with model.save_weights()",
        issue=3950,
    ),
    _rule(
        r"file signature not found|truncated file|bad object header|bad heap|Unable to open file|Can't open file",
        ModelFileError,
        "the input is not a sound HDF5 file",
        hint="fetch or copy it again (an LFS pointer of a few hundred bytes stands for the file in some repositories)",
    ),
    _rule(
        r"BadZipFile",
        ModelFileError,
        "the input is not a .keras archive (a zip file)",
        hint="see what it is: an HDF5 file is `keras`, whatever its name ends in",
    ),
    _rule(
        r"points to a directory: (?P<path>.+)|received a (?P<what>directory)",
        ModelFileError,
        "a file is wanted, and the input is a directory {path}",
        hint="name the file in it: model.json, or the .h5",
    ),
    _rule(
        r"SavedModel file does not exist at: (?P<path>[^{\n]+?)/?(?:\{|$)",
        ModelFileError,
        "there is no SavedModel in {path}",
        hint="a SavedModel is a folder that holds saved_model.pb and variables/",
    ),
    _rule(
        r"MetaGraphDef associated with tag-?s(?:et)? (?P<tags>.+?) could not be "
        r"found.+?(?:tag-sets: |available tags )(?P<there>.+)",
        ModelFileError,
        "the SavedModel has no graph with the tags {tags}; there are: {there}",
        hint="give the step one of these as `saved_model_tags:`",
    ),
    _rule(
        r"FileNotFoundError: .*'(?P<path>[^']+(?:\.bin|shard\d+of\d+[^'/]*))'",
        ModelFileError,
        "a weight file that model.json names is missing: {path}",
        hint="copy the model again with all its shards",
    ),
    _rule(
        r"buffer is smaller than requested size|cannot reshape array of size",
        ModelFileError,
        "a weight file is shorter than model.json says",
        hint="copy the model again: a shard is damaged or was converted as if it were text",
    ),
    _rule(
        r"FileNotFoundError: .*'(?P<path>[^']+)'|Nonexistent path to (?:HDF5|\.keras) file: (?P<other>.+)",
        ModelFileError,
        "there is no file {path}{other}",
        hint="see the step's `input:`",
    ),
    _rule(
        r"valid JSON content|JSONDecodeError: (?P<where>.+)",
        ModelFileError,
        "the model.json is not valid JSON",
        hint="fetch or copy it again",
    ),
    _rule(
        r"Unknown `config` as a `dict`|Improper config format",
        ModelFileError,
        "the model.json does not describe a Keras model: it may be a graph model, or made by another tool",
        hint="a graph model cannot be turned back into layers: convert from the original model",
        issue=1575,
    ),
    _rule(
        r"Error parsing message|DecodeError",
        ModelFileError,
        "the input is not a TensorFlow graph (protobuf)",
        hint="tf_frozen_model wants a binary GraphDef, usually called *.pb; a SavedModel folder is tf_saved_model",
    ),
    # -- what the model is made of
    _rule(
        r"batch_shape'\]|DTypePolicy|'module': 'keras(?:\.src)?\.|__keras_tensor__|Unknown dtype policy",
        ReferenceConverterError,
        "the model was saved by Keras 3, which the reference converter cannot read",
        hint="load it with Keras 3, export it with model.export(), and convert that SavedModel to a graph model",
        issue=8328,
    ),
    _rule(
        r"TypeError: 'str' object is not callable",
        ReferenceConverterError,
        "Keras takes a class that the model names for a text, which it does with classes that it does not know",
        hint="save it as a SavedModel where the class is defined and convert that (from tf_saved_model)",
        issue=2721,
    ),
    _rule(
        r"(?:Unknown layer:|Could not locate class) ['\"]?(?P<name>[\w>.]+)",
        ReferenceConverterError,
        "the model has a layer of the class {name}, which Keras does not know (a custom class)",
        hint="save it as a SavedModel where the class is defined and convert that (from tf_saved_model)",
        issue=2721,
    ),
    _rule(
        r"Unknown (?P<what>\w+(?: function)?): ['\"]?(?P<name>[\w>.]+)",
        ReferenceConverterError,
        "the model uses the {what} {name}, which Keras does not know (a custom object)",
        hint="save it as a SavedModel where the object is defined and convert that (from tf_saved_model)",
        issue=2721,
    ),
    _rule(
        r"bad marshal data|[Ll]ambda layer.{0,200}(?:unsafe|disallowed|safe_mode)|deserialization of a (?:`?Lambda`? )",
        ReferenceConverterError,
        "the model has a Lambda layer, whose Python code cannot be read here",
        hint="save it as a SavedModel with the Python that made it, and convert that to a graph model",
    ),
    _rule(
        r"Unsupported Ops in the model (?P<when>before|after) optimization\s*(?P<ops>[^\n]+)",
        ReferenceConverterError,
        "TensorFlow.js has no kernel for these ops of the model: {ops}",
        hint="`skip_op_check: true` converts anyway (register the ops in JavaScript); "
        "`strip_debug_ops: true` drops Assert and Print",
        issue=8304,
    ),
    _rule(
        r"Op type not registered '(?P<op>[^']+)'",
        ReferenceConverterError,
        "the model uses the op {op}, which this TensorFlow does not have (a custom op)",
        hint="remove the op before saving; TensorFlow.js could not run it either",
    ),
    _rule(
        r"HashTable is not initialized",
        ConversionError,
        "a lookup table of the model is filled by nothing that its file names (no main_op)",
        hint="`engine: reference` fills such tables; or save the model with main_op=tf.compat.v1.tables_initializer()",
    ),
    _rule(
        r"numpy\(\) is only available when eager execution is enabled",
        ReferenceConverterError,
        "the reference converter cannot read this model as keras_saved_model "
        "(compiled with a newer optimizer, or no SavedModel)",
        hint="save it with include_optimizer=False, or convert it from tf_saved_model to a graph model",
        issue=8265,
    ),
    _rule(
        r"\$(?P<name>\S+) does not exist in weights entries",
        ReferenceConverterError,
        "the reference converter cannot write a .keras archive from this layers model (it looks for a weight {name})",
        hint="convert to keras (HDF5) instead, and save that as .keras from Keras",
        issue=8321,
    ),
    _rule(
        r"^KeyError: '(?P<name>[^']+/[^']+)'",
        ModelFileError,
        "the model's topology needs the weight {name}, which its weights manifest does not hold",
        hint="the model.json and its weights belong to different models, or a name was "
        "changed: convert from the original again",
        issue=8088,
    ),
    _rule(
        r"weight shape \(2, (?P<units>\d+)\) (?:is )?not compatible with provided weight shape \((?P=units),\)",
        ReferenceConverterError,
        "the model has a GRU layer made by TensorFlow.js, which the reference "
        "converter rebuilds as another kind of GRU",
        hint='write "reset_after": false into each GRU\'s config in model.json, which is what TensorFlow.js means',
    ),
    _rule(
        r"weight shape \((?P<wanted>[^)]*)\) (?:is )?not compatible with provided weight shape \((?P<there>[^)]*)\)",
        ModelFileError,
        "the model's topology wants a weight of the shape ({wanted}), and the file holds ({there})",
        hint="topology and weights belong to different models: convert from the original again",
    ),
    _rule(
        r"'dim_ordering'|'border_mode'|missing \d+ required positional argument|^KeyError: .*'?backend'? doesn't exist",
        ModelFileError,
        "the model was saved by Keras 1, or by something older than Keras 2.0.6",
        hint="load and save it again with Keras 2 (its Theano image ordering would be misread)",
    ),
    _rule(
        r"^KeyError: .*(?P<field>modelTopology|weightsManifest|keras_version)",
        ModelFileError,
        "the input lacks the field {field}",
        hint="it was not written by Keras or TensorFlow.js as a whole model: save it again",
    ),
    _rule(
        r"has no attribute '?keys'?",
        ReferenceConverterError,
        "the HDF5 file has more or longer layer names than the reference converter can read",
        hint="save it as a SavedModel and convert that to a graph model",
        issue=3806,
    ),
    _rule(
        r"2 ?GB|maximum protobuf size",
        ReferenceConverterError,
        "the model is larger than 2 GB as a graph, which TensorFlow's file format cannot hold",
        hint="convert it to a layers model, which has no such limit",
        issue=7260,
    ),
    # -- options against the model
    _rule(
        r"Two quantization values \(?(?P<values>.*?)\)? match the same node (?P<name>\S+)",
        UsageError,
        "the weight {name} is matched by the patterns of two quantization types",
        hint="make the patterns of quantize_uint8, quantize_uint16 and quantize_float16 exclude each other",
    ),
    _rule(
        r"zero-size array to reduction operation",
        ReferenceConverterError,
        "the model has an empty weight, which the reference converter cannot quantize",
        hint="name the weights to quantize by patterns that leave it out",
    ),
    _rule(
        r"dtype (?P<dtype>\S+) not supported|Unsupported data type: (?P<other>\S+)|"
        r"[Dd]ata type (?P<third>\S+) not supported",
        ReferenceConverterError,
        "the model has weights of the type {dtype}{other}{third}, which TensorFlow.js does not have",
        hint="cast them to float32 or int32 before saving",
    ),
    _rule(
        r"Unsupported input_format - output_format pair: (?P<pair>.+)",
        UsageError,
        "the reference converter has no way from one to the other: {pair}",
        hint="`tfjs-workflow check` says what is possible instead",
    ),
    _rule(
        r"AssertionError: (?P<name>\S+) is not in graph|"
        r"The name '(?P<other>[^']+)' refers to an Operation not in the graph",
        ModelFileError,
        "the graph has no node called {name}{other}",
        hint="see the names in `output_node_names:`",
    ),
)
