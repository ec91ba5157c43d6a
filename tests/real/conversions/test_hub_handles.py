"""A step whose input is the address of a TensorFlow Hub module: the host fetches it, and keeps its secrets."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.real.conversions.projects import Project
from tests.unit.base.download.rude_server import answer, serving
from workflow.base.processes import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

BUILD = """
import tensorflow as tf

class Module(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.random.stateless_normal([4, 3], [1, 2]))

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def answer(self, x):
        return {"y": tf.nn.softmax(3 * tf.matmul(x, self.kernel))}

module = Module()
tf.saved_model.save(module, "module", signatures=module.answer)
"""
RECIPE = """\
name: hub
verify: {{runtimes: [python]}}
steps:
  - graph: {{input: "{handle}", output: data/graph}}
  - graph: {{name: again, input: "{handle}", output: data/again}}
"""
SECRETS = ("s3cret", "t0ken")


@pytest.fixture(scope="module")
def archive(converter_python: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("module")
    done = run([str(converter_python), "-c", BUILD], cwd=folder, timeout=180)
    assert done.code == 0, done.stderr
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder / "module", arcname=".")
    return buffer.getvalue()


def test_a_module_is_fetched_once_converted_verified_and_named_without_its_secrets(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    with serving(answer(archive)) as server:
        handle = server.url("google/x/1?sig=t0ken", user="me:s3cret")
        project = Project(tmp_path / "project").write(RECIPE.format(handle=handle))
        done = project.convert()
        assert done.code == 0, done.stderr
        argv = project.argv("verify", "data/graph", "--against", handle, "--runtime", "python")
        verified = run(argv, cwd=project.folder, env=project.environ(), timeout=180)
        assert verified.code == 0, verified.stderr
        planned = run(project.argv("plan", str(project.recipe)), cwd=project.folder, env=project.environ(), timeout=60)
    assert "0 of 2 to run" in planned.stdout
    assert [asked["first"] for asked in server.asked] == ["GET /google/x/1?sig=t0ken&tf-hub-format=compressed HTTP/1.1"]
    shown = f"http://127.0.0.1:{server.port}/google/x/1?..."
    sidecar = json.loads((project.folder / "data" / "graph.tfjs-workflow.json").read_bytes())
    assert sidecar["facts"]["handle"] == shown
    assert sidecar["facts"]["check"]["max_abs"] < 1e-5
    assert shown in planned.stdout
    told = [done.stdout, done.stderr, verified.stdout, verified.stderr, planned.stdout]
    kept = [path for path in project.folder.rglob("*") if path.is_file() and path != project.recipe]
    for text in (*told, *(path.read_text(encoding="utf-8", errors="replace") for path in kept)):
        assert not [secret for secret in SECRETS if secret in text]
