"""Where models run: what programs are looked for and why they will not do, what is asked, kept and said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.unit.golden.comparisons import plain
from workflow.base.errors import StepTimeoutError, WorkflowError
from workflow.base.events import Recording
from workflow.bridge.fake_worker import FakeWorker
from workflow.verification.evidence import PlaceReport
from workflow.verification.requests import RunRequest, RuntimeFailure
from workflow.verification.runtimes import (
    browsers,
    javascript,
    make,
    node_program,
    package_integrity,
    packages,
    presence,
)
from workflow.verification.runtimes.package_installation import Installation
from workflow.verification.runtimes.python_runtime import PythonRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "places.json"


def all_places(folder: Path) -> dict[str, Any]:
    """Return what is found, asked and said, as plain values; the folder is called FOLDER."""
    return made_of(_PARTS, folder)


def made_of(parts: Mapping[str, Callable[[Path], Any]], folder: Path) -> dict[str, Any]:
    """Return what each part makes in a folder of its own, as plain values."""
    with mock.patch.dict(os.environ, {"TFJS_WORKFLOW_HOME": str(folder / "home")}):
        found = {name: plain(_made(make_it, folder / name.replace(" ", "_"))) for name, make_it in parts.items()}
    text = json.dumps(found).replace(str(folder), "FOLDER")
    told: dict[str, Any] = json.loads(text)
    return told


def _made(make_it: Callable[[Path], Any], folder: Path) -> Any:
    folder.mkdir()
    return make_it(folder)


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def failing(act: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Return what a call returns, or the words of its failure."""
    try:
        return act(*arguments, **more)
    except RuntimeFailure as failure:
        return [failure.kind, failure.message]
    except WorkflowError as error:
        return [type(error).__name__, error.message, error.hint]


def _browsers(folder: Path) -> Any:
    names = [*browsers._NAMES, "firefox"]
    for name in names:
        _program(folder / "bin" / name)
    for place in ("chromium-2/chrome-linux64", "chromium-1/chrome-linux", "firefox-1/firefox"):
        _program(folder / ".cache" / "ms-playwright" / place / "chrome")
    environ = {"HOME": str(folder), "PATH": str(folder / "bin"), "PROGRAMFILES": "P", "LOCALAPPDATA": "L"}
    found: dict[str, Any] = {
        name: list(map(str, browsers.places(environ, platform=name))) for name in ("linux", "darwin", "win32")
    }
    found["bare"] = [str(one) for one in browsers.places({"PATH": ""}, platform="win32")]
    found["bare mac"] = [str(one) for one in browsers.places({"PATH": ""}, platform="darwin")]
    chosen = {
        "by path": str(folder / "bin" / "chrome"),
        "by name": "msedge",
        "nowhere": str(folder / "gone"),
        "a folder": str(folder / "bin"),
        "": "",
    }
    for name, value in chosen.items():
        known = {browsers.VARIABLE: value, "PATH": str(folder / "bin"), "HOME": str(folder)}
        found[f"chosen {name}"] = browsers.find(known, platform="win32")
    found["none"] = browsers.find({"PATH": "", "HOME": "/nobody"}, platform="win32")
    return found


def _arrived(folder: Path) -> Any:
    runs = [
        PlaceReport("browser", "not run", why=why)
        for why in (browsers.ABSENT, f"{browsers.VARIABLE} is /gone, and no program is there", "no graphics")
    ]
    runs += [PlaceReport("node", "not run", why=why) for why in (f"{node_program.ABSENT}, and offline", "too old")]
    _program(folder / "bin" / "node")
    found = {}
    for name, path, browser in (("here", folder / "bin", "bin/node"), ("gone", folder / "none", "none")):
        environ = {"PATH": str(path), browsers.VARIABLE: str(folder / browser)}
        with mock.patch.dict(os.environ, environ):
            found[name] = {"all": presence.arrived(runs), "each": [presence.arrived([run]) for run in runs]}
    return found


def _node(folder: Path) -> Any:
    versions = ("18", "18.0.0", "17.9.9", "20.1.0", "100.0", "v18.1.0", "", "odd")
    script = Path("node_modules", "npm", "bin", "npm-cli.js")
    found: dict[str, Any] = {"new enough": {each: node_program.is_new_enough(each) for each in versions}}
    for name, place in (("beside", "a"), ("in lib", "b/lib"), ("linked", "elsewhere")):
        (folder / place / script).parent.mkdir(parents=True)
        (folder / place / script).write_text("")
        program = _program(folder / {"beside": "a", "in lib": "b/bin", "linked": "c"}[name] / "node")
        if name == "linked":
            (program.parent / "npm").symlink_to(folder / place / script)
            _program(folder / place / script)
        found[name] = node_program.npm_of(program, program)
    _program(folder / "d" / "node")
    paths = {"node": "a", "nothing": "none", "not running": "d"}
    _program(folder / "e" / "nodejs")
    found |= {f"on path: {name}": node_program.on_path(str(folder / place)) for name, place in paths.items()}
    found["named"] = [node_program.named(str(folder / place)) for place in ("a", "e", "none")]
    for version, npm in (("16.3.0", "a"), ("20.1.0", "a")):
        answer = f"""#!/bin/sh\nprintf '["{version}", "{folder / npm / "node"}"]'\n"""
        program = _program(folder / f"node{version}{npm}" / "node")
        program.write_text(answer)
        found[f"{version} of {npm}"] = node_program.on_path(str(program.parent))
    with mock.patch.dict(os.environ, {"NODE_OPTIONS": "x", "NODE_PATH": "y", "ANODE_": "kept"}):
        known = node_program.environ()
        found["environ"] = [name for name in ("NODE_OPTIONS", "NODE_PATH", "ANODE_", "PATH") if name in known]
    found["installation"] = vars(node_program._installation())["needed"]
    return found


def _requests(folder: Path) -> Any:
    (folder / "model" / "sub").mkdir(parents=True)
    (folder / "model" / "model.json").write_text("{}")
    (folder / "model" / "w.bin").write_bytes(b"123")
    for file in (folder / "model" / "model.json", folder / "model" / "w.bin"):
        os.utime(file, ns=(7, 7))
    request = RunRequest(folder / "model", "tfjs_layers_model", folder / "in", folder / "out", "node", repeat=3)
    layouts = {
        "one": ["a.json"],
        "with tensors": ["a.json", "tensors.json"],
        "two": ["a.json", "b.json"],
        "none": ["a"],
    }
    found: dict[str, Any] = {"wire": javascript.wire(request, backend="wasm")}
    for name, files in layouts.items():
        (folder / name).mkdir()
        for each in files:
            (folder / name / each).write_text("{}")
        found[name] = failing(javascript.described_by, folder / name)
    found["gone"] = failing(javascript.described_by, folder / "gone.json")
    for kind in ("keras", "tfjs_graph_model"):
        for answered in ("webgl-f16", "wasm", None):
            talk: Any = _Conversation(answered)
            asked = request.replaced(format=kind)
            done = failing(javascript.perform, talk, asked, backend="webgl")
            told = (
                {key: value for key, value in vars(done).items() if key != "load_average"}
                if not isinstance(done, list)
                else done
            )
            found[f"{kind} on {answered}"] = [told, talk.timeouts]
    found["made"] = [getattr(make(name), "name", None) or vars(make(name)) for name in ("node", "browser", "deno")]
    return found


class _Conversation:
    """Says that its script ran on a backend, and keeps what it was asked."""

    def __init__(self, backend: str | None) -> None:
        self.backend = backend
        self.timeouts: list[float] = []

    def ready(self) -> dict[str, Any]:
        return {"versions": {"tfjs": "4"}, "abilities": {"webgl": "SwiftShader"}} if self.backend else {}

    def ask(self, _: Any, *, timeout: float) -> dict[str, Any]:
        self.timeouts.append(timeout)
        spec = {"name": "x", "shape": [None, 2], "dtype": "float32"}
        return {"backend": self.backend, "facts": {"a": 1}, "inputs": [spec], "outputs": [], "timings": {"load_ms": 1}}


def _python(folder: Path) -> Any:
    answers: list[Any] = [
        {"outputs": [{"name": "y", "shape": [1], "dtype": "int32"}], "versions": {"tensorflow": "2"}},
        {},
        {"not_run": "Keras 3"},
        StepTimeoutError("late", hint="wait"),
    ]
    worker = FakeWorker({"predict": list(answers)})
    runtime = PythonRuntime(lambda: worker, log=folder / "log")
    request = RunRequest(Path("m"), "keras", Path("i"), Path("o"), "python", timeout=9, repeat=2)
    found = []
    for _ in answers:
        done = failing(runtime.run, request)
        found.append(done if isinstance(done, list) else {**vars(done), "load_average": None})
    asked = json.loads(json.dumps(vars(worker.requests[0]), default=str).replace(str(Path.cwd()), "HERE"))
    return {
        "answers": found,
        "asked": asked,
        "backends": runtime.backends(),
        "missing": [runtime.missing(), runtime.missing("wasm")],
    }


_SAID = {
    "nothing": "",
    "unreachable": "npm error code ENOTFOUND\nnpm error request failed\nnpm error reason: getaddrinfo EAI_AGAIN host",
    "damaged": "npm warn old\nnpm error code EINTEGRITY\nnpm error   sha512 does not match  \nnpm error another",
    "a code alone": "npm error code ENOSPC",
    "empty": "npm error\nnpm error ",
    "long": f"npm error {'x' * 400}",
    "in small letters": "npm error Network is down",
    "unreachable, but no error": "ETIMEDOUT\nnpm error other",
}


def _packages(folder: Path) -> Any:
    there = Installation("js-0", ())
    found: dict[str, Any] = {
        name: [packages._why(there, said, offline=offline) for offline in (False, True)] for name, said in _SAID.items()
    }
    files = (
        "node_modules/@tensorflow/tfjs-core/dist/x.js",
        "node_modules/playwright-core/index.js",
        "a/b",
        "package.json",
    )
    found["package of"] = {name: package_integrity._package(name) for name in files}
    found["npm"] = packages._NPM
    found["needed"] = packages._NEEDED
    node = node_program.NodeProgram(folder / "node", "20.0.0", None)
    listener = Recording()
    found["without npm"] = [packages._install(there, node, listener=listener, offline=False), listener.lines]
    there.clear()
    (there.folder / "a").write_text("1")
    found["no hashes"] = {**vars(package_integrity._checked(there)), "seconds": 0}
    return found


def _installation(_folder: Path) -> Any:
    made = Installation("made-1", ("a*.js", "sub/*"))
    found: dict[str, Any] = {"folder": made.folder, "log": made.log, "at first": made.is_complete()}
    made.clear()
    found["incomplete"] = [made.seal(), sorted(path.name for path in made.folder.iterdir()), made.kept_hashes()]
    (made.folder / "sub").mkdir()
    for name in ("a1.js", "a2.js", "sub/b", "other"):
        (made.folder / name).write_text(name)
    (made.folder / "link").symlink_to(made.folder / "other")
    found["sealed"] = [made.seal(), made.is_complete()]
    found["notes"] = {path.name: path.read_text().splitlines() for path in sorted(made.folder.glob(".tfjs*"))}
    found["hashes"] = made.hashes() == made.kept_hashes()
    for name, content in (("a1.js", "other length"), ("a1.js", "A1.js"), ("other", "changed")):
        (made.folder / name).write_text(content)
        found[f"{name} {content}"] = [made.is_complete(), made.hashes() == made.kept_hashes()]
    states = ('{"sizes": {}}', '{"sizes": 3}', "[]", "{", '{"sizes": {"gone": 1}}', '{"sizes": {"a2.js": 5}}')
    for text in states:
        (made.folder / ".tfjs-workflow.json").write_text(text)
        (made.folder / ".tfjs-workflow-hashes.json").write_text(text)
        found[text] = [made.is_complete(), made.kept_hashes()]
    made.distrust()
    found["distrusted"] = made.is_complete()
    made.distrust()
    made.clear()
    found["cleared"] = list(made.folder.iterdir())
    with made.held(Recording()) as held:
        found["held"] = not held.closed
    found["locks"] = sorted(path.name for path in (made.folder.parents[1] / "locks").iterdir())
    return found


_PARTS: Mapping[str, Callable[[Path], Any]] = {
    "browsers": _browsers,
    "arrived": _arrived,
    "node": _node,
    "requests": _requests,
    "python": _python,
    "packages": _packages,
    "installation": _installation,
}
