"""Every page of the published book in a headless Chromium, the network cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser_pages import PHONE, browser, inspect_book, pages

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


def test_each_kind_of_fault_is_noticed(tmp_path):
    faint = '<td style="color: #aaa; background: #fff">faint</td>'
    faults = {
        "": [],
        '<img src="http://192.0.2.1/a.png" alt="">': ["requests", "requests", "errors"],
        '<img src="missing.png" alt="">': ["requests", "errors"],
        "<script>throw new Error('ours')</script>": ["errors"],
        '<p><span class="math notranslate">x^2</span></p>': ["formulas"],
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">': ["accessibility"],
        '<p style="color: #aaa; background: #fff">faint</p>': ["accessibility", "accessibility"],
        f"<table>{'<tr><td>dark</td></tr>' * 9}<tr>{faint}</tr></table>": ["accessibility"] * 2,
        '<div style="width: 600px">wide</div>': ["overflow"],
    }
    for number, fault in enumerate(faults):
        planted = GOOD.replace("</main>", f"{fault}</main>")
        (tmp_path / f"{number}.html").write_text(planted, encoding="utf-8")
    found = [report.problems() for report in inspect_book(tmp_path)]
    kinds = [[problem.split(": ")[1] for problem in problems] for problems in found]
    assert dict(zip(faults, kinds, strict=True)) == faults


@pytest.fixture(scope="module")
def chapters() -> Path:
    """Return the folder of the chapters' pages in the published book."""
    from isru.publish.book import build_book

    return build_book("published").parent / "results" / "notebooks"


def open_folds(page) -> list[bool]:
    """Tell of each fold of code whether it is open."""
    return page.eval_on_selector_all("details.isru-code", "all => all.map(fold => fold.open)")


def test_one_button_opens_all_code_by_keyboard_and_for_the_visit(chapters):
    with browser() as chromium:
        page = chromium.new_page()
        page.goto((chapters / "isru.html").as_uri())
        button = page.get_by_role("button", name="Show all code")
        assert button.get_attribute("aria-pressed") == "false" and not any(open_folds(page))
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-pressed") == "true" and all(open_folds(page))
        page.goto((chapters / "propagation.html").as_uri())
        assert button.get_attribute("aria-pressed") == "true" and all(open_folds(page))
        page.keyboard.press("Tab")
        button.press("Space")
        assert button.get_attribute("aria-pressed") == "false" and not any(open_folds(page))


def test_an_address_in_a_fold_opens_that_fold_alone(chapters):
    inside = "details.isru-code .cell[id]"
    # A new address that the browser itself, which may open folds, does not follow.
    told = """name => {
      history.replaceState(null, '', `#${name}`);
      dispatchEvent(new HashChangeEvent('hashchange'));
    }"""
    with browser() as chromium:
        page = chromium.new_page()
        page.goto((chapters / "isru.html").as_uri())
        names = page.eval_on_selector_all(inside, "all => all.map(cell => cell.id)")
        for number, name in enumerate((names[-1], names[3]), start=1):
            page.evaluate(told, name)
            assert page.locator(f"#{name}").is_visible()
            assert sum(open_folds(page)) == number
        page.evaluate("""() => document.querySelector('main').insertAdjacentHTML('beforeend',
          '<details><details><p id="within-two">A table</p></details></details>')""")
        page.evaluate(told, "within-two")
        assert page.locator("#within-two").is_visible()
        page.goto((chapters / "propagation.html").as_uri() + "#cell-setup")
        page.wait_for_selector("#cell-setup:visible")
        assert sum(open_folds(page)) == 1


def test_without_scripts_each_fold_still_opens(chapters):
    with browser() as chromium:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto((chapters / "isru.html").as_uri())
        assert page.get_by_role("button", name="Show all code").count() == 0
        fold = page.locator("details.isru-code").first
        assert not fold.locator("pre").first.is_visible()
        fold.locator("summary").click()
        assert fold.locator("pre").first.is_visible()


def test_every_page_of_the_book_is_sound():  # of a run of one's own: test-browser --run NAME
    from isru.publish.book import build_book

    html = build_book(os.environ.get("ISRU_BOOK", "published")).parent
    reports = inspect_book(html)
    assert len(reports) == len(pages(html)) > 5
    assert [problem for report in reports for problem in report.problems()] == []


FOLDED = "table.isru-result:has(tbody.isru-folded)"
# Where the columns of a table begin, in the rows in view and in those behind the line.
COLUMNS = """table => ['tbody:not(.isru-fold):not(.isru-folded)', 'tbody.isru-folded'].map(
  body => [...table.querySelector(`${body} tr`).cells].map(cell => cell.getBoundingClientRect().x))
"""


@pytest.mark.parametrize("scripts", [True, False])
def test_the_other_rows_of_a_table_open_by_keyboard_in_line_and_are_printed(chapters, scripts):
    with browser() as chromium:
        page = chromium.new_context(java_script_enabled=scripts).new_page()
        page.goto((chapters / "forecaster.html").as_uri())
        table = page.locator(FOLDED).first
        line, rest = table.locator("summary"), table.locator("tbody.isru-folded")
        assert table.locator("tr:visible").count() < 8 + 4 and not rest.is_visible()
        line.focus()
        page.keyboard.press("Enter")
        assert rest.is_visible() and line.is_visible()
        shown, folded = table.evaluate(COLUMNS)
        assert shown == folded
        line.press("Enter")
        assert not rest.is_visible()
        page.emulate_media(media="print")
        assert rest.is_visible() and not line.is_visible()


def test_a_wide_table_scrolls_in_its_box_under_a_caption_that_stays(chapters):
    with browser() as chromium:
        page = chromium.new_context(viewport=PHONE).new_page()
        page.goto((chapters / "forecaster.html").as_uri())
        box = page.locator(f".pst-scrollable-table-container:has({FOLDED})").first
        assert box.evaluate("box => box.scrollWidth > box.clientWidth + 50")
        caption = box.locator("caption")
        before = caption.bounding_box()
        box.evaluate("box => box.scrollTo(200, 0)")
        assert caption.bounding_box()["x"] == pytest.approx(before["x"], abs=1)
        assert before["width"] <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
