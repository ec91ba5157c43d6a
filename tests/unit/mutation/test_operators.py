"""What the small wrong changes are that scripts/mutate.py makes."""

from __future__ import annotations

import pytest

from tests.mutation.operators import mutants


def changes(source: str) -> set[tuple[str, str]]:
    """Return the kind of every change, and the text with it made."""
    text = source.encode()
    return {(one.kind, one.applied(text).decode()) for one in mutants(text)}


@pytest.mark.parametrize(
    ("source", "kind", "changed"),
    [
        ("x = a == b", "comparison", "x = a != b"),
        ("x = a < b", "comparison", "x = a >= b"),
        ("x = a < b", "comparison", "x = a <= b"),
        ("x = (a) is not (b)", "comparison", "x = (a) is (b)"),
        ("x = a not in b", "comparison", "x = a in b"),
        ("x = a and b or c", "boolean operator", "x = a or b or c"),
        ("x = a and b or c", "boolean operator", "x = a and b and c"),
        ("x = not (a or b)", "not dropped", "x = (a or b)"),
        ("x = 7", "constant", "x = 8"),
        ("x = 0.5", "constant", "x = 1.0"),
        ("x = True", "constant", "x = False"),
        ("x = 'ä'", "constant", 'x = "XX"'),
        ("x = f'{a}b'", "constant", 'x = "XX"'),
        ("def f():\n    return a", "returns None", "def f():\n    return None"),
        ("if a:\n    raise E('x')", "raise dropped", "if a:\n    pass"),
        ("x = a + b", "arithmetic", "x = a - b"),
        ("x = a // b", "arithmetic", "x = a * b"),
        ("x += a", "arithmetic", "x -= a"),
        ("x = -a", "arithmetic", "x = a"),
        ("f(a, b)", "argument dropped", "f(a, )"),
        ("f(a, b=c, d=e)", "argument dropped", "f(a,  d=e)"),
        ("f(a=b)", "keyword changed", "f(a=None)"),
        ("if a:\n    f()", "condition forced", "if True:\n    f()"),
        ("while a:\n    f()", "condition forced", "while False:\n    f()"),
        ("x = [a for a in b if a.c]", "condition forced", "x = [a for a in b if True]"),
        ("x = a if b else c", "condition forced", "x = a if False else c"),
        ("f()", "statement removed", "pass"),
        ("a.b = c", "statement removed", "pass"),
        ("del a[b]", "statement removed", "pass"),
        ("x = {'k': a}", "key renamed", "x = {'k_': a}"),
        ("for a in b:\n    break", "break", "for a in b:\n    continue"),
        ("for a in b:\n    continue", "continue", "for a in b:\n    break"),
    ],
)
def test_a_change_is_made_where_it_stands(source: str, kind: str, changed: str) -> None:
    assert (kind, changed) in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: 'int' = b) -> 'str':\n    'What it does.'\n",
        "x: Literal['a', 'b']",
        "X = Literal['a', 'b']",
        "if TYPE_CHECKING:\n    x = 1\n",
        "if __name__ == '__main__':\n    main()\n",
        "class A(Protocol):\n    def f(self, b: int = 1) -> int:\n        ...\n",
        "class A:\n    'What it is.'\n    def __repr__(self):\n        return 'A'\n",
        "x = y.read_text(encoding='utf-8')",
        "x = TypeVar('T')",
        "assert a is not None",
        "x = None",
        "__all__ = ['a']",
    ],
)
def test_what_nobody_could_notice_is_left_alone(source: str) -> None:
    assert changes(source) == set()


def test_every_change_leaves_a_program_that_compiles() -> None:
    source = (
        "def f(a, *b, c=1, **d):\n"
        "    'Says.'\n"
        "    e = a(  # why\n        b, 'ö', c=c, **d)\n"
        "    while not e and c < len(b) <= 9:\n"
        "        e += [g for g in b if g is not None or not c][-1]\n"
        "        if e: break\n"
        "        else: continue\n"
        "    return {'k': (e, f'{c!r:>{a}}'), **d} if e else ()\n"
    ).encode()
    found = mutants(source)
    assert len(found) >= 30
    for one in found:
        compile(one.applied(source), "changed", "exec")


def test_a_change_knows_its_line_and_its_statement() -> None:
    source = b"x = 1\ndef f(a):\n    return g(\n        a,\n        2,\n    )\n"
    places = {(one.kind, one.line, one.statement, one.in_function) for one in mutants(source)}
    assert ("constant", 1, (1, 1), False) in places
    assert ("constant", 5, (3, 6), True) in places


def test_a_change_is_shown_on_one_line() -> None:
    source = b"if a == (\n    1\n):\n    raise E(\n        'a'\n    )\n"
    shown = {one.kind: one.shown(source) for one in mutants(source)}
    assert shown["comparison"] == "== -> !="
    assert shown["raise dropped"] == "raise E( 'a' ) -> pass"
