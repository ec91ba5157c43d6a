from __future__ import annotations

import pytest

from workflow.base.events import Recording
from workflow.environment.builder.channels import PackageSource, Reachability, sources
from workflow.environment.pins.conda import LockedPackage


def test_mirrors_come_before_the_channel_and_none_twice() -> None:
    locked = LockedPackage("a", "1", "https://host/conda-forge/noarch/a.conda", md5="0")
    mirrors = ("https://m/cf/", "https://host/conda-forge", "https://m/cf")
    assert [source.url for source in sources(locked, mirrors)] == ["https://m/cf/noarch/a.conda", locked.url]


def test_mirrors_of_conda_forge_do_not_stand_in_for_other_channels() -> None:
    locked = LockedPackage("a", "1", "https://host/own-channel/noarch/a.conda", md5="0")
    assert [source.url for source in sources(locked, ["https://m/cf"])] == [locked.url]


HERE = PackageSource("file:///mirror", "file:///mirror/noarch/a.conda")
GONE = PackageSource("http://me:secret@127.0.0.1:9/cf", "http://me:secret@127.0.0.1:9/cf/noarch/a.conda")
REFUSED = "Connection refused"


@pytest.fixture
def news() -> Recording:
    return Recording()


def test_a_folder_of_this_machine_is_not_asked_whether_it_answers(news: Recording) -> None:
    assert (HERE.local, GONE.local) == (True, False)
    reachability = Reachability({HERE.base: HERE}, news)
    assert [reachability.fault(HERE), reachability.fault(HERE)] == [None, None]
    assert news.warnings == []


def test_a_server_that_cannot_be_reached_is_told_once_where_there_is_another(news: Recording) -> None:
    reachability = Reachability({GONE.base: GONE, HERE.base: HERE}, news)
    assert [reachability.fault(GONE), reachability.fault(GONE), reachability.fault(HERE)] == [REFUSED, REFUSED, None]
    assert news.warnings == [f"http://127.0.0.1:9/cf cannot be used: {REFUSED}"]
    reachability.pass_over(GONE, "said once")
    reachability.pass_over(GONE, "said again", again=True)
    reachability.pass_over(HERE, "of another")
    assert news.warnings[1:] == ["said again", "of another"]


def test_where_there_is_no_other_the_failure_says_it_all(news: Recording) -> None:
    assert Reachability({GONE.base: GONE}, news).fault(GONE) == REFUSED
    assert news.warnings == []


def test_a_server_that_was_given_up_stays_so_with_its_first_fault(news: Recording) -> None:
    reachability = Reachability({HERE.base: HERE, GONE.base: GONE}, news)
    reachability.give_up(HERE, "it broke off")
    reachability.give_up(HERE, "later")
    assert reachability.fault(HERE) == "it broke off"
    assert news.warnings == ["file:///mirror cannot be used: it broke off"]
