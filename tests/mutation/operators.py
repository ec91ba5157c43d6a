"""Small wrong changes to a source text: which there are, where, and what the text becomes.

A change replaces some bytes of the text and nothing else, so that it can be shown, made and taken back. What changes
nothing that a user could see is left out: types, docstrings, ``TYPE_CHECKING``, encodings that are the default here,
and the list in ``equivalents.py``.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.mutation import equivalents
from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPARISONS = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
EDGES = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.BitOr: (r"\|", "&"),
    ast.BitAnd: ("&", "|"),
}
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Compound = (*Function, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)


class Mutant(Record):
    """A change: its kind, the bytes it replaces and by what, and the statement it stands in (first and last line)."""

    kind: str
    line: int
    begin: int
    end: int
    text: str
    statement: tuple[int, int]
    in_function: bool

    def applied(self, source: bytes) -> bytes:
        """Return the source with the change made."""
        return source[: self.begin] + self.text.encode() + source[self.end :]

    def shown(self, source: bytes) -> str:
        """Return what was there and what is there now, on one line."""
        old = re.sub(r"\s+", " ", source[self.begin : self.end].decode())
        return f"{_short(old)} -> {_short(self.text) or 'nothing'}"


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def mutants(source: bytes) -> list[Mutant]:
    """Return every change to the source, in the order of their places."""
    found = _Finder(source)
    found.visit(ast.parse(source))
    lines = source.decode().splitlines()
    kept = {
        (one.begin, one.end, one.text): one
        for one in found.found
        if not equivalents.is_equivalent(lines[one.line - 1], one.kind, one.shown(source))
    }
    return sorted(kept.values(), key=lambda one: (one.begin, one.end, one.text))


class _Finder(ast.NodeVisitor):
    """Walks a tree and notes the changes; it does not enter what no user can see."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.found: list[Mutant] = []
        self.statement = (1, 1)
        self.depth = 0
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    # Places

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def segment(self, node: ast.expr) -> str:
        begin, end = self.span(node)
        return self.source[begin:end].decode()

    def note(self, kind: str, node: ast.expr | ast.stmt | ast.keyword, text: str) -> None:
        self.add(kind, node.lineno, self.span(node), text)

    def add(self, kind: str, line: int, span: tuple[int, int], text: str) -> None:
        self.found.append(Mutant(kind, line, *span, text, self.statement, self.depth > 0))

    def between(self, kind: str, left: ast.expr, right: ast.expr, change: tuple[str, str]) -> None:
        """Note a change of the operator between two expressions."""
        begin, end = self.span(left)[1], self.span(right)[0]
        gap = self.source[begin:end].decode()
        pattern, text = change
        bounded = rf"\b{pattern}\b" if pattern[0].isalpha() else pattern
        match = re.search(bounded, gap)
        if match and "#" not in gap:
            line = left.end_lineno or left.lineno
            at = begin + len(gap[: match.start()].encode())
            self.add(kind, line, (at, at + len(match[0])), text)

    # Statements

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            last = node.body[0].lineno - 1 if isinstance(node, Compound) else node.end_lineno or node.lineno
            self.statement = (node.lineno, max(node.lineno, last))
        if not equivalents.is_unseen(node):
            super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name in equivalents.UNSEEN_FUNCTIONS:
            return
        for one in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if one is not None:
                self.visit(one)
        self.depth += 1
        for statement in node.body:
            self.visit(statement)
        self.depth -= 1

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.removable(node, node.target)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.removable(node, node.targets[0])
        self.generic_visit(node)

    def removable(self, node: ast.stmt, target: ast.expr) -> None:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            self.note("statement removed", node, "pass")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.note("statement removed", node, "pass")
        if isinstance(node.op, (ast.Add, ast.Sub)):
            signs = (r"\+", "-") if isinstance(node.op, ast.Add) else ("-", "+")
            self.between("arithmetic", node.target, node.value, signs)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, (ast.Call, ast.Await)):
            self.note("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self.note("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        nothing = isinstance(node.value, ast.Constant) and not node.value.value
        if node.value is not None and not nothing:
            self.note("returns None", node, "return None")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.note("raise dropped", node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.note("break", node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.note("continue", node, "break")

    def visit_If(self, node: ast.If) -> None:
        self.forced(node.test, "True", "False")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.forced(node.test, "False")
        self.generic_visit(node)

    # Expressions

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.forced(node.test, "True", "False")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.forced(test, "True")
        self.generic_visit(node)

    def forced(self, test: ast.expr, *texts: str) -> None:
        for text in texts:
            self.note("condition forced", test, text)

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip((node.left, *node.comparators), node.ops, node.comparators, strict=False):
            change = COMPARISONS[type(operator)]
            self.between("comparison", left, right, change)
            if type(operator) in EDGES:
                self.between("comparison", left, right, (change[0], EDGES[type(operator)]))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        change = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between("boolean operator", left, right, change)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.note("not dropped", node, f"({self.segment(node.operand)})")
        elif isinstance(node.op, ast.USub):
            self.note("arithmetic", node, self.segment(node.operand))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        texts = any(isinstance(one, ast.JoinedStr) or _is_text(one) for one in (node.left, node.right))
        if type(node.op) in ARITHMETIC and not texts:
            pattern, text = ARITHMETIC[type(node.op)]
            self.between("arithmetic", node.left, node.right, (pattern.replace("+", r"\+"), text))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for one in node.keywords:
            if one.arg is not None and one.arg not in equivalents.UNSEEN_KEYWORDS:
                self.dropped(one)
                if not isinstance(one.value, ast.Constant):
                    self.note("keyword changed", one.value, "None")
        if len(node.args) > 1 and not isinstance(node.args[-1], ast.Starred):
            self.dropped(node.args[-1])
        self.generic_visit(node)

    def dropped(self, argument: ast.expr | ast.keyword) -> None:
        begin, end = self.span(argument)
        comma = re.match(rb"\s*,", self.source[end:])
        self.add("argument dropped", argument.lineno, (begin, end + (len(comma[0]) if comma else 0)), "")

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in equivalents.UNSEEN_KEYWORDS:
            self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and _is_text(key):
                self.note("key renamed", key, repr(f"{ast.literal_eval(key)}_"))
            elif key is not None:
                self.visit(key)
            self.visit(value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.note("constant", node, '"XX"')  # what stands inside has no places of its own before Python 3.12

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.note("constant", node, str(not value))
        elif isinstance(value, int):
            self.note("constant", node, str(value + 1))
        elif isinstance(value, float):
            self.note("constant", node, repr(value * 2 or 1.0))
        elif isinstance(value, str):
            self.note("constant", node, '"XX"')
        elif isinstance(value, bytes):
            self.note("constant", node, 'b"XX"')


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def lines_of(found: list[Mutant]) -> Iterator[tuple[int, list[Mutant]]]:
    """Yield each line that can be changed, with its changes."""
    by_line: dict[int, list[Mutant]] = {}
    for one in found:
        by_line.setdefault(one.line, []).append(one)
    yield from sorted(by_line.items())
