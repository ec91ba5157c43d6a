"""Bootstrap of the worker, run by path: ``python -I -X utf8 .../worker/__main__.py SCRATCH [WALL]``.

Takes stdin and stdout away from everybody else before anything can print, then loads its own folder as the package
``tfjs_worker``: nothing else of the host is importable here. WALL is a JSON object of the folders that jobs may
``reads`` and ``writes`` besides SCRATCH, and of those to be ``removed`` with it when the host is killed; with it the
wall stands before anything else is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys

PACKAGE = "tfjs_worker"


def _claim_channel() -> tuple[int, int]:
    """Move the original stdin and stdout to private descriptors; 0 becomes empty, 1 and 2 the worker's log."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reading, writing


def _load_package() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the worker cannot load its own package from {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def main() -> None:
    """Serve the host until it hangs up."""
    reading, writing = _claim_channel()
    _load_package()
    scratch, held = sys.argv[1] if len(sys.argv) > 1 else "", None
    if len(sys.argv) > 2:  # noqa: PLR2004  the interpreter's own, SCRATCH, WALL
        folders = json.loads(sys.argv[2])
        importlib.import_module(PACKAGE + ".compiling").compile_stale(os.path.dirname(os.path.abspath(__file__)))
        importlib.import_module(PACKAGE + ".shared.janitor").leave([scratch, *folders["removed"]])
        wall = importlib.import_module(PACKAGE + ".shared.wall")
        held = wall.stand(reads=folders["reads"], writes=[scratch, *folders["writes"]])
    serving = importlib.import_module(PACKAGE + ".serving")
    serving.serve(reading, writing, scratch=scratch, wall=held)


if __name__ == "__main__":
    main()
