"""The book of a small run: numbers, figures, tables, provenance, and what must not be built."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

needed = ("jupyter_book", "matplotlib", "nbformat", "pypdf", "vl_convert")
lacking = [name for name in needed if importlib.util.find_spec(name) is None]
if lacking:
    pytest.skip(f"the book needs {', '.join(lacking)}", allow_module_level=True)

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT / "book" / "_ext"))

import nbformat  # noqa: E402
import pandas as pd  # noqa: E402
from isru_book import citation, exports  # noqa: E402
from isru_book.numbers import MINUS, CannotShow, Wanted, formatted, shown  # noqa: E402

from isru.publish import book as book_module  # noqa: E402
from isru.publish.book import build_book, check_no_errors  # noqa: E402
from isru.publish.errors import CompendiumError  # noqa: E402
from isru.publish.pages import broken_links, check_offline  # noqa: E402
from isru.records import Record  # noqa: E402

INTRO = """# A small book

The saving is {val}`06.saving:.1f unit interval`, which is {val}`06.direction`.

{{your-case}}

```{result-figure} saving
:alt: One line that falls to {val}`06.saving:.1f`.
The caption says {val}`06.saving`. {cite:p}`hochreiter1997lstm`
```

```{claims-table}
```
"""
FORECASTER = [
    "# A forecaster\n\nIt saves {val}`06.saving:.2f`; alone it took {val}`04.cost unit`.\n\n"
    "At 300 units: {val}`06.saving_300:.1f optional`. {verdict}`C3`.",
    "```{result-figure} saving\n:alt: One line.\nThe saving. $x^2$\n```",
    "```{result-table} 06-savings\n:columns: units=Units, saving=Saving (%)\n:format: .1f\nA\n```",
    "{numref}`fig-saving` and {numref}`tab-06-savings`.",
]
TOC = """format: jb-book
root: book/intro
parts:
- caption: The networks
  numbered: true
  chapters:
  - file: results/notebooks/04-activation-cost
  - file: results/notebooks/06-forecaster
- caption: Use it
  chapters:
  - file: book/figures
  - file: book/parameters
  - file: book/compare
  - file: book/environment
  - file: book/bibliography
"""
CLAIM = """
- id: C3
  sentence: A small LSTM predicts in less time with ISRU.
  source: miasnikov2022lstm
  published: Claimed, 1 to 2 %; here {val}`06.saving:.0f`.
  hypothesis: It does not.
  effect: saving
  unit: "%"
  rule: greater
  margin: 2
  relevance_margin: 2
  family: time
  metric: [{value: "06.saving"}]
"""
PARAMETERS = "seeds: int = 3  # paired seeds, 1..100"


def write_notebook(folder: Path, name: str, markdown: list[str], outputs: list | None = None):
    """Write a notebook with a parameters cell, as source or as executed."""
    cells = [nbformat.v4.new_markdown_cell(text) for text in markdown]
    code = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    code.outputs = [nbformat.from_dict(output) for output in outputs or []]
    notebook = nbformat.v4.new_notebook(cells=[*cells, code])
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place}"
    notebook.metadata = nbformat.from_dict(
        {
            "isru": {"kind": "machine", "needs": [], "measures": False, "budget_minutes": {}},
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


def write_run(folder: Path, saving: float = -3.14, only: str = "") -> None:
    """Write what a run of both notebooks, or of one, leaves behind."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    from isru.figures import use_style

    use_style()
    if only in ("", "04"):
        record = Record("04-activation-cost", folder)
        record.value("cost", 0.33, kind="machine", unit="ns")
        write_notebook(folder / "notebooks", "04-activation-cost", ["# What a call costs"])
    if only in ("", "06"):
        record = Record("06-forecaster", folder)
        ends = {"low": saving - 1, "high": saving + 1}
        record.value("saving", saving, kind="machine", unit="%", note="median", **ends)
        record.value("direction", "slower", kind="machine")
        if not only:
            record.value("saving_300", -0.04, kind="machine", unit="%")
        frame = pd.DataFrame({"units": [10, 300], "saving": [saving, -0.04]})
        record.table("savings", frame, kind="machine")
        drawing = Figure(figsize=(3.0, 2.0))
        drawing.subplots().plot(frame.units, frame.saving)
        title = "Saving & units"
        record.figure("saving", drawing, data=frame, title=title, kind="machine")
        write_notebook(folder / "notebooks", "06-forecaster", FORECASTER)


@pytest.fixture
def compendium(tmp_path, monkeypatch):
    """A compendium of two notebooks in a folder with a space, nothing built."""
    root = tmp_path / "a compendium"
    for name in ("_ext", "_static"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "book" / name, root / "book" / name, ignore=ignore)
    for page in ("figures", "parameters", "compare", "environment", "bibliography"):
        shutil.copy(CHECKOUT / "book" / f"{page}.md", root / "book")
    shutil.copy(CHECKOUT / "book" / "references.bib", root / "book")
    shutil.copy(CHECKOUT / "_config.yml", root)
    (root / "_toc.yml").write_text(TOC, encoding="utf-8")
    (root / "book" / "intro.md").write_text(
        INTRO.replace("{{your-case}}", "```{your-case}\n```"), encoding="utf-8"
    )
    (root / "book" / "claims.yml").write_text(CLAIM, encoding="utf-8")
    monkeypatch.setenv("ISRU_ROOT", str(root))
    monkeypatch.setenv("ISRU_PROFILE", "quick")
    for name, text in (
        ("04-activation-cost", ["# What a call costs"]),
        ("06-forecaster", FORECASTER),
    ):
        write_notebook(root / "notebooks", name, text)
    write_run(root / "results")
    return root


def text_of(page: Path) -> str:
    """Return the visible text of a page, blanks collapsed."""
    inside = page.read_text(encoding="utf-8").split('<article class="bd-article">')[1]
    return re.sub("[ \n]+", " ", re.sub(r"<[^>]+>", "", inside.split("</article>")[0]))


@pytest.mark.slow
def test_a_book_shows_the_run_and_follows_it(compendium, monkeypatch):
    html = build_book("published").parent
    intro = html / "book" / "intro.html"
    forecaster = html / "results" / "notebooks" / "06-forecaster.html"

    # A number is formatted, and linked to the notebook that made it.
    assert "The saving is −3.1\u00a0% (−4.1 to −2.1\u00a0%), which is slower." in text_of(intro)
    link = re.search(r'<a class="isru-value[^>]*>', intro.read_text(encoding="utf-8"))[0]
    assert 'href="../results/notebooks/06-forecaster.html"' in link
    for part in (
        "06.saving = -3.14 %",
        "95 % interval",
        "median",
        "profile quick",
        "commit unknown",
    ):
        assert part in link
    assert "One line that falls to −3.1." in intro.read_text(encoding="utf-8")

    # Chapters and figures bear the notebook's number; the table has its columns.
    shown_text = text_of(forecaster)
    assert "Fig. 6.1 and Table 6.1" in shown_text
    assert "Units Saving (%) 10 −3.1 300 0.0" in shown_text.replace("  ", " ")
    assert "Profile quick" in shown_text
    assert 'href="../../book/intro.html#claim-c3"' in forecaster.read_text(encoding="utf-8")

    # Parameters, claims, environment come from their sources.
    assert "seeds int 3 1 to 100 paired seeds" in text_of(html / "book" / "parameters.html")
    assert "refuted" in text_of(intro) and "Claimed, 1 to 2 %; here −3." in text_of(intro)
    assert "06-forecaster" in text_of(html / "book" / "environment.html")

    # Files for taking away, at addresses of their own.
    for suffix in ("svg", "pdf", "png", "csv"):
        assert (html / "_figures" / f"saving.{suffix}").is_file()
    assert (html / "_tables" / "06-savings.csv").is_file()

    assert check_offline(html) == []
    assert broken_links(html) == []

    # Nothing changed: nothing is built. A changed number reaches every page that shows it.
    with monkeypatch.context() as patch:
        patch.setattr(book_module, "_run_jupyter_book", lambda *_: pytest.fail("built again"))
        build_book("published")
    write_run(compendium / "results", saving=-7.77)
    build_book("published")
    assert "The saving is −7.8" in text_of(intro)
    assert "It saves −7.77;" in text_of(forecaster)


@pytest.mark.slow
def test_every_fault_of_a_page_is_told_and_the_old_book_stays(compendium):
    intro = compendium / "book" / "intro.md"
    pages = [
        "# Faults\n\n{val}`06.savin:.1f` {val}`99.x optional`",
        "{val}`06.direction:.1f` {val}`nonsense`",
        "```{result-figure} saving\nNo description.\n```",
        "```{result-figure} savings\n:alt: x\nNo such figure.\n```",
        "```{result-table} 06-saving\nNo such table.\n```",
        "{verdict}`C99`",
    ]
    intro.write_text("\n\n".join(pages), encoding="utf-8")
    with pytest.raises(CompendiumError) as refused:
        build_book("published")
    message = str(refused.value)
    for part in (
        "book/intro.md:3",
        "no value '06.savin'",
        "nearest keys: 06.saving",
        "no value '99.x': no values/99.json in this run",
        "takes no format '.1f'",
        "'nonsense'",
        "expected ':alt:'",
        "no figure 'savings' in this run; its figures: saving",
        "no table '06-saving' in this run; its tables: 06-savings",
        "no claim 'C99'",
    ):
        assert part in message
    assert not (compendium / "build" / "html").exists()


@pytest.mark.slow
def test_a_smoke_run_of_one_notebook_is_a_book_that_says_so(compendium, monkeypatch):
    monkeypatch.setenv("ISRU_PROFILE", "smoke")
    run = compendium / "runs" / "smoke"
    write_run(run, only="06")
    stale = {"06-forecaster": ["code of isru.lstm changed"]}
    monkeypatch.setattr("isru.publish.staging.stale_notebooks", lambda folder: stale)
    html = build_book("smoke").parent
    forecaster = html / "results" / "notebooks" / "06-forecaster.html"
    assert (html / "results" / "notebooks" / "04-activation-cost.html").exists(), "as published"
    assert "alone it took —." not in text_of(forecaster)
    assert "code of isru.lstm changed" in text_of(forecaster)
    for page in sorted(html.glob("*/**/*.html")):
        if "_static" not in page.parts:
            assert "This is a smoke run" in page.read_text(encoding="utf-8"), page
    comparison = text_of(html / "book" / "compare.html")
    assert "not comparable: another machine or hour" in comparison


def test_a_traceback_and_a_missing_notebook_are_refused(compendium):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": []}
    folder = compendium / "results"
    write_notebook(folder / "notebooks", "06-forecaster", FORECASTER, [error])
    with pytest.raises(CompendiumError, match="06-forecaster: cell cell-4: ValueError: bad"):
        check_no_errors(folder)
    (folder / "notebooks" / "06-forecaster.ipynb").unlink()
    with pytest.raises(CompendiumError, match="lacks 06-forecaster"):
        build_book("published")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', "https://cdn.example.org/a.js"),
        ('<script>const u = "https://cdn.example.org/a"</script>', "https://cdn.example.org/a"),
        ('<link rel="stylesheet" href="//fonts.example.org/x.css">', "//fonts.example.org/x.css"),
        ('<img src="missing.png" alt="">', "missing.png"),
        ('<p style="background: url(http://example.org/x.png)">', "http://example.org/x.png"),
        ("<style>@import 'https://example.org/x.css';</style>", "https://example.org/x.css"),
        ('<iframe src="https://example.org/"></iframe>', "https://example.org/"),
    ],
)
def test_what_a_browser_would_fetch_elsewhere_is_found(tmp_path, fault, reason):
    allowed = '<a href="https://example.org/">a link</a><img src="data:image/png;base64," alt="">'
    (tmp_path / "page.html").write_text(f"<html>{allowed}{fault}</html>", encoding="utf-8")
    assert check_offline(tmp_path) == [f"page.html: {reason}"]
    (tmp_path / "page.html").write_text(f"<html>{allowed}</html>", encoding="utf-8")
    assert check_offline(tmp_path) == []


def test_links_into_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#x">x</a><a href="c.html">c</a>', "utf-8")
    (tmp_path / "b.html").write_text('<p id="y"><a href="a.html">a</a></p>', encoding="utf-8")
    assert broken_links(tmp_path) == ["a.html: b.html#x", "a.html: c.html"]


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (-3.14159, ".1f", f"{MINUS}3.1"),
        (-0.04, ".1f", "0.0"),
        (0.123456, "", "0.123"),
        (26115, "", "26,115"),
        (True, "", "yes"),
        ("slower", "", "slower"),
        (1.5e-7, ".1e", f"1.5e{MINUS}07"),
    ],
)
def test_numbers_are_set_with_a_true_minus_and_never_as_minus_zero(value, spec, text):
    assert formatted(value, spec) == text


def test_an_interval_is_shown_only_where_one_was_recorded():
    entry = {"value": 3.2, "unit": "%", "low": 2.1, "high": 4.3}
    assert shown(entry, Wanted("06.a:.1f interval")) == "3.2 (2.1 to 4.3)"
    assert shown(entry, Wanted("06.a:.1f unit")) == "3.2\u00a0%"
    with pytest.raises(CannotShow, match="without an interval"):
        shown({"value": 3.2}, Wanted("06.a interval"))
    assert shown({"value": 3.2}, Wanted("06.a interval optional")) == "3.2"


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="144pt" height="72pt" viewBox="0 0 144 72">
<rect width="144" height="72" fill="white"/><circle cx="40" cy="36" r="20" opacity="0.5"/>
<circle cx="60" cy="36" r="20" fill="red" opacity="0.3"/></svg>"""
ABOUT = {"title": "A – title", "author": "The authors", "licence": "CC BY 4.0", "source": "here"}


def test_pdf_and_png_keep_the_size_and_carry_who_made_them():
    from PIL import Image
    from pypdf import PdfReader

    document = PdfReader(io.BytesIO(exports.pdf(SVG, ABOUT)))
    assert [float(side) for side in document.pages[0].mediabox[2:]] == [144, 72]
    known = document.metadata
    assert (known.title, known.author, known.subject) == ("A – title", "The authors", "here")
    assert known["/Keywords"] == "CC BY 4.0" and known.creation_date is None
    with Image.open(io.BytesIO(exports.png(SVG, ABOUT))) as picture:
        assert picture.size == (600, 300)
        assert round(picture.info["dpi"][0]) == 300
        assert picture.info["Title"] == "A – title" and picture.info["Copyright"] == "CC BY 4.0"


def test_exports_are_byte_stable_and_an_unchanged_figure_is_not_converted_again(
    tmp_path, monkeypatch
):
    svg = tmp_path / "a.svg"
    svg.write_text(SVG, encoding="utf-8")
    first = {p.name: p.read_bytes() for p in exports.export(svg, ABOUT, tmp_path / "1", tmp_path)}
    fresh = tmp_path / "other cache"
    again = {p.name: p.read_bytes() for p in exports.export(svg, ABOUT, tmp_path / "2", fresh)}
    assert first == again and set(first) == {"a.svg", "a.pdf", "a.png"}
    monkeypatch.setattr(exports, "pdf", lambda *_: pytest.fail("converted again"))
    exports.export(svg, ABOUT, tmp_path / "3", tmp_path)
    with pytest.raises(pytest.fail.Exception):
        exports.export(svg, {**ABOUT, "title": "another"}, tmp_path / "3", tmp_path)


def test_a_citation_names_the_commit_and_leaves_out_what_is_not_set():
    about = {
        "id": "saving",
        "title": "Saving & 5 %",
        "notebook": "06-forecaster",
        "author": "The ISRU compendium authors",
        "licence": "CC BY 4.0",
    }
    made = {"commit": "abc1234567", "dirty": True, "date": "2025-03-01"}
    entry = citation.bibtex(about, made)
    for part in ("{isru-saving,", "{{The ISRU compendium authors}}", r"Saving \& 5 \%", "{2025}"):
        assert part in entry
    assert "commit abc1234567+changes" in entry
    assert "url" not in entry and "doi" not in entry
    placed = citation.bibtex(about, made, site="https://x.org/", doi="10.1/2", page="a.html")
    assert "{https://x.org/a.html}" in placed and "{10.1/2}" in placed
    assert json.dumps(citation.latex(about)).count("includegraphics") == 1
