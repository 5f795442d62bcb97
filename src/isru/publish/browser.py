"""Look at a built book in a headless Chromium, the network cut."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Both are the theme's: its icon buttons, and its parts outside of landmarks.
KNOWN_RULES = {"label-content-name-mismatch", "region"}
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

_ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_RESIZED_MS = 400  # the theme waits 300 before it makes what scrolls reachable by keyboard
_LOCAL = ("localhost", "127.0.0.1", "")
# Formulas wait for MathJax; whatever it could not typeset is an error in its place.
_FORMULAS = """async () => {
  const formulas = [...document.querySelectorAll('.math.notranslate')];
  if (formulas.length === 0) return [];
  if (!window.MathJax || !MathJax.startup) return ['MathJax did not start'];
  await MathJax.startup.promise;
  const wrong = f => !f.querySelector('mjx-container') ||
    f.querySelector('mjx-merror, [data-mjx-error], [data-mml-node="merror"]');
  return formulas.filter(wrong).map(f => f.textContent.trim().slice(0, 60));
}"""
_AXE = """async options => {
  const found = await axe.run(
    document, {resultTypes: ['violations'], preload: false, ...options});
  return found.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 160)]);
}"""
# What reaches beyond the right edge, though nothing around it scrolls or hides it.
_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll('article *, footer *, header *')].filter(
    e => e.getBoundingClientRect().right > width + 1);
  const name = e => `${e.tagName.toLowerCase()}.${[...e.classList].join('.')}`;
  return [`${document.documentElement.scrollWidth} px: ${wide.slice(0, 3).map(name).join(', ')}`];
}"""


@dataclass
class Report:
    """What is wrong with one page.

    Attributes
    ----------
    page : str
        Its path in the book.
    requests : list of str
        What it asked other machines for, and what failed to load.
    errors : list of str
        Errors of the console and uncaught exceptions.
    formulas : list of str
        Formulas that MathJax did not render.
    accessibility : list of str
        Violations that axe found, beyond those of the theme.
    overflow : list of str
        What makes the page wider than a phone.
    """

    page: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    accessibility: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return every problem as ``"page: kind: what"``."""
        kinds = ("requests", "errors", "formulas", "accessibility", "overflow")
        return [f"{self.page}: {kind}: {what}" for kind in kinds for what in getattr(self, kind)]


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, None if there is none."""
    return next((path for path in map(shutil.which, CHROMIUMS) if path), None)


def pages(html_folder: Path) -> list[Path]:
    """Return the pages of a built book; ``index.html`` only forwards to the first of them."""
    found = sorted(html_folder.rglob("*.html"))
    return [p for p in found if "_static" not in p.parts and p != html_folder / "index.html"]


def inspect_book(html_folder: Path) -> list[Report]:
    """Open every page of a book in light, dark and at a phone's width.

    Parameters
    ----------
    html_folder : Path
        A built book.

    Returns
    -------
    list of Report
        One a page, in the order of their paths.

    Raises
    ------
    FileNotFoundError
        If no Chromium is installed.
    """
    with _browser() as browser:
        return [_inspect(browser, path, html_folder) for path in pages(html_folder)]


@contextmanager
def _browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise FileNotFoundError(f"expected one of {', '.join(CHROMIUMS)} on the path, found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _inspect(browser, path: Path, folder: Path) -> Report:
    report = Report(path.relative_to(folder).as_posix())
    context = browser.new_context(viewport=DESKTOP, color_scheme="light")
    try:
        context.route("**/*", lambda route: _let_local_pass(route, report))
        page = context.new_page()
        page.on("requestfailed", lambda r: report.requests.append(f"failed: {r.url}"))
        page.on("pageerror", lambda error: report.errors.append(str(error)))
        page.on("console", lambda m: report.errors.append(m.text) if m.type == "error" else None)
        page.goto(path.as_uri(), wait_until="load")
        report.formulas += page.evaluate(_FORMULAS)
        page.evaluate(_axe_source())
        report.accessibility += _violations(page, {})
        page.emulate_media(color_scheme="dark")
        dark = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
        report.accessibility += [f"dark: {what}" for what in _violations(page, dark)]
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(_RESIZED_MS)
        report.overflow += page.evaluate(_OVERFLOW)
        phone = {"runOnly": {"type": "rule", "values": ["scrollable-region-focusable"]}}
        report.accessibility += [f"phone: {what}" for what in _violations(page, phone)]
    finally:
        context.close()
    return report


def _let_local_pass(route, report: Report) -> None:
    address = urlsplit(route.request.url)
    if address.scheme in ("file", "data", "blob") or address.hostname in _LOCAL:
        route.continue_()
    else:
        report.requests.append(f"another machine: {route.request.url}")
        route.abort()


def _violations(page, options: dict) -> list[str]:
    found = page.evaluate(_AXE, options)
    return [f"{rule} ({n}): {html}" for rule, n, html in found if rule not in KNOWN_RULES]


def _axe_source() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
