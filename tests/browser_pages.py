"""Look at a built book in a headless Chromium, the network cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from isru.commands import find_chromium

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
_FORWARDS = re.compile(r"""http-equiv=["']refresh""", re.IGNORECASE)
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
_AXE = """async ([context, options]) => {
  const found = await axe.run(
    context, {resultTypes: ['violations'], preload: false, ...options});
  return found.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 160)]);
}"""
# Judging colours is slow, and most texts of a page look like others: of those in view with the
# same letters on the same grounds, three are judged. What holds none of them is hidden meanwhile.
_COLOURED = """() => {
  const grounds = new Map([[null, '']]), looks = new Map();
  const ground = e => {
    if (!grounds.has(e)) {
      const style = getComputedStyle(e), own = [style.backgroundColor, style.backgroundImage];
      grounds.set(e, `${ground(e.parentElement)} ${own} ${style.opacity}`);
    }
    return grounds.get(e);
  };
  for (const e of document.querySelectorAll('body *:not(mjx-container *, option)')) {
    const written = [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!(written || e.matches('input, select')) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const look = `${style.color} ${style.fontSize} ${style.fontWeight} ${ground(e)}`;
    looks.set(look, [...(looks.get(look) ?? []), e].slice(0, 3));
  }
  const chosen = [...looks.values()].flat();
  const holding = new Set();
  for (let e of chosen) for (; e && !holding.has(e); e = e.parentElement) holding.add(e);
  for (const e of document.querySelectorAll('tr, pre, mjx-container'))
    if (!holding.has(e)) e.style.setProperty('display', 'none');
  return chosen;
}"""
_ALL_SHOWN = """() => document.querySelectorAll('tr, pre, mjx-container').forEach(
  e => e.style.removeProperty('display'))"""
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


def pages(html_folder: Path) -> list[Path]:
    """Return the pages of a built book without those that only forward to another one."""
    found = [p for p in sorted(html_folder.rglob("*.html")) if "_static" not in p.parts]
    return [p for p in found if not _FORWARDS.search(p.read_text(encoding="utf-8")[:2000])]


def inspect_book(html_folder: Path) -> list[Report]:
    """Open every page of a built book in light, dark and at a phone's width; two at a time."""

    def inspected(paths: list[Path]) -> list[Report]:
        with browser() as chromium:
            inspector = _Inspector(chromium.new_context(viewport=DESKTOP))
            return [inspector.inspect(path, html_folder) for path in paths]

    every = pages(html_folder)
    with ThreadPoolExecutor() as threads:
        found = threads.map(inspected, (every[::2], every[1::2]))
        return sorted((report for part in found for report in part), key=lambda report: report.page)


@contextmanager
def opened(path: Path, **context: object) -> Iterator:
    """Yield a tab with one file in it, the network cut; an error on the page is raised at the end.

    Parameters
    ----------
    path : Path
    **context : object
        Of the browser's context, such as ``viewport``.
    """
    with browser() as chromium:
        inspector = _Inspector(chromium.new_context(**({"viewport": DESKTOP} | context)))
        inspector.page.goto(path.as_uri(), wait_until="load")
        yield inspector.page
        assert inspector.report.problems() == []


@contextmanager
def browser() -> Iterator:
    """Start a Chromium and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def accessibility(page) -> list[str]:
    """Return what axe finds on a page as it is now: light, dark, and, last, at a phone's width."""
    page.emulate_media(color_scheme="light")
    page.evaluate(_axe_source())
    found = _violations(page, "html", {"rules": {"color-contrast": {"enabled": False}}})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(_RESIZED_MS)  # the theme's buttons fade from one scheme to the other
        faint = _violations(page, page.evaluate_handle(_COLOURED), _rule("color-contrast"))
        page.evaluate(_ALL_SHOWN)
        found += [f"{scheme}: {violation}" for violation in faint]
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(_RESIZED_MS)
    reachable = _violations(page, "html", _rule("scrollable-region-focusable"))
    return found + [f"phone: {violation}" for violation in reachable]


class _Inspector:
    """One tab that goes from page to page; what happens is booked on the page it is at."""

    def __init__(self, context):
        self.report = Report("")
        self.page = context.new_page()
        context.route("**/*", self._let_local_pass)
        self.page.on("requestfailed", lambda r: self.report.requests.append(f"failed: {r.url}"))
        self.page.on("pageerror", lambda error: self.report.errors.append(str(error)))
        self.page.on("console", self._book_error)

    def inspect(self, path: Path, folder: Path) -> Report:
        """Look at one page in light, dark and at a phone's width."""
        page, report = self.page, Report(path.relative_to(folder).as_posix())
        self.report = report
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)
        page.goto(path.as_uri(), wait_until="load")
        report.formulas += page.evaluate(_FORMULAS)
        report.accessibility += accessibility(page)
        report.overflow += page.evaluate(_OVERFLOW)
        return report

    def _let_local_pass(self, route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob") or address.hostname in _LOCAL:
            route.continue_()
        else:
            self.report.requests.append(f"another machine: {route.request.url}")
            route.abort()

    def _book_error(self, message) -> None:
        if message.type == "error":
            self.report.errors.append(message.text)


def _rule(name: str) -> dict:
    return {"runOnly": {"type": "rule", "values": [name]}}


def _violations(page, context: object, options: dict) -> list[str]:
    found = page.evaluate(_AXE, [context, options])
    return [f"{rule} ({n}): {html}" for rule, n, html in found if rule not in KNOWN_RULES]


@cache
def _axe_source() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
