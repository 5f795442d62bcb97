"""What a certificate holds for: the file of its activation, and those that it imports."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from isru.activations import get_activation
from isru.digests import code_digest, digest

_ACTIVATIONS = "isru.activations."
# What all entries share; they say how a form is called, not what it computes.
_SHARED = ("entry", "formula")


def definitions(name: str) -> str:
    """Return a hash of what defines an activation; comments and layout do not change it."""
    waiting, found = [get_activation(name).module], {}
    while waiting:
        module = waiting.pop()
        source = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
        found[module] = code_digest(source)
        imported = {
            node.module
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_ACTIVATIONS)
        }
        shared = {_ACTIVATIONS + name for name in _SHARED}
        waiting += imported - shared - found.keys()
    return digest(found)
