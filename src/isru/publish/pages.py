"""What a built page asks for: everything that a browser loads must lie in the book itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes whose address a browser loads by itself; a link that a reader follows is none.
_LOADED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
_NOT_LOADED_LINKS = {
    "canonical",
    "license",
    "author",
    "search",
    "index",
    "next",
    "prev",
    "copyright",
}
_CSS_ADDRESS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
_ADDRESS_IN_SCRIPT = re.compile(r"""(?:https?:)?//[\w.-]+\.\w{2,}[^\s'"`)]*""")


@dataclass
class Page(HTMLParser):
    """The addresses in one page.

    Attributes
    ----------
    loaded, followed : list of str
        What the browser loads by itself, and what a reader may follow.
    anchors : set of str
        The ids of the page.
    """

    loaded: list[str] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    _inside: str = ""

    def __post_init__(self):
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        """Collect the addresses of one element."""
        given = {name: value or "" for name, value in attrs}
        self._inside = tag
        if "id" in given:
            self.anchors.add(given["id"])
        if "style" in given:
            self.loaded += css_addresses(given["style"])
        if tag == "a" and "href" in given:
            self.followed.append(given["href"])
        if tag == "link" and set(given.get("rel", "").split()) & _NOT_LOADED_LINKS:
            return
        for name in _LOADED.get(tag, ()):
            if given.get(name):
                parts = given[name].split(",") if name == "srcset" else [given[name]]
                self.loaded += [part.split()[0] for part in parts if part.strip()]

    def handle_endtag(self, tag):
        """Leave a style or script."""
        self._inside = ""

    def handle_data(self, data):
        """Collect the addresses in a style or an inline script."""
        if self._inside == "style":
            self.loaded += css_addresses(data)
        elif self._inside == "script":
            self.loaded += _ADDRESS_IN_SCRIPT.findall(data)


def css_addresses(text: str) -> list[str]:
    """Return what a style sheet loads."""
    return [first or second for first, second in _CSS_ADDRESS.findall(text)]


def read_page(path: Path) -> Page:
    """Return the addresses in one HTML file."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def check_offline(html_folder: Path) -> list[str]:
    """Return everything that a page or style sheet would load from another machine, or miss.

    Parameters
    ----------
    html_folder : Path
        A built book.

    Returns
    -------
    list of str
        ``"book/intro.html: https://..."``, empty for a book that is complete in itself.
    """
    found = []
    for path in sorted(html_folder.rglob("*.html")):
        found += _faults(path, read_page(path).loaded, html_folder)
    for path in sorted(html_folder.rglob("*.css")):
        found += _faults(path, css_addresses(path.read_text(encoding="utf-8")), html_folder)
    return found


def _faults(path: Path, addresses: list[str], folder: Path) -> list[str]:
    name = path.relative_to(folder).as_posix()
    return [f"{name}: {a}" for a in addresses if not _is_here(path, a)]


def _is_here(path: Path, address: str) -> bool:
    """Tell whether an address is data in the page itself, or a file that exists beside it."""
    parts = urlsplit(address)
    if parts.scheme == "data" or address.startswith("#"):
        return True
    if parts.scheme or parts.netloc:
        return False
    return (path.parent / unquote(parts.path)).exists()
