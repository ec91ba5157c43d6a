"""The demo page in a real browser: it loads, measures, and reads a digit that is drawn with the mouse."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.real.serving import digit_models
from workflow.base.processes import STDOUT, kill, start
from workflow.report.serving.server import DemoServer
from workflow.report.serving.site import site_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.serving.driving import Driver

pytestmark = pytest.mark.real


@pytest.mark.parametrize("write", [digit_models.write_layers_model, digit_models.write_graph_model])
def test_a_drawn_three_is_read_as_a_three(driver: Driver, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    with DemoServer(site_of(write(tmp_path / "digits"), packages=driver.packages)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        seen = driver.drive("demo", server.url)
        server.shutdown()
        thread.join()
    assert seen["state"] == "ready"
    assert seen["loaded"] == seen["cells"] == 4
    assert {row[0] for row in seen["times"]} >= {"wasm", "webgl", "cpu"}
    assert [row[1:] for row in seen["specs"]] == [["any × 8 × 8 × 1", "float32"], ["any × 10", "float32"]]  # noqa: RUF001
    assert [row[0] for row in seen["specs"]] == ["→ image", "← digit"]
    assert (seen["best"], seen["answers"], seen["cleared"]) == ("3", 10, 0)
    assert (seen["problems"], seen["foreign"]) == ([], [])
    assert seen["overflow"] == 0


@pytest.mark.skipif(os.name != "posix", reason="^C is sent as a signal")
def test_the_command_serves_until_interrupted_and_then_ends_well(driver: Driver, tmp_path: Path) -> None:
    model = digit_models.write_layers_model(tmp_path / "digits")
    log = tmp_path / "log"
    code = "import sys, typer; from workflow.cli.commands.serve import serve; sys.argv[0] = 'serve'; typer.run(serve)"
    with log.open("wb") as sink:
        process = start([sys.executable, "-u", "-c", code, str(model), "--no-open"], stdout=sink, stderr=STDOUT)
    try:
        deadline = time.monotonic() + 30
        while b"http://127.0.0.1:" not in log.read_bytes():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        kill(process)
    assert log.read_text().splitlines()[-1] == "stopped"
