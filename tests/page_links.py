"""Links in the pages of a built book, for the tests."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from isru.publish.pages import read_page


def broken_links(html_folder: Path) -> list[str]:
    """Return every link to a file of the book, or to an anchor in one, that does not exist."""
    pages = {path: read_page(path) for path in sorted(html_folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        for address in page.followed:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            anchors = pages[target].anchors if target in pages else None
            if not target.exists() or (
                parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors
            ):
                found.append(f"{path.relative_to(html_folder).as_posix()}: {address}")
    return found
