"""Pages at the chapters' former addresses that lead to the present ones."""

from __future__ import annotations

from pathlib import Path

from isru.publish.contents import former_names
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


def write(app, error) -> None:
    """Write a page at each former address whose chapter the book has."""
    if error or app.builder.format != "html":
        return
    for former, name in former_names().items():
        if page_of(name) in app.env.found_docs:
            page = Path(app.outdir) / f"{page_of(former)}.html"
            page.write_text(_PAGE.format(name=name), encoding="utf-8")
