"""What belongs to a model, to samples and to code: where each list ends, and what is said of what leads away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import ModelFileError
from workflow.bridge import belongings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def put(folder: Path, names: Iterable[str], content: bytes = b"x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def names(files: belongings.Files) -> list[str]:
    return [name for name, _ in files]


def test_a_file_is_brought_by_its_name_and_a_folder_with_all_below_it(tmp_path: Path) -> None:
    put(tmp_path, ("m.h5", "saved/a", "saved/in/b", "saved/in/.hidden"))
    assert belongings.of_tree(tmp_path / "m.h5") == [("m.h5", tmp_path / "m.h5")]
    found = dict(belongings.of_model(tmp_path / "saved", "tf_saved_model"))
    assert sorted(found) == ["saved/a", "saved/in/.hidden", "saved/in/b"]
    assert found["saved/in/b"] == tmp_path / "saved" / "in" / "b"


def test_of_a_web_model_without_its_json_nothing_is_brought(tmp_path: Path) -> None:
    put(tmp_path, ("web/a.bin",))
    assert belongings.of_model(tmp_path / "web", "tfjs_layers_model") == []
    assert belongings.of_model(tmp_path / "none.json", "tfjs_graph_model") == []


def test_a_json_that_is_too_large_names_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, ("a.bin",))
    text = json.dumps({"weightsManifest": [{"paths": ["a.bin", "a.bin", "./b.bin", "a\0", "c\\d", "", "x/../a.bin"]}]})
    (tmp_path / "model.json").write_text(text)
    monkeypatch.setattr(belongings, "_MOST_BYTES_OF_JSON", len(text))
    assert names(belongings.of_model(tmp_path / "model.json", "tfjs_layers_model")) == ["model.json", "a.bin"]
    monkeypatch.setattr(belongings, "_MOST_BYTES_OF_JSON", len(text) - 1)
    assert names(belongings.of_model(tmp_path / "model.json", "tfjs_layers_model")) == ["model.json"]


def test_far_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, map(str, range(3)))
    monkeypatch.setattr(belongings, "_MOST_FILES", 3)
    assert len(belongings.of_tree(tmp_path)) == 3
    put(tmp_path, ["3"])
    with pytest.raises(ModelFileError) as caught:
        belongings.of_tree(tmp_path)
    assert caught.value.message == f"{tmp_path} holds more than 3 files, which no model does"
    assert caught.value.hint == "give the folder of the model alone"


def test_links_out_of_a_model_or_of_samples_are_told_with_what_helps(tmp_path: Path) -> None:
    put(tmp_path, ("words", "saved/a", "samples/a.npy", "photo.PNG"))
    (tmp_path / "saved" / "link").symlink_to(tmp_path / "words")
    (tmp_path / "samples" / "link").symlink_to(tmp_path / "words")
    (tmp_path / "samples" / "inside").symlink_to(tmp_path / "samples" / "a.npy")
    (tmp_path / "samples" / "photo").symlink_to(tmp_path / "photo.PNG")
    real = (tmp_path / "words").resolve()
    with pytest.raises(ModelFileError) as caught:
        belongings.of_tree(tmp_path / "saved")
    folder = tmp_path / "saved"
    assert caught.value.message == f"{folder / 'link'} is a link that leads out of {folder}, to {real}"
    assert caught.value.hint == f"a model is what its folder holds: `cp -rL` makes a copy of {folder} without links"
    folder = tmp_path / "samples"
    with pytest.raises(ModelFileError) as caught:
        belongings.of_data(folder)
    assert caught.value.message == f"{folder}/link is a link that leads out of {folder}, to {real}, which is no image"
    assert caught.value.hint == "put the file itself into the folder if it is to be read"
    (folder / "link").unlink()
    assert names(belongings.of_data(folder)) == ["samples/a.npy", "samples/inside", "samples/photo"]


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".JPG"])
def test_of_images_the_first_by_name_are_brought_and_other_files_not(tmp_path: Path, ending: str) -> None:
    put(tmp_path, (f"b{ending}", f"a{ending}", f"c{ending}", "0.txt", f"in/d{ending}"))
    folder = tmp_path.name
    assert names(belongings.of_data(tmp_path, 2)) == [f"{folder}/a{ending}", f"{folder}/b{ending}"]
    assert len(belongings.of_data(tmp_path, 9)) == 3
    assert len(belongings.of_data(tmp_path)) == 4
    assert belongings.of_data(tmp_path / "0.txt", 1) == [("0.txt", tmp_path / "0.txt")]


def test_a_folder_without_images_is_brought_whole(tmp_path: Path) -> None:
    put(tmp_path, ("b.npy", "a.npy"))
    assert names(belongings.of_data(tmp_path, 1)) == [f"{tmp_path.name}/a.npy", f"{tmp_path.name}/b.npy"]


CODE = ("a.py", "b.pyc", "c.pyi", "d.so", "e.pyd", "pack/f.py")
NOT = (
    "__pycache__/a.py",
    "node_modules/a.py",
    "site-packages/a.py",
    ".git/a.py",
    "venv/pyvenv.cfg",
    "venv/a.py",
    ".b.py",
)


def test_code_is_brought_with_its_packages_and_without_those_of_others(tmp_path: Path) -> None:
    put(tmp_path, (*CODE, *NOT))
    (tmp_path / "linked").symlink_to(tmp_path / "pack")
    assert sorted(names(belongings.of_code(tmp_path))) == sorted(CODE)


def test_code_is_looked_for_six_folders_deep(tmp_path: Path) -> None:
    put(tmp_path, ("1/2/3/4/5/6/a.py", "1/2/3/4/5/6/7/b.py"))
    assert names(belongings.of_code(tmp_path)) == ["1/2/3/4/5/6/a.py"]


def test_files_that_code_names_come_with_it_as_far_as_they_are_not_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belongings, "_LARGEST_DATA", 10)
    monkeypatch.setattr(belongings, "_MOST_DATA", 15)
    put(tmp_path, ("ten.txt", "ten-2.txt", "unnamed.txt"), b"x" * 10)
    put(tmp_path, ("eleven.txt",), b"x" * 11)
    put(tmp_path, ("five.txt", "x.csv", "table"), b"x" * 5)
    (tmp_path / "a.py").write_text("read('ten.txt', 'eleven.txt', 'max.csv', 'table-old', 'my-table')")
    assert names(belongings.of_code(tmp_path)) == ["a.py", "ten.txt"]
    (tmp_path / "a.py").write_text("read('ten.txt', 'ten-2.txt', \"five.txt\")")
    assert len(belongings.of_code(tmp_path)) == 3
    (tmp_path / "a.py").write_text("read('data/table')")
    assert names(belongings.of_code(tmp_path)) == ["a.py", "table"]


def test_of_very_much_code_the_rest_is_left_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belongings, "_MOST_CODE", 2)
    put(tmp_path, (f"{number}.py" for number in range(5)))
    assert len(belongings.of_code(tmp_path)) == 2


def test_a_module_that_cannot_be_read_is_brought_and_names_nothing(tmp_path: Path) -> None:
    put(tmp_path, ("b.txt", "c.txt"))
    (tmp_path / "z.py").write_text("read('b.txt')")
    (tmp_path / "a.py").symlink_to("/proc/self/mem")  # it is there, and nobody can read its beginning
    assert sorted(names(belongings.of_code(tmp_path))) == ["a.py", "b.txt", "z.py"]
