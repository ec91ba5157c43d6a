"""The command line as a whole: what is misused, what is asked for in general, and ^C in the midst of a command."""

from __future__ import annotations

import pytest

from tests.unit.golden.screens import require_declared
from workflow import __version__
from workflow.cli.boundary import guarded
from workflow.cli.commands import recipe


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nope"], "No such option: --nope"),
        (["plan", "--nope", "a.yml"], "No such option: --nope"),
        (["plan"], "Missing argument 'RECIPE'."),
        (["nosuch"], "No such command 'nosuch'."),
        (["verify", "a", "--seed", "-1"], "-1 is not in the range x>=0."),
        (["convert", "a.yml", "--timeout", "0"], "0.0 is not in the range x>=0.001."),
        (["serve", "a", "--port", "65536"], "65536 is not in the range 1<=x<=65535."),
        (["report", "a", "b\x1b[31mc"], r"Got unexpected extra argument(s) (b\x1b[31mc)"),
        (["report", "a", "https://me:s3cret@host/?t0ken"], "(https://host/?...)"),
        (["##[group]"], r"No such command '#\#[group]'."),
    ],
)
def test_misuse_is_told_once_and_safely(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(words) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("words", "code", "usage"),
    [
        ([], 2, "tfjs-workflow [OPTIONS] COMMAND [ARGS]..."),
        (["-h"], 0, "tfjs-workflow [OPTIONS] COMMAND [ARGS]..."),
        (["--help"], 0, "tfjs-workflow [OPTIONS] COMMAND [ARGS]..."),
        (["env"], 2, "tfjs-workflow env [OPTIONS] COMMAND [ARGS]..."),
        (["env", "-h"], 0, "tfjs-workflow env [OPTIONS] COMMAND [ARGS]..."),
        (["plan", "-h"], 0, "tfjs-workflow plan [OPTIONS] {RECIPE}"),
    ],
)
def test_help_is_there_for_whoever_asks_and_for_whoever_says_nothing(
    words: list[str], code: int, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(words) == code
    printed = capsys.readouterr()
    assert f"Usage: {usage}" in " ".join((printed.out + printed.err).split())


def test_the_version_is_a_line_of_its_own_whatever_stands_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(["--version", "plan"]) == 0
    assert capsys.readouterr().out == f"tfjs-workflow {__version__}\n"


def test_an_interrupted_command_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "schema", interrupted)
    assert guarded(["schema"]) == 130
    assert capsys.readouterr().err.splitlines() == [
        "error: interrupted",
        "what to do: run the same command again: it goes on",
    ]


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("")
