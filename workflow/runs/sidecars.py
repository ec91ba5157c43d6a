"""The sidecar of an artifact: from what, with what and how it was made, and the sha256 of every file of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.base.digests import Digests, artifact_digests, from_json, text_digest, to_json
from workflow.base.records import Record
from workflow.base.storage import as_bytes, write_atomically
from workflow.verification.evidence import Evidence, evidence_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEME = 1
"""Version of the sidecar and of the key; raising it makes every step run again."""

_SWITCH = ((True, "on"), (False, "off"), (None, "not set"))
_SUFFIX = ".tfjs-workflow.json"


class Ingredients(Record):
    """All that decides what a step produces; equal ingredients mean an equal result."""

    kind: str
    options: dict[str, Any]
    inputs: dict[str, dict[str, Any]]
    environment: str

    def key(self) -> str:
        """Return the skip key: sha256 over everything here and the scheme."""
        return text_digest([SCHEME, self.kind, self.options, self.inputs, self.environment])

    def differences(self, earlier: Ingredients) -> list[str]:
        """Say what changed since ``earlier``, one phrase each, for the user."""
        found = []
        if self.kind != earlier.kind:
            found.append(f"kind changed: {earlier.kind} -> {self.kind}")
        found += _changed_options(earlier.options, self.options)
        found += _changed_inputs(earlier.inputs, self.inputs)
        if self.environment != earlier.environment:
            found.append("the environment's lock changed")
        return found


class Sidecar(Record):
    """What is known of a published artifact; stored beside it as ``<artifact>.tfjs-workflow.json``."""

    step: str
    ingredients: Ingredients
    files: Digests
    facts: Mapping[str, Any] = {}
    """How it was made: command, engine, versions, seconds (``job_seconds``: of its job alone), check."""
    evidence: Evidence = Evidence()
    """What its check found, as it was read."""

    def to_json(self) -> dict[str, Any]:
        """Return the sidecar as plain JSON; addresses in its facts have no secrets."""
        return {
            "scheme": SCHEME,
            "step": self.step,
            "key": self.ingredients.key(),
            "ingredients": self.ingredients.as_dict(),
            "files": to_json(self.files),
            "facts": wording.everywhere(dict(self.facts), wording.scrubbed),
        }


def sidecar_path(output: Path) -> Path:
    """Return where the sidecar of the artifact at ``output`` is kept."""
    return output.with_name(output.name + _SUFFIX)


def intent_path(output: Path) -> Path:
    """Return where the next sidecar waits while its artifact is being published."""
    return output.with_name(f".{output.name}{_SUFFIX}.next")


def read_sidecar(path: Path) -> Sidecar | None:
    """Read a sidecar; None when there is none or when it is not one of ours (of this scheme)."""
    try:
        value = json.loads(path.read_bytes())
        if value["scheme"] != SCHEME:
            return None
        ingredients = _ingredients(value["ingredients"])
        files = from_json(value["files"])
        step, facts = str(value["step"]), dict(value["facts"])
        evidence = evidence_of(facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Sidecar(step, ingredients, files, facts, evidence)


def _ingredients(value: dict[str, Any]) -> Ingredients:
    """Return ingredients as they were written; raises ``TypeError`` for others."""
    inputs = value["inputs"]
    sound = all(isinstance(value[key], kind) for key, kind in _KINDS.items())
    if not sound or not all(isinstance(one, dict) for one in inputs.values()):
        raise TypeError(value)
    return Ingredients(**value)


_KINDS = {"kind": str, "options": dict, "inputs": dict, "environment": str}


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar durably and in one piece."""
    text = wording.json_text(json.dumps(sidecar.to_json(), indent=1, ensure_ascii=False)) + "\n"
    write_atomically(path, as_bytes(text))


def intact(output: Path, sidecar: Sidecar) -> list[str]:
    """Compare an artifact with its sidecar; return what is missing, edited or extra, nothing when all is as written."""
    found = artifact_digests(output)
    if not found:
        return [f"output {output.name} is missing"]
    missing = [f"output file {name} is missing" for name in sidecar.files if name not in found]
    edited = [
        f"output file {name} was edited"
        for name, digest in sidecar.files.items()
        if name in found and found[name] != digest
    ]
    extra = [f"output folder holds {name}, which was not written" for name in found if name not in sidecar.files]
    return missing + edited + extra


def _changed_options(before: dict[str, Any], after: dict[str, Any], within: str = "") -> list[str]:
    """Return what changed among options, and among those inside one that has its own: ``verify.atol: 0.1 -> 0.2``."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, "not set"), after.get(name, "not set")
        if isinstance(old, dict) and isinstance(new, dict) and old.get("enabled") != new.get("enabled"):
            found.append(f"{name}: {_switch(old)} -> {_switch(new)}")
        elif isinstance(old, dict) and isinstance(new, dict):
            found += _changed_options(old, new, f"{within}{name}.")
        elif old != new:
            found.append(f"{within}{name}: {old} -> {new}")
    return found


def _switch(option: dict[str, Any]) -> str:
    value = option.get("enabled")
    return next((word for known, word in _SWITCH if value is known), str(value))


def _changed_inputs(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    changed = [name for name in after if name in before and before[name] != after[name]]
    added = [name for name in after if name not in before]
    gone = [name for name in before if name not in after]
    phrases = (("changed", changed), ("is new", added), ("is gone", gone))
    return [f"input {_some(names)} {verb}" for verb, names in phrases if names]


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
