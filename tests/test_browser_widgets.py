"""The form for a case of one's own, as somebody uses it by keyboard, the network cut."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from browser_pages import opened

from isru.commands import find_chromium

BOOK = Path(__file__).parents[1] / "book"
sys.path.insert(0, str(BOOK / "_ext"))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome on the path"),
]

CONSTANTS = {"step_ns": 900, "unit_ns": 20, "mac_ns": 0.2, "saved_step_ns": 0, "saved_ns": 3}
PAGE = """<!doctype html><html lang="en"><head><title>Your case</title>
<link rel="stylesheet" href="isru.css"><script src="your-case.js"></script></head>
<body><main>{form}</main></body></html>"""


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory):
    from isru_book.case import form

    folder = tmp_path_factory.mktemp("a page")
    for name in ("your-case.js", "isru.css"):
        (folder / name).write_bytes((BOOK / "_static" / name).read_bytes())
    data = {"numpy": CONSTANTS, "numba": CONSTANTS | {"saved_ns": 6}}
    (folder / "page.html").write_text(PAGE.format(form=form(data, "told")), encoding="utf-8")
    with opened(folder / "page.html") as page:
        yield page


def put(page, name: str, text: str) -> None:
    """Put a text where the old one was, as by keyboard and clipboard."""
    page.locator(f"[name={name}]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


@pytest.fixture
def page(browser_page):
    put(browser_page, "features", "5")
    put(browser_page, "units", "25")
    return browser_page


BAD = ["", "abc", "1.5", "1e2", "1e9", "-3", "+7", "0", "4097", "2 5", " 25", "25.", "Infinity"]


@pytest.mark.parametrize("name", ["features", "units"])
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_whole_number_in_range_is_refused_and_the_last_answer_stays(page, name, text):
    answer, told = page.locator("output"), page.locator("[role=status]")
    good = answer.inner_text()
    assert good.startswith("Predicted saving: ")
    put(page, name, text)
    assert answer.inner_text() == good
    assert answer.get_attribute("class") == "isru-before"
    field = page.locator(f"[name={name}]")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == told.get_attribute("id")
    words = told.inner_text()
    label = {"features": "Input features", "units": "Units"}[name]
    assert f"{label}: expected a whole number from 1 to 4096" in words
    assert (f"\u201c{text}\u201d" if text else "got nothing") in words
    assert "The answer above is that for 5 features and 25 units." in words


@pytest.mark.parametrize("text", ["1", "4096", "007"])
def test_a_whole_number_is_answered_and_ends_the_complaint(page, text):
    before = page.locator("output").inner_text()
    put(page, "units", "x")
    put(page, "units", text)
    assert page.locator("output").inner_text() != before
    assert page.locator("output").get_attribute("class") == ""
    assert page.locator("[role=status]").inner_text() == ""
    assert page.locator("[name=units]").get_attribute("aria-invalid") == "false"


def test_the_form_is_used_by_keyboard_alone(page):
    page.locator("[name=features]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("300")
    before = page.locator("output").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("[name=units]").input_value() == "300", "nothing is sent or loaded again"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.locator("[name=platform]").input_value() == "numba"
    assert page.locator("output").inner_text() != before
