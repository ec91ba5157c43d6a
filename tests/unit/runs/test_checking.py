"""A result before it is published: what is asked of whom, what is said of it, and what of it is an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.runs.fakes import FakeWorkers, no_runtime, predicted, reference
from tests.unit.runs.recipes import shard_step, write_layers_model
from workflow.base import disk
from workflow.base.errors import (
    OutputsError,
    RuntimeRequiredError,
    StorageError,
    StructureError,
    VerificationError,
)
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.recipe.recipes import Verification
from workflow.runs import checking
from workflow.verification import levels, verdicts
from workflow.verification.evidence import Evidence, PlaceReport
from workflow.verification.requests import Subject
from workflow.verification.warm_places import Runtimes

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format
    from workflow.verification.levels import Case

SETTINGS = Verification()


def job_of(base: Path, **more: Any) -> Job:
    """Return a job that is done: ``web`` became ``staged``, the same again."""
    for name in ("web", "staged"):
        write_layers_model(base / name)
    step = shard_step(base)
    formats = step.from_format, step.to_format
    job = Job(base / "web", formats[0], base / "staged", formats[1], step.options, Recording(), step)
    return job.replaced(log=base / "a.log", **more)


def said(job: Job) -> Recording:
    assert isinstance(job.listener, Recording)
    return job.listener


@pytest.mark.parametrize(("own", "limit"), [(None, 600.0), (7.5, 7.5)])
def test_every_job_of_a_check_has_the_steps_log_and_a_limit(own: float | None, limit: float, tmp_path: Path) -> None:
    workers, job = FakeWorkers(), job_of(tmp_path, timeout=own)
    facts = checking.check(job, SETTINGS, workers=workers)
    assert facts["verdict"] == "incomplete"
    assert [request.job for request in workers.fake.requests] == ["source", "predict"]
    assert {(request.log, request.timeout) for request in workers.fake.requests} == {(tmp_path / "a.log", limit)}
    assert said(job).progress[0] == ("verifying", 0, 0)


def test_what_the_source_answered_once_is_not_asked_again(tmp_path: Path) -> None:
    workers, job = FakeWorkers(), job_of(tmp_path)
    pool = Runtimes(no_runtime)
    workers.runtimes = lambda: pool  # type: ignore[method-assign]
    for _ in range(2):
        checking.check(job, SETTINGS, workers=workers)
    assert [request.job for request in workers.fake.requests] == ["source", "predict", "predict"]
    pool.close()


NOT_RUN = "NOT RUN in node wasm: there is no node in a unit test; run the real tests"


def test_where_it_was_not_run_is_said_once_in_a_run(tmp_path: Path) -> None:
    workers, job = FakeWorkers(), job_of(tmp_path)
    pool = Runtimes(no_runtime)
    workers.runtimes = lambda: pool  # type: ignore[method-assign]
    runs = [
        PlaceReport.from_json(
            {"runtime": "browser", "backend": backend, "status": "not run", "why": why, "remedy": "b"}
        )
        for backend, why in (("webgl", "no browser"), ("wasm", "no browser"), ("webgpu", "no adapter"))
    ]
    ran = PlaceReport.from_json({"runtime": "python", "status": "passed"})
    for _ in range(2):
        checking.say_where_not([ran, *runs], workers, listener=job.listener)
    assert said(job).warnings == [
        "NOT RUN in browser webgl, browser wasm: no browser; b",
        "NOT RUN in browser webgpu: no adapter; b",
    ]
    assert pool.told == {"no browser; b", "no adapter; b"}
    checking.check(job, SETTINGS, workers=workers)
    assert NOT_RUN in said(job).warnings


def test_with_verification_off_the_structure_alone_is_looked_at(tmp_path: Path) -> None:
    workers, job, off = FakeWorkers(), job_of(tmp_path), Verification(enabled=False, require=("node",))
    facts = checking.check(job, off, workers=workers)
    assert facts["not_run"] == "verify is off in the recipe"
    assert [level["level"] for level in facts["levels"]] == ["structure"]
    assert workers.fake.requests == []
    assert said(job).warnings == []
    (tmp_path / "staged" / "group1-shard1of1.bin").unlink()
    with pytest.raises(StructureError):
        checking.check(job, off, workers=workers)


def test_a_failure_has_the_log_what_was_found_and_what_to_do(tmp_path: Path) -> None:
    workers, job = FakeWorkers(predict=predicted(lambda array: array + 0.5)), job_of(tmp_path)
    with pytest.raises(OutputsError) as caught:
        checking.check(job, SETTINGS, workers=workers)
    error = caught.value
    assert error.message.startswith("step shard: outputs: ")
    assert error.log == str(tmp_path / "a.log")
    assert error.facts["verdict"] == "failed"
    assert "`tfjs-workflow verify RESULT --against SOURCE --locate`" in error.hint
    assert said(job).warnings[1] == NOT_RUN
    assert said(job).warnings[0].startswith("shard: the source was asked in Python, where it does not live: ")


def test_a_failure_for_want_of_room_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def full(folder: Path) -> None:
        asked.append(folder)
        raise StorageError("the disk is full")

    monkeypatch.setattr(disk, "require_room", full)
    checking.check(job_of(tmp_path), SETTINGS, workers=FakeWorkers())
    assert asked == []
    with pytest.raises(StorageError):
        checking.check(job_of(tmp_path), SETTINGS, workers=FakeWorkers(predict=predicted(lambda array: array + 0.5)))
    assert len(asked) == 1


NO_PROOF = (
    "give inputs that make a difference (`inputs`), or verify a trained model: fresh weights answer alike"  # the hint
)


def test_agreement_that_proves_nothing_is_said_loudly(tmp_path: Path) -> None:
    workers = FakeWorkers(source=lambda args: reference(args, alike=True), predict=predicted(alike=True))
    job = job_of(tmp_path)
    assert checking.check(job, SETTINGS, workers=workers)["verdict"] == "no proof"
    (unproven,) = [text for text in said(job).warnings if text.startswith("NOT VERIFIED: ")]
    assert unproven.startswith("NOT VERIFIED: shard: no proof: ")
    assert unproven.endswith(f". {NO_PROOF}")


def test_a_level_that_was_not_run_is_said_and_places_are_not_named_then(tmp_path: Path) -> None:
    workers, job = FakeWorkers(source={"not_run": "string inputs"}), job_of(tmp_path)
    facts = checking.check(job, SETTINGS, workers=workers)
    assert facts["verdict"] == "not run"
    (warning,) = said(job).warnings
    assert warning.startswith("shard: outputs not compared: ")
    assert "string inputs" in warning


def test_why_outputs_were_not_compared_is_told_once_in_a_run(tmp_path: Path) -> None:
    workers, job = FakeWorkers(source={"not_run": "string inputs"}), job_of(tmp_path)
    pool = Runtimes(no_runtime)
    workers.runtimes = lambda: pool  # type: ignore[method-assign]
    for _ in range(2):
        checking.check(job, SETTINGS, workers=workers)
    first, second = said(job).warnings
    assert "string inputs" in first
    assert second == "shard: outputs not compared: for a reason that is said above"
    pool.close()


def test_what_is_remarkable_about_the_result_is_said_unless_it_is_so_of_the_input(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    layer = '[{"class_name": "MyLayer", "config": {"name": "mine"}}]'

    def with_layer(name: str) -> None:
        model = tmp_path / name / "model.json"
        model.write_text(model.read_text().replace('"layers": []', f'"layers": {layer}'))

    with_layer("staged")
    facts = checking.check(job, Verification(enabled=False), workers=FakeWorkers())
    (remark,) = facts["warnings"]
    assert "MyLayer" in remark
    assert said(job).warnings == [f"shard: {remark}"]
    with_layer("web")
    assert checking.check(job, Verification(enabled=False), workers=FakeWorkers())["warnings"] == [remark]
    assert len(said(job).warnings) == 1
    (tmp_path / "web" / "model.json").write_text("{")  # it tells nothing any more
    checking.check(job, Verification(enabled=False), workers=FakeWorkers())
    assert len(said(job).warnings) == 2


@pytest.mark.parametrize(
    ("result", "enabled", "demanded"),
    [
        ("tfjs_layers_model", True, ("python", "node")),
        ("tfjs_graph_model", True, ("python", "node")),
        ("keras", True, ("python",)),
        ("tf_saved_model", True, ("python",)),
        ("tfjs_layers_model", False, ()),
        ("keras", False, ()),
    ],
)
def test_a_required_runtime_is_required_of_what_can_run_there(
    result: Format, *, enabled: bool, demanded: tuple[str, ...]
) -> None:
    settings = Verification(enabled=enabled, require=("python", "node"), seed=3)
    found = checking._demanded(settings, result)
    assert found == settings.replaced(require=demanded)


def test_a_required_runtime_that_is_not_there_is_an_error_of_the_step(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRequiredError) as caught:
        checking.check(job_of(tmp_path), Verification(require=("node",)), workers=FakeWorkers())
    assert caught.value.message == (
        "step shard: node wasm is required and was not run: there is no node in a unit test"
    )
    assert caught.value.hint == "run the real tests"


@pytest.mark.parametrize(
    ("there", "inputs", "named"),
    [
        ((), None, "{place} --against {web}"),
        (("shard",), None, "{place}/shard --against {web}"),
        ((), Path("/x y.npy"), "{place} --against {web} --inputs '/x y.npy'"),
    ],
)
def test_the_hint_of_a_rejection_can_be_run(
    there: tuple[str, ...], inputs: Path | None, named: str, tmp_path: Path
) -> None:
    job, place = job_of(tmp_path), tmp_path / "shard.rejected"
    place.mkdir()
    for name in there:
        (place / name).touch()
    settings = Verification(inputs=inputs)
    command = f"tfjs-workflow verify {named.format(place=place, web=tmp_path / 'web')}"
    error = VerificationError("x", hint=f"tfjs-workflow verify {verdicts.STAND_IN}")
    begin = f"the result was not published; look at it in {place}; "
    assert checking.rejection_hint(error, job, settings=settings, place=place) == begin + command
    bare = checking.rejection_hint(VerificationError("x"), job, settings=settings, place=place)
    assert bare == begin.strip()


@pytest.mark.parametrize(
    ("options", "is_quantized"),
    [
        ({}, False),
        ({"weight_shard_size_bytes": 4}, False),
        ({"quantize_uint8": []}, False),
        ({"quantize_uint8": ["*"]}, True),
        ({"quantize_auto": {"max_error": 0.1}}, True),
        ({"quantization_bytes": 1}, True),
    ],
)
def test_a_step_quantizes_when_it_makes_weights_smaller_itself(
    options: dict[str, Any], *, is_quantized: bool, tmp_path: Path
) -> None:
    step = shard_step(tmp_path).replaced(options=options)
    assert checking.is_quantized(step) is is_quantized


@pytest.mark.parametrize("quantizes", [True, False])
def test_what_is_verified_is_what_the_job_made_of_its_source_read_as_the_step_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, quantizes: bool
) -> None:
    asked: list[tuple[Case, Any]] = []

    def noting(case: Case, places: Any) -> Evidence:
        assert case.folder.is_dir()
        asked.append((case, places))
        return Evidence(())

    monkeypatch.setattr(levels, "verify", noting)
    options = {"unsafe": True, "weight_shard_size_bytes": 4} | ({"quantize_uint8": ["*"]} if quantizes else {})
    job, workers = job_of(tmp_path, options=options, timeout=7.5), FakeWorkers()
    assert job.declared is not None
    pool = Runtimes(no_runtime)
    workers.runtimes = lambda: pool  # type: ignore[method-assign]
    checking.check(job.replaced(declared=job.declared.replaced(options=options)), SETTINGS, workers=workers)
    ((case, places),) = asked
    assert case.result == Subject(tmp_path / "staged", "tfjs_layers_model")
    assert case.source == Subject(tmp_path / "web", "tfjs_layers_model", {"unsafe": True})
    assert case.settings is SETTINGS
    assert (case.may_quantize, case.timeout, case.source_answers) == (quantizes, 7.5, pool.source_answers)
    assert not case.folder.exists()
    assert (places.runtimes, places.listener, places.keras3()) == (pool, job.listener, None)
    pool.close()
