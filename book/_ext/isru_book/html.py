"""Small nodes of our own and how HTML shows them."""

from __future__ import annotations

from html import escape

from docutils import nodes
from sphinx.util.osutil import relative_uri

_KINDS = {".tex": "LaTeX"}
MORE = "isru-more"  # the name of a fold of the page's own text
FIGURES, TABLES = "_figures", "_tables"  # folders of the book whose addresses do not change


class Disclosure(nodes.General, nodes.Element):
    """A line that opens to show what lies behind it."""


class Downloads(nodes.General, nodes.Element):
    """Links to the files of a figure or table: ``folder``, ``stem`` and ``suffixes``.

    ``stems`` names the files of a suffix otherwise; ``code_page`` and ``code_anchor`` name the cell
    that made it, where the page is known.
    """


class Picture(nodes.General, nodes.Element):
    """A figure's SVG at its stable address: ``stem``, ``alt`` and ``width``, ``height``.

    It leads to its file, or to ``isru_anchor`` of ``isru_page`` where the book has such a page.
    """


class Slot(nodes.inline):
    """A number, or what stands beside it, as wide as the widest of its column: ``width``."""


class Markup(nodes.General, nodes.Element):
    """HTML as it is, with ``{name}`` filled from the page's addresses."""


def disclosure(summary: str, *content: nodes.Node, name: str = "") -> Disclosure:
    """Return content behind a line that opens it."""
    return Disclosure("", *content, summary=summary, name=name)


def cell_code(text: str, language: str) -> nodes.literal_block:
    """Return a block of code, to be coloured and copied."""
    return nodes.literal_block(text, text, language=language)


def visit_disclosure(self, node):
    """Open a ``<details>``."""
    self.body.append(
        f'<details class="isru-disclosure {escape(node["name"])}">'
        f"<summary>{escape(node['summary'])}</summary>\n"
    )


def depart_disclosure(self, node):
    """Close it."""
    self.body.append("</details>\n")


def visit_downloads(self, node):
    """Write the links."""
    base = _address(self, node["folder"])
    stems = {suffix: node.get("stems", {}).get(suffix, node["stem"]) for suffix in node["suffixes"]}
    links = (
        f'<a href="{base}/{escape(stem)}{suffix}" download>{_KINDS.get(suffix, suffix[1:].upper())}'
        f'<span class="visually-hidden"> of {escape(stem)}</span></a>'
        for suffix, stem in stems.items()
    )
    code = _code_address(self, node)
    made = (
        f' \N{MIDDLE DOT} <a href="{escape(code)}">Code'
        f'<span class="visually-hidden"> that made {escape(node["stem"])}</span></a>'
        if code
        else ""
    )
    self.body.append(f'<p class="isru-downloads">Download {" ".join(links)}{made}</p>\n')
    raise nodes.SkipNode


def _code_address(self, node) -> str:
    """Return the address of the cell that made a figure or table, empty if no page shows it."""
    page, place = node.get("code_page", ""), node.get("code_anchor", "")
    here = self.builder.current_docname
    if page == here:
        return f"#{place}"
    known = page in self.builder.env.found_docs
    return f"{self.builder.get_relative_uri(here, page)}#{place}" if known else ""


def visit_picture(self, node):
    """Write the image inside a link to its file."""
    address = f"{_address(self, FIGURES)}/{escape(node['stem'])}.svg"
    size = f' width="{node["width"]}" height="{node["height"]}"' if node.get("width") else ""
    leads = address
    if node.get("isru_page") in self.builder.env.found_docs:
        page = self.builder.get_relative_uri(self.builder.current_docname, node["isru_page"])
        leads = f"{page}#{node['isru_anchor']}"
    self.body.append(
        f'<a class="isru-picture" href="{leads}"><img src="{address}" '
        f'alt="{escape(node["alt"])}"{size}/></a>\n'
    )
    raise nodes.SkipNode


def visit_slot(self, node):
    """Open a span of the column's width."""
    classes = " ".join(["isru-slot", *node["classes"]])
    self.body.append(f'<span class="{classes}" style="min-width: {node["width"]:g}ch">')


def depart_slot(self, node):
    """Close it."""
    self.body.append("</span>")


def visit_markup(self, node):
    """Write the HTML."""
    self.body.append(node["html"])
    raise nodes.SkipNode


def skip(self, node):
    """Leave a node out of a format that cannot show it."""
    raise nodes.SkipNode


def skip_unless_text(self, node):
    """Leave a disclosure out of a format that opens none, unless it holds the page's own text."""
    if node["name"] != MORE:
        raise nodes.SkipNode


def depart_text(self, node):
    """End the page's own text."""


def _address(self, folder: str) -> str:
    """Return the address of a folder of the book, relative to the page being written."""
    here = self.builder.get_target_uri(self.builder.current_docname)
    return relative_uri(here, f"{folder}/x").removesuffix("/x")


def add_nodes(app) -> None:
    """Tell Sphinx how each node is shown."""
    for node, shown in (
        (Disclosure, (visit_disclosure, depart_disclosure)),
        (Downloads, (visit_downloads, None)),
        (Picture, (visit_picture, None)),
        (Markup, (visit_markup, None)),
        (Slot, (visit_slot, depart_slot)),
    ):
        plain = (skip_unless_text, depart_text) if node is Disclosure else (skip, None)
        app.add_node(node, html=shown, text=plain, latex=plain)
