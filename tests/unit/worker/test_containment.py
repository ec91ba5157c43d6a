"""What a model points at stays inside it, and what it claims is there: the worker's own look, without TensorFlow."""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from tests.unit.models.hostile import CLAIMING, LEADING_OUT, as_archive, as_hdf5, hdf5, user_defined
from workflow.worker import containment
from workflow.worker.failure import JobError
from workflow.worker.shared import containment_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def refusal(path: Path, kind: str) -> JobError:
    with pytest.raises(JobError) as caught:
        containment.require_contained(str(path), kind)
    return caught.value


@pytest.mark.parametrize("packing", [as_hdf5, as_archive])
@pytest.mark.parametrize("how", [{}, {"libver": "latest"}], ids=["earliest", "latest"])
@pytest.mark.parametrize("attack", LEADING_OUT)
def test_hdf5_that_leads_out_is_refused_by_name_in_either_keras_format(
    attack: str, how: dict[str, Any], packing: Callable[[bytes, Path], tuple[Path, str]], tmp_path: Path
) -> None:
    fill, words = LEADING_OUT[attack]
    problem = refusal(*packing(hdf5(fill, tmp_path, **how), tmp_path))
    assert problem.kind == "leads_out"
    assert "/model_weights/dense/kernel" in str(problem)
    assert words in str(problem)


@pytest.mark.parametrize("packing", [as_hdf5, as_archive])
@pytest.mark.parametrize("how", [{}, {"libver": "latest"}], ids=["earliest", "latest"])
@pytest.mark.parametrize("attack", CLAIMING)
def test_hdf5_that_claims_more_than_it_holds_is_refused_with_both_figures(
    attack: str, how: dict[str, Any], packing: Callable[[bytes, Path], tuple[Path, str]], tmp_path: Path
) -> None:
    fill, words = CLAIMING[attack]
    problem = refusal(*packing(hdf5(fill, tmp_path, **how), tmp_path))
    assert problem.kind == "too_much"
    assert words in str(problem)


def test_a_link_of_a_kind_that_hdf5_does_not_know_is_refused(tmp_path: Path) -> None:
    content = bytearray(hdf5(user_defined, tmp_path, libver="latest"))
    at = content.index(b"kernel")
    assert content[at - 2] == 1  # the kind of the link, before the length of its name
    content[at - 2] = 99
    path, kind = as_hdf5(bytes(content), tmp_path)
    with pytest.raises(JobError):
        containment.require_contained(str(path), kind)


def listed(path: Path, count: int, size: int) -> None:
    """Write a list of texts, and let all of them be the first, as no library does."""
    with h5py.File(path, "w") as file:
        file["kernel"] = np.zeros(1 << 20, np.float32)
        file.attrs.create("layer_names", ["x" * size, *(f"layer_{n}" for n in range(count))], dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    first = struct.pack("<I", size)
    at = content.index(first, content.index(b"layer_names"))
    content[at : at + 16 * (count + 1)] = content[at : at + 16] * (count + 1)
    path.write_bytes(content)


def test_lists_in_which_thousands_of_texts_are_one_long_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    listed(path, count=3000, size=50_000)
    with h5py.File(path) as file:
        assert len(file.attrs["layer_names"][3000]) == 50_000
    assert "layer_names and others name 150.1 MB of texts" in str(refusal(path, "keras"))


@pytest.mark.parametrize("megabytes", [1, 60])
def test_lists_of_texts_of_any_length_are_sound_in_files_of_any_size(megabytes: int, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["kernel"] = np.zeros(megabytes << 18, np.float32)
        file.attrs["model_config"] = "x" * 200_000
        file.attrs.create("layer_names", [f"layer_{n}" for n in range(2000)], dtype=h5py.string_dtype())
    assert containment.require_contained(str(path), "keras") == megabytes << 20


SOUND: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip of small numbers": {"compression": "gzip", "compression_opts": 9},
    "lzf and shuffle": {"compression": "lzf", "shuffle": True},
    "checksums": {"chunks": True, "fletcher32": True},
}


@pytest.mark.parametrize("packing", [as_hdf5, as_archive])
@pytest.mark.parametrize("how", SOUND)
@pytest.mark.parametrize("values", ["random", "20:1", "zeros"])
def test_sound_files_pass_however_they_are_compressed(
    values: str, how: str, packing: Callable[[bytes, Path], tuple[Path, str]], tmp_path: Path
) -> None:
    drawn = np.random.default_rng(0).standard_normal(1 << 17).astype(np.float32)
    kernel = {"random": drawn, "20:1": np.where(np.arange(drawn.size) % 32, 0, drawn), "zeros": drawn * 0}[values]
    content = hdf5(lambda group, _: group.create_dataset("kernel", data=kernel, **SOUND[how]) and None, tmp_path)
    path, kind = packing(content, tmp_path)
    assert containment.require_contained(str(path), kind) == kernel.nbytes


def test_zeros_a_thousand_times_smaller_pass_as_long_as_any_model_may_have_so_many(tmp_path: Path) -> None:
    count = containment_rules.FREE // 4

    def fill(group: h5py.Group, _: Path) -> None:
        group.create_dataset("kernel", (count,), "f4", chunks=(1 << 22,), compression="gzip")[: 1 << 22] = 0

    path, kind = as_hdf5(hdf5(fill, tmp_path), tmp_path)
    assert path.stat().st_size * 1000 < containment_rules.FREE
    assert containment.require_contained(str(path), kind) == containment_rules.FREE


def member(name: str, **facts: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for key, value in facts.items():
        setattr(info, key, value)
    return info


MEMBERS = {
    "leads out of it": [member("../../evil"), member("/etc/evil"), member("assets/..\\evil"), member("assets/../../e")],
    "is a link": [member("assets/link", external_attr=(stat.S_IFLNK | 0o777) << 16)],
    "is none of": [member("model.weights.npz"), member("evil.py"), member("assets")],
    "is there twice": [member("config.json")],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("words", "info"), [(words, info) for words, all_ in MEMBERS.items() for info in all_])
def test_members_that_are_none_of_a_models_are_refused(words: str, info: zipfile.ZipInfo, tmp_path: Path) -> None:
    path, kind = as_archive(b"", tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "x")
    problem = refusal(path, kind)
    assert problem.kind == "leads_out"
    assert words in str(problem)


def test_an_archive_that_unpacks_to_a_thousand_times_its_size_is_refused_unread(tmp_path: Path) -> None:
    path, kind = as_archive(bytes(300 << 20), tmp_path)
    problem = refusal(path, kind)
    assert "314.6 MB" in str(problem)
    assert path.stat().st_size * 200 < 300 << 20


def test_assets_beside_the_three_members_pass(tmp_path: Path) -> None:
    path, kind = as_archive(hdf5(lambda *_: None, tmp_path), tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("assets/", "")
        archive.writestr("assets/layers/string_lookup/vocabulary.txt", "a\nb\n")
    assert containment.require_contained(str(path), kind) == 0


@pytest.mark.parametrize("name", ["../x.bin", "/etc/passwd", "file:///etc/passwd", "a\\..\\..\\x", "C:x", "a/../../x"])
def test_weight_files_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"modelTopology": {}, "weightsManifest": [{"paths": [name], "weights": []}]}))
    assert refusal(path, "tfjs_layers_model").kind == "leads_out"
    assert refusal(tmp_path, "tfjs_graph_model").kind == "leads_out"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("kind", ["tfjs_layers_model", "tfjs_graph_model"])
def test_weight_files_that_are_links_or_pipes_are_refused(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    manifest = [{"paths": ["w.bin"], "weights": []}]
    (folder / "model.json").write_text(json.dumps({"modelTopology": {}, "weightsManifest": manifest}))
    (folder / "w.bin").symlink_to("/etc/passwd")
    assert "link that leads out" in str(refusal(folder, kind))
    (folder / "w.bin").unlink()
    os.mkfifo(folder / "w.bin")
    assert "no regular file" in str(refusal(folder, kind))
