"""All that a small environment is made of: locks, wheels and a conda channel, so that making one takes seconds.

Its TensorFlow and its converter are stand-ins that only answer the health checks; pip, uv, py-rattler, the Python and
whatever conda is used are real.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real.environment import channel as building
from workflow.environment import blueprint, interpreters

if TYPE_CHECKING:
    from tests.real.environment.channel import Channel
    from workflow.environment.interpreters import Interpreter

_FILES = 1500
_SECONDS = 0.3
_SLOW = f"import time\ntime.sleep({_SECONDS})\n__version__ = '1.0'\n"
_CONVERTER = """\
import sys
def main():
    print("tensorflowjs 1.0" if "--version" in sys.argv else "usage: tensorflowjs_converter")
"""


@dataclass(frozen=True)
class Site:
    """A folder with ``project`` (the locks), ``wheels`` and ``channel``, and the CPython 3.8 that it was made of."""

    folder: Path
    channel: Channel
    python: Path

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def wheels(self) -> Path:
        return self.folder / "wheels"

    def lock_channel(self, base: str) -> None:
        """Write the conda lock for a channel that is served at this URL."""
        platform = blueprint.current_platform() or ""
        self.channel.write_lock(self.project / "conda-lock.yml", base, platform=platform)


def python38() -> Interpreter | None:
    """Return a CPython 3.8 that has a folder of its own, which can be packed."""
    found = interpreters.find("3.8")
    root = found.executable.parent.parent if found else Path("/usr")
    return found if root not in {Path("/usr"), Path("/usr/local")} else None


def build(folder: Path, python: Interpreter) -> Site:
    """Make a site in an empty folder."""
    root = python.executable.resolve().parent.parent
    bundled = root / "lib" / "python3.8" / "ensurepip" / "_bundled"
    ours = [max(bundled.glob(f"{name}-*.whl")) for name in ("pip", "setuptools")]
    platform = blueprint.platform()
    specs = [building.python_package(root, python.version, platform), *map(building.wheel_package, ours)]
    (folder / "channel").mkdir()
    packages = tuple(building.pack(spec, folder / "channel") for spec in specs)
    (folder / "wheels").mkdir()
    locked = [*ours, *_stand_ins(folder / "wheels")]
    for wheel in ours:
        (folder / "wheels" / wheel.name).write_bytes(wheel.read_bytes())
    (folder / "project" / "requirements").mkdir(parents=True)
    lines = ["# profile: full", *map(_lock_line, locked)]
    (folder / "project" / "requirements" / f"tfjs-{platform}.txt").write_text("\n".join(lines) + "\n")
    site = Site(folder, building.Channel(folder / "channel", packages), python.executable)
    site.lock_channel("http://127.0.0.1:9/conda-forge")
    return site


def _stand_ins(folder: Path) -> list[Path]:
    many = {f"tensorflow/data/{number}.py": f"number = {number}\n" for number in range(_FILES)}
    return [
        _wheel(folder, "tensorflow", {"tensorflow/__init__.py": _SLOW, **many}, ""),
        _wheel(
            folder,
            "tensorflowjs",
            {"tensorflowjs/__init__.py": _SLOW, "tensorflowjs/converter.py": _CONVERTER},
            "[console_scripts]\ntensorflowjs_converter = tensorflowjs.converter:main\n",
        ),
    ]


def _wheel(folder: Path, name: str, files: dict[str, str], entry_points: str) -> Path:
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    record = [f"{file},{_record_hash(text)},{len(text)}" for file, text in contents.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in contents.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


def _record_hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def _lock_line(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def write_slow_conda(folder: Path, python: Path, seconds: float) -> Path:
    """Put a ``conda`` into a folder that takes so many seconds for an environment, and return it.

    It works as the real one does: a child links package by package, and what it has begun is not cleared up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps({"python": str(python), "seconds": seconds}))
    script = Path(__file__).with_name("slow_conda.py").read_text(encoding="utf-8")
    program = folder / "conda"
    program.write_text(f"#!{python}\n{script}")
    program.chmod(0o755)
    return program
