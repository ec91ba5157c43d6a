"""Files on their way over the wall: what goes in, what comes out, and what is kept out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import ConversionError, ModelFileError
from workflow.bridge import belongings, passages

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.bridge.airlock import Airlock, Passage

posix = pytest.mark.skipif(os.name != "posix", reason="links and modes")


def handed_over(passage: Passage, target: Path) -> Path:
    """Return where the worker may write what is to stand at ``target``."""
    place = Path(passage.result(str(target)))
    passage.hand_over()
    return place


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A layers model with two weight files, and files beside it that are not its own."""
    folder = tmp_path / "web model 模型"
    (folder / "sub").mkdir(parents=True)
    groups = [{"paths": ["one.bin", "sub/two.bin"]}, {"paths": ["../secret", "/etc/hostname", "..\\secret", "", 3]}]
    (folder / "model.json").write_text(json.dumps({"weightsManifest": groups}))
    for name in ("one.bin", "sub/two.bin", "diary.txt"):
        (folder / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    return folder


def files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("form", ["folder", "file"])
def test_a_web_model_brings_its_manifests_files_and_no_others(passage: Passage, web: Path, form: str) -> None:
    given = web if form == "folder" else web / "model.json"
    place = Path(passage.model(str(given), "tfjs_layers_model"))
    root = place if form == "folder" else place.parent
    assert files(root) == ["model.json", "one.bin", "sub/two.bin"]
    assert place.name == given.name
    assert passage.bytes == sum((web / name).stat().st_size for name in ("model.json", "one.bin", "sub/two.bin"))


@pytest.mark.parametrize("text", ["no json", "[]", '{"weightsManifest": 3}', "[" * 100_000, '{"weightsManifest": [3]}'])
def test_a_broken_model_json_is_brought_for_the_job_to_say_so(passage: Passage, tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    assert Path(passage.model(str(tmp_path), "tfjs_graph_model"), "model.json").read_text() == text


@posix
def test_what_is_brought_is_a_copy_and_touches_nothing(passage: Passage, web: Path) -> None:
    before = (web / "one.bin").stat()
    place = Path(passage.data(str(web / "one.bin")))
    after = (web / "one.bin").stat()
    assert (before.st_ctime_ns, before.st_nlink) == (after.st_ctime_ns, after.st_nlink)
    assert place.stat().st_ino != after.st_ino
    assert place.read_text() == "one.bin"


@posix
def test_a_link_out_of_a_models_folder_is_refused_and_one_inside_is_followed(passage: Passage, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "assets").mkdir(parents=True)
    (folder / "saved_model.pb").write_text("graph")
    (folder / "assets" / "inside").symlink_to(folder / "saved_model.pb")
    assert files(Path(passage.model(str(folder), "tf_saved_model"))) == ["assets/inside", "saved_model.pb"]
    (folder / "assets" / "words").symlink_to("/etc/hostname")
    with pytest.raises(ModelFileError, match="link that leads out"):
        passage.model(str(folder), "tf_saved_model")


@posix
def test_a_folder_linked_in_from_elsewhere_is_refused(passage: Passage, tmp_path: Path, web: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "variables").symlink_to(web)
    with pytest.raises(ModelFileError, match="link that leads out"):
        passage.model(str(folder), "tf_saved_model")


@posix
@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_told(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "saved" / "closed").mkdir(parents=True)
    (tmp_path / "saved" / "closed").chmod(0)
    with pytest.raises(ModelFileError, match="cannot be read"):
        passage.model(str(tmp_path / "saved"), "tf_saved_model")


@pytest.mark.parametrize("path", ["relative", "/nowhere/at/all", "/" + "x" * 5000, "https://example.org/m", ""])
def test_what_is_no_file_here_is_handed_on_as_it_is(passage: Passage, path: str) -> None:
    assert [passage.model(path, "keras"), passage.data(path), passage.code(path)] == [path] * 3


def test_nobody_looks_where_a_link_out_of_a_model_leads(
    passage: Passage, tmp_path: Path, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> Any:
        looked.append(os.path.realpath(path))
        return scandir(path)

    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "assets").symlink_to(web)
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", noted)
        with pytest.raises(ModelFileError, match="link that leads out"):
            passage.model(str(tmp_path / "saved"), "tf_saved_model")
    assert looked
    assert os.path.realpath(web) not in looked


@posix
def test_of_a_folder_of_images_as_many_are_brought_as_the_job_takes(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "images" / "more").mkdir(parents=True)
    for number in range(30):
        (tmp_path / "images" / f"{number:02}.PNG").touch()
    (tmp_path / "images" / "readme.txt").touch()
    (tmp_path / "elsewhere.jpg").touch()
    (tmp_path / "images" / "000.jpg").symlink_to(tmp_path / "elsewhere.jpg")  # the user's own
    assert files(Path(passage.samples(str(tmp_path / "images"), 3))) == ["00.PNG", "000.jpg", "01.PNG"]
    assert len(files(Path(passage.samples(str(tmp_path / "images"), None)))) == 32
    (tmp_path / "images" / "0000.png").symlink_to(tmp_path / "elsewhere.txt")
    (tmp_path / "elsewhere.txt").write_text("private")
    with pytest.raises(ModelFileError, match="which is no image"):
        passage.samples(str(tmp_path / "images"), 3)
    from workflow.worker.shared import sample_files  # noqa: PLC0415  the other side

    assert belongings.IMAGES == sample_files.IMAGES


def test_python_files_bring_their_neighbours(passage: Passage, tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "package/__init__.py", "package/c.py", "data.bin", ".venv/x.py", "env/pyvenv.cfg"):
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).touch()
    (tmp_path / "code" / "env" / "lib.py").touch()
    first, second = (Path(passage.code(str(tmp_path / "code" / name))) for name in ("a.py", "b.py"))
    assert first.parent == second.parent
    assert files(first.parent) == ["a.py", "b.py", "package/__init__.py", "package/c.py"]


def test_code_comes_with_the_files_that_it_names_but_not_with_others_hidden_or_large_ones(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("vocab.txt", "package/labels.JSON", "idf.npy", ".secret.txt", ".git/c.json", "large.csv")
    for name in (*names, "secret.txt", "m.h5"):
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_text("12345678" if name == "large.csv" else "x")
    (tmp_path / "code" / "a.py").write_text("\n".join(f"open({Path(name).name!r})" for name in names))
    monkeypatch.setattr(belongings, "_LARGEST_DATA", 7)
    place = Path(passage.code(str(tmp_path / "code" / "a.py")))
    assert files(place.parent) == ["a.py", "idf.npy", "package/labels.JSON", "vocab.txt"]
    monkeypatch.setattr(belongings, "_MOST_DATA", 2)
    assert len(belongings.of_code(tmp_path / "code")) == len(["a.py"]) + 2


def test_a_folder_beside_code_that_may_not_be_read_is_passed_over(
    passage: Passage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "closed/b.py"):
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).touch()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "closed" not in os.fspath(path) and allowed(path, mode))
    assert files(Path(passage.code(str(tmp_path / "code" / "a.py"))).parent) == ["a.py"]


def test_results_go_where_they_belong_and_paths_are_the_users(airlock: Airlock, tmp_path: Path) -> None:
    passage = airlock.passage()
    target = tmp_path / "deep" / "result.h5"
    place = str(handed_over(passage, target))
    Path(place).write_text("weights")
    passage.log.write_text(f"written to {place}\n")
    log = tmp_path / "log"
    log.write_text("before\n")
    passage.take_log(log)
    passage.take_results()
    assert target.read_text() == "weights"
    assert log.read_text() == f"before\nwritten to {target}\n"
    assert passage.translated({place: [f"no {place}!", 3]}) == {str(target): [f"no {target}!", 3]}


def test_a_folder_that_is_there_takes_results_in(passage: Passage, tmp_path: Path) -> None:
    target = tmp_path / "there"
    (target / "old").mkdir(parents=True)
    place = handed_over(passage, target)
    assert any(place.iterdir())  # so that a job which wants an empty one sees that it is not
    (place / "old").mkdir()
    (place / "old" / "new").write_text("new")
    passage.take_results()
    assert files(target) == ["old/new"]


def test_a_file_that_a_job_leaves_alone_stays(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    assert handed_over(passage, tmp_path / "kept").exists()
    passage.take_results()
    assert (tmp_path / "kept").read_text() == "kept"


def link(place: Path, secret: Path) -> None:
    place.symlink_to(secret)


def hard_link(place: Path, secret: Path) -> None:
    (place.parent / "other").write_text("x")
    place.hardlink_to(place.parent / "other")


def folder_with_a_link(place: Path, secret: Path) -> None:
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "link").symlink_to(secret)


def folder_that_is_a_link(place: Path, secret: Path) -> None:
    place.mkdir()
    (place / "inner").symlink_to(secret.parent)


def pipe(place: Path, secret: Path) -> None:
    os.mkfifo(place)


@posix
@pytest.mark.parametrize("trick", [link, hard_link, folder_with_a_link, folder_that_is_a_link, pipe])
def test_what_is_no_plain_file_is_no_result(
    passage: Passage, tmp_path: Path, trick: Callable[[Path, Path], None]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    trick(handed_over(passage, tmp_path / "result"), secret)
    with pytest.raises(ConversionError, match=r"where .*result.* was to be written"):
        passage.take_results()
    assert not os.path.lexists(tmp_path / "result")


@posix
def test_modes_that_give_rights_away_are_taken_off(passage: Passage, tmp_path: Path) -> None:
    place = handed_over(passage, tmp_path / "result")
    place.touch()
    place.chmod(0o6755)
    passage.take_results()
    assert (tmp_path / "result").stat().st_mode & 0o7777 == 0o755


@posix
@pytest.mark.parametrize("trick", [link, folder_with_a_link, pipe])
def test_a_log_that_is_none_is_not_read(passage: Passage, tmp_path: Path, trick: Callable[[Path, Path], None]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    passage.hand_over()
    trick(passage.log, secret)
    passage.take_log(tmp_path / "log")
    assert not (tmp_path / "log").exists() or (tmp_path / "log").read_text() == ""


def test_a_huge_log_is_cut_in_the_middle(passage: Passage, tmp_path: Path) -> None:
    passage.hand_over()
    passage.log.write_bytes(b"begin\n" + b"x" * (9 << 20) + b"\nend\n")
    passage.take_log(tmp_path / "log")
    text = (tmp_path / "log").read_text()
    assert len(text) < 5 << 20
    assert text.startswith("begin\n")
    assert text.endswith("\nend\n")
    assert "bytes of this log are left out" in text


def test_the_worker_loses_its_folder_before_anybody_looks(passage: Passage, tmp_path: Path) -> None:
    place = handed_over(passage, tmp_path / "result")
    place.write_text("x")
    passage.take_log(tmp_path / "log")
    assert not place.parent.exists()
    passage.take_results()
    assert (tmp_path / "result").read_text() == "x"


class Recorder:
    """Notes what is carried, and how."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def _note(self, how: str, path: str) -> str:
        self.seen.add((how, path))
        return f"<{path}>"

    def model(self, path: str, kind: str) -> str:
        return self._note(f"model {kind}", path)

    def data(self, path: str) -> str:
        return self._note("data", path)

    def samples(self, path: str, most: int | None) -> str:
        return self._note(f"samples {most}", path)

    def code(self, path: str) -> str:
        return self._note("code", path)

    def result(self, path: str) -> str:
        return self._note("result", path)


MODEL = {"path": "/m", "format": "keras", "custom_objects": ["/c.py"], "unsafe": True}
OF_MODEL = {("model keras", "/m"), ("code", "/c.py")}
LAYERS = {("model tfjs_layers_model", "/w")}
EXPECTED: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "graph": (
        {"source": MODEL, "options": {"metadata": {"a": "/a.json"}, "skip_op_check": True}, "output": "/o"},
        OF_MODEL | {("data", "/a.json"), ("result", "/o")},
    ),
    "saved_model": ({"source": MODEL, "output": "/o", "target": "x"}, OF_MODEL | {("result", "/o")}),
    "resave": ({"source": MODEL, "output": "/o"}, OF_MODEL | {("result", "/o")}),
    "export": ({"source": MODEL, "output": "/o"}, OF_MODEL | {("result", "/o")}),
    "application": ({"weights": "/w.h5", "output": "/o", "seed": 1}, {("data", "/w.h5"), ("result", "/o")}),
    "convert": (
        {"argv": ["--input_format=keras", "--metadata=a:/a.json,b:/b:c.json", "/m", "/o"]},
        {("model keras", "/m"), ("data", "/a.json"), ("data", "/b:c.json"), ("result", "/o")},
    ),
    "source": (
        {"model": MODEL, "inputs": "/i.npy", "labels": "/l.npy", "folder": "/f", "weights": None, "samples": 3},
        OF_MODEL | {("samples 3", "/i.npy"), ("data", "/l.npy"), ("result", "/f")},
    ),
    "images": (
        {"inputs": "/pictures", "specs": [], "samples": 3, "folder": "/f"},
        {("samples 3", "/pictures"), ("result", "/f")},
    ),
    "predict": (
        {"model": MODEL, "feeds": [{"inputs": "/i", "outputs": "/o"}], "weights": "/w", "cut": "layer"},
        OF_MODEL | LAYERS | {("data", "/i"), ("result", "/o")},
    ),
}


@pytest.mark.parametrize("job", EXPECTED)
def test_every_file_of_a_job_is_carried_as_what_it_is(job: str) -> None:
    recorder = Recorder()
    given, expected = EXPECTED[job]
    carried = passages.carried(job, given, by=recorder)
    assert recorder.seen == expected
    assert json.dumps(carried).count("<") == len(expected)


def test_every_job_of_the_worker_is_thought_of() -> None:
    from workflow.worker.jobs import JOBS  # noqa: PLC0415  the other side

    assert {*EXPECTED, "versions", "script"} == JOBS.keys()


def test_of_several_results_those_that_were_made_are_taken_whatever_became_of_the_others(
    passage: Passage, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("as it was")
    places = [Path(passage.result(str(tmp_path / name))) for name in ("none", "kept", "made")]
    passage.hand_over()
    places[2].write_text("made")
    passage.take_results()
    assert not (tmp_path / "none").exists()
    assert [(tmp_path / name).read_text() for name in ("kept", "made")] == ["as it was", "made"]


def test_folders_on_the_way_are_made_for_what_goes_in_and_for_what_comes_out(passage: Passage, tmp_path: Path) -> None:
    (tmp_path / "saved" / "very" / "deep").mkdir(parents=True)
    (tmp_path / "saved" / "very" / "deep" / "file").write_text("in")
    assert (Path(passage.model(str(tmp_path / "saved"), "tf_saved_model")) / "very/deep/file").read_text() == "in"
    target = tmp_path / "new" / "deep" / "result"
    handed_over(passage, target).write_text("out")
    passage.take_results()
    assert target.read_text() == "out"
