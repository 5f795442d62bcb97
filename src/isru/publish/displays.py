"""What a cell only shows: the expression at its end, which decides no result.

A page may show less, more or other things than its run did, without being run again: what was
computed and recorded is the same. What the run did not show, the page leaves out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from isru.digests import code_digest, tree_digest

_RECORD = "record"  # what chapters call their `isru.records.Record`
# Methods that change what they are called on.
_CHANGING = {"append", "clear", "extend", "insert", "pop", "remove", "shuffle", "sort", "update"}
_SHOWING = ("print", "display")


@dataclass(frozen=True)
class Code:
    """A cell by what it does: the hash of all of it, and the hash of what it computes.

    What it computes is the cell without its display, and without imports that nothing uses then.
    """

    whole: str
    core: str

    @property
    def computes(self) -> bool:
        """Whether anything is left."""
        return self.core != code_digest("")


def fitting_outputs(
    executed: Sequence[NotebookNode], source: Sequence[NotebookNode]
) -> list[list[NotebookNode]] | None:
    """Return the outputs of each cell of the source, from the cells of its run.

    A cell has those of the run where it shows the same, otherwise none. Cells that only show may
    be in one notebook and not in the other.

    Parameters
    ----------
    executed, source : sequence of NotebookNode
        The code cells of both.

    Returns
    -------
    list of list, or None
        None where the two differ in more than what they show.
    """
    silent = {code_digest(cell.source) for cell in executed if not _has_shown(cell)}
    ran, present = (_codes(cells, silent) for cells in (executed, source))
    if _cores(ran) != _cores(present):
        return None
    outputs = {place: cell.outputs for place, cell in zip(_places(ran), executed, strict=True)}
    return [outputs.get(place, []) for place in _places(present)]


def _codes(cells: Sequence[NotebookNode], silent: set[str]) -> list[Code]:
    """Return what cells do; one that showed nothing in the run stands there for what it does."""
    wholes = [code_digest(cell.source) for cell in cells]
    trees = [
        ast.parse(cell.source) if whole in silent else _without_display(cell.source)
        for cell, whole in zip(cells, wholes, strict=True)
    ]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return [
        Code(whole, tree_digest(_without_imports(tree, used)))
        for whole, tree in zip(wholes, trees, strict=True)
    ]


def _without_imports(tree: ast.Module, used: set[str]) -> ast.Module:
    """Return code without imports at its top whose names nothing uses."""
    body = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [n for n in node.names if (n.asname or n.name).partition(".")[0] in used]
            if not node.names:
                continue
        body.append(node)
    return ast.Module(body, [])


def _cores(cells: Sequence[Code]) -> list[str]:
    return [code.core for code in cells if code.computes]


def _places(cells: Sequence[Code]) -> Iterator[tuple[int, str]]:
    """Yield for each cell how many that compute came before it, and what it does."""
    before = 0
    for code in cells:
        before += code.computes
        yield before, code.whole


def _without_display(source: str) -> ast.Module:
    """Return a cell's code without its last expression, where that can be a display.

    It cannot if it calls something on ``record``, assigns, or ends in a semicolon: then it stands
    there for what it does.
    """
    tree = ast.parse(source)
    if tree.body and _can_be_display(tree.body[-1], source):
        tree.body.pop()
    return tree


def _can_be_display(statement: ast.stmt, source: str) -> bool:
    if not isinstance(statement, ast.Expr):
        return False
    lines = source.encode().splitlines()[statement.end_lineno - 1 :]
    if lines[0][statement.end_col_offset :].lstrip().startswith(b";"):
        return False
    return not any(_acts(node) for node in ast.walk(statement))


def _acts(node: ast.AST) -> bool:
    """Return whether a part of an expression assigns, changes something, or is the record."""
    if isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.keyword) and node.arg == "inplace":
        return True
    if isinstance(node, ast.Attribute) and node.attr in _CHANGING:
        return True
    return isinstance(node, ast.Name) and node.id == _RECORD


def _has_shown(cell: NotebookNode) -> bool:
    if any(output.output_type == "execute_result" for output in cell.outputs):
        return True
    last = ast.parse(cell.source).body[-1:]
    called = getattr(getattr(last[0], "value", None), "func", None) if last else None
    return isinstance(called, ast.Name) and called.id in _SHOWING
