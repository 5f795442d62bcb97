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

ROW = {"platform": "numpy", "group": "measured", "phase": "predict", "arm": "isru", "unit": "ns"}
ROW |= {"call": 900, "neuron": 20, "weight": 0, "mac": 0.2, "saved_call": 0, "saved_neuron": 6}
ROW |= {"error": 3.2, "units_low": 10, "units_high": 300, "batch_high": 32, "features": 5}
ROWS = [
    ROW,
    ROW | {"arm": "exp_free", "saved_neuron": 12, "error": 0.31},
    ROW | {"phase": "train", "saved_neuron": -9},
    ROW | {"platform": "numba", "saved_neuron": 12},
    ROW | {"platform": "m4f", "group": "emulated", "unit": "cycles", "batch_high": 1},
]
PAGE = """<!doctype html><html lang="en"><head><title>Your case</title>
<link rel="stylesheet" href="isru.css"><script src="your-case.js"></script></head>
<body><main>{form}</main></body></html>"""


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory):
    from isru_book.case import form

    folder = tmp_path_factory.mktemp("a page")
    for name in ("your-case.js", "isru.css"):
        (folder / name).write_bytes((BOOK / "_static" / name).read_bytes())
    (folder / "page.html").write_text(PAGE.format(form=form(ROWS, "told")), encoding="utf-8")
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
    browser_page.locator("[name=platform]").select_option("NumPy")
    browser_page.locator("[name=phase]").select_option("predict")
    for name, text in (("units", "25"), ("batch", "1"), ("features", "5")):
        put(browser_page, name, text)
    return browser_page


BAD = ["", "abc", "1.5", "1e2", "1e9", "-3", "+7", "0", "4097", "2 5", " 25", "25.", "Infinity"]


@pytest.mark.parametrize("name", ["features", "units", "batch"])
@pytest.mark.parametrize("text", BAD)
def test_what_is_no_whole_number_in_range_is_refused_and_the_last_answer_stays(page, name, text):
    answer, told = page.locator("output"), page.locator("[role=status]")
    good = answer.inner_text()
    assert good.startswith("ISRU: ")
    put(page, name, text)
    assert answer.inner_text() == good
    assert answer.get_attribute("class") == "isru-before"
    field = page.locator(f"[name={name}]")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == told.get_attribute("id")
    words = told.inner_text()
    label = {"features": "Input features", "units": "Units", "batch": "Sequences at once"}[name]
    assert f"{label}: expected a whole number from 1 to 4096" in words
    assert (f"\u201c{text}\u201d" if text else "got nothing") in words
    assert "The answer above is that for 25 units, 1 sequences and 5 features." in words


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
    before = page.locator("output").inner_text()
    page.locator("[name=platform]").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("[name=platform]").input_value() == "loops you compile (Numba)"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("300")
    page.keyboard.press("Enter")
    assert page.locator("[name=units]").input_value() == "300", "nothing is sent or loaded again"
    assert page.locator("output").inner_text() != before


def step(batch: int, units: int, features: int = 5) -> float:
    """Return the time of a step that the rows of this test hold, in ns."""
    macs = 4 * units * (features + units + 1) + 3 * units
    return 900 + 20 * batch * units + 0.2 * batch * macs


def test_each_arm_has_its_change_of_time_with_its_error(page):
    saved = 100 * 6 * 25 / step(1, 25)
    first, second, last = page.locator("output").inner_text().splitlines()
    assert first == f"ISRU: {saved:.0f}\u00a0% less time, give or take 4 percentage points."
    assert (
        second == f"exp-free: {2 * saved:.1f}\u00a0% less time, give or take 0.4 percentage points."
    )
    assert last == f"With tanh a time step takes {step(1, 25) / 1000:.3g}\u00a0\u00b5s."


def test_a_batch_divides_the_calls_among_its_sequences(page):
    put(page, "batch", "32")
    saved = 100 * 6 * 25 * 32 / step(32, 25)
    assert page.locator("output").inner_text().startswith(f"ISRU: {saved:.0f}\u00a0% less time")


def test_a_loss_is_more_time_and_what_lies_within_the_error_is_said_so(page):
    page.locator("[name=phase]").select_option("train")
    assert "% more time, give or take 4" in page.locator("output").inner_text()
    put(page, "units", "1")
    words = page.locator("output").inner_text()
    assert "percentage points: too close to tell." in words
    assert "What it rests on has 10 to 300 units." in words


def test_what_a_platform_cannot_do_is_shut(page):
    page.locator("[name=phase]").select_option("train")
    put(page, "batch", "x")
    page.locator("[name=platform]").select_option("Cortex-M4F")
    assert page.locator("[name=phase]").input_value() == "predict"
    assert page.locator("[name=phase] option[value=train]").is_disabled()
    assert page.locator("[name=batch]").is_disabled()
    assert "one sequence at a time" in page.locator("[role=status]").inner_text()
    assert page.locator("output").inner_text().endswith("takes 2,040 cycles.")
    groups = page.locator("optgroup").evaluate_all("all => all.map(one => one.label)")
    assert groups == ["measured, one thread", "counted in an emulator"]


def test_without_scripts_the_page_says_what_to_do(browser_page, tmp_path):
    context = browser_page.context.browser.new_context(java_script_enabled=False)
    silent = context.new_page()
    silent.goto(browser_page.url)
    assert silent.locator("form").is_hidden()
    assert "This form needs JavaScript" in silent.locator("noscript").inner_text()
    context.close()
