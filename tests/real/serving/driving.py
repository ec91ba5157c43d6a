"""Runs drive.mjs: a real browser, driven through playwright-core, on a page of ours.

What the pages look like is kept in $TFJS_WORKFLOW_SCREENSHOTS, else in pytest's temporary folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workflow.base.events import Silent
from workflow.base.processes import run
from workflow.report.serving.site import tfjs_packages
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import browsers, node_program

_SCRIPT = Path(__file__).with_name("drive.mjs")
_FLAGS = (
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@dataclass(frozen=True)
class Driver:
    """Node, the browser, and the packages that connect the two; screenshots go to ``shots``."""

    node: Path
    browser: Path
    packages: Path
    shots: Path

    def drive(self, what: str, url: str) -> dict[str, Any]:
        """Go through the page at ``url`` as ``what`` says and return what was seen."""
        sandbox = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        order = {
            "packages": str(self.packages),
            "executable": str(self.browser),
            "flags": [*_FLAGS, *sandbox],
            "url": url,
            "shots": str(self.shots),
            "what": what,
        }
        done = run([str(self.node), str(_SCRIPT), json.dumps(order)], timeout=240)
        assert done.code == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """Drives the browser of this machine; skips what needs it where there is none, or no Node.js to drive it."""
    node, browser = node_program.find(Silent()), browsers.find()
    if isinstance(node, NotRun) or isinstance(browser, NotRun):
        pytest.skip("; ".join(f"{one.why}: {one.remedy}" for one in (node, browser) if isinstance(one, NotRun)))
    kept = os.environ.get("TFJS_WORKFLOW_SCREENSHOTS")
    shots = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    return Driver(node.program, browser, tfjs_packages(Silent()), shots)
