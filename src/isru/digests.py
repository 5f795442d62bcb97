"""Hashes of code by what it does: the same under every Python from 3.11 to 3.13.

Comments, docstrings and layout change no hash, nor does the order of import statements that
stand together: sorting them changes no result. Needs the standard library only.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
from collections.abc import Iterator


def digest(content: object) -> str:
    """Return a short hash of anything that JSON can hold."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def code_digest(source: str) -> str:
    """Return a hash of Python code that comments, docstrings and layout do not change."""
    return tree_digest(ast.parse(source))


def tree_digest(tree: ast.AST) -> str:
    """Return the hash of a syntax tree, which loses its docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            node.body = body[1:]
    return digest(_plain(tree))


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _plain(node: object) -> object:
    """Return a syntax tree as lists; empty fields are left out, as Pythons differ in them."""
    if isinstance(node, list):
        return list(_statements(node))
    if isinstance(node, ast.Constant):  # by type, too: 1 is not "1"
        value = node.value
        return ["Constant", type(value).__name__, value if isinstance(value, str) else repr(value)]
    if not isinstance(node, ast.AST):
        return node if node is None or isinstance(node, str) else repr(node)
    plain = [type(node).__name__]
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(node, ast.JoinedStr):  # some Pythons end a nested format by an empty text
            value = [part for part in value or [] if getattr(part, "value", None) != ""]
        if value is not None and value != []:
            plain.append((name, _plain(value)))
    return plain


def _statements(nodes: list) -> Iterator[object]:
    """Yield nodes as lists; of imports that stand together each imported name, sorted."""
    for imports, group in itertools.groupby(nodes, lambda node: isinstance(node, _IMPORTS)):
        run = list(group)
        yield from _imported(run) if imports else map(_plain, run)


_IMPORTS = (ast.Import, ast.ImportFrom)


def _imported(run: list[ast.Import | ast.ImportFrom]) -> list[list]:
    """Return what imports bind, sorted unless the last one of two of a name decides what it is."""
    found, bound = [], {}
    order_decides = False
    for node in run:
        source = [node.level, node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for alias in node.names:
            entry = ["import", *source, alias.name, alias.asname or ""]
            found.append(entry)
            name = alias.asname or (alias.name if source else alias.name.partition(".")[0])
            what = entry if source or alias.asname else name
            order_decides |= name == "*" or bound.setdefault(name, what) != what
    return found if order_decides else sorted(found, key=lambda entry: list(map(str, entry)))
