"""The rules by which host and worker refuse what a model points at and claims."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = [
    "../../evil",
    "/etc/passwd",
    "a/../../b",
    "..\\b",
    "C:\\b",
    "\\\\host\\b",
    "C:x",
    "",
    "a\0b",
    "file:///etc/passwd",
]
BELOW = ["a", "assets/a.txt", "a..b", "...", "group1-shard1of2.bin", "a b/é", "./a"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leads_out_on_any_system_is_not_below(name: str) -> None:
    assert not rules.is_below(name)
    assert not rules.is_asset(name)


@pytest.mark.parametrize("name", BELOW)
def test_a_path_that_stays_inside_is_below(name: str) -> None:
    assert rules.is_below(name)
    assert rules.why_outside(name) == ""


def test_an_asset_has_no_backslash_in_its_name() -> None:
    assert rules.is_below("a\\b")
    assert not rules.is_asset("a\\b")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("http://x/w", "is a web address"),
        ("/w", "is an absolute path"),
        ("C:x", "is an absolute path"),
        ("\\x", "is an absolute path"),
        ("a/../../w", "leads out of the model's folder"),
        ("a\\..\\w", "leads out of the model's folder"),
        ("", ""),
    ],
)
def test_why_a_path_leads_out_is_said(name: str, words: str) -> None:
    assert rules.why_outside(name) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        *((0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (10**6, "1.0 MB")),
        *((7_800_000_000, "7.8 GB"), (10**12, "1.0 TB"), (10**15, "1.0 PB"), (1 << 63, "9.2 EB")),
        *((10**21, "1,000.0 EB"), (10**22, "10,000.0 EB")),
    ],
)
def test_bytes_are_said_with_a_unit(count: int, words: str) -> None:
    assert rules.in_words(count) == words


def test_a_claim_is_likely_up_to_fifty_times_the_file_and_always_up_to_what_any_model_may_have() -> None:
    held = rules.FREE
    assert rules.is_likely(rules.FREE, 0)
    assert not rules.is_likely(rules.FREE + 1, 0)
    assert rules.is_likely(50 * held, held)
    assert not rules.is_likely(50 * held + 1, held)


def test_what_is_not_packed_claims_no_byte_more_than_there_is() -> None:
    assert rules.claim_fault("it", 16, held=16, is_packed=False) is None
    assert rules.claim_fault("it", 17, held=16) is None
    fault = rules.claim_fault("it", 17, held=16, is_packed=False)
    assert fault is not None
    assert fault == ("too_much", "it claims 17 bytes, and the file holds 16 bytes for it", False)


def member(name: str, **facts: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for key, value in facts.items():
        setattr(info, key, value)
    return info


SOUND = [member("config.json"), member("metadata.json"), member("model.weights.h5"), member("assets/a/b.txt")]
IS_LINK = (stat.S_IFLNK | 0o777) << 16
KNOWN = "config.json, metadata.json, model.weights.h5 and assets/"
BOTH = [member("assets/x", compress_size=60), member("assets/y", compress_size=41)]
LARGE = [member("assets/y", file_size=1), member("assets/x", file_size=rules.FREE)]
FAULTS: list[tuple[str, str, list[zipfile.ZipInfo]]] = [
    ("leads_out", ": its member <assets/../../x> leads out of it", [member("assets/../../x")]),
    ("leads_out", ": its member <assets/a:b> leads out of it", [member("assets/a:b")]),
    ("leads_out", ": its member <assets/a\\b> leads out of it", [member("assets/a\\b")]),
    ("leads_out", ": its member <assets/x> is a link", [member("assets/x", external_attr=IS_LINK)]),
    ("leads_out", ": its member <assets/x> is encrypted", [member("assets/x", flag_bits=9)]),
    ("leads_out", f": its member <x.py> is none of {KNOWN}", [member("x.py")]),
    ("leads_out", f": its member <my/assets/> is none of {KNOWN}", [member("my/assets/")]),
    ("leads_out", ": its member <config.json> is there twice", [member("config.json"), member("config.json")]),
    (
        "too_much",
        ": its member <config.json> claims 33.6 MB, which no model needs",
        [member("config.json", file_size=(32 << 20) + 1)],
    ),
    (
        "too_much",
        ": its member <metadata.json> claims 33.6 MB, which no model needs",
        [member("metadata.json", file_size=(32 << 20) + 1)],
    ),
    (
        "too_much",
        " is damaged: <assets/x> would take more bytes than it has",
        [member("assets/x", compress_size=101), member("assets/y", compress_size=102)],
    ),
    ("too_much", ": its members lie on top of each other", BOTH),
    ("too_much", " would be unpacked to 268.4 MB, most of it <assets/x>, and has 100 bytes", LARGE),
]


@pytest.mark.parametrize(("kind", "words", "members"), FAULTS)
def test_the_members_of_an_archive_are_those_of_a_model_and_fit_into_it(
    kind: str, words: str, members: list[zipfile.ZipInfo]
) -> None:
    fault = rules.member_fault(members, "m.keras", held=100, named=lambda name: f"<{name}>")
    assert fault == (kind, f"m.keras{words}", False)
    said = rules.member_fault(members, "m.keras", held=100)
    assert said is not None
    assert "<" not in said.text


@pytest.mark.parametrize(
    "members",
    [
        [member("assets/x", compress_size=60), member("assets/y", compress_size=40)],
        [member("assets/x", compress_size=100)],
        [member("assets/x", file_size=rules.FREE)],
        [member("config.json", file_size=32 << 20)],
        [member("assets/config.json", file_size=(32 << 20) + 1)],
        [member("model.weights.h5", file_size=(32 << 20) + 1)],
        [member("assets/x", flag_bits=8), member("assets/in/", external_attr=(stat.S_IFDIR | 0o777) << 16)],
    ],
)
def test_members_at_the_edge_of_what_may_be_pass(members: list[zipfile.ZipInfo]) -> None:
    assert rules.member_fault(members, "m.keras", held=100) is None


def test_the_members_of_a_model_pass() -> None:
    assert rules.member_fault(SOUND, "m.keras", held=100) is None
    assert rules.member_fault([], "m.keras", held=0) is None


def test_more_members_than_any_model_has_are_refused() -> None:
    fault = rules.member_fault([member(f"assets/{n}") for n in range(10_001)], "m.keras", held=100)
    assert fault == ("too_much", "m.keras has 10,001 members, which no model has", False)
    assert rules.member_fault([member(f"assets/{n}") for n in range(10_000)], "m.keras", held=100) is None


def test_links_in_a_folder_may_lead_to_places_inside_it(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    (folder / "assets").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "assets" / "same").symlink_to(folder / "a.txt")
    (folder / "assets" / "whole").symlink_to(folder)
    (tmp_path / "link").symlink_to(folder)
    assert rules.folder_fault(str(tmp_path / "link")) is None
    (tmp_path / "m2").mkdir()
    (folder / "assets" / "beside").symlink_to(tmp_path / "m2")
    fault = rules.folder_fault(str(folder))
    assert fault is not None
    assert fault == ("leads_out", "'assets/beside' is a link that leads out of the model's folder", True)


def test_a_link_that_leads_nowhere_is_neither_a_file_nor_a_folder(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    fault = rules.folder_fault(str(tmp_path))
    assert fault is not None
    assert fault == ("leads_out", "'gone' is neither a file nor a folder", False)


def test_what_is_neither_a_file_nor_a_folder_is_told_by_the_name_that_the_host_gives_it(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    os.mkfifo(tmp_path / "in" / "deep" / "pipe")
    fault = rules.folder_fault(str(tmp_path), named=lambda name: f"<{name}>")
    assert fault == ("leads_out", "<in/deep/pipe> is neither a file nor a folder", False)


def test_a_folder_of_which_another_name_begins_alike_is_another(tmp_path: Path) -> None:
    for name in ("m", "model"):
        (tmp_path / name).mkdir()
    (tmp_path / "m" / "link").symlink_to(tmp_path / "model")
    fault = rules.folder_fault(str(tmp_path / "m"))
    assert fault == ("leads_out", "'link' is a link that leads out of the model's folder", True)


def test_all_that_lies_below_a_folder_is_walked_through_and_links_are_not(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "c").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found = sorted(os.path.relpath(path, tmp_path) for path in rules.entries(str(tmp_path)))
    assert found == ["a", "a/b", "a/c", "link"]


def test_what_is_said_of_links_and_values_elsewhere() -> None:
    assert rules.LINKS == {
        "soft link": "a soft link, which leads to another place",
        "external link": "an external link, which leads to another file",
    }
    assert rules.ELSEWHERE == "takes its values from another file"
    assert (rules.FREE, rules.MOST_PACKED, rules.LARGEST_JSON) == (256 << 20, 50, 32 << 20)
    assert rules.most_likely(rules.FREE) == 50 * rules.FREE
