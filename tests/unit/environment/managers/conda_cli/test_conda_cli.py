"""The conda-like programs: what they are told, and that neither silence nor exit codes are believed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import pytest

from tests.unit.environment.orders import changed
from workflow.base import processes
from workflow.base.errors import DownloadError, EnvironmentProblem, ForeignPathError, IntegrityError, StorageError
from workflow.base.events import Recording
from workflow.base.processes import CommandTimeoutError
from workflow.environment.managers import conda_cli
from workflow.environment.managers.conda_cli import CondaCliManager

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.environment.managers.conda_cli.conftest import FakeConda
    from workflow.environment.managers import BuildOrder

VERSIONS = ["23.3.1", "23.11.0", "24.9.2", "25.11.1", "26.7.1"]
NAMES: list[Literal["micromamba", "mamba", "conda"]] = ["micromamba", "mamba", "conda"]
CANONICAL = "https://conda.anaconda.org/conda-forge"


def warnings(order: BuildOrder) -> list[str]:
    assert isinstance(order.listener, Recording)
    return order.listener.warnings


@pytest.mark.parametrize("name", NAMES)
def test_a_program_that_answers_is_not_missing(conda: FakeConda, name: Literal["mamba"]) -> None:
    assert CondaCliManager(name).missing() is None
    assert CondaCliManager(name).name == name


def test_a_program_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CONDA_EXE", raising=False)
    assert CondaCliManager("conda").missing() == "conda is not on PATH"


def test_a_program_that_fails_is_missing_with_the_reason(conda: FakeConda) -> None:
    conda.folder.joinpath("behaviour.json").write_text('{"version": "24", "version_code": 1}')
    assert "failed (exit code 1)" in str(CondaCliManager("conda").missing())


def test_a_program_known_only_to_the_shell_integration_is_found(
    conda: FakeConda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("CONDA_EXE", str(conda.folder / "conda"))
    assert CondaCliManager("conda").missing() is None
    monkeypatch.setenv("MAMBA_EXE", str(conda.folder / "micromamba"))
    assert CondaCliManager("mamba").missing() == "mamba is not on PATH"


@pytest.mark.parametrize("version", VERSIONS)
def test_it_installs_exactly_the_lock(conda: FakeConda, order: BuildOrder, prefix: Path, version: str) -> None:
    conda.behave(version)
    CondaCliManager("conda").create(prefix, order)
    assert conda.explicit() == [
        "@EXPLICIT",
        f"{CANONICAL}/linux-64/python-3.8.20-h0_0.conda#{'a' * 32}",
        f"{CANONICAL}/linux-64/pip-24.3.1-h0_0.conda#{'b' * 32}",
    ]
    argv = conda.calls()[-1]["argv"]
    assert argv[:5] == ["create", "-y", "--quiet", "-p", str(prefix)]
    assert "--offline" not in argv
    assert (prefix / "bin" / "python").exists()
    assert isinstance(order.listener, Recording)
    assert order.listener.lines == [f"conda installs 2 packages from {CANONICAL}"]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_never_told_to_create_where_something_is(
    conda: FakeConda, order: BuildOrder, prefix: Path, version: str
) -> None:
    conda.behave(version)
    precious = prefix / "precious.txt"
    prefix.mkdir(parents=True)
    precious.write_text("mine")
    with pytest.raises(ForeignPathError, match="exists already"):
        CondaCliManager("conda").create(prefix, order)
    assert conda.calls() == []
    assert precious.read_text() == "mine"


def test_a_dangling_link_counts_as_something(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    prefix.parent.mkdir(parents=True)
    prefix.symlink_to(prefix.parent / "nowhere")
    with pytest.raises(ForeignPathError):
        CondaCliManager("conda").create(prefix, order)


def test_exit_code_0_without_an_environment_is_an_error(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(does_nothing=True)
    with pytest.raises(EnvironmentProblem, match=r"reported success and did not install pip-24\.3\.1-h0_0") as caught:
        CondaCliManager("conda").create(prefix, order)
    assert caught.value.log == str(order.log)


def test_exit_code_0_with_half_the_packages_is_an_error(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(stops_after=1)
    with pytest.raises(EnvironmentProblem, match=r"did not install pip-24\.3\.1-h0_0"):
        CondaCliManager("conda").create(prefix, order)


def test_packages_that_the_lock_does_not_hold_are_told(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(also_installs=["ipython-8.0-0"])
    CondaCliManager("conda").create(prefix, order)
    assert warnings(order) == ["conda also installed ipython-8.0-0, which conda-lock.yml does not hold"]


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        ("checksum", IntegrityError, "not the one in conda-lock.yml"),
        ("connection", DownloadError, "could not fetch"),
        ("404", DownloadError, "404"),
        ("disk full", StorageError, "ran out of disk space"),
        ("read-only", EnvironmentProblem, "may not write there"),
        ("nonsense", EnvironmentProblem, r"conda failed \(exit code 1\)"),
    ],
)
def test_a_failure_is_translated_and_shows_what_conda_said(
    conda: FakeConda, order: BuildOrder, prefix: Path, *, failure: str, error: type[EnvironmentProblem], words: str
) -> None:
    conda.behave(failing={CANONICAL: failure})
    with pytest.raises(error, match=words) as caught:
        CondaCliManager("conda").create(prefix, order)
    assert type(caught.value) is error
    assert caught.value.hint
    assert "Error" in caught.value.details
    assert caught.value.details in order.log.read_text()


def test_a_mirror_stands_in_for_the_channel(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    mirrored = changed(order, mirrors=("https://mirror.example/cloud/conda-forge/",))
    CondaCliManager("conda").create(prefix, mirrored)
    assert conda.explicit()[1] == (
        f"https://mirror.example/cloud/conda-forge/linux-64/python-3.8.20-h0_0.conda#{'a' * 32}"
    )


def test_a_dead_mirror_is_told_and_the_next_one_serves(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(failing={"dead.example": "connection"})
    mirrors = ("https://dead.example/conda-forge", "https://good.example/conda-forge")
    CondaCliManager("conda").create(prefix, changed(order, mirrors=mirrors))
    assert [call["explicit"].split()[1].split("/")[2] for call in conda.calls()] == [
        "dead.example",
        "good.example",
    ]
    assert warnings(order) == ["conda could not fetch the packages (exit code 1); trying the next mirror"]


def test_when_all_mirrors_lack_a_package_the_channel_of_the_lock_serves(
    conda: FakeConda, order: BuildOrder, prefix: Path
) -> None:
    conda.behave(failing={"old.example": "404"})
    CondaCliManager("conda").create(prefix, changed(order, mirrors=("https://old.example/conda-forge",)))
    assert conda.explicit()[1].startswith(CANONICAL)
    assert len(warnings(order)) == 1


def test_a_wrong_package_on_a_mirror_is_not_passed_over(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(failing={"evil.example": "checksum"})
    with pytest.raises(IntegrityError):
        CondaCliManager("conda").create(prefix, changed(order, mirrors=("https://evil.example/conda-forge",)))


def test_a_password_in_a_mirror_is_shown_nowhere(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(failing={"mirror.example": "connection"})
    mirrored = changed(order, mirrors=("https://me:secret@mirror.example/conda-forge",))
    CondaCliManager("conda").create(prefix, mirrored)
    assert isinstance(order.listener, Recording)
    assert "secret" not in str(order.listener.lines) + str(order.listener.warnings)


def test_a_password_in_what_conda_says_is_not_repeated(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(failing={"mirror.example": "checksum"})
    mirrored = changed(order, mirrors=("https://me:secret@mirror.example/conda-forge",))
    with pytest.raises(IntegrityError) as caught:
        CondaCliManager("conda").create(prefix, mirrored)
    assert "mirror.example" in caught.value.details
    assert "secret" not in caught.value.details


def test_a_folder_as_mirror_is_hashed_before_conda_sees_it(
    conda: FakeConda, order: BuildOrder, prefix: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a mirror" / "linux-64"
    folder.mkdir(parents=True)
    for name in ("python-3.8.20-h0_0.conda", "pip-24.3.1-h0_0.conda"):
        (folder / name).write_bytes(name.encode())
    mirrored = changed(order, mirrors=(folder.parent.as_uri(),))
    with pytest.raises(IntegrityError, match="sha256 differs"):
        CondaCliManager("conda").create(prefix, mirrored)
    assert conda.calls() == []
    text = order.blueprint.conda_lock.read_text()
    text = text.replace("a" * 64, hashlib.sha256(b"python-3.8.20-h0_0.conda").hexdigest())
    order.blueprint.conda_lock.write_text(text.replace("b" * 64, hashlib.sha256(b"pip-24.3.1-h0_0.conda").hexdigest()))
    CondaCliManager("conda").create(prefix, mirrored)
    assert conda.explicit()[1].startswith(folder.parent.as_uri())


def test_offline_is_passed_on_and_serves_from_the_cache(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(cached=True)
    CondaCliManager("conda").create(prefix, changed(order, offline=True))
    assert conda.calls()[-1]["argv"][-1] == "--offline"


def test_offline_without_the_packages_says_to_go_online_once(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        CondaCliManager("conda").create(prefix, changed(order, offline=True))
    assert caught.value.hint == "run it once without --offline"


def test_python_variables_do_not_reach_conda(
    conda: FakeConda, order: BuildOrder, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    CondaCliManager("conda").create(prefix, order)
    assert "PYTHONPATH" not in conda.calls()[-1]["env"]


def test_conda_run_and_activate_are_never_used(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    manager = CondaCliManager("conda")
    manager.create(prefix, order)
    manager.remove(prefix)
    assert [call["argv"][0] for call in conda.calls()] == ["create", "env"]


def test_remove_lets_conda_delete_and_forget(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    CondaCliManager("conda").create(prefix, order)
    CondaCliManager("conda").remove(prefix)
    assert not prefix.exists()
    assert conda.calls()[-1]["argv"] == ["env", "remove", "-y", "-p", str(prefix)]


def test_remove_leaves_to_the_caller_what_conda_leaves(conda: FakeConda, order: BuildOrder, prefix: Path) -> None:
    conda.behave(cannot_remove=True)
    CondaCliManager("conda").create(prefix, order)
    CondaCliManager("conda").remove(prefix)
    assert prefix.exists()


@pytest.mark.parametrize("version", VERSIONS)
def test_remove_does_not_hand_conda_what_is_no_conda_environment(conda: FakeConda, prefix: Path, version: str) -> None:
    conda.behave(version)
    prefix.mkdir(parents=True)
    CondaCliManager("conda").remove(prefix)
    CondaCliManager("conda").remove(prefix / "nosuch")
    assert conda.calls() == []
    assert prefix.exists()


def test_remove_works_when_conda_has_gone(
    conda: FakeConda, order: BuildOrder, prefix: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    CondaCliManager("conda").create(prefix, order)
    monkeypatch.setenv("PATH", str(tmp_path))
    CondaCliManager("conda").remove(prefix)
    assert prefix.exists()


def test_a_mirror_that_leaves_nothing_behind_gives_way_as_well(
    conda: FakeConda, order: BuildOrder, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(manager: CondaCliManager, *given: object, base: str, order: BuildOrder) -> None:
        tried.append(base)
        if base:
            raise DownloadError("nothing there")

    tried: list[str] = []
    monkeypatch.setattr(CondaCliManager, "_install", refused)
    CondaCliManager("conda").create(prefix, changed(order, mirrors=("https://a.example", "https://b.example")))
    assert tried == ["https://a.example", "https://b.example", ""]
    assert warnings(order) == ["nothing there; trying the next mirror"] * 2


def test_each_command_may_take_its_time_and_no_longer(
    conda: FakeConda, order: BuildOrder, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(argv: list[str], *, timeout: float, **_: object) -> None:
        assert "--no-default-packages" not in argv  # it did not say which mamba it is
        asked.append((argv[1], timeout))
        raise CommandTimeoutError("it ran too long")

    asked: list[tuple[str, float]] = []
    monkeypatch.setattr(processes, "run", too_long)
    monkeypatch.setattr(processes, "run_tied", too_long)
    program = conda.folder / "mamba"
    assert CondaCliManager("mamba").missing() == f"{program} does not run: it ran too long"
    with pytest.raises(DownloadError) as caught:
        CondaCliManager("mamba").create(prefix, order)
    assert caught.value.message == "mamba did not finish within 60 minutes"
    assert caught.value.hint == "a mirror near you may be faster: --mirror"
    assert caught.value.log == str(order.log)
    (prefix / "conda-meta").mkdir(parents=True)
    with pytest.raises(EnvironmentProblem, match=r"^mamba did not end within 10 minutes$"):
        CondaCliManager("mamba").remove(prefix)
    assert asked == [("--version", 60.0), ("--version", 60.0), ("create", 3600.0), ("env", 600.0)]


def test_a_program_that_cannot_be_run_is_told(
    conda: FakeConda, order: BuildOrder, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_run(*_: object, **__: object) -> None:
        raise OSError(8, "Exec format error")

    monkeypatch.setattr(processes, "run_tied", not_run)
    with pytest.raises(EnvironmentProblem) as caught:
        CondaCliManager("conda").create(prefix, order)
    assert caught.value.message == f"{conda.folder / 'conda'} does not run: [Errno 8] Exec format error"
    assert caught.value.hint == "choose another with --manager"
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentProblem, match=r"^conda is not on PATH$") as caught:
        CondaCliManager("conda").create(prefix, order)
    assert caught.value.hint == "choose another with --manager"


def test_conda_sees_neither_the_modules_nor_the_home_of_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8"):
        monkeypatch.setenv(name, "1")
    assert {"PYTHONPATH", "PYTHONHOME", "PYTHONUTF8"} & conda_cli._environ().keys() == {"PYTHONUTF8"}


def test_how_long_conda_may_take_is_known() -> None:
    waits = (conda_cli._VERSION_SECONDS, conda_cli._CREATE_SECONDS, conda_cli._REMOVE_SECONDS)
    assert waits == (60.0, 3600.0, 600.0)
