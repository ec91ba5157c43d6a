"""Certificates that are made for a test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from workflow.base import processes

if TYPE_CHECKING:
    from pathlib import Path


def made_certificate(folder: Path) -> Path:
    """Make a file with a certificate for localhost and its key (also in a file of its own, ``.key``)."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl to make a certificate with")
    file = folder / "both.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    done = processes.run([*made, "-keyout", str(file.with_suffix(".key")), "-out", str(file)], timeout=60)
    assert done.code == 0, done.stderr
    file.write_bytes(file.read_bytes() + file.with_suffix(".key").read_bytes())
    return file
