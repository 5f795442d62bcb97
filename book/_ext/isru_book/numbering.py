"""A chapter bears the number of its notebook, so that "Fig. 6.1" stays what it is."""

from __future__ import annotations

from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

from isru_book.run import notebook_of

_assign = Collector.assign_section_numbers


def assign_section_numbers(self, env) -> list[str]:
    """Number the sections as Sphinx does, then put the notebook's number first."""
    old = env.toc_secnumbers
    _assign(self, env)
    for docname, numbers in env.toc_secnumbers.items():
        notebook = notebook_of(docname)
        if not notebook:
            continue
        chapter = int(notebook[:2])
        for anchor, number in numbers.items():
            if number:
                numbers[anchor] = (chapter, *number[1:])
        for node in [env.titles[docname], *env.tocs[docname].findall()]:
            if getattr(node, "get", None) and node.get("secnumber"):
                node["secnumber"] = [chapter, *node["secnumber"][1:]]
    return [name for name, numbers in env.toc_secnumbers.items() if numbers != old.get(name)]


def use_notebook_numbers() -> None:
    """Make Sphinx number the chapters this way."""
    Collector.assign_section_numbers = assign_section_numbers
