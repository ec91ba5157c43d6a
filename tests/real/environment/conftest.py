"""The channel that the embedded manager is tried against: made once, of the CPython 3.8 of this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.environment import channel as building
from tests.unit.environment.orders import order_for
from tests.unit.environment.package_server import PackageServer, serving
from workflow.base import processes
from workflow.base.events import Recording
from workflow.environment.blueprint import current_platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.environment.channel import Channel
    from workflow.environment.managers import BuildOrder

_TELL = "import sys; print(sys.base_prefix, '%d.%d.%d' % sys.version_info[:3])"


@dataclass
class Bench:
    """A served channel, its lock, and an order to build from it into a cache of its own."""

    channel: Channel
    server: PackageServer
    folder: Path
    news: Recording
    order: BuildOrder

    @property
    def prefix(self) -> Path:
        return self.folder / "envs" / "tfjs"

    def relocked(self, base: str, hashes: dict[str, dict[str, str]] | None = None) -> BuildOrder:
        """Return the order with a lock of other URLs or checksums."""
        lock = self.folder / "other-lock.yml"
        self.channel.write_lock(lock, base, platform=self.order.blueprint.platform, hashes=hashes)
        return replace(self.order, blueprint=self.order.blueprint.replaced(conda_lock=lock))

    def forget_requests(self) -> None:
        self.server.asked.clear()


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Channel:
    platform = current_platform()
    if platform is None or not platform.startswith("linux"):
        pytest.skip("packing a CPython as a conda package is written for Linux")
    root, version = _python38()
    bundled = root / "lib" / "python3.8" / "ensurepip" / "_bundled"
    wheels = [max(bundled.glob(f"{name}-*.whl")) for name in ("pip", "setuptools")]
    specs = [building.python_package(root, version, platform), *map(building.wheel_package, wheels)]
    folder = tmp_path_factory.mktemp("channel")
    packages = [building.pack(spec, folder) for spec in specs]
    tool = building.Spec("developers-tool", "1", items=(building.Item("share/tool.txt", b"not for users"),))
    packages.append(replace(building.pack(tool, folder), category="dev"))
    return building.Channel(folder, tuple(packages))


@pytest.fixture
def bench(channel: Channel, tmp_path: Path) -> Iterator[Bench]:
    news = Recording()
    platform = current_platform() or ""
    with serving(channel.folder) as server:
        lock = channel.write_lock(tmp_path / "conda-lock.yml", server.url, platform=platform)
        order = replace(order_for(lock, tmp_path, news, platform=platform), log=tmp_path / "log")
        (tmp_path / "envs").mkdir()
        yield Bench(channel, server, tmp_path, news, order)


def _python38() -> tuple[Path, str]:
    """Return the root and the version of a CPython 3.8 that has a folder of its own, or skip."""
    for candidate in _candidates():
        try:
            answer = processes.run([str(candidate), "-c", _TELL], timeout=20)
        except (OSError, processes.CommandTimeoutError):
            continue
        root, _, version = answer.stdout.strip().rpartition(" ")
        own_folder = root not in {"", "/usr", "/usr/local"} and (Path(root) / "bin" / "python3.8").is_file()
        if answer.code == 0 and version.startswith("3.8.") and own_folder:
            return Path(root), version
    return pytest.skip("no CPython 3.8 in a folder of its own: pyenv install 3.8, or uv python install 3.8")


def _candidates() -> Iterator[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob("versions/3.8.*/bin/python3.8")))
    if found := shutil.which("python3.8"):
        yield found
    if uv := shutil.which("uv"):
        answer = processes.run([uv, "python", "find", "--no-python-downloads", "3.8"], timeout=60)
        if answer.code == 0:
            yield answer.stdout.strip()
