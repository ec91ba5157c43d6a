"""Graphs and SavedModels whose ops reach out, or that hide such ops where a check may not look."""

from __future__ import annotations

import json
import subprocess
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import LAYER, Attack
from workflow import environment

if TYPE_CHECKING:
    from tests.real.safety.scene import Scene

_SCRIPT = Path(__file__).with_name("graph_builder.py")
_OPS = (
    *("ReadFile", "WriteFile", "MatchingFiles", "SaveV2", "Save", "SaveSlices", "RestoreV2", "Restore"),
    *("MergeV2Checkpoints", "InitializeTableFromTextFileV2", "TextLineReaderV2", "WholeFileReaderV2"),
    *("TFRecordReaderV2", "FixedLengthRecordReaderV2", "TextLineDataset", "TFRecordDataset"),
    *("FixedLengthRecordDatasetV2", "SqlDataset", "CacheDataset", "SnapshotDataset", "DatasetToTFRecord"),
    *("MatchingFilesDataset", "MapDataset", "DataServiceDatasetV2", "RegisterDatasetV2", "DebugIdentity"),
    *("DebugIdentityToHost", "DebugIdentityV2", "DebugNumericSummary", "PrintV2", "CreateSummaryFileWriter"),
    *("CreateSummaryDbWriter", "ImmutableConst", "LoadAndRemapMatrix", "GenerateVocabRemapping", "DecodeProtoV2"),
    *("EncodeProto", "PyFunc", "EagerPyFunc", "Abort", "If", "While"),
)
_INSIDE = {"If": "WriteFile", "While": "WriteFile", "MapDataset": "ReadFile", "DebugIdentityToHost": "DebugIdentity"}
_FORMS = ("saved_model", "frozen", "hub")
_KERAS = ("keras-lambda", "keras-operation", "keras-lookup", "keras-module")
_PLACES: dict[str, tuple[tuple[str, ...], bool]] = {
    "main-op": (("WriteFile", LAYER), False),
    "legacy-init-op": (("WriteFile", LAYER), False),
    "restore": (("WriteFile", LAYER), False),
    "served-function": (("WriteFile", LAYER), False),
    "unused-function": (("WriteFile", LAYER), False),
    "second-graph": (("WriteFile", LAYER), True),
    "pbtxt-beside": (("saved_model.pbtxt", "WriteFile"), True),
    "asset-climbs-out": (("asset", "secret.txt"), False),
    "asset-absolute": (("asset", "secret.txt"), False),
    "asset-link": (("assets", "vocabulary.txt"), False),
    "assets-folder-link": (("assets",), False),
    "variables-folder-link": (("variables",), False),
    "variables-file-link": (("variables",), False),
    "index-file-link": (("variables",), False),
    "graph-file-link": (("saved_model.pb",), False),
    "endless-loop": (("limit", "took longer"), True),
    "vast-tensor": (("memory", "limit"), True),
}


@cache
def builder() -> subprocess.Popen[str]:
    """Return the process that makes graphs, which ends with this one."""
    made = environment.find(environment.DEFAULT_NAME)
    if made is None:
        raise FileNotFoundError("the converter environment is not there")
    argv = [str(made.python), "-I", str(_SCRIPT)]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


def close() -> None:
    """End the process that makes graphs, if there is one."""
    if builder.cache_info().currsize:
        builder().kill()
        builder().communicate()
        builder.cache_clear()


def build(kind: str, name: str, scene: Scene) -> Path:
    """Let a graph be made for a scene."""
    places: dict[str, Any] = {
        key: str(getattr(scene, key)) for key in ("here", "outside", "marker", "victim", "secret")
    }
    asked = {**places, "port": scene.port, "command": scene.command, "kind": kind, "name": name}
    made = builder()
    assert made.stdin is not None
    assert made.stdout is not None
    made.stdin.write(json.dumps(asked) + "\n")
    made.stdin.flush()
    answer = json.loads(made.stdout.readline() or '{"problem": "the builder has ended"}')
    if "problem" in answer:
        raise ValueError(f"{kind} {name}: {answer['problem']}")
    return Path(answer["path"])


def _of_ops() -> list[Attack]:
    found = []
    for number, name in enumerate(_OPS):
        form = _FORMS[number % len(_FORMS)]
        words = (_INSIDE.get(name, name), LAYER)
        found.append(Attack(f"op-{name}", form, partial(build, form, name), names=words))
    return found


ATTACKS = [
    *_of_ops(),
    *(
        Attack(f"place-{name}", "saved_model", partial(build, "place", name), names=names, harmless=harmless)
        for name, (names, harmless) in _PLACES.items()
    ),
    *(Attack(f"place-{name}", "keras_saved_model", partial(build, "place", name), harmless=True) for name in _KERAS),
]
