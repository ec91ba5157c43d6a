"""env list, info and verify."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workflow.base import locations

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.env.conftest import Made, Tool


def test_list_works_with_none(tool: Tool) -> None:
    assert tool("list") == 0
    assert tool.out == "there are no environments yet; make one: tfjs-workflow env create\n"
    assert tool("list", "--json") == 0
    assert json.loads(tool.out) == []


def test_list_shows_each_with_its_condition(tool: Tool, made: Made, partial: Path, foreign: Path) -> None:
    healthy = made()
    made("old", lock_digest="0" * 64, manager="conda")
    assert tool("list") == 0
    rows = {line.split()[0]: line for line in tool.out.splitlines()[1:] if line.split()[0][-1] != ":"}
    assert rows["tfjs"].split()[1:3] == ["3.8.20", "embedded"]
    assert str(healthy.prefix) in rows["tfjs"]
    assert {name: word for name, word in CONDITIONS.items() if word in rows[name]} == CONDITIONS
    assert "old@000000000000: it is of another lock than this checkout's" in tool.out
    assert "tfjs-workflow env remove --old" in tool.out


CONDITIONS = {"tfjs": "healthy", "old": "stale", "half": "partial", "mine": "foreign"}


def test_list_as_json_holds_the_same(tool: Tool, made: Made, partial: Path, foreign: Path) -> None:
    made()
    made("old", lock_digest="0" * 64)
    assert tool("list", "--json") == 0
    assert {entry["name"]: entry["condition"] for entry in json.loads(tool.out)} == CONDITIONS


def test_info_shows_what_is_known(tool: Tool, made: Made) -> None:
    environment = made(caveats=("no conda environment",))
    assert tool("info") == 0
    lines = {line[:15].strip(): line[16:] for line in tool.out.splitlines()}
    assert lines["python version"] == "3.8.20"
    assert lines["place"] == str(environment.prefix)
    assert lines["caveats"] == "no conda environment"
    assert lines["condition"] == "healthy"
    assert lines["cache"] == str(locations.cache())
    assert lines["logs"] == str(locations.home() / "logs")


def test_info_as_json(tool: Tool, made: Made) -> None:
    environment = made("second")
    assert tool("info", "second", "--json") == 0
    facts = json.loads(tool.out)
    assert facts["lock_digest"] == environment.lock_digest
    assert facts["size"] > 0


def test_info_of_a_partial_one_says_why(tool: Tool, partial: Path) -> None:
    assert tool("info", "half") == 0
    assert "reason          its creation" in tool.out


def test_info_of_one_that_is_not_there_names_those_that_are(tool: Tool, made: Made) -> None:
    made("other")
    assert tool("info", "nosuch") == 20
    assert "there are: other" in tool.err


def test_an_environment_of_a_name_that_is_known_can_be_made(tool: Tool, made: Made) -> None:
    made()
    assert tool("run", "-n", "keras3", "--", "python") == 20
    assert "tfjs-workflow env create keras3" in tool.err
    assert "there are" not in tool.err


def test_verify_shows_each_check_with_time_and_verdict(tool: Tool, made: Made) -> None:
    made()
    assert tool("verify") == 0
    lines = [line.split(maxsplit=3) for line in tool.out.splitlines()]
    assert [line[2] for line in lines] == ["ok"] * 5
    assert all(line[1] == "s" and float(line[0]) >= 0 for line in lines)
    assert [line[3].split()[0] for line in lines] == [
        "python",
        "pip",
        "import",
        "tensorflowjs_converter",
        "tensorflowjs_converter",
    ]


def test_verify_of_a_broken_one_ends_with_24_and_the_output(tool: Tool, made: Made) -> None:
    converter = made().prefix / "bin" / "tensorflowjs_converter"
    converter.write_text("#!/bin/sh\necho 'ModuleNotFoundError: numpy' >&2\nexit 1\n")
    assert tool("verify") == 24
    assert "FAILED   tensorflowjs_converter -h" in tool.out
    assert "does not pass: tensorflowjs_converter -h, tensorflowjs_converter --version" in tool.err
    assert "ModuleNotFoundError: numpy" in tool.err
    assert tool("list", "--json") == 0
    assert json.loads(tool.out)[0]["condition"] == "broken"


def test_verify_as_json_holds_the_failure_too(tool: Tool, made: Made) -> None:
    (made().prefix / "bin" / "tensorflowjs_converter").write_text("#!/bin/sh\nexit 3\n")
    assert tool("verify", "--json") == 24
    assert [check["verdict"] for check in json.loads(tool.out)] == ["ok", "ok", "ok", "failed", "failed"]


def test_verify_marks_what_is_only_nearly_as_asked(tool: Tool, made: Made) -> None:
    made(caveats=("Python 3.8 found here, no conda environment",))
    assert tool("verify") == 0
    assert "ok, but  python --version  Python 3.8 found here, no conda environment" in tool.out


def test_verify_of_a_partial_one_says_what_to_do(tool: Tool, partial: Path) -> None:
    assert tool("verify", "half") == 20
    assert "tfjs-workflow env create half" in tool.err
