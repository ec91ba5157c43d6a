"""A copy of the tree in which changes are tried: with an interpreter that finds the copy and never the original."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.processes import run
from workflow.worker.shared import janitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.mutation.operators import Mutant

MEGABYTES = 6000
STARTUP_SECONDS = 60.0


class Sandbox:
    """A copy of a tree that was taken down; one program at a time runs in it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.tree = folder / "tree"
        self.files = files_of(root)
        self.build()

    def build(self) -> None:
        """Make the copy anew."""
        janitor.remove(str(self.folder))
        copied(self.root, self.tree, self.files)
        self._make_interpreter()
        # sources are compared by their hash: by time and size, a change within a second would go unseen
        argv = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "workflow", "tests"]
        run([self.python, *argv], cwd=self.tree, timeout=600)
        self.times = self._times()

    @property
    def python(self) -> str:
        """The interpreter of the copy."""
        return str(self.tree / ".venv" / "bin" / "python")

    def _make_interpreter(self) -> None:
        """Make an environment that has all packages of ours, but this package from the copy."""
        venv = self.tree / ".venv"
        run([sys.executable, "-m", "venv", "--without-pip", str(venv)], timeout=600)
        packages = sysconfig.get_path("purelib")
        inside = Path(sysconfig.get_path("purelib", vars={"base": str(venv)}))
        (inside / "copy.pth").write_text(f"{self.tree}\n{packages}\n", encoding="utf-8")
        for program in Path(sysconfig.get_path("scripts")).iterdir():
            if not (venv / "bin" / program.name).exists():
                (venv / "bin" / program.name).symlink_to(program)
        ours = venv / "bin" / "tfjs-workflow"
        ours.unlink(missing_ok=True)
        ours.write_text(f"#!{self.python}\nimport sys\nfrom workflow.__main__ import main\nsys.exit(main())\n")
        ours.chmod(0o755)

    def _times(self) -> dict[str, tuple[int, int]]:
        there = {name: self.tree / name for name in self.files if (self.tree / name).exists()}
        found = {name: path.lstat() for name, path in there.items()}
        return {name: (one.st_mtime_ns, one.st_size) for name, one in found.items()}

    def pytest(self, arguments: Sequence[str], seconds: float, environ: Mapping[str, str]) -> tuple[int, str]:
        """Run pytest in the copy under a leash; return its exit code and what it said."""
        scratch = self.folder / "scratch"
        janitor.remove(str(scratch))  # some changes leave folders deeper than Python can follow
        for name in ("home", "tmp"):
            (scratch / name).mkdir(parents=True)
        env = {**os.environ, "HOME": str(scratch / "home"), "TMPDIR": str(scratch / "tmp"), **environ}
        env = {name: value for name, value in env.items() if not name.startswith("XDG_") and name != "PYTHONPATH"}
        leash = [sys.executable, "-I", str(Path(__file__).with_name("leash.py")), str(seconds), str(MEGABYTES)]
        argv = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        done = run([*leash, *argv], cwd=self.tree, env=env, timeout=seconds + STARTUP_SECONDS)
        janitor.remove(str(scratch))
        return done.code, done.stdout + done.stderr

    def run_tests(self, tests: Sequence[str], seconds: float) -> tuple[int, str]:
        """Run the tests, module by module in their order, to the first that fails; return exit code and output."""
        listed = self.folder / "tests.json"
        listed.write_text(json.dumps(list(tests)), encoding="utf-8")
        modules = dict.fromkeys(nodeid.partition("::")[0] for nodeid in tests)
        arguments = ["-x", "--tb=no", "-p", "tests.mutation.chosen", *modules]
        return self.pytest(arguments, seconds, {"MUTATION_TESTS": str(listed)})

    def change(self, name: str, mutant: Mutant) -> None:
        """Make a change in the copy."""
        (self.tree / name).write_bytes(mutant.applied((self.root / name).read_bytes()))

    def restore(self, name: str) -> None:
        """Take the change back, and whatever else it did to the copy."""
        shutil.copy2(self.root / name, self.tree / name)
        if self._times() != self.times:
            self.build()


def taken_down(root: Path, folder: Path) -> Path:
    """Copy a tree as it is now, with files that are new and without those that git ignores, and return the copy."""
    listed = run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root).stdout
    copied(root, folder, [name for name in listed.split("\0") if name and (root / name).is_file()])
    return folder


def copied(root: Path, target: Path, names: Iterable[str]) -> None:
    """Copy files of a tree."""
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name, follow_symlinks=False)


def files_of(root: Path) -> list[str]:
    """Return the files of a tree that was taken down."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def modules_of(tests: Iterable[str]) -> set[str]:
    """Return the modules in which tests stand."""
    return {nodeid.partition("::")[0] for nodeid in tests}
