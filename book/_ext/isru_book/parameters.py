"""The directive ``parameter-table``: every parameter that a notebook declares, from its source."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru.publish.parameters import declared_parameters, slug
from isru.yaml_text import read_yaml_file
from isru_book.html import MORE, disclosure
from isru_book.run import page_of
from isru_book.tables import html_table
from isru_book.values import link

_HEADER = ["Parameter", "Type", "Default", "Allowed", "What it is"]


class ParameterTable(SphinxDirective):
    """One folded table a notebook: name, type, default, range, help, what the profiles set."""

    def run(self) -> list[nodes.Node]:
        """Return a fold for each notebook that has parameters."""
        folder = self.env.srcdir / "notebooks"
        profiles = {}
        for path in sorted((folder / "parameters").glob("*.yml")):
            self.env.note_dependency(str(path))
            profiles[path.stem] = read_yaml_file(path, path.name) or {}
        order = [name for name in ("smoke", "quick", "full") if name in profiles]
        found = []
        for path in sorted(folder.glob("*.ipynb")):
            self.env.note_dependency(str(path))
            declared = declared_parameters(path)
            if declared:
                line = nodes.paragraph("", "The chapter: ")
                line += link(path.stem, page_of(path.stem))
                table = _table(declared, {n: profiles[n] for n in order}, slug(path.stem))
                found.append(disclosure(path.stem, line, table, name=MORE))
        return found or [nodes.paragraph("", "No notebook declares a parameter.")]


def _table(declared: dict, profiles: dict, section: str) -> nodes.table:
    rows = []
    for name, parameter in declared.items():
        sets = [value_text((values.get(section) or {}).get(name)) for values in profiles.values()]
        about = [parameter.type, value_text(parameter.default), parameter.allowed(), parameter.help]
        rows.append([[nodes.literal("", name)], *about, *sets])
    return html_table([*_HEADER, *profiles], rows, classes=("isru-small",))


def value_text(value: object) -> str:
    """Return a value as it is written in YAML, empty if a profile leaves the default."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(value_text(element) for element in value) + "]"
    return str(value)
