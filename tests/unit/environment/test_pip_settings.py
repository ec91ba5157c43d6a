from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.environment import pip_settings

if TYPE_CHECKING:
    from pathlib import Path

BARE = {"PIP_CONFIG_FILE": os.devnull}
PROXIES = ("HTTPS_PROXY", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")
MIRROR = "https://mirror.example/simple"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"PIP_INDEX_URL": MIRROR}, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"PIP_INDEX_URL": MIRROR, "UV_DEFAULT_INDEX": "https://other.example"}, {}),
        ({"PIP_INDEX_URL": MIRROR, "UV_INDEX_URL": "https://other.example"}, {}),
        ({"PIP_CERT": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"PIP_CLIENT_CERT": "/me.pem"}, {"SSL_CLIENT_CERT": "/me.pem"}),
        ({"PIP_CLIENT_CERT": "/me.pem", "SSL_CLIENT_CERT": "/mine.pem"}, {}),
        ({"PIP_KEYRING_PROVIDER": "subprocess"}, {"UV_KEYRING_PROVIDER": "subprocess"}),
        ({"PIP_KEYRING_PROVIDER": "subprocess", "UV_KEYRING_PROVIDER": "disabled"}, {}),
        ({"PIP_TIMEOUT": "90", "UV_HTTP_TIMEOUT": "9"}, {}),
        ({"PIP_TIMEOUT": "90", "UV_REQUEST_TIMEOUT": "9"}, {}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR, "UV_INDEX": "https://other.example"}, {}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR, "UV_EXTRA_INDEX_URL": "https://other.example"}, {}),
        ({"OTHER_INDEX_URL": MIRROR, "pip_index_url": MIRROR}, {}),
        *(({"PIP_PROXY": "http://p:1", name: "http://q:2"}, {}) for name in PROXIES),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, ["--no-index"]) for text in ("1", "true", "YES", " on ", "t", "y")),
        *((text, []) for text in ("0", "no", "", "2")),
    ],
)
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


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "HOME/.pip/pip.conf", "HOME/.config/pip/pip.conf"]),
        (
            "linux",
            {"XDG_CONFIG_DIRS": "/a:/b", "XDG_CONFIG_HOME": "/c"},
            ["/a/pip/pip.conf", "/b/pip/pip.conf", "/etc/pip.conf", "HOME/.pip/pip.conf", "/c/pip/pip.conf"],
        ),
        (
            "darwin",
            {},
            [
                "/Library/Application Support/pip/pip.conf",
                "HOME/.pip/pip.conf",
                "HOME/Library/Application Support/pip/pip.conf",
            ],
        ),
        ("win32", {}, ["C:/ProgramData/pip/pip.ini", "HOME/pip/pip.ini", "pip/pip.ini"]),
        ("win32", {"PROGRAMDATA": "P", "APPDATA": "A"}, ["P/pip/pip.ini", "HOME/pip/pip.ini", "A/pip/pip.ini"]),
    ],
)
def test_the_files_of_pip_are_looked_for_where_each_system_has_them(
    platform: str, environ: dict[str, str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Library" / "Application Support" / "pip").mkdir(parents=True)
    monkeypatch.setattr(sys, "platform", platform)
    name = "pip.ini" if platform == "win32" else "pip.conf"
    given = {"HOME": str(tmp_path), **environ}
    places = [*(place.replace("HOME", str(tmp_path)) for place in expected), f"{sys.prefix}/{name}"]
    assert list(map(str, pip_settings._files(given))) == places
    assert list(map(str, pip_settings._files({**given, "PIP_CONFIG_FILE": "/mine"}))) == [*places, "/mine"]
    assert pip_settings._files({**given, "PIP_CONFIG_FILE": os.devnull}) == []


def test_a_mac_without_its_own_folder_for_pip_has_that_of_unix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    found = pip_settings._user_files({}, tmp_path, "pip.conf")
    assert found == [tmp_path / ".pip" / "pip.conf", tmp_path / ".config" / "pip" / "pip.conf"]


def test_a_setting_may_be_spelled_as_an_option_and_a_relative_link_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    configure(file, "[global]\n--Index_URL = https://a.example\nfind-links =\n  wheels\n  ~/none\n[other]\ncert = x\n")
    (tmp_path / "wheels").mkdir()
    monkeypatch.chdir(tmp_path)
    found = pip_settings.for_uv({"PIP_CONFIG_FILE": str(file), "HOME": str(tmp_path), "XDG_CONFIG_DIRS": "/none"})
    assert found["UV_DEFAULT_INDEX"] == "https://a.example"
    assert found["UV_FIND_LINKS"] == str(tmp_path / "wheels")
    assert found.get("SSL_CERT_FILE") != "x"
