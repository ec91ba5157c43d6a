"""What known failures of the reference converter become; the messages are theirs, as tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow.base.errors import (
    ConversionError,
    DownloadError,
    ModelFileError,
    ReferenceConverterError,
    StorageError,
    UnhealthyError,
    UsageError,
    VerificationError,
    WorkflowError,
)
from workflow.bridge.failure_kinds import KINDS
from workflow.bridge.failures import translate

LOG = Path("step.log")

TAGS = (
    "MetaGraphDef associated with tag-set gpu could not be found in the SavedModel. "
    "Please use one of the following tag-sets: ['serve']"
)
KNOWN = [
    ("OSError", "[Errno 28] No space left on device: 'x'", StorageError, "full"),
    ("OSError", "Can't write data (errno = 28, error message = 'No space left on device')", StorageError, "full"),
    ("PermissionError", "[Errno 13] Permission denied: '/out/web'", StorageError, "/out/web"),
    ("OSError", "[Errno 30] Read-only file system: '/out'", StorageError, "read-only"),
    ("MemoryError", "", ConversionError, "memory"),
    ("ResourceExhaustedError", "OOM when allocating tensor with shape[9]", ConversionError, "memory"),
    ("ModuleNotFoundError", "No module named 'tensorflow'", UnhealthyError, "tensorflow"),
    ("Exception", "URL fetch failure on https://a/b.h5: None -- refused", DownloadError, "https://a/b.h5"),
    ("ValueError", "No model config found in the file at <h5>.", ModelFileError, "no model topology"),
    ("OSError", "Unable to open file (file signature not found)", ModelFileError, "not a sound HDF5"),
    ("OSError", "SavedModel file does not exist at: /m/{saved_model.pbtxt|saved_model.pb}", ModelFileError, "/m"),
    ("RuntimeError", TAGS, ModelFileError, "['serve']"),
    (
        "FileNotFoundError",
        "[Errno 2] No such file or directory: '/m/group1-shard2of4.bin'",
        ModelFileError,
        "shard2of4",
    ),
    ("FileNotFoundError", "[Errno 2] No such file or directory: '/m/model.json'", ModelFileError, "/m/model.json"),
    ("ValueError", "buffer is smaller than requested size", ModelFileError, "shorter"),
    ("ValueError", "the input path is expected to contain valid JSON content, but", ModelFileError, "not valid JSON"),
    ("BadZipFile", "File is not a zip file", ModelFileError, ".keras archive"),
    ("ValueError", "Expected path to point to an HDF5 file, but it points to a directory: /m", ModelFileError, "/m"),
    ("DecodeError", "Error parsing message", ModelFileError, "protobuf"),
    ("TypeError", "Unrecognized keyword arguments: ['batch_shape']", ReferenceConverterError, "Keras 3"),
    ("ValueError", "Unknown layer: 'Fancy'. Please ensure you are using", ReferenceConverterError, "class Fancy"),
    ("TypeError", "Could not locate class 'Fancy'. Make sure", ReferenceConverterError, "class Fancy"),
    ("ValueError", "Unknown activation function: 'mish'. Please", ReferenceConverterError, "activation function mish"),
    (
        "ValueError",
        "Unsupported Ops in the model before optimization\nMfcc, DecodeWav",
        ReferenceConverterError,
        "Mfcc",
    ),
    ("NotFoundError", "Op type not registered 'Zip' in binary", ReferenceConverterError, "op Zip"),
    (
        "NotImplementedError",
        "numpy() is only available when eager execution is enabled.",
        ReferenceConverterError,
        "optimizer",
    ),
    ("Exception", "$dense/0 does not exist in weights entries.", ReferenceConverterError, "dense/0"),
    ("KeyError", "'lstm/kernel'", ModelFileError, "lstm/kernel"),
    ("KeyError", "'Field \"weightsManifest\" is missing from the JSON content.'", ModelFileError, "weightsManifest"),
    (
        "ValueError",
        "Layer weight shape (2, 48) not compatible with provided weight shape (48,)",
        ReferenceConverterError,
        "GRU",
    ),
    ("ValueError", "Cannot serialize: exceeds maximum protobuf size of 2GB", ReferenceConverterError, "2 GB"),
    (
        "ValueError",
        "Two quantization values (uint16, uint8) match the same node conv/kernel",
        UsageError,
        "conv/kernel",
    ),
    ("ValueError", "zero-size array to reduction operation minimum", ReferenceConverterError, "empty weight"),
    ("ValueError", "Unsupported input_format - output_format pair: keras - keras", UsageError, "keras - keras"),
    ("AssertionError", "nope is not in graph", ModelFileError, "nope"),
]


def failure(kind: str, name: str, message: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "type": name, "message": message, "traceback": "", "causes": [], **more}


@pytest.mark.parametrize(("name", "message", "error", "words"), KNOWN, ids=[f"{k[0]}-{k[3]}" for k in KNOWN])
def test_known_failures_become_typed_errors_that_name_what_matters(
    name: str, message: str, error: type[WorkflowError], words: str
) -> None:
    found = translate(failure("exception", name, message), log=LOG)
    assert type(found) is error
    assert words in found.message
    assert found.hint
    assert found.log == str(LOG)


def test_the_cause_beneath_a_second_failure_is_found() -> None:
    causes = [{"type": "ValueError", "message": "Message tensorflow.GraphDef exceeds maximum protobuf size of 2GB"}]
    found = translate(failure("exception", "RuntimeError", "freezing failed", causes=causes), log=LOG)
    assert "2 GB" in found.message


def test_an_unknown_failure_says_its_own_words_and_asks_for_a_report(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    log.write_text("WARNING:tensorflow:never mind\nloading\n")
    found = translate(failure("exception", "OddError", "first\n  what went wrong\n"), log=log)
    assert type(found) is ReferenceConverterError
    assert "OddError: first what went wrong" in found.message
    assert "report" in found.hint
    assert found.details == "loading"


def test_of_a_failing_job_is_told_what_it_was_doing_and_the_reference_converter_only_where_it_ran() -> None:
    for job, words in (
        ("convert", "the reference converter failed: OddError: odd"),
        ("graph", "TensorFlow failed while a graph was made of the model: OddError: odd"),
        ("export", "Keras 3 failed while it made a SavedModel of the model: OddError: odd"),
        ("source", "the job `source` failed: OddError: odd"),
    ):
        found = translate(failure("exception", "OddError", "odd"), log=LOG, job=job)
        assert found.message == words
        assert isinstance(found, ReferenceConverterError) == (job == "convert")
        assert ("`engine: reference`" in found.hint) == (job == "graph")


def test_a_known_failure_of_the_reference_converter_is_not_said_of_a_job_in_which_it_did_not_run() -> None:
    said = failure("exception", "ValueError", "Unknown activation function: 'mish'. Please ensure you are using")
    assert "does not know (a custom object)" in translate(said, log=LOG).message
    of_ours = translate(failure("exception", "ValueError", "exceeds maximum protobuf size"), log=LOG, job="graph")
    assert "larger than 2 GB" in of_ours.message
    assert not isinstance(of_ours, ReferenceConverterError)
    for job in ("graph", "saved_model", "resave", "source"):
        for text in ("numpy() is only available when eager execution is enabled.", "$d/0 does not exist in weights"):
            told = translate(failure("exception", "Exception", text), log=LOG, job=job)
            assert "reference converter" not in told.message


def test_of_a_log_only_what_tells_something_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    log.write_text(
        "Traceback (most recent call last):\nDetected at node 'a' defined at (most recent call last):\nNode: 'a'\n"
    )
    assert translate(failure("exception", "OddError", "odd"), log=log, job="graph").details == ""


def test_both_ends_of_an_unknown_chain_are_told() -> None:
    causes = [{"type": "OddError", "message": "the true reason"}]
    found = translate(failure("exception", "LaterError", "the consequence", causes=causes), log=LOG)
    assert "the consequence" in found.message
    assert "the true reason" in found.message


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_the_worker_recognised_keeps_its_words(kind: str) -> None:
    found = translate(failure(kind, "JobError", "these very words"), log=LOG)
    assert type(found) is KINDS[kind][0]
    assert "these very words" in found.message


def test_a_scripts_missing_module_is_the_scripts_affair() -> None:
    causes = [{"type": "ModuleNotFoundError", "message": "No module named 'torch'"}]
    found = translate(failure("script", "JobError", "train.py: No module named 'torch'", causes=causes), log=LOG)
    assert type(found) is ConversionError


def test_a_result_that_does_not_run_fails_verification() -> None:
    assert type(translate(failure("result_fails", "JobError", "KeyError"), log=LOG)) is VerificationError
