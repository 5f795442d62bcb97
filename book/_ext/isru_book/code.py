"""The directive ``package-code``: a function of the package as its source has it."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import textwrap

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.html import cell_code
from isru_book.run import LOGGER


class PackageCode(SphinxDirective):
    """Show the code of functions, ``isru.lstm.cell.cell_forward``, without their docstrings."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return one block of code."""
        try:
            shown = [code_of(name) for name in self.arguments[0].split()]
        except (AttributeError, ImportError, TypeError, ValueError) as error:
            text = f"package-code: expected functions of the package: {error}"
            LOGGER.warning(text, location=self.get_location(), type="isru")
            return []
        return [cell_code("\n\n\n".join(shown), "python")]


def code_of(name: str) -> str:
    """Return a function's source without its docstring.

    Examples
    --------
    >>> print(code_of("isru.lstm.cell.cell_forward").splitlines()[-1])
        return h, c, CellCache(x, h_tm1, c_tm1, gates, saved, weights, activations)
    """
    source = textwrap.dedent(inspect.getsource(pkgutil.resolve_name(name)))
    function = ast.parse(source).body[0]
    lines = source.splitlines()
    if ast.get_docstring(function) is not None:
        told = function.body[0]
        del lines[told.lineno - 1 : told.end_lineno]
    return "\n".join(lines)
