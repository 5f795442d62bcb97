"""When a page still fits its run: all that the run computed stands in the source, in its order.

What a cell only shows, the expression at its end, decides no result: a page may show less, more
or other things than its run did. Cells and parameters may have come since, for the next run, as
long as nothing of the run reads what they bind. What the run did not show, the page leaves out.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from isru.digests import code_digest, tree_digest

_RECORD = "record"  # what chapters call their `isru.records.Record`
# Methods that change what they are called on.
_CHANGING = {"append", "clear", "extend", "insert", "pop", "remove", "shuffle", "sort", "update"}
_SHOWING = ("print", "display")


@dataclass(frozen=True)
class Code:
    """A cell by what it does.

    Attributes
    ----------
    whole, core : str
        Hashes of all of it, and of what it computes: without its display and its imports.
    binds, reads : frozenset of str
        The names that it binds or changes, and those that its core reads.
    imports : dict
        {name: what is imported under it}.
    """

    whole: str
    core: str
    binds: frozenset[str]
    reads: frozenset[str]
    imports: dict[str, str]

    @property
    def computes(self) -> bool:
        """Whether anything is left."""
        return self.core != code_digest("")


def fitting_outputs(
    executed: Sequence[NotebookNode], source: Sequence[NotebookNode]
) -> list[list[NotebookNode]] | None:
    """Return the outputs of each cell of the source, from the cells of its run.

    A cell has those of the run where it shows the same, otherwise none. Cells that only show may
    be in one notebook and not in the other; cells that compute may be in the source alone.

    Parameters
    ----------
    executed, source : sequence of NotebookNode
        The code cells of both.

    Returns
    -------
    list of list, or None
        None where the run computed anything that the source does not, or what came since binds
        a name that the run's cells read.
    """
    silent = {code_digest(cell.source) for cell in executed if not _has_shown(cell)}
    ran = [_code(cell, silent) for cell in executed]
    known = set().union(*(code.binds for code in ran))
    present = [_code(cell, silent, known if _sets_parameters(cell) else None) for cell in source]
    gained = _gained(ran, present)
    if gained is None or not _same_imports(ran, present):
        return None
    outputs = {place: cell.outputs for place, cell in zip(_places(ran), executed, strict=True)}
    return [outputs.get(place, []) for place in _places(present, gained)]


def _code(cell: NotebookNode, silent: set[str], parameters: set[str] | None = None) -> Code:
    """Return what a cell does; one that showed nothing in the run stands there for what it does.

    Of the cell of parameters, those that the run did not know are no part of its core.
    """
    whole = code_digest(cell.source)
    tree = ast.parse(cell.source) if whole in silent else _without_display(cell.source)
    imports = {}
    body = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports |= _imported(statement)
        elif parameters is None or not _binds(statement) or _binds(statement) & parameters:
            body.append(statement)
    core = ast.Module(body, [])
    return Code(whole, tree_digest(core), _binds(tree) - imports.keys(), _reads(core), imports)


def _sets_parameters(cell: NotebookNode) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def _imported(statement: ast.Import | ast.ImportFrom) -> dict[str, str]:
    module = getattr(statement, "module", "")
    return {
        (alias.asname or alias.name).partition(".")[0]: f"{module} {alias.name}"
        for alias in statement.names
    }


def _gained(ran: Sequence[Code], present: Sequence[Code]) -> set[int] | None:
    """Return which cells came since the run, by place; None where the run does not fit."""
    gained = set()
    waiting = [code.core for code in ran if code.computes]
    for place, code in enumerate(present):
        if waiting and code.core == waiting[0]:
            waiting.pop(0)
        elif code.computes:
            gained.add(place)
    read = set().union(*(code.reads for code in ran))
    new = set().union(*(code.binds for place, code in enumerate(present) if place in gained))
    return None if waiting or new & read else gained


def _same_imports(ran: Sequence[Code], present: Sequence[Code]) -> bool:
    """Return whether each name that the run's code reads is imported from the same place."""
    ours, theirs = (
        {k: v for code in codes for k, v in code.imports.items()} for codes in (ran, present)
    )
    read = set().union(*(code.reads for code in ran if code.computes))
    return all(theirs.get(name) == ours.get(name) for name in read)


def _binds(tree: ast.AST) -> frozenset[str]:
    """Return the names that code binds, deletes, stores into or changes by a method."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        stores = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
        if stores or (isinstance(node, ast.Attribute) and node.attr in _CHANGING):
            found |= _names(node)
    return frozenset(found)


def _reads(tree: ast.AST) -> frozenset[str]:
    """Return the names that code reads, those that it adds to in place among them."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            found |= _names(node.target)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return frozenset(found)


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _places(cells: Sequence[Code], gained: Collection[int] = ()) -> Iterator[tuple[int, str]]:
    """Yield for each cell how many that the run computed came before it, and what it does."""
    before = 0
    for place, code in enumerate(cells):
        before += code.computes and place not in gained
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
