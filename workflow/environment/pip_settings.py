"""The user's pip settings (variables and configuration files) in the words of uv, which reads neither."""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import locations

if TYPE_CHECKING:
    from collections.abc import Mapping

# pip lets a section of a command override [global]; ours is an install
_SECTIONS = ("global", "install")
_SINGLE = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "timeout": ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"),
    "keyring-provider": ("UV_KEYRING_PROVIDER",),
}
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")


def for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables for uv that say what pip would do here; what is set for uv itself is left alone."""
    settings = _settings(environ)
    answer: dict[str, str] = {}
    for option, names in _SINGLE.items():
        if option in settings and not any(environ.get(name) for name in names):
            answer[names[0]] = settings[option]
    if "proxy" in settings and not any(environ.get(name) for name in _PROXIES):
        answer |= {"HTTPS_PROXY": settings["proxy"], "HTTP_PROXY": settings["proxy"]}
    answer |= _sources(settings, environ)
    return {name: value for name, value in answer.items() if value}


def options(environ: Mapping[str, str]) -> list[str]:
    """Return what has no variable in uv: its ``--no-index`` where pip would use none."""
    asked = _settings(environ).get("no-index")
    return ["--no-index"] if asked and _is_true(asked) else []


def _sources(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    answer: dict[str, str] = {}
    extra = settings.get("extra-index-url", "").split()
    if extra and not (environ.get("UV_INDEX") or environ.get("UV_EXTRA_INDEX_URL")):
        answer["UV_INDEX"] = " ".join(extra)
        # pip takes the best candidate of all indexes, and so does our lock, whose hashes make that safe
        answer["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    links = [found for link in settings.get("find-links", "").split() if (found := _usable_link(link))]
    answer["UV_FIND_LINKS"] = ",".join(links)
    answer["UV_INSECURE_HOST"] = " ".join(settings.get("trusted-host", "").split())
    return answer


def _usable_link(link: str) -> str:
    """Return it absolute, as uv runs elsewhere, or empty if not there: uv would stop where pip only warns."""
    if "://" in link:
        return link
    path = Path(link).expanduser().absolute()
    return str(path) if path.exists() else ""


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for file in _files(environ):
        settings |= _read(file)
    for name, value in environ.items():
        if name.startswith("PIP_"):
            settings[_option(name.removeprefix("PIP_"))] = value
    return {option: value for option, value in settings.items() if value}


def _read(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}  # pip itself will tell the user of a file that it cannot read
    found: dict[str, str] = {}
    for section in _SECTIONS:
        if parser.has_section(section):
            found |= {_option(option): value for option, value in parser.items(section)}
    return found


def _option(text: str) -> str:
    name = text.lower().replace("_", "-").removeprefix("--")
    return "timeout" if name == "default-timeout" else name


def _files(environ: Mapping[str, str]) -> list[Path]:
    """Return pip's files in its order, later ones overriding: machine, user, interpreter, PIP_CONFIG_FILE."""
    chosen = environ.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    home = Path(environ.get("HOME") or locations.users_home())
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    places = [*_machine_files(environ, name), *_user_files(environ, home, name), Path(sys.prefix) / name]
    return [*places, *([Path(chosen)] if chosen else [])]


def _machine_files(environ: Mapping[str, str], name: str) -> list[Path]:
    if sys.platform == "win32":
        return [Path(environ.get("PROGRAMDATA", "C:/ProgramData")) / "pip" / name]
    if sys.platform == "darwin":
        return [Path("/Library/Application Support/pip") / name]
    folders = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [*(Path(folder) / "pip" / name for folder in folders), Path("/etc") / name]


def _user_files(environ: Mapping[str, str], home: Path, name: str) -> list[Path]:
    if sys.platform == "win32":
        return [home / "pip" / name, Path(environ.get("APPDATA", "")) / "pip" / name]
    library = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin" and library.is_dir():
        return [home / ".pip" / name, library / name]
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [home / ".pip" / name, config / "pip" / name]


def _is_true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on", "t", "y"}
