"""The search of the published book, opened as files, the network cut: words and names are found."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from browser_pages import opened

from isru.commands import find_chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome on the path"),
]
# Whether what the address leads to, or the words that are marked, can be seen.
_SEEN = """() => {
  const marked = getSelection();
  const place = marked.toString() ? marked.getRangeAt(0)
    : document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const box = place && place.getBoundingClientRect();
  return Boolean(box) && box.height > 0 && box.top < innerHeight && box.bottom > 0;
}"""


@pytest.fixture(scope="module")
def html() -> Path:
    from isru.publish.book import build_book

    return build_book(os.environ.get("ISRU_BOOK", "published")).parent


@pytest.fixture(scope="module")
def page(html):
    with opened(html / "search.html") as tab:
        yield tab


def index(html: Path) -> dict:
    text = (html / "searchindex.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))


def names(html: Path) -> list[tuple[str, str, str, str]]:
    """Return the name, kind, page and anchor of all that was recorded."""
    content = index(html)
    return [
        (
            f"{prefix}.{name}" if prefix else name,
            content["objtypes"][str(kind)].removeprefix("isru:"),
            content["docnames"][page],
            anchor or f"{prefix}.{name}",
        )
        for prefix, found in content["objects"].items()
        for page, kind, _, anchor, name in found
    ]


def search(page, html: Path, asked: str):
    page.goto(f"{(html / 'search.html').as_uri()}?q={quote(asked)}")
    page.wait_for_selector("#search-results li a")
    return page.locator("#search-results li a").first


def test_every_name_leads_to_an_anchor_of_its_page(html):
    found = names(html)
    assert {kind for _, kind, _, _ in found} == {"value", "table", "column", "figure"}
    anchors = {
        page: set(re.findall(r'\bid="([^"]+)"', (html / f"{page}.html").read_text("utf-8")))
        for page in {page for _, _, page, _ in found}
    }
    assert [entry for entry in found if entry[3] not in anchors[entry[2]]] == []


@pytest.mark.parametrize("kind", ["value", "table", "column", "figure"])
def test_a_name_that_is_asked_for_comes_first_and_leads_to_its_place(page, html, kind):
    mine = [entry for entry in names(html) if entry[1] == kind]
    for name, _, document, anchor in (mine[0], mine[-1]):
        result = search(page, html, name)
        assert result.inner_text() == name
        result.click()
        page.wait_for_load_state("load")
        there = urlsplit(page.url)
        assert there.path.endswith(f"{document}.html") and unquote(there.fragment) == anchor
        page.wait_for_function(_SEEN)


@pytest.mark.parametrize(
    ("asked", "marked"), [("Amdahl", "Amdahl"), ("batteries", "batter"), ("wait states", "")]
)
def test_words_of_the_text_are_found_and_shown_where_they_stand(page, html, asked, marked):
    search(page, html, asked).click()
    page.wait_for_function("getSelection().toString() !== ''")
    page.wait_for_function(_SEEN)
    assert page.evaluate("getSelection().toString()").startswith(marked)
