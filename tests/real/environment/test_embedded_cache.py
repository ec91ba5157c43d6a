from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.real.environment.channel import Channel, Item, Spec, pack
from tests.unit.environment.orders import changed
from workflow.base.errors import IntegrityError
from workflow.environment.managers.embedded import EmbeddedManager

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.environment.conftest import Bench

pytestmark = pytest.mark.real

_MODULE = "site-packages/pip/__init__.py"


@pytest.fixture
def warm(bench: Bench) -> Bench:
    """Return the bench with everything in its cache and no environment."""
    EmbeddedManager().create(bench.prefix, bench.order)
    EmbeddedManager().remove(bench.prefix)
    bench.forget_requests()
    return bench


def unpacked_pip(bench: Bench) -> Path:
    return next(bench.order.cache.glob("conda/packages/pip-*/")) / _MODULE


def archive(bench: Bench, name: str) -> Path:
    return next(bench.order.cache.glob(f"conda/archives/*/{name}-*.conda"))


def installed_pip(bench: Bench) -> str:
    return next(bench.prefix.glob(f"lib/python3.8/{_MODULE}")).read_text()


def test_a_changed_file_in_the_cache_does_not_reach_the_environment(warm: Bench) -> None:
    unpacked_pip(warm).write_text("raise SystemExit('tampered')\n")
    EmbeddedManager().create(warm.prefix, warm.order)
    assert "tampered" not in installed_pip(warm)


def test_a_deleted_file_in_the_cache_comes_back(warm: Bench) -> None:
    unpacked_pip(warm).unlink()
    EmbeddedManager().create(warm.prefix, changed(warm.order, offline=True))
    assert "def main" in installed_pip(warm)


def test_a_changed_archive_in_the_cache_is_fetched_again(warm: Bench) -> None:
    broken = archive(warm, "pip")
    broken.write_bytes(broken.read_bytes()[:-100] + b"x" * 100)
    EmbeddedManager().create(warm.prefix, warm.order)
    assert warm.server.fetched() == [f"noarch/{broken.name}"]


def test_a_changed_archive_is_named_when_offline_forbids_fetching_it(warm: Bench) -> None:
    broken = archive(warm, "pip")
    broken.write_bytes(b"nothing")
    with pytest.raises(IntegrityError, match=r"pip-.*damaged: sha256 expected .*, got "):
        EmbeddedManager().create(warm.prefix, changed(warm.order, offline=True))


def test_another_build_under_the_same_name_is_not_taken_from_the_cache(warm: Bench, tmp_path: Path) -> None:
    old = warm.channel.package("pip").spec
    items = tuple(item for item in old.items if item.path != _MODULE)
    new = replace(old, items=(*items, Item(_MODULE, b"__version__ = 'other'\n")))
    others = [packed for packed in warm.channel.packages if packed.spec.name != "pip"]
    folder = tmp_path / "channel-2"
    packages = (*(pack(packed.spec, folder) for packed in others), pack(new, folder))
    lock = Channel(folder, packages).write_lock(
        tmp_path / "lock-2.yml", folder.as_uri(), platform=warm.order.blueprint.platform
    )
    EmbeddedManager().create(warm.prefix, replace(warm.order, blueprint=warm.order.blueprint.replaced(conda_lock=lock)))
    assert installed_pip(warm) == "__version__ = 'other'\n"


def test_a_package_without_files_of_python_works_too(bench: Bench, tmp_path: Path) -> None:
    packed = pack(Spec("data", "1", items=(Item("share/data.txt", b"hello"),)), tmp_path / "c")
    lock = Channel(tmp_path / "c", (packed,)).write_lock(
        tmp_path / "data.yml", (tmp_path / "c").as_uri(), platform=bench.order.blueprint.platform
    )
    EmbeddedManager().create(
        bench.prefix, replace(bench.order, blueprint=bench.order.blueprint.replaced(conda_lock=lock))
    )
    assert (bench.prefix / "share" / "data.txt").read_text() == "hello"
