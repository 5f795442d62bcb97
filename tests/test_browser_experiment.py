"""The page on which the reader's own browser measures, in Chromium and in Firefox."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from browser_pages import accessibility, browser, opened
from firefox import find_firefox, firefox

from isru.commands import find_chromium
from isru.emulator.toolchain import toolchain_problem
from isru.machine_records.schema import text_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(bool(toolchain_problem()), reason=toolchain_problem()),
]
chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome on the path")
SHORT = "?workers=2&blocks=1&warmup=2&ticks=2"
DONE = "[data-isru=offer]:not([hidden])"
SCRIPTS = ("browser-numbers.js", "browser-worker.js", "browser-page.js", "browser-modules.js")


@pytest.fixture(scope="module")
def book() -> Path:
    """Return the folder of the published book."""
    from isru.publish.book import build_book

    return build_book("published").parent


@pytest.fixture
def page(book):
    """Yield the page before anything is measured; what is wrong with it is raised at the end."""
    with opened(book / "book" / "your-browser.html") as page:
        yield page


def opened_short(page, before: str = "") -> None:
    """Load the page again for a short measurement, after a script."""
    if before:
        page.add_init_script(before)
    page.goto(page.url.partition("?")[0] + SHORT)


def measured(page, before: str = "") -> dict:
    """Measure shortly and return the record that the page offers, after a look at its text."""
    opened_short(page, before)
    page.get_by_role("button", name="Measure in this browser").click()
    page.wait_for_selector(DONE)
    with page.expect_download() as download:
        page.locator("[data-isru=record]").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    record = json.loads(text)
    assert text == text_of(record)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    assert re.fullmatch(rf"[a-z0-9-]+-{digest}\.json", download.value.suggested_filename)
    return record


def told(page, name: str) -> str:
    """Return the text of a place that the script fills."""
    return page.locator(f'[data-isru="{name}"]').inner_text()


@chromium
def test_one_click_compares_measures_and_offers_a_record(page):
    record = measured(page)
    assert "24 of the 24 forecasts have the very bits of the native C" in told(page, "networks")
    places = page.locator("td [data-isru]")
    assert places.count() > 40 and "\N{EN DASH}" not in places.all_inner_texts()
    here = page.locator("[data-isru^=forecast-]").all_inner_texts()
    published = page.locator("td:has(+ td [data-isru^=forecast-])").all_inner_texts()
    assert here == published
    assert record["kind"] == "browser" and record["machine"]["simd"] is True
    assert record["settings"] | {"workers": 2, "blocks": 1, "ticks": 2} == record["settings"]
    for part, cells in record["parts"].items():
        places = {place for cell in cells for place in map(tuple, np.array(cell["samples"])[:, :3])}
        assert len(places) == 2 * 2 * len(cells), part
        least = 2 * record["machine"]["clock_ns"]
        assert min(sample[4] for cell in cells for sample in cell["samples"]) >= least
    assert accessibility(page) == []


@chromium
def test_it_is_used_by_keyboard_alone_and_stops(page):
    opened_short(page)
    page.get_by_role("button", name="Measure in this browser").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.isru") == "stop"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.dataset.isru === 'go'")
    assert told(page, "status") == "Stopped. Nothing of this run is kept."
    assert page.locator(DONE).count() == 0
    page.keyboard.press("Enter")
    page.wait_for_selector(DONE)


@chromium
def test_a_hidden_page_throws_the_run_away_and_says_so(page):
    opened_short(page)
    page.get_by_role("button", name="Measure in this browser").click()
    page.evaluate("""() => {
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    page.wait_for_function(
        "document.querySelector('[data-isru=status]').textContent.includes('thrown away')"
    )
    assert page.locator(DONE).count() == 0


@chromium
def test_without_vectors_it_measures_one_by_one_and_says_so(page):
    record = measured(page, "WebAssembly.validate = () => false;")
    assert "no vectors (SIMD)" in told(page, "verdict")
    assert told(page, "cost-activations-simd_isru") == "\N{EN DASH}"
    assert record["machine"]["simd"] is False
    assert not [c for c in record["parts"]["activations"] if c["arm"].startswith("simd")]
    assert "vectors" not in record["machine"]["provenance"]["kernels"]


@chromium
@pytest.mark.parametrize(
    ("context", "before", "sentence"),
    [
        ({"java_script_enabled": False}, "", "noscript p"),
        ({}, "delete globalThis.WebAssembly;", "[data-isru=without]"),
    ],
)
def test_without_scripts_or_webassembly_the_page_reads_without_a_button(
    book, context, before, sentence
):
    # Chromium books the theme's scripts as failed requests where it may run none.
    with browser() as chromium:
        page = chromium.new_context(**context).new_page()
        page.add_init_script(before or ";")
        page.goto((book / "book" / "your-browser.html").as_uri())
        assert page.locator(sentence).first.is_visible()
        assert page.get_by_role("button", name="Measure").count() == 0
        assert page.locator("table").count() >= 4


@chromium
def test_no_verdict_where_tanh_differs_from_itself(page):
    opened_short(page)
    page.evaluate("isruNumbers.ratio = () => ({ value: 1.06, low: 1.05, high: 1.07 })")
    page.get_by_role("button", name="Measure").click()
    page.wait_for_selector(DONE)
    said = told(page, "verdict")
    assert said.count("no verdict, since tanh measured twice differs by 6") == 2, "once a table"
    assert said.count("measure again") == 1
    assert "faster" not in said


@chromium
def test_the_processor_that_the_reader_names_enters_the_record(page):
    before = measured(page)
    assert "processor" not in before["machine"]
    name = page.locator("[data-isru=record]").get_attribute("download")
    page.get_by_label("Which processor is it?").fill("Core \N{GREEK SMALL LETTER MU}9 (R)")
    page.keyboard.press("Tab")
    page.wait_for_function(f"document.querySelector('[data-isru=record]').download !== '{name}'")
    with page.expect_download() as download:
        page.locator("[data-isru=record]").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert json.loads(text)["machine"]["processor"] == "Core ?9 (R)"


@chromium
def test_the_page_alone_loads_the_scripts_and_they_are_small(book):
    assert sum((book / "_static" / name).stat().st_size for name in SCRIPTS) < 250_000
    for other in ("book/machines.html", "index.html", "results/notebooks/isru.html"):
        assert "browser-page.js" not in (book / other).read_text(encoding="utf-8"), other


NUMBERS = [3.5, 1.25, 9.0, 2.0, 4.5, 7.0]


@chromium
def test_estimates_are_those_of_numpy(page):
    found = page.evaluate("n => isruNumbers.cost(n, isruNumbers.generator(1))", NUMBERS)
    rng = np.random.default_rng(0)
    drawn = np.median(rng.choice(NUMBERS, (20_000, 6)), axis=1)
    assert found["value"] == np.median(NUMBERS)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found["low"] == pytest.approx(low, abs=0.3)
    assert found["high"] == pytest.approx(high, abs=0.3)
    pair = page.evaluate(
        "n => isruNumbers.ratio(n.map(x => 3 * x), n, isruNumbers.generator(1))", NUMBERS
    )
    assert pair == {"value": 3, "low": 3, "high": 3}, "workers are drawn in pairs"
    draws = np.array(
        page.evaluate(
            "() => { const r = isruNumbers.generator(7); return Array.from({length: 4000}, r); }"
        )
    )
    assert draws.min() >= 0 and draws.max() < 1
    assert (
        np.histogram(draws, 10)[0].min() > 330
        and abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.05
    )


@chromium
@pytest.mark.parametrize("tick", [1e5, 1e6, 1])
def test_calibrated_loops_take_as_long_as_wanted_and_not_much_longer(page, tick):
    loops = page.evaluate(
        """tick => isruNumbers.calibrated(
          loops => Math.floor(137.3 * loops / tick) * tick, 50 * tick)""",
        tick,
    )
    assert 50 * tick <= 137.3 * loops <= 75 * tick + 137.3


@chromium
def test_the_text_of_a_record_is_pythons(page):
    record = {"b": [1, {"arm": "x", "a": True}], "a": "~#'!?", "c": 10**14, "B": {}}
    text = page.evaluate("r => isruNumbers.canonical(r)", record)
    assert text == text_of(record)
    with pytest.raises(Exception, match=r"0\.5 is not whole"):
        page.evaluate("isruNumbers.canonical({ x: 0.5 })")


AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0": (
        *("Firefox", "153.0", "Gecko", "Linux x86_64"),
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0": (
        *("Edge", "141.0.0.0", "Blink", "Windows NT 10.0; Win64; x64"),
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.1 Safari/605.1.15": (
        "Safari",
        "17.1",
        "WebKit",
        "Macintosh; Intel Mac OS X 10_15_7",
    ),
    "something else": ("unknown", "0", "unknown", "unknown"),
}


@chromium
@pytest.mark.parametrize("agent", AGENTS)
def test_a_browser_is_told_by_what_it_says_of_itself(page, agent):
    said = page.evaluate("a => isruNumbers.described(a)", agent)
    browser = said["browser"]
    assert (browser["name"], browser["version"], browser["engine"], said["system"]) == AGENTS[agent]


VERDICT = (
    r"tanh takes .+ times as long as ISRU, which is (faster|slower|neither .+) here\."
    r"|no verdict, since tanh measured twice differs by \d+\s%\."
)


@pytest.mark.skipif(find_firefox() is None, reason="no Firefox on the path")
def test_firefox_measures_from_a_file_and_computes_the_same_bits(book):
    with firefox() as window:
        window.open((book / "book" / "your-browser.html").as_uri() + SHORT)
        window.run("document.querySelector('[data-isru=go]').click()")
        window.wait(f"return document.querySelector('{DONE}')", 120)
        text = "return document.querySelector('[data-isru={}]').textContent"
        assert "24 of the 24 forecasts" in window.run(text.format("networks"))
        assert re.search(VERDICT, window.run(text.format("verdict")))
        name = window.run("return document.querySelector('[data-isru=record]').download")
        assert name.startswith("firefox-")
