"""The character models that write in the reader's own browser."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from browser_pages import accessibility, browser, opened
from firefox import find_firefox, firefox

from isru import paths
from isru.chapters.characters.model import CharacterModel
from isru.chapters.characters.study import load_parts
from isru.commands import find_chromium
from isru.emulator.toolchain import toolchain_problem
from isru.firmware import dequantised, wasm
from isru.lstm import Stream, sample

sys.path.insert(0, str(paths.root() / "book" / "_ext"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(bool(toolchain_problem()), reason=toolchain_problem()),
]
chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome on the path")
SCRIPTS = ("browser-numbers.js", "characters-modules.js", "characters-live.js")
FORM = "form.isru-live:not([hidden])"
PROMPTS = ("And God said", "T", "the house of the LORD, and of all Israel; and he went")
LIKELIHOODS = """async ([name, prompt, temperature]) => {
  const symbols = [...isruCharacters.alphabet].length;
  const network = await isruWritten.loaded(isruCharacters.modules[name], symbols);
  return isruWritten.likelihoods(isruWritten.after(network, prompt), temperature);
}"""
WRITTEN = """async ([name, prompt, temperature, numbers]) => {
  const symbols = [...isruCharacters.alphabet].length;
  const network = await isruWritten.loaded(isruCharacters.modules[name], symbols);
  let place = 0;
  const random = () => numbers[place++];
  return isruWritten.written(network, prompt, numbers.length, temperature, random);
}"""
TEXTS = "() => [...document.querySelectorAll('[data-live] span')].map(s => s.textContent)"
NO_MODELS = "Object.defineProperty(window, 'isruCharacters', { get() {}, set() {} });"
HEARD = """() => {
  window.heard = [];
  const told = document.querySelector('#isru-live-told');
  new MutationObserver(() => told.textContent && heard.push(told.textContent))
    .observe(told, { childList: true });
}"""


class Given:
    """Random numbers that were drawn before."""

    def __init__(self, numbers):
        self.random = iter(numbers).__next__


def published(name: str) -> CharacterModel:
    """Return a published model as it was trained."""
    return CharacterModel.load(paths.results() / "models" / f"characters-{name}.npz")


@pytest.fixture(scope="module")
def chapter() -> Path:
    """Return the page of the chapter in the published book."""
    from isru.publish.book import build_book

    return build_book("published").parent / "results" / "notebooks" / "characters.html"


@pytest.fixture
def page(chapter):
    """Yield the page; what is wrong with it is raised at the end."""
    with opened(chapter, reduced_motion="reduce") as page:
        page.wait_for_selector(FORM)
        yield page


def moved(page, action) -> list[str]:
    """Do something and return the two texts that follow."""
    before = page.evaluate(TEXTS)
    action()
    page.wait_for_function(
        f"before => JSON.stringify(({TEXTS})()) !== JSON.stringify(before)", arg=before
    )
    return page.evaluate(TEXTS)


def given(page) -> list[str]:
    """Return what stands in the three fields."""
    fields = ("Prompt", "Temperature", "Seed")
    return [page.get_by_label(field).input_value() for field in fields]


@chromium
@pytest.mark.parametrize("name", ["tanh", "isru"])
def test_the_browser_computes_the_likelihoods_of_python(page, name):
    model = published(name)
    for prompt in PROMPTS:
        symbols = model.alphabet.encode(prompt, "prompt")
        stream = Stream(dequantised(model.network), symbols=True)
        scores = [stream.step(symbol) for symbol in symbols][-1].astype(float)
        for temperature in (0.2, 0.7, 1.5):
            expected = np.exp((scores - scores.max()) / temperature)
            sums = page.evaluate(LIKELIHOODS, [name, symbols.tolist(), temperature])
            found = np.diff(sums, prepend=0) / sums[-1]
            # Sums of some 130 products in float32, in another order; a score of 10 over 0.2.
            assert np.abs(found - expected / expected.sum()).max() < 2e-5, (prompt, temperature)


@chromium
@pytest.mark.parametrize("name", ["tanh", "isru"])
def test_the_browser_writes_what_python_writes_from_the_same_random_numbers(page, name):
    numbers = np.random.default_rng(5).random(150)
    model = published(name)
    prompt = model.alphabet.encode("In the beginning", "prompt")
    for temperature in (0.3, 0.7, 1.2):
        drawn = {"temperature": temperature, "rng": Given(numbers.tolist())}
        expected = sample(dequantised(model.network), len(numbers), prompt=prompt, **drawn)
        asked = [name, prompt.tolist(), temperature, numbers.tolist()]
        assert page.evaluate(WRITTEN, asked) == expected.tolist(), temperature


def test_what_rounding_costs_is_that_of_weights_rounded_row_by_row():
    from isru_book.live import lost_bits

    alphabet, parts = load_parts(characters=20_000)
    model = CharacterModel.new(alphabet, [6], activation="isru", seed=3)
    network = model.network
    network.set_weights([8 * w for w in network.get_weights()])  # so that rounding is noticed

    def rounded(*stacked):
        scale = np.abs(np.vstack(stacked)).max(axis=0) / 127
        return [np.rint(w / scale) * scale for w in stacked]

    kernel, recurrent, bias, dense, output_bias = network.get_weights()
    other = type(network)(**network.settings)
    other.set_weights([*rounded(kernel, recurrent), bias, *rounded(dense), output_bias])

    def bits(network):
        pieces = parts.test[: len(parts.test) // 32 * 32].reshape(32, -1)
        scores = network.predict(np.eye(len(alphabet), dtype="f4")[pieces]).astype(float)
        likely = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
        came = np.take_along_axis(likely[:, 50:-1], pieces[:, 51:, None], axis=2)
        return -np.log2(came).mean()

    lost = lost_bits({"isru": model}, parts.test, {"isru": bits(network)})["isru"]
    assert lost == pytest.approx(bits(other) - bits(network), abs=1e-5)
    assert abs(lost) > 1e-4


def test_two_builds_of_the_page_have_the_same_bytes(monkeypatch, tmp_path):
    from isru_book.live import live_content

    made, models = [], {name: published(name) for name in ("tanh", "isru")}
    for name in ("one", "other"):
        monkeypatch.setattr(wasm, "cache_folder", lambda name=name: tmp_path / name)
        made.append(live_content(models, "And", 0.7))
    assert json.dumps(made[0]) == json.dumps(made[1])


@pytest.mark.parametrize(
    ("temperature", "bounds"),
    [
        (0.7, 'min="0.2" max="1.5"\n step="0.05"'),
        (0.03, 'min="0.03" max="1.5"\n step="0.05"'),
        (10, 'min="0.2" max="10"\n step="0.05"'),
        (0.72, 'min="0.2" max="1.5"\n step="any"'),
    ],
)
def test_the_fields_hold_what_the_run_asked_for(temperature, bounds):
    from isru_book.live import form

    made = form("_static/", "And God said " * 6, temperature)
    assert bounds in made and 'maxlength="78"' in made


def test_what_rounding_changes_has_its_sign():
    from isru_book.live import signed

    found = list(map(signed, (0.0012, -0.0003, -0.00001)))
    assert found == ["+0.0012", "\N{MINUS SIGN}0.0003", "+0.0000"]


@chromium
def test_each_control_changes_one_thing_by_keyboard_and_the_address_keeps_it(page):
    first = page.evaluate(TEXTS)
    assert len(first) == 2 and first[0] != first[1] and list(map(len, first)) == [240, 240]
    page.get_by_label("Prompt").focus()
    page.keyboard.press("Tab")
    colder = moved(page, lambda: page.keyboard.press("ArrowLeft"))
    assert given(page) == ["And God said", "0.65", "1"]
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    other = moved(page, lambda: page.keyboard.insert_text("2"))
    assert given(page) == ["And God said", "0.65", "2"] and other != colder
    page.get_by_label("Prompt").focus()
    page.keyboard.press("Control+A")
    prompted = moved(page, lambda: page.keyboard.insert_text("Aaron's"))
    page.wait_for_function("location.search.includes('Aaron')")
    assert page.locator("[data-live] b").all_inner_texts() == 2 * [
        "Aaron\N{RIGHT SINGLE QUOTATION MARK}s"
    ]
    page.reload()
    page.wait_for_selector(FORM)
    assert page.evaluate(TEXTS) == prompted
    assert given(page) == ["Aaron's", "0.65", "2"]
    assert accessibility(page) == []


@chromium
def test_typing_is_announced_once_when_it_is_over(page):
    page.evaluate(HEARD)
    page.get_by_label("Prompt").focus()
    page.keyboard.press("End")
    page.keyboard.type(" unto Moses", delay=200)  # longer than the texts wait
    page.wait_for_function("heard.length > 0")
    assert page.locator("[data-live] b").first.inner_text() == "And God said unto Moses"
    assert page.evaluate("heard") == ["Both wrote anew: temperature 0.70, seed 1."]


@chromium
@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("Prompt", "And \N{EURO SIGN}", "do not know \u201c\N{EURO SIGN}\u201d"),
        ("Prompt", "", "got none"),
        ("Seed", "0", "1 to 9999"),
        ("Seed", "1e3", "1 to 9999"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_texts_stay(page, field, text, words):
    before, address = page.evaluate(TEXTS), page.url
    page.get_by_label(field).fill(text)
    page.wait_for_function("document.querySelector('#isru-live-told').textContent !== ''")
    assert words in page.locator("#isru-live-told").inner_text()
    assert page.get_by_label(field).get_attribute("aria-invalid") == "true"
    assert page.evaluate(TEXTS) == before and page.url == address


@chromium
def test_an_address_that_asks_for_the_impossible_shows_what_the_page_offers(page):
    offered = page.evaluate(TEXTS)
    page.goto(page.url + "?prompt=%E2%82%AC&temperature=9&seed=x")
    page.wait_for_selector(FORM)
    assert page.evaluate(TEXTS) == offered
    assert given(page) == ["And God said", "0.7", "1"]


@chromium
@pytest.mark.parametrize(
    ("context", "before", "sentence", "words"),
    [
        ({"java_script_enabled": False}, ";", ".bd-article noscript p", "JavaScript"),
        ({}, "delete globalThis.WebAssembly;", ".isru-live-without", "no WebAssembly"),
        ({}, NO_MODELS, ".isru-live-without", "could not be loaded"),
    ],
)
def test_without_what_it_needs_the_page_is_complete(chapter, context, before, sentence, words):
    with browser() as started:  # without scripts Chromium books the theme's own as failed requests
        page = started.new_context(**context).new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(before)
        page.goto(chapter.as_uri())
        page.locator(sentence).last.wait_for()
        assert words in page.locator(sentence).last.inner_text()
        assert not page.locator("form.isru-live").is_visible()
        assert page.locator("blockquote").count() >= 2, "what the run's models wrote"
        assert errors == []


@chromium
def test_the_chapter_alone_loads_the_models_and_they_are_small(chapter):
    book = chapter.parents[2]
    assert sum((book / "_static" / name).stat().st_size for name in SCRIPTS) < 300_000
    for other in ("book/your-browser.html", "results/notebooks/isru.html", "index.html"):
        assert "characters-modules" not in (book / other).read_text(encoding="utf-8")


@pytest.mark.skipif(find_firefox() is None, reason="no Firefox on the path")
def test_firefox_writes_from_a_file_and_keeps_the_address(chapter):
    shown = f"return document.querySelector('{FORM}')"
    with firefox() as window:
        window.open(chapter.as_uri())
        window.wait(shown, 60)
        before = window.run(f"return ({TEXTS})()")
        window.run("""
          const seed = document.querySelector('.isru-live').elements.seed;
          seed.value = 7;
          seed.dispatchEvent(new Event('input', { bubbles: true }));
        """)
        window.wait("return location.search.includes('seed=7')", 60)
        after = window.run(f"return ({TEXTS})()")
        assert after != before
        window.open(window.run("return location.href"))
        window.wait(shown, 60)
        assert window.run(f"return ({TEXTS})()") == after
