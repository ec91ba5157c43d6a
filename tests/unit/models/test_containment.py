"""What a model points at stays inside it, and what it claims is there: seen on the host before anything reads it."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.models.hostile import CLAIMING, LEADING_OUT, as_archive, as_hdf5, hdf5, saved_model
from tests.unit.models.models import layers_document, write_archive, write_model
from tests.unit.models.refusals import refused
from workflow.base.digests import artifact_digests
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model
from workflow.models.keras.archive import open_archive
from workflow.models.sniffing import sighted
from workflow.worker.containment import require_contained
from workflow.worker.failure import JobError
from workflow.worker.shared import containment_rules

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from workflow.catalogue.formats import Format

SAVED_MODELS: tuple[Format, ...] = ("tf_saved_model", "keras_saved_model", "tf_hub")
OUTSIDE = ["../../evil", "/etc/passwd", "a/../../b", "..\\b", "C:\\b", "\\\\host\\b", "", "a\0b", "file:///etc/passwd"]


def told(path: Path, kind: Format) -> tuple[str, str]:
    """Return what the host and what the worker say of a model that both refuse."""
    with pytest.raises(ModelFileError) as host:
        inspect_model(path, kind)
    with pytest.raises(JobError) as worker:
        require_contained(str(path), kind)
    return host.value.message, str(worker.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "assets/a:b", "evil.py", "config.json"])
def test_host_and_worker_refuse_an_archive_with_the_same_words(name: str, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    host, worker = told(path, "keras_keras")
    assert host == worker


@pytest.mark.parametrize("attack", ["raw", "virtual", "never written", "external", "soft"])
def test_host_and_worker_refuse_hdf5_with_the_same_words(attack: str, tmp_path: Path) -> None:
    fill, words = {**LEADING_OUT, **CLAIMING}[attack]
    host, worker = told(*as_hdf5(hdf5(fill, tmp_path), tmp_path))
    assert words in worker
    assert words.removeprefix("kernel ") in host


def test_host_and_worker_refuse_links_out_of_a_folder_with_the_same_words(tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "m")
    (folder / "assets" / "out.txt").symlink_to("/etc/passwd")
    with pytest.raises(ModelFileError) as host:
        inspect_model(folder, "tf_saved_model")
    fault = containment_rules.folder_fault(str(folder))
    assert fault is not None
    assert host.value.message == f"{folder}: {fault.text}"


@pytest.mark.parametrize("how", [{}, {"libver": "latest"}], ids=["earliest", "latest"])
@pytest.mark.parametrize("attack", [*LEADING_OUT, *CLAIMING])
def test_hdf5_that_leads_out_or_claims_too_much_is_refused(attack: str, how: dict[str, Any], tmp_path: Path) -> None:
    fill, _ = {**LEADING_OUT, **CLAIMING}[attack]
    path, kind = as_hdf5(hdf5(fill, tmp_path, **how), tmp_path)
    known_before = attack in ("filter", "many names")  # to whoever reads the structure of the file
    refused(path, kind, "damaged HDF5" if known_before else "do not trust it")


@pytest.mark.parametrize("attack", ["external", "soft", "virtual", "raw", "never written"])
def test_the_refusal_names_what_leads_out_or_claims_too_much(attack: str, tmp_path: Path) -> None:
    fill, _ = {**LEADING_OUT, **CLAIMING}[attack]
    path, kind = as_hdf5(hdf5(fill, tmp_path), tmp_path)
    refused(path, kind, "/model_weights/dense/kernel", "do not trust it")


def test_zeros_that_gzip_makes_a_thousand_times_smaller_are_sound(tmp_path: Path) -> None:
    def fill(group: h5py.Group, _: Path) -> None:
        zeros = np.zeros((1 << 13, 1 << 12), np.float32)
        group.create_dataset("kernel", data=zeros, chunks=(512, 1 << 12), compression="gzip")
        group.attrs["weight_names"] = [b"kernel"]

    path, kind = as_hdf5(hdf5(fill, tmp_path), tmp_path)
    assert path.stat().st_size * 500 < 1 << 27
    assert inspect_model(path, kind).details["weights"] == 1


MEMBERS = {
    "leads out of it": ["../../evil", "/etc/evil", "assets/../../evil", "assets/..\\evil"],
    "is none of": ["model.weights.npz", "evil.py", "assets"],
    "is there twice": ["config.json"],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("words", "name"), [(words, name) for words, names in MEMBERS.items() for name in names])
def test_members_that_are_none_of_a_models_are_refused_by_inspection_and_by_our_own_engine(
    words: str, name: str, tmp_path: Path
) -> None:
    path = write_archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    refused(path, "keras_keras", words)
    with pytest.raises(ModelFileError, match=words), open_archive(path, scratch=tmp_path):
        pass


def test_a_member_that_is_a_link_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    info = zipfile.ZipInfo("assets/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(path, "keras_keras", "'assets/link' is a link")


def test_an_archive_of_zeros_is_refused_unless_any_model_may_have_so_many(tmp_path: Path) -> None:
    refused(as_archive(bytes(300 << 20), tmp_path)[0], "keras_keras", "314.6 MB", "model.weights.h5")
    inspect_model(as_archive(bytes(200 << 20), tmp_path)[0], "keras_keras")


def test_ten_thousand_members_are_the_most(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(10_000):
            archive.writestr(f"assets/{number}", b"")
    refused(path, "keras_keras", "10,003 members")


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize("kind", SAVED_MODELS)
@pytest.mark.parametrize("name", [name for name in OUTSIDE if name])
def test_assets_elsewhere_are_refused_wherever_a_saved_model_names_them(
    name: str, kind: Format, collected: Any, tmp_path: Path
) -> None:
    refused(saved_model(tmp_path / "m", asset=name, collected=bool(collected)), kind, "its asset", "folder assets")


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize("name", ["vocabulary.txt", "words/vocabulary.txt", "..txt"])
def test_own_assets_pass(name: str, collected: Any, tmp_path: Path) -> None:
    inspect_model(saved_model(tmp_path / "m", asset=name, collected=bool(collected)), "tf_saved_model")


@pytest.mark.parametrize("place", ["assets/vocabulary.txt", "assets", "saved_model.pb", "variables", "assets.extra/x"])
@pytest.mark.parametrize("kind", SAVED_MODELS)
def test_links_that_lead_out_of_a_saved_model_are_refused_with_how_to_make_files_of_them(
    place: str, kind: Format, tmp_path: Path
) -> None:
    folder, blobs = saved_model(tmp_path / "m"), saved_model(tmp_path / "blobs")
    link = folder / place
    link.parent.mkdir(exist_ok=True)
    if link.exists():
        link.rename(tmp_path / "moved")
    link.symlink_to(blobs / ("assets" if place in ("assets", "variables") else "saved_model.pb"))
    refused(folder, kind, place, "is a link that leads out of the model's folder", "cp -rL")


def test_links_inside_a_saved_model_and_to_it_pass(tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "m")
    (folder / "assets" / "same.txt").symlink_to("vocabulary.txt")
    (tmp_path / "link").symlink_to(folder)
    inspect_model(tmp_path / "link", "tf_saved_model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("kind", SAVED_MODELS)
def test_pipes_in_a_saved_model_are_refused(kind: Format, tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "m")
    os.mkfifo(folder / "assets" / "pipe")
    refused(folder, kind, "'assets/pipe' is neither a file nor a folder")


@pytest.mark.parametrize("name", [name for name in OUTSIDE if name])
def test_weight_files_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    document = layers_document()
    document["weightsManifest"][0]["paths"] = [name]
    refused(write_model(tmp_path / "m", document), "tfjs_layers_model")


@pytest.mark.parametrize("kind", ["tfjs_layers_model", "tfjs_graph_model"])
def test_a_model_json_that_leads_out_of_its_folder_is_not_even_sniffed(kind: Format, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.json").symlink_to(write_model(tmp_path / "elsewhere", layers_document()))
    refused(tmp_path / "m", kind, "model.json is a link that leads out", "cp -rL")
    seen = sighted(tmp_path / "m")
    assert not seen.formats
    assert "leads out" in seen.why_not


def test_a_model_json_that_the_user_names_may_be_a_link(tmp_path: Path) -> None:
    path = tmp_path / "link.json"
    path.symlink_to(write_model(tmp_path / "elsewhere", layers_document()))
    inspect_model(path, "tfjs_layers_model")


def test_what_links_lead_to_outside_of_an_artifact_is_not_hashed(tmp_path: Path) -> None:
    folder = saved_model(tmp_path / "m")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "assets" / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "assets" / "in.txt").symlink_to("vocabulary.txt")
    assert sorted(artifact_digests(folder)) == ["assets/in.txt", "assets/vocabulary.txt", "saved_model.pb"]
