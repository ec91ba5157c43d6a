"""How numbers, texts, addresses and failures of the network are worded: one entry for each way to say each thing."""

from __future__ import annotations

import email.message
import http.client
import json
import os
import socket
import ssl
import sys
import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.unit.golden.store import figures
from workflow.base import (
    dialogue,
    digests,
    disk,
    keeper,
    locations,
    module_path,
    plain_names,
    processes,
    programs,
    storage,
    wording,
)
from workflow.base.download import opening, reception, transfer
from workflow.environment.builder import channels, package_archives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FILE = "words.json"

_SIZES = (0, 1, 999, 999.9, 1000, 1049, 999_949, 999_999, 10**6, 999_999_999, 10**9, 1.5e12)
_TIMES = (None, 0.0, 0.0994, 0.0999, 0.1, 0.999, 1.0, 9.94, 9.99, 9.999, 10.0, 99.96, 1234.5)
_SHARES = (None, 0, 0.0004, 0.5, 0.9994, 0.9996, 1, 1.0)
_TEXTS = (
    *(
        "",
        "plain",
        "tab\tand\nline",
        "\x1b[1mbold",
        "a::b",
        "::error::x",
        "  ::debug::",
        "\x1b[0m::x",
        "##[group]",
        "##vso[",
    ),
    *(
        "##teamcity[",
        "# not",
        "*a* _b_ c_d `e` [f](g) <h> & \\ | ~ $ !",
        "1. one",
        "12) two",
        "- dash",
        "+ plus",
        "===",
    ),
    *(
        "``",
        "`a",
        "a`",
        "`",
        "é ü 模型",
        "\u202eright",
        "\u200b",
        "a\u200db",
        "\U0001f468\u200d\U0001f4bb",
        "\ud800",
        "> q",
    ),
    *("12.5", "1.x", "-", "---", "_a_", "x_", "\xad", "\ufeff", "\u2028", "1234567890. x", "a ::b", "\t::x"),
)
_ADDRESSES = (
    *(
        "https://host/a",
        "http://me@host/a",
        "https://me:secret@host:8443/a?b=c#d",
        "https://host",
        "https://host?",
        "a/b",
    ),
    *(
        "https://host/a?",
        "https://host/a?...",
        "https://host/#x",
        "file:///a/b",
        "https://me:pa/ss@host/x",
        "http://[::1]:80/",
    ),
    *(
        f"https://{'h' * 260}/a",
        f"https://{'h' * 261}/a",
        "https://host:port/a",
        "https://a@b@c/d",
        "x",
        "http://h:80?q",
    ),
)
_SENTENCES = (
    "see https://me:s@host/a?t=1.",
    "(https://host/a?b)",
    "'https://u@h/p#f', then",
    "a http://h b",
    "http://h/…",
    "no",
)


def all_words(_scratch: Path) -> dict[str, Any]:
    """Return the words for each."""
    found = {
        **{f"{name} as {kind}": _each(act, _SIZES) for name, act, kind in _NUMBERS if kind == "sizes"},
        **{f"{name} as {kind}": _each(act, _TIMES) for name, act, kind in _NUMBERS if kind == "times"},
        **{f"{name} as {kind}": _each(act, _SHARES) for name, act, kind in _NUMBERS if kind == "shares"},
        **{f"text as {act.__name__}": _each(act, _TEXTS) for act in _OF_TEXTS},
        **{f"address as {act.__name__}": _each(act, (*_ADDRESSES, *_SENTENCES)) for act in _OF_ADDRESSES},
        "some": [wording.some(map(str, range(count))) for count in (0, 1, 5, 6, 1006)],
        "plural": [wording.plural(count, "file") for count in (0, 1, 2, 1234)],
        "shown": [wording.shown("x" * count) for count in (0, 59, 60, 61)],
        "everywhere": wording.everywhere({"a\x1b": ["\x07", 1, None, {"b": ("c\r",)}]}),
        "json": _each(lambda text: wording.json_text(json.dumps(text, ensure_ascii=False)), _TEXTS),
        **_of_the_network(),
        **_of_places(),
        "figures": figures(*_MODULES),
        "bundles": opening._BUNDLES,
    }
    return dict(json.loads(json.dumps(found)))  # tuples are lists there


_MODULES = (
    *(dialogue, digests, disk, keeper, opening, processes, reception, storage, transfer, wording),
    *(package_archives, channels),
)
_NUMBERS: tuple[tuple[str, Callable[[Any], str], str], ...] = (
    ("size", wording.size_text, "sizes"),
    ("rounded", lambda size: wording.round_text(wording.size_text(size)), "sizes"),
    ("ratio", wording.ratio_text, "sizes"),
    ("number", wording.number_text, "sizes"),
    ("seconds", wording.seconds_text, "times"),
    ("milliseconds", wording.milliseconds_text, "times"),
    ("difference", wording.difference_text, "times"),
    ("factor", lambda value: wording.ratio_text(value or 0.5), "times"),
    ("share", wording.share_text, "shares"),
    ("accuracy", wording.accuracy_text, "shares"),
)
_OF_TEXTS = (wording.shown, wording.block, wording.line, wording.disarmed, wording.markdown, wording.markdown_code)
_OF_ADDRESSES = (wording.address_text, wording.scrubbed, wording.masked, wording.identified)


def _each(act: Callable[[Any], Any], values: Iterable[Any]) -> dict[str, Any]:
    return {ascii(value): act(value) for value in values}


def _of_the_network() -> dict[str, Any]:
    return {
        "losses": {ascii(error): [_kind(reception._loss(error)), channels._reason(error)] for error in _LOSSES},
        "refusals": {str(error.code): _kind(reception._refusal(error)) for error in map(_answer, _CODES)},
        "no packages": [
            [type(error).__name__, error.message, error.hint, error.details]
            for refusals, wrong in ((["a: b", "c: d"], []), (["a: b", "c: d"], ["c: d"]))
            for error in (channels._failure("python 3.8 could not be fetched", refusals, wrong),)
        ],
        "answers": {name: _judged(**how) for name, how in _ANSWERS.items()},
        "too slow": reception._too_slow(),
        "transfer": [transfer._PAUSES, transfer._LITTLE, transfer._MOST_ATTEMPTS, reception.SILENCE_SECONDS],
        "addresses": {address: opening._without_credentials(address) for address in _ASKED},
        "origins": {
            address: opening._origin(address) for address in ("http://A/", "https://a:1/b", "https://a", "ftp://a")
        },
    }


_LOSSES = (
    opening.NotOpenedError("it is no file"),
    urllib.error.URLError("no host given"),
    urllib.error.URLError(TimeoutError("timed out")),
    urllib.error.URLError(FileNotFoundError(2, "No such file or directory", "/a")),
    urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")),
    urllib.error.URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
    urllib.error.URLError(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")),
    *(
        IsADirectoryError(21, "Is a directory"),
        PermissionError(13, "Permission denied"),
        ConnectionResetError(),
        OSError(),
    ),
    *(http.client.RemoteDisconnected("Remote end closed"), http.client.IncompleteRead(b"")),
    *(
        ssl.SSLError(1, "wrong version number"),
        OSError("see https://me:s@host/?t=1"),
        OSError("x" * 120),
        OSError("x" * 121),
    ),
    ValueError("odd"),
)
_CODES = (299, 300, 301, 399, 400, 401, 403, 404, 408, 410, 425, 429, 500, 501, 502, 503, 504, 505)
_ASKED = ("https://me:s%40x@host/a b?c d#e", "http://u@host:1/é", "file:///a#b", "https://host", "http://:p@h/%20[x]")


def _answer(code: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError(
        "https://host", code, "said" * (40 if code == 403 else 1), email.message.Message(), None
    )


def _kind(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


_ANSWERS: dict[str, dict[str, Any]] = {
    "whole": {"headers": {"Content-Length": "10", "ETag": '"a"'}},
    "whole, of no length": {"headers": {}},
    "whole, dated": {"headers": {"Content-Length": " 10 ", "ETag": "W/x", "Last-Modified": " Mon "}},
    "odd headers": {"headers": {"Content-Length": "1e3", "ETag": '"\x01"'}},
    "a length of many digits": {"headers": {"Content-Length": "9" * 18}},
    "a length of too many digits": {"headers": {"Content-Length": "9" * 19}},
    "a long tag": {"headers": {"ETag": '"' + "a" * 238 + '"'}},
    "a tag that is too long": {"headers": {"ETag": '"' + "a" * 239 + '"'}},
    "a tag beyond ASCII": {"headers": {"ETag": '"é"'}},
    **{
        f"part {words}, {more}, {have}, {told}": {
            "status": 206,
            "headers": {"Content-Range": words, **more},
            "have": have,
            "told": told,
        }
        for words, more, have, told in (
            ("bytes 4-9/10", {}, 4, ("", 0)),
            ("bytes 4-9/10", {"Content-Length": "6"}, 4, ("", 10)),
            ("bytes 4-9/10", {"Content-Length": "5"}, 4, ("", 0)),
            (" bytes 4-9/* ", {}, 4, ("", 0)),
            ("bytes 4-8/10", {}, 4, ("", 0)),
            ("bytes 4-9/10", {}, 4, ("", 11)),
            ("bytes 0-9/10", {}, 0, ("", 0)),
            ("bytes 5-9/10", {}, 4, ("", 0)),
            ("bytes=4-9/10", {}, 4, ("", 0)),
            ("bytes 4-9/10", {"ETag": '"a"'}, 4, ('"a"', 0)),
            ("bytes 4-9/10", {"ETag": '"b"'}, 4, ('"a"', 0)),
            ("bytes 4-9/10", {"ETag": '"b"'}, 4, ("", 0)),
            ("bytes 4-9/10", {}, 4, ('"a"', 0)),
        )
    },
}


def _judged(*, headers: Mapping[str, str], status: int = 200, have: int = 0, told: tuple[str, int] = ("", 0)) -> Any:
    response = mock.Mock(status=status, headers=headers)
    start = reception._start(response, have, reception.Told(*told))
    if start is None:
        return "it does not continue what is there"
    now = reception._told(response, start)
    return [start, now.validator, now.total]


def _of_places() -> dict[str, Any]:
    return {
        "names": {ascii(value): _spelled(value) for value in ("/a/b", "b\udcff", 1, None, ["é"], {"a": ("b",)})},
        "PATH": {
            path: [str(folder) for folder in programs.folders(path)] for path in ("", "/a:b::/c", ":/a:", ".:./x:/")
        },
        "modules": {here: _modules(here) for here in ("/a", "/b", "", "/a/c", "/tool/x", "/tools", "/py/lib/x")},
        "folders": {" ".join(f"{k}={v}" for k, v in variables.items()): _folders(variables) for variables in _HOMES},
    }


def _modules(here: str) -> list[str]:
    path = ["", ".", "/a", "/b", "rel", "/a/c", "/tool", "/tool/x", "/tools", "/py/lib", "/py/lib/x"]
    with (
        mock.patch.object(module_path, "_ROOT", "/tool"),
        mock.patch.object(sys, "prefix", "/py"),
        mock.patch.object(sys, "base_prefix", "/py"),
    ):
        return module_path.cleaned(path, here)


def _spelled(value: Any) -> Any:
    return plain_names.PlainNames(Path("/nowhere")).back(plain_names.PlainNames(Path("/nowhere")).there(value))


_HOMES: tuple[dict[str, str], ...] = (
    {"TFJS_WORKFLOW_HOME": "/own", "HOME": "/home/me"},
    {"HOME": "/home/me"},
    {"HOME": "relative"},
    {"HOME": "/home/me", "XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/k"},
)


def _folders(variables: Mapping[str, str]) -> list[str]:
    with mock.patch.dict(os.environ, variables):
        for name in ("TFJS_WORKFLOW_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            if name not in variables:
                os.environ.pop(name, None)
        of_user = locations.users_home()
        asked = (locations.home, locations.cache, locations.config_file) if variables["HOME"] != "relative" else ()
        return [str(of_user), *(str(each()) for each in asked)]
