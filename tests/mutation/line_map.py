"""Which unit tests execute which line: measured once, and kept while the tree is the same."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from coverage import CoverageData

from tests.mutation.sandbox import Sandbox, files_of, modules_of
from tests.mutation.tracing import IMPORTED
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.mutation.operators import Mutant

MEASURING_SECONDS = 3600.0


class Noted(Record):
    """What is known of a test: how long it took, whether it passed, and the contexts it shares with others."""

    seconds: float
    passed: bool
    shares: tuple[str, ...]


def key_of(root: Path) -> str:
    """Return a name for the state of the tree."""
    digest = hashlib.sha256()
    for name in files_of(root):
        digest.update(f"{name}\0".encode() + hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def measured(folder: Path, boxes: list[Sandbox]) -> Path:
    """Return the folder of the map of the tree as it is, and measure it when there is none: as many parts as boxes."""
    target = folder / key_of(boxes[0].root)
    if not (target / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)  # of a tree that is no more, or only a part
        modules = [name for name in boxes[0].files if name.startswith("tests/unit/") and "/test_" in name]
        with ThreadPoolExecutor(len(boxes)) as pool:
            parts = [
                pool.submit(_measure, box, target / f"part{number}", modules[number :: len(boxes)])
                for number, box in enumerate(boxes)
            ]
            for part in parts:
                part.result()
        for measured_part in sorted(target.glob("part*")):
            _require_tests(measured_part)
        (target / "complete").touch()
    return target


def _measure(box: Sandbox, folder: Path, modules: list[str]) -> None:
    environ = {"MUTATION_MAP": str(folder)}
    _, said = box.pytest(["--tb=short", "-p", "tests.mutation.tracing", *modules], MEASURING_SECONDS, environ)
    (folder / "said.txt").write_text(said, encoding="utf-8")
    (folder / "tree").write_text(str(box.tree), encoding="utf-8")


def _require_tests(part: Path) -> None:
    """Raise SystemExit with pytest's own words when no test of a part ran: nothing would be noticed, nothing missed."""
    noted = part / "tests.json"
    if not noted.is_file() or not json.loads(noted.read_text(encoding="utf-8")):
        said = (part / "said.txt").read_text(encoding="utf-8").strip()
        raise SystemExit(f"no unit test ran, so nothing can be measured; pytest says:\n{said[-2000:]}")


class LineMap:
    """Answers which tests execute a line, from what has been measured."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.root = root
        self.tests: dict[str, Noted] = {}
        self.parts: list[tuple[CoverageData, str]] = []
        for part in sorted(folder.glob("part*")):
            for nodeid, one in json.loads((part / "tests.json").read_text(encoding="utf-8")).items():
                self.tests[nodeid] = Noted(one["seconds"], one["passed"], tuple(one["shares"]))
            data = CoverageData(basename=str(part / "lines"))
            data.read()
            self.parts.append((data, (part / "tree").read_text(encoding="utf-8")))
        self.sharing: dict[str, set[str]] = {}
        for nodeid, noted in self.tests.items():
            for context in noted.shares:
                self.sharing.setdefault(context, set()).add(nodeid)
        self.contexts = functools.cache(self._contexts)
        self.tests_of_file = functools.cache(self._tests_of_file)
        self.importers = functools.cache(self._importers)

    def _contexts(self, name: str) -> dict[int, set[str]]:
        """Return the contexts in which each line of a file ran."""
        found: dict[int, set[str]] = {}
        for data, tree in self.parts:
            for line, contexts in data.contexts_by_lineno(f"{tree}/{name}").items():
                found.setdefault(line, set()).update(contexts)
        return found

    def _tests(self, contexts: Iterable[str]) -> Iterator[str]:
        for context in contexts:
            yield from self.sharing.get(context, ()) if context not in self.tests else (context,)

    def _tests_of_file(self, name: str) -> set[str]:
        return set(self._tests({one for contexts in self.contexts(name).values() for one in contexts}))

    def _importers(self, name: str) -> tuple[str, ...]:
        """Return the files that import the module directly."""
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return tuple(other for other, names in self._imports().items() if module in names and other != name)

    @functools.cached_property
    def _all_imports(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for path in sorted((self.root / "workflow").rglob("*.py")):
            names = found.setdefault(path.relative_to(self.root).as_posix(), set())
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    names.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        return found

    def _imports(self) -> dict[str, set[str]]:
        return self._all_imports

    def executing(self, name: str, mutant: Mutant) -> tuple[list[str], list[str]]:
        """Return the tests that execute the changed line, the quickest first, and those that may depend on it else.

        What runs at import concerns every test of the file, and those of the files that import it. Beside the tests
        that execute a line, the others of their modules may depend on it, through what they share.
        """
        contexts = self._contexts_at(name, mutant)
        near = set(self._tests(contexts))
        far: set[str] = set()
        if IMPORTED in contexts:
            near |= self.tests_of_file(name)
            far = {nodeid for importer in self.importers(name) for nodeid in self.tests_of_file(importer)}
        modules = modules_of(near)
        far |= {nodeid for nodeid in self.tests if nodeid.partition("::")[0] in modules}
        return self._passing(near), self._passing(far - near)

    def _contexts_at(self, name: str, mutant: Mutant) -> set[str]:
        """Return the contexts of the line; else of its statement, which is noted by the lines that do something."""
        found = self.contexts(name)
        first, last = mutant.statement
        return found.get(mutant.line) or set().union(*(found.get(line, set()) for line in range(first, last + 1)))

    def _passing(self, tests: Iterable[str]) -> list[str]:
        passing = (nodeid for nodeid in tests if self.tests[nodeid].passed)
        return sorted(passing, key=lambda nodeid: (self.tests[nodeid].seconds, nodeid))

    def seconds(self, tests: Iterable[str]) -> float:
        """Return how long the tests took when they were measured."""
        return sum(self.tests[nodeid].seconds for nodeid in tests)
