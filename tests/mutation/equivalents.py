"""What a change of which nobody could notice: the places that are not changed, and why."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

UNSEEN_FUNCTIONS = frozenset({"__repr__"})
"""They are read by developers alone."""

UNSEEN_KEYWORDS = {
    "encoding": "UTF-8 is the default where the tests run",
    "daemon": "counts at the interpreter's end alone",
    "frozen": "of a dataclass: nobody changes its values, which mypy sees to",
    "prefix": "of a temporary file's name",
    "maxsize": "of a cache",
    "poll_interval": "how often a server looks whether it is to end",
    "flush": "output is complete at the end either way",
    "usedforsecurity": "of a hash: counts where the system forbids some hashes",
    "strict": "zip of two things that are equally long",
}

EQUIVALENT = (
    ("*", "constant", '"utf-8" -> "XX"', "only where it is passed by position; others are skipped as keywords"),
    ("_BLOCK = *", "constant", "*", "the size of a buffer"),
    (
        "time.sleep(_POLL_SECONDS)*",
        "statement removed",
        "*",
        "a pause between two looks, without which one looks more often",
    ),
    ("locks.release(lock)", "statement removed", "*", "sharing it next gives it back as well where the tests run"),
    ("*scratch.folder(*", "constant", "*", "a part of a temporary folder's name"),
    ("*scratch.Scratch(*", "constant", "*", "a part of a temporary folder's name"),
    ("*text if _is_plain(text) else *", "condition forced", "* -> False", "a short cut: plain text is shown as it is"),
    (
        "*make_way(folder)",
        "statement removed",
        "*",
        "a folder takes the place of an empty one where the tests run",
    ),
    ("folder.rmdir()", "statement removed", "*", "a folder takes the place of an empty one where the tests run"),
    ("*digests.ahead(*", "argument dropped", "*", "what is hashed sooner is hashed anyway"),
    ("*.setsockopt(*", "constant", "1 -> *", "a switch of a socket is on whenever it is not 0"),
    ("*.reshape(*-1)*", "constant", "1 -> 2", "numpy takes any number below 0 for the size that is left"),
    ("*errstate(*", "argument dropped", "under=*", "numpy ignores an underflow unless it is told otherwise"),
    *(
        ("*", "condition forced", change, "it says what holds anyway where the tests run: on Linux")
        for change in (
            *('sys.platform == "win32" -> False', 'sys.platform != "win32" -> True', 'os.name == "nt" -> False'),
            *('sys.platform == "darwin" -> False', 'sys.platform == "linux" -> True', 'os.name == "posix" -> True'),
            *('sys.platform != "linux" -> False', 'os.name != "posix" -> False'),
        )
    ),
)
"""Line, kind and change (patterns with ``*``), and the reason."""

_TYPE_MAKERS = frozenset({"TypeVar", "NewType", "ParamSpec", "cast"})


def is_equivalent(line: str, kind: str, change: str) -> bool:
    """Whether a change is in the list."""
    return any(
        fnmatchcase(line.strip(), lines) and fnmatchcase(kind, kinds) and fnmatchcase(change, changes)
        for lines, kinds, changes, _ in EQUIVALENT
    )


def is_unseen(node: ast.AST) -> bool:
    """Whether nothing inside a node shows when the program runs."""
    if isinstance(node, ast.If):
        return _names(node.test) in ("TYPE_CHECKING", "__name__")
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert, ast.arguments)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.Subscript, ast.Assign)):
        named = _names(node.value if isinstance(node, ast.Subscript) else node.targets[0])
        return named in ("Literal", "__all__")  # no star imports here
    if isinstance(node, ast.ClassDef):
        return any(_names(base) in ("Protocol", "TypedDict") for base in node.bases)
    return isinstance(node, ast.Call) and _names(node.func) in _TYPE_MAKERS


def _names(node: ast.expr) -> str:
    """Return the name that an expression begins with: of a subscript's or a comparison's left side, too."""
    if isinstance(node, ast.Compare):
        return _names(node.left)
    if isinstance(node, ast.Subscript):
        return _names(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
