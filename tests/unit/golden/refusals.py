"""What is said of settings, locks, names of shells and programs that cannot be; and what is made of those that can."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from workflow.base import locations
from workflow.base.errors import WorkflowError
from workflow.environment import Wishes, activation, blueprint, execution, pip_settings, settings
from workflow.environment.activation import subshell
from workflow.environment.activation.target import Target
from workflow.environment.entries import Environment
from workflow.environment.pins import conda, pip, regeneration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "refusals.json"

CONFIGS = (
    *("", "# none\n", "manager: conda\nmirror: tuna\noffline: on\nstrict: no\n", "strict: 'TRUE'\n", "strict: 1\n"),
    *("miror: tuna\n", "zzz: 1\n", "\n\noffline: perhaps\n", "strict: 2\n", "mirror: {a: 1}\n", "mirror: [1]\n"),
    *("- tuna\n", "tuna\n", "mirror: tuna\nmirror: tuna\n", "manager: [\n", "manager: 3\n", "manager: mini\n"),
    *(
        "mirror: tsinghua\n",
        "mirror: tun\n",
        "mirror: 'http://a.test/b/, file:///c d'\n",
        "mirror: [tuna, https://a.b]\n",
    ),
    "mirror: file:///a\n",
)
VARIABLES = (
    *(("OFFLINE", word) for word in ("1", "true", "Yes", "ON", "0", "false", "no", "Off", "maybe", "")),
    *(("STRICT", "1"), ("STRICT", "t"), ("MANAGER", "python"), ("MANAGER", "pyhton"), ("MIRROR", "tuna,http://a.b/")),
    ("MIRROR", "ftp://a.b"),
)
_OTHER = "platform: linux-64, hash: {md5: %s}, name: a, version: '1', url: 'https://c.test/x/linux-64/a.tar.bz2'"
CONDA_LOCKS = (
    *("", "[]", "version: 2", "version: 1", "version: 1\npackage: 3", "version: 1\npackage: []", "\udcff"),
    *(f"version: 1\nmetadata: {meta}\npackage: []" for meta in ("{}", "3", "{platforms: [a, b]}")),
    "version: 1\nmetadata: {platforms: [b]}\npackage:\n- {platform: linux-64}",
    "version: 1\nmetadata: {platforms: [b]}\npackage:\n- {platform: linux-64, name: a, version: 1, url: u, hash: 3}",
    *(
        f"version: 1\nmetadata: {{platforms: [linux-64]}}\npackage:\n- {{{_OTHER % digest}{more}}}"
        for digest, more in (("a" * 32, ""), ("A" * 32, ""), ("a" * 31, ""), ("''", ""), ("a" * 32, ", manager: pip"))
    ),
    *(
        f"version: 1\nmetadata: {{platforms: [linux-64]}}\npackage:\n- {{{_OTHER % ('a' * 32)}, {more}}}"
        for more in ("category: dev", "category: main", "manager: conda")
    ),
)
PIP = (
    *({f"PIP_{name}": "a b"} for name in ("INDEX_URL", "CERT", "CLIENT_CERT", "TIMEOUT", "KEYRING_PROVIDER")),
    *({"PIP_DEFAULT_TIMEOUT": "9"}, {"PIP_TIMEOUT": "9", "UV_REQUEST_TIMEOUT": "1"}, {"pip_timeout": "9"}),
    *({"PIP_PROXY": "p", name: "q"} for name in ("HTTPS_PROXY", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")),
    *({"PIP_EXTRA_INDEX_URL": "a", name: "b"} for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "OTHER")),
    *({"PIP_CERT": "a", name: "b"} for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")),
    *({"PIP_NO_INDEX": word} for word in (" True ", "yes", "on", "t", "y", "1", "n", "false")),
    *({"PIP_CLIENT_CERT": "a", "SSL_CLIENT_CERT": "b"}, {"PIP_KEYRING_PROVIDER": "a", "UV_KEYRING_PROVIDER": "b"}),
    *({"PIP_TRUSTED_HOST": "a\n b"}, {"PIP_FIND_LINKS": "/nowhere /"}, {"PIP_FIND_LINKS": "/nowhere"}),
)
_TARGETS = (
    Target("mine", Path("/envs/it's mine"), (Path("/envs/it's mine/bin"), Path("/envs/more"))),
    Target("conda", Path("/envs/c"), (Path("/envs/c/bin"),), is_of_conda=True),
)
_NO_TEXT = Target("odd", Path("/envs/\udcff"), (Path("/envs/\udcff/bin"),))
_OLD = {"PATH": "C:\\old", "PROMPT": "$G", "CONDA_PREFIX": "base", "VIRTUAL_ENV": "v"}
_ACTIVE = {"TFJS_WORKFLOW_ENV": "x", "_TFJS_OLD_PATH": "C:\\older", "PATH": "C:\\active"}


def all_refusals(scratch: Path) -> dict[str, Any]:
    """Return what comes of each, or is said of it."""
    with mock.patch.dict(os.environ, {"TFJS_WORKFLOW_HOME": str(scratch), "PATH": "/nowhere", "SHELL": "/bin/tcsh"}):
        found = {**_of_settings(scratch), **_of_shells(scratch), **_of_locks(scratch)}
    return dict(json.loads(json.dumps(found)))  # tuples are lists there


def _of_settings(scratch: Path) -> dict[str, Any]:
    return {
        "config files": {text: _told(scratch, _resolved, {}, text) for text in CONFIGS},
        "variables": {" ".join(each): _told(scratch, _resolved, dict([each]), "") for each in VARIABLES},
        "options": [_told(scratch, settings.resolve, wishes) for wishes in _WISHES],
        "pip's settings": {repr(each): _of_pip(each) for each in PIP},
    }


def _of_shells(scratch: Path) -> dict[str, Any]:
    pairs = {f"{name} {target.name}": (name, target) for name in activation.SHELLS for target in _TARGETS}
    pairs |= {f"{name} of no text": (name, _NO_TEXT) for name in activation.SHELLS if name in ("bash", "zsh", "fish")}
    return {
        "shells": {name: _told(scratch, activation.chosen, name, {}) for name in _NAMES},
        "shells' programs": {name: _told(scratch, activation._program, name) for name in activation.SHELLS},
        "lines": {name: activation.line(name, "mine") for name in activation.SHELLS},
        "code": {words: _code(*pair) for words, pair in pairs.items()},
        "subshells": {words: _opened(*pair) for words, pair in pairs.items()},
        "commands": {" ".join(argv): _told(scratch, _command, argv, scratch) for argv in _COMMANDS},
    }


def _of_locks(scratch: Path) -> dict[str, Any]:
    purposes = {name: blueprint.purpose_of(name) for name in ("tfjs", "keras3", "mine")}
    return {
        "conda locks": {text: _told(scratch, _locked, text, scratch) for text in CONDA_LOCKS},
        "pip locks": {lock.path: [*lock.command, *lock.extras, lock.profile] for lock in pip.LOCKS},
        "platforms": {f"{system} {machine}": _platform(system, machine) for system, machine in blueprint._MACHINES},
        "purposes": {name: purpose.as_dict() for name, purpose in purposes.items()},
        "blueprints": {text: _told(scratch, _blueprint, text, scratch) for text in _PROFILES},
        "checkout": _told(scratch, _checkout, scratch),
    }


_NAMES = ("tcsh", "bash", "sh", "Dash", "ash", "zsh", "fish", "pwsh", "powershell", "cmd")
_WISHES = (
    *(Wishes(), Wishes(manager="conda", strict=True, offline=True, mirror="tuna"), Wishes(manager="x")),
    *(Wishes(mirror="http://a.b/c/"), Wishes(mirror="nothing"), Wishes(manager="embeded")),
)
_PROFILES = ("# profile: full\n", "# profile: lean \n", "# profile: keras3\n", "profile: full\n", "", "# profile:full")
_COMMANDS = ((), ("pyton", "-V"), ("zzzzzz",), ("./x", "y"), ("/bin/sh", "-c"), ("python", "-V"))


def _resolved(variables: Mapping[str, str], config: str) -> dict[str, Any]:
    locations.config_file().write_text(config, encoding="utf-8")
    named = {f"TFJS_WORKFLOW_{name}": value for name, value in variables.items()}
    with mock.patch.dict(os.environ, named):
        return vars(settings.resolve(Wishes()))


def _locked(text: str, scratch: Path) -> list[Any]:
    lock = scratch / "conda-lock.yml"
    lock.write_bytes(text.encode("utf-8", "surrogateescape"))
    found = conda.packages(lock, "linux-64")
    return [*conda.platforms(lock), *([*each.digest, each.file_name, each.is_mirrored, each.place] for each in found)]


def _of_pip(variables: Mapping[str, str]) -> dict[str, Any]:
    environ = {"PIP_CONFIG_FILE": os.devnull, **variables}
    return {**pip_settings.for_uv(environ), "options": pip_settings.options(environ)}


def _code(name: activation.ShellName, target: Target) -> list[list[str]]:
    return [activation.code(name, target, environ=environ).split("\n") for environ in (_OLD, _ACTIVE, {})][
        : 3 if name == "cmd" else 1
    ]


def _opened(name: activation.ShellName, target: Target) -> dict[str, Any]:
    """Return what opens a shell, and the files that it reads."""
    with mock.patch.dict(os.environ, {"ZDOTDIR": "/my zsh"}), subshell.prepared(name, target, program="/bin/x") as made:
        words = [*made.argv, *(f"{name}={value}" for name, value in made.variables.items())]
        folder = next((word for word in words if "tfjs-shell-" in word), "")
        place = Path(folder.partition("source '")[2].rstrip("'") or folder.rpartition("=")[2] or "/nowhere")
        place = place if place.is_dir() else place.parent
        files = (
            {path.name: path.read_text("utf-8", "surrogateescape") for path in sorted(place.glob("*"))}
            if folder
            else {}
        )
        texts = {name: text.replace(str(place), "FOLDER").split("\n") for name, text in files.items()}
        return {"words": [word.replace(str(place), "FOLDER").split("\n") for word in words], **texts}


def _platform(system: str, machine: str) -> list[str | None]:
    found = []
    for libc, bits in (("glibc", 2**63), ("", 2**63), ("glibc", 2**31)):
        with (
            mock.patch.object(sys, "platform", system),
            mock.patch.object(sys, "maxsize", bits),
            mock.patch("platform.machine", return_value=machine.upper()),
            mock.patch("platform.libc_ver", return_value=(libc, "2")),
        ):
            found.append(blueprint.current_platform())
    return found


def _blueprint(text: str, scratch: Path) -> list[str]:
    (scratch / "requirements").mkdir(exist_ok=True)
    (scratch / "conda-lock.yml").write_text("version: 1\n", encoding="utf-8")
    (scratch / "requirements" / "tfjs-p.txt").write_text(text, encoding="utf-8")
    with (
        mock.patch.object(locations, "project_file", lambda name: scratch / name),
        mock.patch.object(blueprint, "platform", return_value="p"),
    ):
        plan = blueprint.blueprint()
        (scratch / "requirements" / "tfjs-p.txt").unlink()
        try:
            blueprint.blueprint()
        except WorkflowError as error:
            return [plan.platform, plan.profile, plan.digest, error.message, error.hint]
    return []


def _command(argv: tuple[str, ...], scratch: Path) -> list[Any]:
    prefix = scratch / "prefix"
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    (prefix / "bin" / "python").touch(0o755)
    made = Environment("e", prefix, prefix / "bin" / "python", "python", "3.8.20", "full", "0", ())
    found = execution.resolve(made, argv)
    return [*found.argv, found.outside]


def _checkout(scratch: Path) -> str:
    with mock.patch.object(locations, "project_file", lambda name: scratch / name):
        return str(regeneration.checkout())


def _told(scratch: Path, act: Callable[..., Any], *given: Any) -> Any:
    try:
        found = act(*given)
    except WorkflowError as error:
        told = [type(error).__name__, error.message, error.hint, error.details]
        return [text.replace(str(scratch), "/machine") for text in told]
    return repr(found).replace(str(scratch), "/machine")
