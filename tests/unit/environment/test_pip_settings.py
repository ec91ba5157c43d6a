from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.environment import pip_settings

if TYPE_CHECKING:
    from pathlib import Path

BARE = {"PIP_CONFIG_FILE": os.devnull}
MIRROR = "https://mirror.example/simple"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"PIP_INDEX_URL": MIRROR}, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"PIP_INDEX_URL": MIRROR, "UV_DEFAULT_INDEX": "https://other.example"}, {}),
        ({"PIP_INDEX_URL": MIRROR, "UV_INDEX_URL": "https://other.example"}, {}),
        ({"PIP_CERT": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/mine.pem"}, {}),
        ({"PIP_DEFAULT_TIMEOUT": "90"}, {"UV_HTTP_TIMEOUT": "90"}),
        ({"PIP_TRUSTED_HOST": "a.example b.example"}, {"UV_INSECURE_HOST": "a.example b.example"}),
        ({"PIP_PROXY": "http://p:1"}, {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1"}),
        ({"PIP_PROXY": "http://p:1", "https_proxy": "http://q:2"}, {}),
        ({"PIP_INDEX_URL": ""}, {}),
    ],
)
def test_pip_variables_reach_uv(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert pip_settings.for_uv({**BARE, **environ}) == expected


@pytest.mark.parametrize(("text", "expected"), [("1", ["--no-index"]), ("0", []), ("", [])])
def test_an_index_that_pip_would_not_ask_is_not_asked(text: str, expected: list[str]) -> None:
    assert pip_settings.options({**BARE, "PIP_NO_INDEX": text}) == expected


def test_extra_indexes_are_merged_as_pip_does() -> None:
    found = pip_settings.for_uv({**BARE, "PIP_EXTRA_INDEX_URL": f"{MIRROR}\nhttps://b.example/simple"})
    assert found == {
        "UV_INDEX": f"{MIRROR} https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_links_to_folders_that_are_not_there_are_dropped(tmp_path: Path) -> None:
    links = f"{tmp_path} {tmp_path / 'gone'} https://links.example/"
    assert pip_settings.for_uv({**BARE, "PIP_FIND_LINKS": links}) == {
        "UV_FIND_LINKS": f"{tmp_path},https://links.example/"
    }


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The variables of a user without settings."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "etc"), "XDG_CONFIG_HOME": str(tmp_path / "c")}


def configure(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def url_of(environ: dict[str, str]) -> str:
    return pip_settings.for_uv(environ).get("UV_DEFAULT_INDEX", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
def test_a_later_file_overrides_an_earlier_one_and_a_variable_all(tmp_path: Path, user: dict[str, str]) -> None:
    assert "a.example" not in url_of(user)
    for place, host in (("etc/pip", "a"), (".pip", "b"), ("c/pip", "c")):
        configure(tmp_path / place / "pip.conf", f"[global]\nindex-url = https://{host}.example/simple\n")
        assert url_of(user) == f"https://{host}.example/simple"
    configure(tmp_path / "chosen.conf", "[global]\nindex_url: https://d.example/simple\n")
    chosen = {**user, "PIP_CONFIG_FILE": str(tmp_path / "chosen.conf")}
    assert url_of(chosen) == "https://d.example/simple"
    assert url_of({**chosen, "PIP_INDEX_URL": MIRROR}) == MIRROR


def test_the_section_of_installing_overrides_the_global_one(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    configure(
        file, f"[install]\nindex-url = {MIRROR}\n[global]\nindex-url = https://a.example\n[list]\nindex-url = x\n"
    )
    assert url_of({**BARE, "PIP_CONFIG_FILE": str(file)}) == MIRROR


def test_a_damaged_file_is_left_to_pip(tmp_path: Path, user: dict[str, str]) -> None:
    configure(tmp_path / "pip.conf", "index-url without a section")
    assert url_of({**user, "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}) == url_of(user)
