from __future__ import annotations

from workflow.environment.engine.channels import sources
from workflow.environment.pins.conda import LockedPackage


def test_mirrors_come_before_the_channel_and_none_twice() -> None:
    locked = LockedPackage("a", "1", "https://host/conda-forge/noarch/a.conda", md5="0")
    mirrors = ("https://m/cf/", "https://host/conda-forge", "https://m/cf")
    assert [source.url for source in sources(locked, mirrors)] == ["https://m/cf/noarch/a.conda", locked.url]


def test_mirrors_of_conda_forge_do_not_stand_in_for_other_channels() -> None:
    locked = LockedPackage("a", "1", "https://host/own-channel/noarch/a.conda", md5="0")
    assert [source.url for source in sources(locked, ["https://m/cf"])] == [locked.url]
