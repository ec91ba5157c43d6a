"""What a run wrote into its journal, checked before a report is made of it: the type of each field that is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Object = dict[str, Any]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Lenient(BaseModel):
    """Fields that are not named here are nobody's business; those that are may be left out by older runs."""

    model_config = ConfigDict(extra="allow")


class _Output(_Lenient):
    reference: Object | None = None
    histogram: Object | None = None
    worst: list[Object] | None = None


class _PlaceRun(_Lenient):
    facts: Object | None = None
    outputs: list[_Output] | None = None
    timings: Object | None = None
    timing: Object | None = None
    samples: Count | None = None
    versions: Object | None = None
    notes: list[Any] | None = None


class _Level(_Lenient):
    findings: list[Any] | str | None = None
    problems: list[Any] | str | None = None
    errors: list[Any] | str | None = None
    remarks: list[Any] | None = None
    status: str | bool | None = None
    passed: str | bool | None = None
    ok: str | bool | None = None


class _Numbers(_Lenient):
    quantization: Number | None = None
    runtime: Number | None = None


class _Shares(_Lenient):
    source: Number | None = None
    result: Number | None = None


class _Check(_PlaceRun):
    levels: dict[str, _Level | str | bool | None] | list[_Level | str] | None = None
    runs: list[_PlaceRun] | None = None
    runtimes: list[_PlaceRun] | None = None
    results: list[_PlaceRun] | None = None
    warnings: list[Any] | None = None
    attribution: _Numbers | None = None


class _Facts(_Lenient):
    check: _Check | None = None
    seconds: Number | None = None
    notes: list[Any] | None = None


class _Formats(_Lenient):
    to: str


class _Bytes(_Lenient):
    after: Count | None = None


class _Error(_Lenient):
    exit_code: int | None = None


class _Step(_Lenient):
    step: str
    kind: str
    output: str
    status: str
    seconds: Number | None = None
    reasons: list[Any] | None = None
    formats: _Formats | None = None
    bytes: _Bytes | None = None
    facts: _Facts | None = None
    error: _Error | None = None


class _Host(_Lenient):
    processors: Count | None = None
    load_average: Number | None = None


class _Environment(_Lenient):
    lock: str | None = None
    manager: str | None = None
    python: str | None = None


class _Run(_Lenient):
    recipe: str
    name: str
    started: str
    seconds: Number
    environment: _Environment | None = None
    host: _Host | None = None
    steps: list[_Step]


def fault(run: Mapping[str, Any]) -> str:
    """Return what keeps an object from being the record of a run, with its place in it; empty when nothing does."""
    try:
        _Run.model_validate(run)
    except ValidationError as error:
        return first_fault(error)
    return ""


def first_fault(error: ValidationError) -> str:
    """Return the first thing that is wrong, in words: ``steps, 2, bytes: Input should be ...``."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ", ".join(str(part) for part in found["loc"] if not str(part).startswith(("_", "dict[", "list[", "str")))
    return f"{place}: {found['msg']}" if place else str(found["msg"])
