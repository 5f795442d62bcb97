"""What the tools below write and a screen reader cannot use, put right in each page."""

from __future__ import annotations

# docutils' role of a citation is deprecated, and its list holds no list items; pandas leaves the
# corner of a table an empty heading.
_REPAIRS = {
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    "<th></th>": "<td></td>",
}


def repair(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Repair the body of one page."""
    body = context.get("body")
    if body:
        for fault, right in _REPAIRS.items():
            body = body.replace(fault, right)
        context["body"] = body
