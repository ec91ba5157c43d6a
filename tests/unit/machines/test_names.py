"""Folders and files whose names are bytes that are no text: everything is done, written down and read back."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.unit.machines.conditions import Ended, lay_out, run
from workflow.base import dialogue
from workflow.base.plain_names import PlainNames
from workflow.report import run_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are text on this system")

ODD = os.fsdecode(b"w\xffork")
STREAMS = {"UTF-8": {}, "ASCII": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return lay_out(tmp_path / ODD)


def told(words: str, folder: Path, variables: dict[str, str]) -> Ended:
    ended = run(words.split(), folder, {"TFJS_WORKFLOW_HOME": str(folder / "home"), **variables})
    assert ended.code == 0, ended.said
    return ended


@pytest.mark.parametrize("streams", list(STREAMS))
def test_everything_works_in_a_folder_whose_name_is_no_text(work: Path, streams: str) -> None:
    variables: dict[str, str] = STREAMS[streams]
    told("plan r.yml", work, variables)
    record = json.loads(told("convert r.yml --json", work, variables).printed)
    assert record["recipe"] == str(work / "r.yml")
    assert json.loads((work / "out.tfjs-workflow.json").read_bytes())["step"] == "shard"
    assert b"up to date" in told("convert r.yml", work, variables).printed
    told("report r.yml --no-links --markdown m.md --junit j.xml", work, variables)
    for name in ("m.md", "j.xml"):
        (work / name).read_text(encoding="utf-8")
    told(f"verify {work / 'out'} --against web --quick --json", work, variables)


def test_the_record_of_a_run_is_read_back_with_the_name_as_it_was(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told("convert r.yml", work, {})
    [path] = (work / ".tfjs-workflow" / "r" / "runs").glob("*.json")
    assert json.loads(path.read_bytes())["recipe"] == str(work / "r.yml")
    monkeypatch.chdir(work)
    assert run_files.record_of(str(path)).steps[0].step == "shard"


def test_a_recipe_whose_own_name_is_no_text_runs(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    (folder / "r.yml").rename(folder / os.fsdecode(b"r\xfe.yml"))
    ended = run(["convert", os.fsdecode(b"r\xfe.yml")], folder, {"TFJS_WORKFLOW_HOME": str(tmp_path / "home")})
    assert (ended.code, "1 of 1 steps to run" in ended.said) == (0, True)


def test_programs_get_paths_that_they_can_spell_and_we_get_ours_back(tmp_path: Path) -> None:
    names = PlainNames(tmp_path)
    odd = str(tmp_path / ODD / "deep" / os.fsdecode(b"\xfe.h5"))
    Path(odd).parent.mkdir(parents=True)
    Path(odd).write_text("here")
    asked = {"model": odd, "others": [odd, str(tmp_path / ODD / "deep" / "plain"), "plain", 7], "text": "w\udcff"}
    sent = names.there(asked)
    assert Path(sent["model"]).read_text() == "here"
    assert sent["model"].endswith(".h5")
    json.dumps([sent["model"], *sent["others"]], ensure_ascii=False).encode()
    assert sent["others"][2:] == ["plain", 7]
    assert sent["text"] == "w\udcff"  # no path: what it is, its reader knows
    assert names.back(sent) == asked
    assert names.back(f"{sent['model']} is bad") == f"{odd} is bad"


def test_plain_paths_are_sent_as_they_are_and_nothing_is_made(tmp_path: Path) -> None:
    names = PlainNames(tmp_path)
    asked = {"model": "/a/b\u00fc/c.h5", "log": str(tmp_path)}
    assert names.there(asked) == asked
    assert list(tmp_path.iterdir()) == []


READS = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    answer = {"id": asked["id"], "path": asked["path"], "text": open(asked["path"].encode()).read()}
    print(json.dumps(answer), flush=True)
"""


def test_a_child_process_reads_a_file_that_it_could_not_name(tmp_path: Path) -> None:
    odd = tmp_path / ODD / "file"
    odd.parent.mkdir()
    odd.write_text("here")
    line = dialogue.begin(
        lambda _: [sys.executable, "-X", "utf8", "-c", READS], environ=dict(os.environ), log=tmp_path / "log"
    )
    try:
        answer = line.ask({"path": str(odd)}, timeout=20)
    finally:
        line.close(patience=2, grace=1)
    assert (answer["text"], answer["path"]) == ("here", str(odd))
