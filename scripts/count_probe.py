"""Run one command of the tool in this process and write down which file calls which; ``count_moves.py`` starts it.

``python count_probe.py RESULT.json CHECKOUT ARGUMENT...``: it imports nothing that the tool does not import anyway,
so that the modules which are there at the end are the tool's. The exit code is the command's.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from types import CodeType, FrameType

    Calls = dict[tuple[CodeType | None, CodeType], int]

_OF_A_FUNCTION = 1
"""The flag CO_OPTIMIZED, which the code of a module or of a class does not have."""


class _EndedError(BaseException):
    """Stands for ``os._exit``, by which the tool ends: the counts are to be written first."""

    def __init__(self, code: int) -> None:
        self.code = code


def _ended(code: int) -> NoReturn:
    raise _EndedError(code)


def _counting(calls: Calls) -> Any:
    """Return a profile function that counts into ``calls``; to go on with a generator is a call, too."""

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            caller = frame.f_back
            pair = (caller.f_code if caller is not None else None, frame.f_code)
            calls[pair] = calls.get(pair, 0) + 1

    return profile


def _run(arguments: list[str], calls: Calls) -> int:
    """Run the command line as the program ``tfjs-workflow`` does, and count every call in every thread."""
    sys.path.pop(0)  # the folder of this script
    sys.argv = ["tfjs-workflow", *arguments]
    leave = os._exit
    os._exit = _ended  # type: ignore[assignment]  # its parameter has another name
    profile = _counting(calls)
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        from workflow.__main__ import main  # noqa: PLC0415  importing it is part of what is counted

        main()
    except (_EndedError, SystemExit) as end:
        return end.code if isinstance(end.code, int) else 1
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        os._exit = leave
    return 0


def _file(code: CodeType | None, package: str) -> str | None:
    """Return the path in the package of the file that holds ``code``; None where it is none of the package's."""
    if code is None or not code.co_filename.startswith(package):
        return None
    return code.co_filename.removeprefix(package).replace(os.sep, "/")


def _summed(calls: Calls, package: str) -> dict[str, Any]:
    """Return how often functions of each entered file were called, and the calls from one file into another.

    A file of which classes were made, and nothing called, is entered with 0 calls; one whose module was only
    executed is not entered.
    """
    entered: dict[str, int] = {}
    moves: dict[str, int] = {}
    for (caller, callee), count in calls.items():
        source, target = _file(caller, package), _file(callee, package)
        if target is not None and callee.co_name != "<module>":
            entered[target] = entered.get(target, 0) + (count if callee.co_flags & _OF_A_FUNCTION else 0)
        if source is not None and target is not None and source != target:
            moves[f"{source} -> {target}"] = moves.get(f"{source} -> {target}", 0) + count
    return {"entered": entered, "moves": moves}


def main() -> int:
    """Run the command and write the counts; see the module's text."""
    result, checkout, *arguments = sys.argv[1:]
    calls: Calls = {}
    code = _run(arguments, calls)
    modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    import json  # noqa: PLC0415  not before the modules are counted

    package = os.path.join(os.path.realpath(checkout), "workflow", "")  # noqa: PTH118  pathlib may not be loaded
    with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123  as above
        json.dump({"modules": modules, **_summed(calls, package)}, file)
    return code


if __name__ == "__main__":
    sys.exit(main())
