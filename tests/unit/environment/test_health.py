from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow.environment import Environment, health

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs of these environments are shell scripts")

ABSENT = "\n".join(f"tensorflowjs 4.22.0 requires {name}, which is not installed." for name in sorted(health.ABSENT))
FINE = "No broken requirements found."


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment whose programs are scripts that answer as they should."""
    made = Environment("e", tmp_path, tmp_path / "bin" / "python", "embedded", "3.8.20", "full", "0", ())
    (tmp_path / "bin").mkdir()
    python(made)
    script(
        tmp_path / "bin" / "tensorflowjs_converter",
        'case $1 in -h) echo "usage: x";; *) echo "tensorflowjs 4.22.0";; esac',
    )
    return made


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def python(made: Environment, *, version: str = "3.8.20", check: str = FINE, imports: str = "exit 0") -> None:
    code = 0 if check == FINE else 1
    answers = f'--version) echo "Python {version}";; -m) echo "{check}"; exit {code};; *) {imports};;'
    script(made.python, f'[ "$1" = -I ] && shift\ncase $1 in {answers} esac')


def verdicts(made: Environment, tmp_path: Path) -> list[str]:
    return [check.verdict for check in health.checks(made, log=tmp_path / "log")]


def test_five_checks_are_shown_with_command_time_and_verdict(environment: Environment, tmp_path: Path) -> None:
    found = list(health.checks(environment, log=tmp_path / "log"))
    assert [check.verdict for check in found] == ["ok"] * 5
    assert [check.title for check in found][::4] == ["python --version", "tensorflowjs_converter --version"]
    assert all(0 < check.seconds < 5 for check in found)
    assert found[3].command == f"{tmp_path}/bin/tensorflowjs_converter -h"
    assert "tensorflowjs 4.22.0" in (tmp_path / "log").read_text()


def test_a_caveat_marks_the_first_check(environment: Environment, tmp_path: Path) -> None:
    nearby = environment.replaced(python_version="3.9.1", caveats=("not a conda environment", "3.9, not 3.8"))
    python(environment, version="3.9.1")
    first = next(health.checks(nearby, log=tmp_path / "log"))
    assert (first.verdict, first.note) == ("marked", "not a conda environment; 3.9, not 3.8")


@pytest.mark.parametrize("version", ["3.8.19", "3.9.1"])
def test_another_python_than_was_recorded_fails(environment: Environment, tmp_path: Path, version: str) -> None:
    python(environment, version=version)
    assert verdicts(environment, tmp_path)[0] == "failed"


@pytest.mark.parametrize(
    ("profile", "output", "verdict"),
    [
        ("full", FINE, "ok"),
        ("full", ABSENT, "failed"),
        ("lean", ABSENT, "marked"),
        ("lean", FINE, "failed"),
        ("lean", ABSENT.splitlines()[0], "failed"),
        ("lean", f"{ABSENT}\ntensorflow 2.13.1 requires keras, which is not installed.", "failed"),
        ("lean", f"{ABSENT}\nx 1 has requirement numpy<1, but you have numpy 2.", "failed"),
    ],
)
def test_the_lean_set_may_lack_exactly_what_it_leaves_out(
    environment: Environment, tmp_path: Path, profile: str, output: str, verdict: str
) -> None:
    python(environment, check=output)
    assert verdicts(environment.replaced(profile=profile), tmp_path)[1] == verdict


def test_the_environment_of_keras_3_is_checked_for_other_things(environment: Environment, tmp_path: Path) -> None:
    made = environment.replaced(name="keras3", profile="keras3", python_version="3.12.1")
    python(made, version="3.12.1", imports="echo 2.21.0 tensorflow 3.15.1")
    found = list(health.checks(made, log=tmp_path / "log"))
    assert [(check.title, check.verdict) for check in found][1:] == [
        ("pip check", "ok"),
        ("import tensorflow, keras", "ok"),
    ]
    assert found[2].note == "2.21.0 tensorflow 3.15.1"


@pytest.mark.parametrize(
    ("version", "imported", "failing"),
    [
        ("3.9.1", "2.21.0 tensorflow 3.15.1", "python --version"),
        ("3.12.1", "2.21.0 jax 3.15.1", "import tensorflow, keras"),
        ("3.12.1", "2.13.1 tensorflow 2.13.1", "import tensorflow, keras"),
    ],
)
def test_another_keras_python_or_backend_fails(
    environment: Environment, tmp_path: Path, version: str, imported: str, failing: str
) -> None:
    made = environment.replaced(name="keras3", profile="keras3", python_version=version)
    python(made, version=version, imports=f"echo {imported}")
    failed = [check.title for check in health.checks(made, log=tmp_path / "log") if check.verdict == "failed"]
    assert failed == [failing]


def test_a_failing_import_shows_its_output_and_the_others_still_run(environment: Environment, tmp_path: Path) -> None:
    python(environment, imports="echo ImportError: no libfoo >&2; exit 1")
    found = list(health.checks(environment, log=tmp_path / "log"))
    assert [check.verdict for check in found] == ["ok", "ok", "failed", "ok", "ok"]
    assert (found[2].output, found[2].note) == ("ImportError: no libfoo", "exit code 1")


def test_a_missing_interpreter_is_the_only_finding(environment: Environment, tmp_path: Path) -> None:
    environment.python.unlink()
    (only,) = health.checks(environment, log=tmp_path / "log")
    assert only.verdict == "failed"
    assert "No such file" in only.output


def test_a_check_that_hangs_is_ended(environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_SECONDS", 0.3)
    python(environment, imports="sleep 60")
    assert verdicts(environment, tmp_path)[2] == "failed"


def test_each_check_that_hangs_or_cannot_start_is_told_and_the_log_has_all(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health._SECONDS == 300.0
    monkeypatch.setattr(health, "_SECONDS", 0.5)
    python(environment, imports="sleep 60")
    found = list(health.checks(environment, log=tmp_path / "logs" / "deep" / "log"))
    assert [(check.verdict, check.note) for check in found] == [
        *(("ok", ""), ("ok", ""), ("failed", "no answer within 0.5 s"), ("ok", ""), ("ok", "")),
    ]
    assert all(check.mend == "" for check in found)
    log = (tmp_path / "logs" / "deep" / "log").read_text().splitlines()
    assert log[:3] == [
        f"+ {environment.python} --version",
        "Python 3.8.20",
        f"[ok after {found[0].seconds:.1f} s ]",
    ]
    assert sum(line.startswith("[") for line in log) == 5


@pytest.mark.parametrize("version", ["3.10.1", "3.11.1", "3.12.1", "3.13.1"])
def test_keras_3_runs_on_four_series_of_python(environment: Environment, tmp_path: Path, version: str) -> None:
    made = environment.replaced(name="keras3", profile="keras3", python_version=version)
    python(made, version=version, imports="echo 2.21.0 tensorflow 3.15.1")
    assert verdicts(made, tmp_path) == ["ok"] * 3


@pytest.mark.parametrize(
    ("profile", "version", "note"),
    [
        ("full", "3.9.1", "this must be Python 3.8"),
        ("full", "3.80.1", "this must be Python 3.8"),
        ("keras3", "3.9.1", "this must be Python 3.10 to 3.13"),
        ("keras3", "3.14.1", "this must be Python 3.10 to 3.13"),
    ],
)
def test_another_series_fails_with_what_it_must_be(
    environment: Environment, tmp_path: Path, profile: str, version: str, note: str
) -> None:
    made = environment.replaced(profile=profile, python_version=version)
    python(made, version=version)
    first = next(health.checks(made, log=tmp_path / "log"))
    assert (first.verdict, first.note) == ("failed", note)


def test_programs_are_asked_without_the_settings_of_pip(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    monkeypatch.setenv("KEPT", "yes")
    found = health._environ(environment)
    assert (found["PIP_CONFIG_FILE"], found["KEPT"]) == ("/dev/null", "yes")
    assert "PIP_REQUIRE_VIRTUALENV" not in found


def test_a_missing_interpreter_is_told_with_its_command(environment: Environment, tmp_path: Path) -> None:
    environment.python.unlink()
    (only,) = health.checks(environment, log=tmp_path / "log")
    assert only.command == f"{environment.python} --version"
    assert (only.title, only.seconds, only.note) == ("python --version", 0.0, "")
    assert f"+ {only.command}\n{only.output}\n[failed after 0.0 s ]\n" == (tmp_path / "log").read_text()
