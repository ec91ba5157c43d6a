"""What Keras, TensorFlow, the worker and the system may say of a job that failed, and what users are told of it."""

from __future__ import annotations

import errno
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import disk
from workflow.base.processes import Completed
from workflow.bridge import failure_kinds, failures
from workflow.bridge.failures import Death
from workflow.environment import uv_program
from workflow.environment.managers import conda_cli

if TYPE_CHECKING:
    from workflow.base.errors import WorkflowError

FILE = "failures.json"

SAID = (
    "OSError: [Errno 28] No space left on device: 'x'",
    "OSError: Can't write data (errno = 28, error message = 'full')",
    "OSError: [Errno 122] Disk quota exceeded",
    "OSError: Can't write data (errno = 122, error message = 'quota')",
    "OSError: [Errno 30] Read-only file system: '/out'",
    "OSError: Unable to create file (errno = 30)",
    "PermissionError: [Errno 13] Permission denied: '/out/web'",
    'OSError: Unable to open file (errno = 13, error message = "/out/a")',
    "PermissionDeniedError: {{function}} 'var/a'; Permission denied",
    "MemoryError: ",
    "ResourceExhaustedError: OOM when allocating tensor with shape[9]",
    "RuntimeError: std::bad_alloc",
    "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape (1000000000,)",
    "ModuleNotFoundError: No module named 'tensorflow'",
    "Exception: URL fetch failure on https://a.test/b.h5: None -- refused",
    "Exception: URL fetch failure on https://a.test/b.h5 : 404",
    "URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
    "ValueError: No model config found in the file at <h5>.",
    "ValueError: Cannot create group in read-only mode.",
    "OSError: Unable to open file (file signature not found)",
    "OSError: Unable to open file (truncated file: eof = 96)",
    "KeyError: 'Unable to open object (bad object header version number)'",
    "OSError: bad heap free list",
    "OSError: Can't open file (x)",
    "BadZipFile: File is not a zip file",
    "ValueError: Expected path to point to an HDF5 file, but it points to a directory: /m/d",
    "ValueError: expects a file, but received a directory",
    "OSError: SavedModel file does not exist at: /m/s/{saved_model.pbtxt|saved_model.pb}",
    "OSError: SavedModel file does not exist at: /m/s",
    (
        "RuntimeError: MetaGraphDef associated with tag-set gpu could not be found in the SavedModel. "
        "Please use one of the following tag-sets: ['serve']"
    ),
    (
        "RuntimeError: MetaGraphDef associated with tags {'gpu'} could not be found in SavedModel, "
        "with available tags '[{'serve'}]'."
    ),
    "FileNotFoundError: [Errno 2] No such file or directory: '/m/group1-shard2of4.bin'",
    "FileNotFoundError: [Errno 2] No such file or directory: '/m/group1-shard2of4'",
    "ValueError: buffer is smaller than requested size",
    "ValueError: cannot reshape array of size 3 into shape (2,2)",
    "FileNotFoundError: [Errno 2] No such file or directory: '/m/model.json'",
    "ValueError: Nonexistent path to HDF5 file: /m/a.h5",
    "ValueError: Nonexistent path to .keras file: /m/a.keras",
    "ValueError: the input path is expected to contain valid JSON content, but cannot be read",
    "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    "ValueError: Unknown `config` as a `dict`. Received: config=[]",
    "ValueError: Improper config format for {}.",
    "DecodeError: x",
    "google.protobuf.message.Error: Error parsing message with type 'tensorflow.GraphDef'",
    "TypeError: Unrecognized keyword arguments: ['batch_shape']",
    "TypeError: Could not interpret 'DTypePolicy'",
    "ValueError: {'module': 'keras.src.models'}",
    "ValueError: {'class_name': '__keras_tensor__'}",
    "ValueError: Unknown dtype policy: quantized",
    "TypeError: 'str' object is not callable",
    "ValueError: Unknown layer: 'Fancy'. Please ensure you are using a `keras.utils.custom_object_scope`",
    "TypeError: Could not locate class 'Fancy>Own.Layer'. Make sure custom classes are decorated",
    "ValueError: Unknown activation function: 'mish'. Please ensure",
    "ValueError: Unknown loss: mine",
    "ValueError: bad marshal data (unknown type code)",
    "ValueError: Requested the deserialization of a Lambda layer with a Python `lambda` inside it",
    "ValueError: The Lambda layer of it is unsafe: enable safe_mode=False",
    "ValueError: Unsupported Ops in the model before optimization\nMfcc, DecodeWav",
    "ValueError: Unsupported Ops in the model after optimization\nZip",
    "NotFoundError: Op type not registered 'Zip' in binary",
    "FailedPreconditionError: Graph execution error: HashTable is not initialized.",
    "NotImplementedError: numpy() is only available when eager execution is enabled.",
    "Exception: $dense/0 does not exist in weights entries.",
    "KeyError: 'lstm/kernel'",
    "ValueError: Layer weight shape (2, 48) not compatible with provided weight shape (48,)",
    "ValueError: Layer weight shape (3, 4) is not compatible with provided weight shape (3, 5)",
    "TypeError: ('Keyword argument not understood:', 'dim_ordering')",
    "TypeError: ('Keyword argument not understood:', 'border_mode')",
    "TypeError: __init__() missing 1 required positional argument: 'units'",
    "KeyError: \"Unable to open object (object 'backend' doesn't exist)\"",
    "KeyError: 'Field \"weightsManifest\" is missing from the JSON content.'",
    "KeyError: 'modelTopology'",
    "KeyError: \"Can't open attribute (can't locate attribute: 'keras_version')\"",
    "AttributeError: 'str' object has no attribute 'keys'",
    "ValueError: Cannot serialize: exceeds maximum protobuf size of 2GB",
    "ValueError: larger than 2 GB",
    "ValueError: Two quantization values (uint16, uint8) match the same node conv/kernel",
    "ValueError: zero-size array to reduction operation minimum which has no identity",
    "ValueError: Error dumping weight w, dtype bfloat16 not supported",
    "ValueError: Unsupported data type: float8",
    "ValueError: Data type int4 not supported",
    "ValueError: Unsupported input_format - output_format pair: keras - keras",
    "AssertionError: nope is not in graph",
    "KeyError: \"The name 'nope' refers to an Operation not in the graph.\"",
    "OddError: first\n  what went wrong  \n\n",
    "OddError: ",
    f"OddError: {'x' * 300}",
    f"OddError: {'x' * 301}",
    f"KeyError: 'a/{'x' * 299}'",
)
"""Type and message of the error at which the reference converter ended; one for each way to say each failure."""

DEATHS = (
    *(Death("convert", -number) for number in (1, 4, 6, 7, 8, 9, 11, 15, 62)),
    *(Death("convert", code) for code in (None, 0, 1)),
    Death("reference", 1, "hello"),
    Death("graph", None, "{}"),
)


def all_failures(scratch: Path) -> dict[str, Any]:
    """Return what is told of each, with its class and exit code."""
    log = scratch / "step.log"
    log.write_text("loading\n", encoding="utf-8")
    empty = scratch / "no.log"
    lacking = Death("graph", 1, memory=6 << 30)
    return {
        "said": {
            said: _told(failures.translate(_failed("exception", *said.split(": ", 1)), log=empty)) for said in SAID
        },
        "recognised": {
            kind: _told(failures.translate(_failed(kind, "JobError", "its own words"), log=log))
            for kind in failure_kinds.KINDS
        },
        "deaths": {
            f"{death.job} {_code(death)} {death.garbled}".strip(): _told(failures.explain(death, details="d", log=log))
            for death in DEATHS
        },
        "refused": {errno.errorcode[number]: _refused(number) for number in sorted(REFUSED)},
        "uv": {said: _told(uv_program.failure(said, doing="installing", log=log)) for said in OF_UV},
        "conda": {
            f"{said}{' (offline)' if offline else ''}": _told(_of_conda(said, log, offline=offline))
            for said in OF_CONDA
            for offline in (False, True)
        },
        "want of memory": [_told(failures.explain(lacking, details=f"{said}\n", log=log)) for said in _NO_MEMORY],
    }


_NO_MEMORY = (
    "MemoryError",
    "std::bad_alloc",
    "OOM when allocating a tensor",
    "mmap: Cannot allocate memory",
    "Unable to allocate 9 GB",
    "unable to allocate 9 GB",
)


OF_UV = (
    "error: hash mismatch for numpy==1.24.3",
    "error: In `--require-hashes` mode, all requirements must be pinned: but no hash was given",
    "error: The hashes do not match: expected sha256:a",
    "error: hash does not match",
    "error: failed to write: No space left on device (os error 28)",
    "error: write failed: os error 122",
    "error: write failed: os error 112",
    "error: Disk quota exceeded",
    "error: failed to create directory: Permission denied (os error 13)",
    "error: Read-only file system",
    "error: os error 30",
    "error: Network connectivity is disabled, but the requested data was not found in the cache",
    "error: network was disabled",
    "error: Because there is no version of numpy==9, we can conclude",
    "error: Because numpy was not found in the package registry and you require numpy",
    "error: Because numpy was not found in the provided package locations",
    "ERROR: No matching distribution found for numpy",
    "error: Failed to fetch: `https://pypi.test/simple/numpy/`",
    "error: Failed to download `numpy`",
    "error: Request failed after 3 retries",
    "error: error sending request for url",
    "error: HTTP status server error (503)",
    "error: dns error: failed to lookup address",
    "error: tcp connect error",
    "error: something else\n" + "\n".join(f"line {number}" for number in range(20)),
)
OF_CONDA = (
    "ChecksumMismatchError: Conda detected a mismatch",
    "critical libmamba File not valid: sha256 sum doesn't match: sha256 of it differs",
    "SafetyError: The package has been tampered with",
    "OSError: [Errno 28] No space left on device",
    "NoSpaceLeftError: no room",
    "not enough free space",
    "ENOSPC",
    "OfflineError: EnforceUnusedAdapter",
    "this is in offline mode",
    "cannot be fetched offline",
    "CondaHTTPError: HTTP 404 NOT FOUND for url <https://me:secret@a.test/x.conda>",
    "error libmamba (404)",
    "CondaHTTPError: HTTP 000 CONNECTION FAILED for url <https://a.test>",
    "ConnectionResetError: peer",
    "Could not resolve host: a.test",
    "Download error (28) Timeout was reached",
    "operation timed out",
    "Failed to establish a new connection",
    "error libmamba Non-conda folder exists at prefix",
    "CondaValueError: prefix already exists: /p",
    "NotWritableError: The current user does not have write permissions",
    "PermissionError: Permission denied",
    "OSError: Read-only file system",
    "+ conda create\nsomething else\n" + "\n".join(f"line {number}" for number in range(20)),
)
"""What the programs print that make environments."""


REFUSED = (
    *(errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG),
    *(errno.ENOTDIR, errno.ELOOP, errno.EMFILE, errno.ENFILE),
)
"""Of a full disk more is told, which is this machine's."""


def _refused(number: int) -> list[list[str]]:
    """Return what is told when the system refuses a file at a place, a place alone, and one that nobody knows."""
    places = ("/p/web", "/p/web/a"), ("/p/web", "/q/c"), (None, "/q/c"), (None, None)
    return [
        _told(error)
        for place, named in places
        if (error := disk.refusal(OSError(number, "x", named), None if place is None else Path(place)))
    ]


def _of_conda(said: str, log: Path, *, offline: bool) -> WorkflowError:
    printed = Completed(("conda",), 1, said, "")
    return conda_cli._explained(printed, program="conda", offline=offline, log=log)


def _failed(kind: str, name: str, message: str) -> dict[str, Any]:
    return {"kind": kind, "type": name, "message": message, "traceback": "", "causes": []}


def _code(death: Death) -> str:
    if death.code is None or death.code >= 0:
        return str(death.code)
    return signal.Signals(-death.code).name if -death.code in set(signal.Signals) else "signal"


def _told(error: WorkflowError) -> list[str]:
    return [f"{type(error).__name__} {error.exit_code}", error.message, error.hint, error.details]
