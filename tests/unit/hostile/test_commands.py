"""Every command on a project in which every name is hostile: what it prints and writes, byte for byte."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.hostile.letters import COMMANDS, acting, orders
from tests.unit.runs.recipes import write_layers_model
from tests.unit.verification.models import graph_model, layers_model
from workflow.cli.boundary import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BUG, _INTERRUPTED = 1, 130


def named(text: str) -> str:
    """Return a text as it may be in the name of a file; what cannot be in one is left out."""
    return text.replace("/", "").replace("\0", "").encode(errors="ignore")[:90].decode(errors="ignore")


def in_yaml(text: str) -> str:
    """Return a text in quotes, with the escapes of YAML, which has other ones than JSON for letters beyond 16 bits."""
    plain = ("\\", '"')
    letters = (letter if " " <= letter <= "~" and letter not in plain else f"\\U{ord(letter):08x}" for letter in text)
    return f'"{"".join(letters)}"'


def rewritten(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON with the names of layers, weights, nodes and files changed."""
    if isinstance(value, dict):
        named_here = {"name", "paths", "class_name", "op", "dtype", "registered_name"} & value.keys()
        changed = {key: rewritten(inner, change) for key, inner in value.items()}
        for key in named_here - {"dtype", "paths"}:
            if isinstance(value[key], str):
                changed[key] = change(value[key])
        return changed
    return [rewritten(inner, change) for inner in value] if isinstance(value, list) else value


def spoilt(folder: Path, text: str) -> Path:
    """Give every name in a model.json a hostile end."""
    file = folder / "model.json"
    file.write_text(json.dumps(rewritten(json.loads(file.read_bytes()), lambda name: f"{name}{text}")))
    return folder


_GROUPS = (
    ("colour", "title", "link", "clear"),
    ("c1", "return", "backspace", "bell", "lines"),
    ("right to left", "isolates", "unseen", "tags", "half"),
    ("newline", "command"),
    ("old command", "markup"),
    ("html", "markdown", "xml", "template"),
)


@pytest.fixture(params=_GROUPS, ids=" ".join)
def text(request: pytest.FixtureRequest) -> str:
    return "".join(COMMANDS[kind] for kind in request.param)


def test_every_kind_is_in_a_group() -> None:
    assert sorted(kind for group in _GROUPS for kind in group) == sorted(COMMANDS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A folder with models and recipes; the recipe ``good`` runs without an environment, others are wrong."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    name = named(text)
    write_layers_model(tmp_path / f"web{name}", weights=b"\0" * 64)
    spoilt(layers_model(tmp_path / "layers").path, text)
    spoilt(graph_model(tmp_path / "graph").path, text)
    layers_model(tmp_path / "sound")
    shard = "verify: off\nsteps:\n  - shard: {input: %s, output: %s, shard_size: 16}\n"
    quantize = "  - quantize: {input: graph, output: small, dtype: uint8, weights: [%s]}\n"
    url = "model: {url: %s, sha256: x, output: a.h5}\nsteps: []\n"
    wrong = "steps:\n  - shard: {input: %s, %s: 1, shard_size: %s}\n"
    twice = "name: %s\nsteps:\n  - shard: {input: sound, output: o, name: %s}\n"
    said = in_yaml(text)
    recipes = {
        f"good{name}.yml": shard % (in_yaml(f"web{name}"), in_yaml(f"out{name}")),
        "failing.yml": shard % ("layers", "made") + quantize % in_yaml(f"*{text}"),
        "wrong.yml": wrong % (said, said, said),
        "raw.yml": f"steps: [{text}]\n",
        "named.yml": twice % (said, said),
        "url.yml": url % in_yaml(f"https://me:s3cret@host/p?sig=t0ken{text}"),
    }
    for file, content in recipes.items():
        (tmp_path / file).write_bytes(content.encode(errors="surrogatepass"))
    return tmp_path


def lines_of(name: str) -> Iterator[list[str]]:
    good = f"good{name}.yml"
    for recipe in (good, "failing.yml", "wrong.yml", "raw.yml", "named.yml", "url.yml", f"none{name}.yml"):
        yield ["check", recipe]
        yield ["plan", recipe]
    for more in (["--json"], ["--commands"]):
        yield ["plan", good, *more]
    yield ["convert", good, "--only", f"a{name}"]
    yield ["convert", good]
    yield ["convert", good, "--force"]
    yield ["convert", good, "--json"]
    yield ["convert", "failing.yml", "--keep-going"]
    yield ["convert", "failing.yml", "--json"]
    yield ["report", good, "--no-links", "--markdown", "report.md", "--junit", "report.xml"]
    yield ["report", "failing.yml", "--no-links", "--html", "failing.html"]
    yield ["report", good, "--no-links", "--json"]
    yield ["compare", f"{good}~9", good]
    yield ["compare", good, good, "--all"]
    odd = f"none{name}{os.fsdecode(bytes([0xFF]))}"  # a byte that is no text
    for model in ("layers", "graph", f"web{name}", odd):
        yield ["verify", "--quick", model]
        yield ["verify", "--quick", model, "--json"]
        yield ["verify", "--quick", model, "--against", "sound"]
    yield ["verify", "--quick", "layers", "--format", f"x{name}"]
    yield ["verify", "--quick", f"x{name}.h5"]
    yield ["serve", odd, "--no-open"]
    yield ["serve", "layers", "--labels", f"none{name}", "--port", f"1{name}"]
    yield ["env", "info", f"x{name}"]
    yield ["env", "info", f"x{name}", "--json"]
    yield ["env", "remove", odd]
    yield [f"no{name}"]
    yield ["verify", f"--no{name}"]


def test_nothing_that_acts_is_printed_or_written(
    project: Path, text: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for words in lines_of(named(text)):
        code = guarded(words)
        out, err = capfdbinary.readouterr()
        printed = (out + err).decode()
        told = f"{shlex.join(words)}\n{printed}"
        assert code not in (_BUG, _INTERRUPTED), told
        assert acting(printed) == [], ascii(told)
        assert orders(printed) == [], told
        assert "s3cret" not in printed, told
        assert "t0ken" not in printed, told
        if "--json" in words and out:
            assert json.loads(out), told
    written = [path for path in project.rglob("*") if path.suffix in (".html", ".md", ".xml") and path.is_file()]
    records = [path for path in project.rglob("*.json") if ".tfjs-workflow" in str(path.relative_to(project))]
    assert len(written) >= 3
    assert len(records) >= 4
    for path in (*written, *records):
        assert acting(path.read_text(encoding="utf-8")) == [], path
