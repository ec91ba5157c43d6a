"""Damages to what the tool makes: what judges outside the product find harmful is caught, and nothing harmless is."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.real.verification import damages
from tests.real.verification.damaging import outside, results
from tests.real.verification.endings import PROVEN, SmallCase, require_endings, steps
from workflow.verification.levels import verify
from workflow.verification.requests import Subject
from workflow.verification.runtimes import packages
from workflow.verification.source_answers import SourceAnswers

if TYPE_CHECKING:
    from tests.real.verification.conftest import Lab
    from tests.real.verification.damages import Damage
    from tests.real.verification.damaging.outside import Effect
    from workflow.verification.evidence import Evidence

pytestmark = pytest.mark.real

SMALL_CASES = ROOT.parent / "shared" / "cases" / "security" / "damage"
CAUGHT = ("failed", "no proof")
"""Verdicts that no damaged result goes out with as a proven one."""


@dataclass(frozen=True)
class Trial:
    """What a damage did to a result by judges outside the product, and what verification said of it."""

    damage: Damage
    effect: Effect
    how: str
    evidence: Evidence

    def __str__(self) -> str:
        failed = self.evidence.failed
        said = failed.findings[0].text if failed else "; ".join(one.why for one in self.evidence.levels if one.why)
        return f"{self.damage.name} ({self.effect}: {self.how}): {self.evidence.verdict}: {said}"


@dataclass(frozen=True)
class Tried:
    """The damages that were done, and what is said of the results that nobody damaged."""

    trials: tuple[Trial, ...]
    sound: dict[str, Evidence]


@pytest.fixture(scope="module")
def tried(lab: Lab, converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder = tmp_path_factory.mktemp("damages")
    script = Path(__file__).parent / "damaging" / "make_sources.py"
    job = {"script": str(script), "arguments": [str(folder)], "cwd": str(folder)}
    lab.worker.run("script", job, log=folder / "sources.log", timeout=200)
    made = results.made(folder)
    done = damages.done(made, folder, seed=12)
    given = {model: outside.feeds(folder / f"{model}.npz") for model in results.SOURCES}
    jobs = {one.file: (Subject(folder / one.file, one.format), given[one.model]) for one in made}
    jobs |= {str(number): (subject, given[one.result.model]) for number, (one, subject) in enumerate(done)}
    answers = outside.answers_of(jobs, folder, tools=(converter_python, packages.installation().folder))
    remembered = SourceAnswers()

    def evidence(subject: Subject, result: results.Result) -> Evidence:
        case = lab.case(subject, results.source_of(result, folder))
        case.folder.mkdir()
        return verify(replace(case, source_answers=remembered), lab.places)

    trials = []
    for number, (one, subject) in enumerate(done):
        effect, how = outside.effect_of(answers[one.result.file], answers[str(number)])
        trials.append(Trial(one, effect, how, evidence(subject, one.result)))
    sound = {one.file: evidence(Subject(folder / one.file, one.format), one) for one in made}
    remembered.close()
    return Tried(tuple(trials), sound)


def test_what_nobody_damaged_is_proven_as_far_as_it_can_be(tried: Tried) -> None:
    """Of a SavedModel the weights are not read: an output that hardly changes is not proven there."""
    verdicts = {name: evidence.verdict for name, evidence in tried.sound.items()}
    unproven = {"rows_saved", "rows_graph_saved"}
    assert {name for name, verdict in verdicts.items() if verdict != "passed"} <= unproven, verdicts
    assert {verdicts[name] for name in unproven} <= {"passed", "no proof"}


def test_every_harmful_damage_fails_or_is_no_proof(tried: Tried) -> None:
    harmful = [trial for trial in tried.trials if trial.effect == "harmful"]
    assert len(harmful) >= 150
    assert len(Counter(trial.damage.result.format for trial in harmful)) == len(damages.DAMAGES)
    passed = [str(trial) for trial in harmful if trial.evidence.verdict not in CAUGHT]
    assert not passed, "\n".join(passed)


def test_no_harmless_change_fails(tried: Tried) -> None:
    harmless = [trial for trial in tried.trials if trial.damage.is_harmless]
    assert len(harmless) >= 50
    assert {trial.effect for trial in harmless} == {"none"}, [str(one) for one in harmless if one.effect != "none"]
    wrong = [
        str(trial) for trial in harmless if trial.evidence.verdict != tried.sound[trial.damage.result.file].verdict
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("case", "result", "words"),
    [
        ("51", "graph", "the outputs stand in another order: right, left"),
        ("A1", "gf16", "nothing that the source's weights"),
        ("B1", "gu8", "nothing that the source's weights"),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_graphs_of_the_small_cases_are_caught(lab: Lab, case: str, result: str, words: str, *, is_ours: bool) -> None:
    given = lab.case(Subject(SMALL_CASES / case / result, "tfjs_graph_model"), Subject(SMALL_CASES / "src.h5", "keras"))
    given.folder.mkdir()
    report = verify(replace(given, is_ours=is_ours), lab.places)
    failed = report.failed
    assert report.verdict in CAUGHT
    assert failed is not None or not is_ours
    assert words in (failed.findings[0].text if failed else " ".join(one.why for one in report.levels))


def test_graphs_of_the_same_source_that_nobody_damaged_pass(tmp_path: Path, converter_python: Path) -> None:
    shutil.copy(SMALL_CASES / "src.h5", tmp_path)
    flags = {"full": "", "uint8": ", quantize_uint8: true", "float16": ", quantize_float16: true"}
    lines = (f"graph: {{name: {name}, input: src.h5, output: o/{name}{flag}}}" for name, flag in flags.items())
    case = SmallCase("damage", steps(*lines), dict.fromkeys(flags, PROVEN))
    require_endings(case, tmp_path, python=converter_python)
