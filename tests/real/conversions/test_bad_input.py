"""Bad input: a clear error, an exit code that says which kind, and nothing lost or half-written."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import Project, one_step
from workflow.base.processes import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

REFUSALS = [
    ("broken/lenet_lfs_pointer/LeNet.h5", "Git LFS"),
    ("broken/lenet_crlf/LeNet.h5", "line end"),
    ("broken/empty_hdf5/hdf5.h5", "HDF5"),
    ("broken/dataset_hdf5/alphago-vs-lee-sedol-features.hdf5", "HDF5"),
    ("h5_weights_only/cartpole_keras2/cartpole_dqn.h5", "weights"),
]


@pytest.mark.parametrize(("item", "words"), REFUSALS, ids=[item.split("/")[1] for item, _ in REFUSALS])
def test_broken_keras_files_are_refused_by_name(tmp_path: Path, corpus: Path, item: str, words: str) -> None:
    project = Project(tmp_path).write(one_step(f"python_to_js: {{input: {corpus / item}, output: out}}"))
    done = project.convert()
    assert done.code == 31, done.stderr
    assert words.lower() in done.stderr.lower()
    assert not (tmp_path / "out").exists()


def test_missing_shards_are_named(tmp_path: Path, corpus: Path) -> None:
    source = corpus / "broken" / "missing_shards"
    project = Project(tmp_path).write(one_step(f"shard: {{input: {source}, output: out, shard_size: 1MB}}"))
    done = project.convert()
    assert done.code == 31
    assert "group1-shard1of6" in done.stderr


def test_a_graph_model_is_not_a_layers_model(project: Project) -> None:
    project.write(one_step("js_to_python: {input: data/graph_model, output: data/back.h5}"))
    done = project.convert()
    assert done.code == 10
    assert "graph" in done.stderr


def test_a_graph_model_that_is_called_a_layers_model_is_found_out(project: Project) -> None:
    step = "convert: {input: data/graph_model, output: data/back.h5, from: tfjs_layers_model, to: keras}"
    done = project.write(one_step(step)).convert()
    assert done.code == 10
    assert "the input is a tfjs_graph_model" in done.stderr


def test_an_unknown_layer_class_is_named_with_what_to_do(project: Project) -> None:
    model = project.folder / "data" / "web_model" / "model.json"
    model.write_text(model.read_text().replace('"ReLU"', '"MySpecialReLU"'))
    project.write(one_step("js_to_python: {input: data/web_model, output: data/back.h5}"))
    done = project.convert()
    assert done.code == 33, done.stderr
    assert "MySpecialReLU" in done.stderr
    assert not (project.folder / "data" / "back.h5").exists()


def test_a_foreign_output_survives_force_under_another_name(project: Project) -> None:
    output = project.folder / "data" / "mine"
    output.mkdir()
    (output / "notes.txt").write_text("mine")
    project.write(one_step("shard: {input: data/web_model, output: data/mine, shard_size: 1MB}"))
    assert project.convert().code == 32
    assert (output / "notes.txt").read_text() == "mine"
    assert project.convert("--force").code == 0
    (kept,) = (project.folder / "data").glob("mine.kept-*")
    assert (kept / "notes.txt").read_text() == "mine"


def mounted(folder: Path, options: str) -> None:
    """Mount a small memory disk, or skip the test where that is not allowed."""
    folder.mkdir()
    if shutil.which("mount") is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    if run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]).code != 0:
        pytest.skip("this machine does not let us mount a small disk")


def test_a_full_disk_fails_the_step_and_leaves_it_clean(project: Project) -> None:
    disk = project.folder / "disk"
    mounted(disk, "size=300k")
    try:
        project.write(one_step("shard: {input: data/web_model, output: disk/sharded, shard_size: 100kB}"))
        done = project.convert()
        assert done.code == 36, done.stderr
        assert "disk is full" in done.stderr
        assert list(disk.iterdir()) == []
    finally:
        run(["umount", str(disk)])


def test_a_read_only_folder_is_said_before_the_converter_runs(project: Project) -> None:
    disk = project.folder / "disk"
    mounted(disk, "size=300k,ro")
    try:
        project.write(one_step("shard: {input: data/web_model, output: disk/sharded, shard_size: 100kB}"))
        done = project.convert()
        assert done.code == 36, done.stderr
        assert "read-only" in done.stderr
    finally:
        run(["umount", str(disk)])
