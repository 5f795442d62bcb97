"""Every page of the published book in a headless Chromium, the network cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser_pages import inspect_book, pages

from isru.commands import find_chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        find_chromium() is None, reason="no Chromium or Chrome on the path: the pages not looked at"
    ),
]

GOOD = """<!doctype html><html lang="en"><head><title>Good</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Good</h1><p>Nothing to complain of.</p></main></body></html>"""


def plant(folder: Path, fault: str) -> list[str]:
    """Return the kinds of problems of a page with a fault in it."""
    (folder / "page.html").write_text(GOOD.replace("</main>", f"{fault}</main>"), "utf-8")
    (report,) = inspect_book(folder)
    return [problem.split(": ")[1] for problem in report.problems()]


def test_each_kind_of_fault_is_noticed(tmp_path):
    faults = {
        "": [],
        '<img src="http://192.0.2.1/a.png" alt="">': ["requests", "requests", "errors"],
        '<img src="missing.png" alt="">': ["requests", "errors"],
        "<script>throw new Error('ours')</script>": ["errors"],
        '<p><span class="math notranslate">x^2</span></p>': ["formulas"],
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">': ["accessibility"],
        '<p style="color: #aaa; background: #fff">faint</p>': ["accessibility", "accessibility"],
        '<div style="width: 600px">wide</div>': ["overflow"],
    }
    assert {fault: plant(tmp_path, fault) for fault in faults} == faults


def test_every_page_of_the_book_is_sound():  # of a run of one's own: test-browser --run NAME
    from isru.publish.book import build_book

    html = build_book(os.environ.get("ISRU_BOOK", "published")).parent
    reports = inspect_book(html)
    assert len(reports) == len(pages(html)) > 5
    assert [problem for report in reports for problem in report.problems()] == []
