"""Bootstrap of the worker, run by path: ``python -I -X utf8 .../worker/__main__.py SCRATCH``.

Takes stdin and stdout away from everybody else before anything can print, then loads its own folder as the package
``tfjs_worker``: nothing else of the host is importable here.
"""

from __future__ import annotations

import importlib
import importlib.util
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
    serving = importlib.import_module(PACKAGE + ".serving")
    serving.serve(reading, writing, scratch=sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    main()
