"""Make small wrong changes to the code, one at a time, and see whether a unit test notices.

    .venv/bin/python scripts/mutate.py --seed 1 --count 100 [--paths workflow/recipe ...] [--jobs 2] [--at-least 92]

Changes are drawn by the seed and tried in copies of the tree, each with the tests that execute its line; a hang counts
as noticed. Which test executes which line is measured at first (some minutes) and kept in ``--cache`` until the tree
changes. The exit code is 1 when a smaller share than ``--at-least`` is noticed. Linux only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.mutation import line_map, trying  # noqa: E402  the checkout beside this script is tried
from tests.mutation.sandbox import Sandbox, taken_down  # noqa: E402  as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mutation.trying import Drawn, Result


def main() -> int:
    """Draw, try, and print a table."""
    options = _options()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        tree = taken_down(ROOT, Path(folder) / "original")
        boxes = [Sandbox(tree, Path(folder) / str(number)) for number in range(options.jobs)]
        lines = line_map.LineMap(line_map.measured(options.cache, boxes), tree)
        failing = sum(not one.passed for one in lines.tests.values())
        print(f"{len(lines.tests):,} tests, {failing} of them fail or are skipped; {_since(begin)}", flush=True)
        drawn, missed = _sample(options, lines, tree)
        results = _try_all(boxes, drawn, lambda one, box: trying.tried(one, box, lines))
        unsteady = trying.unsteady(results, boxes[0])
        again = [one.drawn for one in results if one.by in unsteady]
        results = [one for one in results if one.by not in unsteady]
        results += _try_all(boxes, again, lambda one, box: trying.tried(one, box, lines, unsteady))
    for nodeid in sorted(unsteady):
        print(f"unsteady: {nodeid} fails without any change")
    return _summary(results, missed, options.at_least)


def _sample(options: argparse.Namespace, lines: line_map.LineMap, tree: Path) -> tuple[list[Drawn], list[Drawn]]:
    """Return as many changes on executed lines as are wanted, and those drawn that no unit test executes."""
    files = [path.relative_to(tree).as_posix() for path in sorted((tree / "workflow").rglob("*.py"))]
    files = [file for file in files if file.startswith(tuple(options.paths))]
    drawn: list[Drawn] = []
    missed: list[Drawn] = []
    for one in trying.drawing(tree, files, options.seed):
        if len(drawn) == options.count:
            break
        (drawn if lines.executing(one.file, one.mutant)[0] else missed).append(one)
    return drawn, missed


def _try_all(boxes: list[Sandbox], drawn: list[Drawn], attempt: Callable[[Drawn, Sandbox], Result]) -> list[Result]:
    """Try the changes, as many at a time as there are boxes; print what becomes of each."""
    free: SimpleQueue[Sandbox] = SimpleQueue()
    for box in boxes:
        free.put(box)

    def in_a_box(one: Drawn) -> Result:
        box = free.get()
        try:
            result = attempt(one, box)
        finally:
            free.put(box)
        print(_row(result), flush=True)
        return result

    with ThreadPoolExecutor(len(boxes)) as pool:
        return list(pool.map(in_a_box, drawn))


def _row(result: Result) -> str:
    one = result.drawn
    by = f"  [{result.by}]" if result.by else f"  [{result.tests} tests pass]"
    place = f"{one.file}:{one.mutant.line}"
    return f"{result.verdict:9}{result.seconds:6.1f} s  {place:60} {one.mutant.kind:18}{one.change}{by}"


def _summary(results: list[Result], missed: list[Drawn], at_least: float) -> int:
    survived = [one for one in results if one.verdict == "survived"]
    print(f"\n{len(survived)} survived:")
    for one in sorted(survived, key=lambda one: (one.drawn.file, one.drawn.mutant.line)):
        print(f"  {_row(one)}")
    hung = sum(one.verdict == "hung" for one in results)
    share = 100 * (len(results) - len(survived)) / len(results) if results else 100.0
    where = Counter(one.file.split("/")[1] for one in missed)
    print(f"\n{len(results) - len(survived)} of {len(results)} noticed ({share:.1f}%), {hung} of them by hanging")
    print(f"{len(missed)} more stood on lines that no unit test executes: {dict(where.most_common())}")
    return int(share < at_least)


def _since(begin: float) -> str:
    return f"{time.monotonic() - begin:.0f} s"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--paths", nargs="+", default=["workflow/"], help="beginnings of paths, as workflow/recipe")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--at-least", type=float, default=92.0, help="per cent")
    parser.add_argument("--cache", type=Path, default=ROOT / ".mutation", help="where the map of lines is kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
