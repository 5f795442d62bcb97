"""What the tools below write and a screen reader cannot use, put right in each page."""

from __future__ import annotations

import re

# docutils' role of a citation is deprecated, and its list holds no list items; the corner of a
# table is no heading if it says nothing.
_REPAIRS = {
    r' role="doc-biblioentry"': "",
    r'<div role="list" class="citation-list">': '<div class="citation-list">',
    r"<th\b([^>]*)>\s*(?:<p>\s*</p>)?\s*</th>": r"<td\1></td>",
}
_HEADING = re.compile(r"<th\b(?![^>]*\bscope=)(?P<about>[^>]*)>")


def repair(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Repair the body of one page."""
    body = context.get("body")
    if body:
        for fault, right in _REPAIRS.items():
            body = re.sub(fault, right, body)
        context["body"] = _HEADING.sub(_with_scope, body)


def _with_scope(heading: re.Match) -> str:
    """Return the start of a heading that says of which cells it is the heading."""
    about = heading["about"]
    group = "group" if "colspan=" in about else ""
    scope = "row" if re.search(r'class="[^"]*\bstub\b', about) and "head" not in about else "col"
    return f'<th scope="{scope}{group}"{about}>'
