"""Former addresses that lead to the present ones: of chapters, and of parts of a page."""

from __future__ import annotations

import json
from pathlib import Path

from isru.publish.contents import former_names
from isru.yaml_text import read_yaml_file
from isru_book.run import page_of

# A script keeps what stands behind # in the address; without scripts the page opens at its top.
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This chapter is now called {name}</title>
<link rel="canonical" href="{name}.html">
<meta name="robots" content="noindex">
<script>location.replace("{name}.html" + location.hash)</script>
<noscript><meta http-equiv="refresh" content="0; url={name}.html"></noscript>
</head>
<body><p>This chapter is now <a href="{name}.html">{name}</a>.</p></body>
</html>
"""

# Follows what stands behind # to where that part is now, unless the page still has it.
_ANCHORS = """\
<script>(() => {
  const moved = %s, named = decodeURIComponent(location.hash.slice(1));
  const follow = () => {
    if (!named || document.getElementById(named)) return;
    for (const [old, page] of Object.entries(moved)) {
      const start = old.endsWith("*") ? old.slice(0, -1) : "";
      if (named === old) location.replace(page);
      else if (start && named.startsWith(start)) location.replace(page + "#" + named);
    }
  };
  document.addEventListener("DOMContentLoaded", follow);
})()</script>
"""


def lead_on(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Let a page lead on from anchors that moved; ``book/moved-anchors.yml`` names them."""
    path = Path(app.srcdir) / "book" / "moved-anchors.yml"
    moved = read_yaml_file(path, path.name).get(pagename) if path.is_file() else None
    if not moved:
        return
    found = {}
    for anchor, target in moved.items():
        page, _, inside = target.partition("#")
        if page in app.env.found_docs:
            address = app.builder.get_relative_uri(pagename, page)
            found[anchor] = f"{address}#{inside}" if inside else address
    context["metatags"] = context.get("metatags", "") + _ANCHORS % json.dumps(found)


def write(app, error) -> None:
    """Write a page at each former address whose chapter the book has."""
    if error or app.builder.format != "html":
        return
    for former, name in former_names().items():
        if page_of(name) in app.env.found_docs:
            page = Path(app.outdir) / f"{page_of(former)}.html"
            page.write_text(_PAGE.format(name=name), encoding="utf-8")
