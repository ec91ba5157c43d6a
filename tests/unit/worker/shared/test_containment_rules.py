"""The rules by which host and worker refuse what a model points at and claims."""

from __future__ import annotations

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
    [("http://x/w", "is a web address"), ("/w", "is an absolute path"), ("a/../../w", "leads out of")],
)
def test_why_a_path_leads_out_is_said(name: str, words: str) -> None:
    assert rules.why_outside(name).startswith(words)


@pytest.mark.parametrize("count", [0, 999, 1000, 999_949, 7_800_000_000, 1 << 63])
def test_bytes_are_said_with_a_unit(count: int) -> None:
    words = {0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 7_800_000_000: "7.8 GB"}
    assert rules.in_words(count) == {**words, 1 << 63: "9.2 EB"}[count]


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
FAULTS = {
    "its member 'assets/../../x' leads out of it": [member("assets/../../x")],
    "its member 'assets/a:b' leads out of it": [member("assets/a:b")],
    "its member 'assets/x' is a link": [member("assets/x", external_attr=(stat.S_IFLNK | 0o777) << 16)],
    "its member 'assets/x' is encrypted": [member("assets/x", flag_bits=1)],
    "its member 'x.py' is none of config.json": [member("x.py")],
    "its member 'config.json' is there twice": [member("config.json")],
    "claims 33.6 MB, which no model needs": [member("config.json", file_size=(32 << 20) + 1)],
    "is damaged: 'assets/x' would take more bytes than it has": [member("assets/x", compress_size=101)],
    "its members lie on top of each other": [
        member("assets/x", compress_size=60),
        member("assets/y", compress_size=60),
    ],
    "would be unpacked to 268.4 MB, most of it 'assets/x', and has 100 bytes": [
        member("assets/x", file_size=rules.FREE + 1)
    ],
}


@pytest.mark.parametrize("words", FAULTS)
def test_the_members_of_an_archive_are_those_of_a_model_and_fit_into_it(words: str) -> None:
    added = FAULTS[words]
    base = [one for one in SOUND if one.filename != "config.json" or "needs" not in words]
    fault = rules.member_fault([*base, *added], "m.keras", held=100)
    assert fault is not None
    assert words in fault.text


def test_the_members_of_a_model_pass() -> None:
    assert rules.member_fault(SOUND, "m.keras", held=100) is None
    assert rules.member_fault([], "m.keras", held=0) is None


def test_more_members_than_any_model_has_are_refused() -> None:
    fault = rules.member_fault([member(f"assets/{n}") for n in range(10_001)], "m.keras", held=100)
    assert fault is not None
    assert fault.kind == "too_much"


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
