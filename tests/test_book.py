"""The book of a small run: numbers, figures, tables, provenance, and what must not be built."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from filelock import FileLock, Timeout
from page_links import broken_links

from isru.errors import CompendiumError
from isru.publish import book as book_module
from isru.publish.book import build_book, check_no_errors
from isru.publish.pages import check_offline
from isru.publish.repeats import times_run
from isru.records import Record, sha256

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[1]
INTRO = """# A small book

The saving is {val}`forecaster.saving:.1f unit interval`, which is {val}`forecaster.direction`.

{{your-case}}

```{result-figure} saving
:alt: One line that falls to {val}`forecaster.saving:.1f`.
The caption says {val}`forecaster.saving`. {cite:p}`hochreiter1997lstm`
```

```{cell-drawing} tanh
:thumbnail:
ISRU changes {val}`forecaster.saving:.0f` of them.
```
"""
CLAIMS = """# Claims

```{claim-cards}
```

```{claim-advice} C3
**{plainly}`C3`.**
```

```{rule-history}
```
"""
HISTORY = """
- claims: [C3]
  date: 2026-11-21
  commit: d5d8a4b
  kind: rule
  after: pilot runs
  what: It presumes a saving of {val}`forecaster.saving:.0f`.
"""
FORECASTER = [
    "# A forecaster\n\nIt saves {val}`forecaster.saving:.2f`; "
    "alone it took {val}`activation-cost.cost unit`.\n\n"
    "At 300 units: {val}`forecaster.savings[units=300].saving:.1f unit interval optional`. "
    "{verdict}`C3`. "
    "{rows}`forecaster-savings: saving<0` of {rows}`forecaster-savings` lose.",
    "```{result-figure} saving\n:alt: One line.\nThe saving. $x^2$\n```",
    "```{result-table} forecaster-savings\n:columns: units=Units, saving=Saving (%)\n"
    ":format: .1f\nA\n```",
    "{numref}`fig-saving` and {numref}`tab-forecaster-savings`.",
    "```{cell-drawing}\nA cell, {val}`forecaster.saving:.0f`.\n```",
]
TOC = """format: jb-book
root: book/intro
parts:
- caption: The networks
  numbered: true
  chapters:
  - file: results/notebooks/activation-cost
  - file: results/notebooks/forecaster
- caption: Use it
  chapters:
  - file: book/claims
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
  published: Claimed, 1 to 2 %; here {val}`forecaster.saving:.0f`.
  apply: {refuted: "Do not expect it: {val}`forecaster.saving:.0f`."}
  hypothesis: It does not.
  effect: saving
  remark: It holds of {rows}`forecaster-savings` sizes.
  unit: "%"
  rule: greater
  margin: 2
  relevance_margin: 2
  family: time
  metric: [{value: "forecaster.savings[units=10].saving"}]
"""
REPOSITORY = "https://github.com/someone/rooms"
BUDGETS = {"smoke": 1, "quick": 1, "full": 1}
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
            "isru": {"kind": "machine", "needs": [], "measures": False, "budget_minutes": BUDGETS},
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

    from isru.drawing import use_style

    use_style()
    if only in ("", "activation-cost"):
        record = Record("activation-cost", folder)
        record.value("cost", 0.33, kind="machine", unit="ns")
        write_notebook(folder / "notebooks", "activation-cost", ["# What a call costs"])
    if only in ("", "forecaster"):
        record = Record("forecaster", folder)
        ends = {"low": saving - 1, "high": saving + 1}
        record.value("saving", saving, kind="machine", unit="%", note="median", **ends)
        record.value("direction", "slower", kind="machine")
        for name in ("step_ns", "unit_ns", "mac_ns", "saved_step_ns", "saved_ns"):
            record.value(f"case_numpy_{name}", 1.5, kind="machine", unit="ns")
        case = {"framework": "numpy", "step": "single", "batch": 1, "units": [10], "saving": 1.5}
        record.table("steps", pd.DataFrame(case), kind="machine", keys=list(case)[:4])
        frame = pd.DataFrame({"units": [10, 300], "saving": [saving, -0.04]})
        frame["saving_low"], frame["saving_high"] = frame["saving"] - 1, frame["saving"] + 1
        frame = frame.head(1) if only else frame
        record.table("savings", frame, kind="machine", keys=["units"], columns={"saving": "%"})
        drawing = Figure(figsize=(3.0, 2.0))
        drawing.subplots().plot(frame.units, frame.saving)
        title = "Saving & units"
        record.figure("saving", drawing, data=frame, title=title, kind="machine")
        write_notebook(folder / "notebooks", "forecaster", FORECASTER)


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
    for name, text in (
        ("claims.yml", CLAIM),
        ("claims.md", CLAIMS),
        ("history-of-rules.yml", HISTORY),
        ("moved-anchors.yml", "book/intro: {claim-*: book/claims, gone: book/nowhere}"),
    ):
        (root / "book" / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("ISRU_ROOT", str(root))
    monkeypatch.setenv("ISRU_PROFILE", "quick")
    told = tmp_path / "running-cell"
    told.write_text(f"cell-{len(FORECASTER)}", encoding="utf-8")  # no cell of the other notebook
    monkeypatch.setenv("ISRU_CELL", str(told))
    for name, text in (
        ("activation-cost", ["# What a call costs"]),
        ("forecaster", FORECASTER),
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
    again = Record("forecaster", compendium / "results" / "repeats" / "2")
    again.value("case_numpy_step_ns", 3.0, kind="machine", unit="ns")
    again.value("case_numpy_mac_ns", 1.5, kind="machine", unit="ns")  # the same: not timed anew
    # Near enough that runs do not differ beyond their intervals, which would widen the first's.
    repeated = {"units": [10], "saving": [-2.4], "saving_low": [-5.3], "saving_high": [0.5]}
    frame = pd.DataFrame(repeated)
    again.table("savings", frame, kind="machine", keys=["units"], columns={"saving": "%"})
    html = build_book("published").parent
    intro = html / "book" / "intro.html"
    forecaster = html / "results" / "notebooks" / "forecaster.html"

    # A number is formatted, and linked to the cell that recorded it, where the page has it.
    assert "The saving is −3.1\u00a0% (−4.1 to −2.1\u00a0%), which is slower." in text_of(intro)
    link = re.search(r'<a class="isru-value[^>]*>', intro.read_text(encoding="utf-8"))[0]
    assert 'href="../results/notebooks/forecaster.html#cell-cell-5"' in link
    own = forecaster.read_text(encoding="utf-8")
    assert own.count('class="isru-value reference internal" href="#cell-cell-5"') == 5
    assert 'href="activation-cost.html"' in own and own.count('id="cell-cell-5"') == 1
    cards = (html / "book" / "claims.html").read_text(encoding="utf-8")
    evidence = re.search(r"Evidence</dt>\s*<dd><p><a[^>]*>forecaster</a>", cards)[0]
    assert 'href="../results/notebooks/forecaster.html#cell-cell-5"' in evidence
    for part in (
        "forecaster.saving = -3.14 %",
        "95 % interval",
        "median",
        "profile quick",
        "commit unknown",
    ):
        assert part in link
    assert "One line that falls to −3.1." in intro.read_text(encoding="utf-8")

    # Chapters and figures are numbered by their place; the table has its columns.
    shown_text = text_of(forecaster)
    assert "Fig. 2.1 and Table 2.1" in shown_text
    row = "Units Saving (%) 10 −3.1 (−4.1 to −2.1) 300 0.0 (−1.0 to 1.0)"
    assert row in re.sub(" +", " ", shown_text)
    assert "At 300 units: 0.0\u00a0% (−1.0 to 1.0\u00a0%)." in shown_text
    assert "Profile quick" in shown_text
    assert "2 of 2 lose." in shown_text
    assert 'href="../../book/claims.html#claim-c3"' in forecaster.read_text(encoding="utf-8")

    # The cell of the LSTM stands like a figure in full, and small beside a text.
    assert "Fig. 2.2 A cell, −3.# Download SVG of lstm-cell" in shown_text
    assert "ISRU changes −3 of them. The cell in full" in text_of(intro)
    assert 'alt="The cell of an LSTM in small' in intro.read_text(encoding="utf-8")
    assert (html / "_figures" / "lstm-cell-tanh-small.svg").is_file()

    # Parameters, claims, environment come from their sources.
    assert "seeds int 3 1 to 100 paired seeds" in text_of(html / "book" / "parameters.html")
    claims = text_of(html / "book" / "claims.html")
    assert "(−4.14 to −2.14). It holds of 2 sizes." in claims
    assert re.search("Verdict ?refuted", claims) and "Claimed, 1 to 2 %; here −3." in claims
    assert re.search("Evidence ?forecaster ?What was published", claims)
    assert re.search("Machines ?The times are of one machine", claims)
    assert re.search("Repeated ?by its own numbers run 2 says “inconclusive”.", claims)
    assert "no. Do not expect it: −3." in claims
    assert "How a claim is judged: 1 change" in claims
    assert "C3, 2026-11-21, commit d5d8a4b, after pilot runs. It presumes a saving of −3." in claims
    assert '{"claim-*": "claims.html"}' in intro.read_text(encoding="utf-8"), "the old anchor"
    assert "forecaster" in text_of(html / "book" / "environment.html")

    # A run kept beside the published one shows whether its verdicts are the same.
    comparison = text_of(html / "book" / "compare.html")
    assert "(2 times: forecaster). Claims decided more than once: 1 (1 in 2 runs)." in comparison
    assert "The same verdict in every run: 0; in some run another one: C3." in comparison
    assert "times as long as in the published run: forecaster 2.00 (run 2). Where" in comparison
    assert "in the later runs: 1; with an interval that misses the published one: 0." in comparison
    assert re.search(r"Published Run 2 C3 refuted −3\.14 [^C]* inconclusive −2\.4 %", comparison)

    # The form for a case of one's own offers the measured platform alone, with its constants.
    form = re.search(
        r'<form class="isru-case".*?</form>', intro.read_text(encoding="utf-8"), re.DOTALL
    )[0]
    assert re.findall(r"<option>(\w+)</option>", form) == ["NumPy"]
    assert "saved_call&quot;: 1.5" in form and "saved_neuron&quot;: 3.0" in form

    # Files for taking away, at addresses of their own.
    for stem in ("saving", "lstm-cell"):
        for suffix in ("svg", "pdf", "png", "csv"):
            assert (html / "_figures" / f"{stem}.{suffix}").is_file()
    assert (html / "_tables" / "forecaster-savings.csv").is_file()
    latex = (html / "_tables" / "forecaster-savings.tex").read_text(encoding="utf-8")
    assert "300 & 0.0 ($-$1.0 to 1.0)" in latex and "commit unknown" in latex
    assert "@misc{isru-table-forecaster-savings," in shown_text
    cards = text_of(html / "book" / "claims.html")
    assert "Expected" in cards and "Changed on " in cards and "confirmed where" in cards
    recorded = sha256(compendium / "results" / "tables" / "forecaster-savings.csv")
    assert f"forecaster-savings.csv sha256 {recorded}" in shown_text

    assert check_offline(html) == []
    assert broken_links(html) == []
    page = forecaster.read_text(encoding="utf-8")
    assert not re.search("fa-github|mybinder|/commit/|canonical", page)
    assert " url = " not in text_of(forecaster)

    # Nothing changed: nothing is built. A changed number reaches every page that shows it.
    with monkeypatch.context() as patch:
        patch.setattr(book_module, "_run_jupyter_book", lambda *_: pytest.fail("built again"))
        build_book("published")
    write_run(compendium / "results", saving=-7.77)
    build_book("published")
    assert "The saving is −7.8" in text_of(intro)
    assert "It saves −7.77;" in text_of(forecaster)


def test_each_claim_counts_with_the_runs_of_its_own_notebook(monkeypatch):
    monkeypatch.syspath_prepend(str(CHECKOUT / "book" / "_ext"))
    from isru_book.comparison import _again

    def pair(same):
        return SimpleNamespace(same=same, effects=[1, 2], apart=1)

    repeated = {"C1": {"2": pair(True)}, "C2": {"2": pair(True), "3": pair(False)}}
    said = _again({"04-a": 2, "13-b": 3, "14-c": 3}, repeated)
    assert "(2 times: 04-a; 3 times: 13-b, 14-c)." in said
    assert "Claims decided more than once: 2 (1 in 2 runs, 1 in 3 runs)." in said
    assert "every run: 1; in some run another one: C2. Effects of these claims" in said
    assert "in the later runs: 6; with an interval that misses the published one: 3." in said
    assert "every run: 1. Effects" in _again({"04-a": 2}, {"C1": {"2": pair(True)}})


def test_what_a_run_took_from_an_earlier_one_is_no_repeat(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(CHECKOUT / "book" / "_ext"))
    from isru_book import again

    (tmp_path / "values").mkdir()
    trained = SimpleNamespace(id="C10", effects=[(1, 1), (2, 2)])
    timed = SimpleNamespace(id="C3", effects=[(1, 1), (2, 3)])
    monkeypatch.setattr(again, "run_of", lambda env: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(again, "repeats", lambda folder: {"2": tmp_path})
    monkeypatch.setattr(again, "verdicts_beside", lambda *_: [trained, timed])
    assert again.judged_again(None, []) == {"C3": {"2": timed}}


def test_what_runs_differ_by_is_said_of_the_claims_that_it_widens(monkeypatch):
    monkeypatch.syspath_prepend(str(CHECKOUT / "book" / "_ext"))
    from isru_book import comparison

    claims = [
        SimpleNamespace(id="C1", scale="ratio", unit=""),
        SimpleNamespace(id="C2", scale="difference", unit="pp"),
        SimpleNamespace(id="C3", scale="ratio", unit=""),
    ]
    errors = {"C1": 0.04, "C2": 1.23, "C3": 0.0}
    monkeypatch.setattr(comparison, "between", lambda claim, runs: errors[claim.id])
    said = comparison._between(claims, [])
    assert "(standard deviation): C1 (4.1 %), C2 (1.2 pp); in the other" in said
    assert "do not differ" in comparison._between(claims[2:], [])


def test_runs_are_counted_by_notebook(compendium):
    folder = compendium / "results" / "repeats"
    for run, name in (("2", "activation-cost"), ("2", "forecaster"), ("3", "forecaster")):
        Record(name, folder / run).value("saving", 5.0, kind="machine")
    assert times_run(compendium / "results") == {"activation-cost": 2, "forecaster": 3}


@pytest.mark.slow
def test_every_fault_of_a_page_is_told_and_the_old_book_stays(compendium):
    intro = compendium / "book" / "intro.md"
    pages = [
        "# Faults\n\n{val}`forecaster.savin:.1f` {val}`nobody.x optional`",
        "{val}`forecaster.direction:.1f` {val}`nonsense`",
        "{val}`forecaster.savings[units=11].saving` {val}`forecaster.savings[units=10].gain`",
        "{val}`forecaster.saving[units=10].saving` {val}`forecaster.savings[cells=10].saving`",
        "```{result-figure} saving\nNo description.\n```",
        "```{result-figure} savings\n:alt: x\nNo such figure.\n```",
        "```{result-table} forecaster-saving\nNo such table.\n```",
        "{verdict}`C99` {rows}`forecaster-savings: gain<0` {plainly}`C98` {switch}`home`",
        "{places}`perhaps` {change}`forecaster` {change}`forecaster.savings[units=11].saving`",
        "{device}`hard`",
        "```{result-table} forecaster-empty\nAn empty file.\n```",
        "```{machine-records} machines\n```",
        "```{cell-drawing} gate\n:thumbnail:\nGates.\n```",
    ]
    (compendium / "results" / "tables" / "forecaster-empty.csv").touch()
    (compendium / "results" / "machines").mkdir()
    (compendium / "results" / "machines" / "old-1.json").write_text('{"schema": 1}')
    intro.write_text("\n\n".join(pages), encoding="utf-8")
    with pytest.raises(CompendiumError) as refused:
        build_book("published")
    message = str(refused.value)
    for part in (
        "book/intro.md:3",
        "no value 'forecaster.savin'",
        "nearest keys: forecaster.saving",
        "no value 'nobody.x': no values/nobody.json in this run",
        "takes no format '.1f'",
        "'nonsense'",
        "savings[units=11].saving: no such row; units is one of 10, 300",
        "no column 'gain'; there are units, saving",
        "no tables/forecaster-saving.json in this run; tables of forecaster: savings",
        "'cells' is no key of the table; its keys: units",
        "expected ':alt:'",
        "no figure 'savings' in this run; its figures: saving",
        "no table 'forecaster-saving' in this run; its tables: forecaster-savings",
        "no claim 'C99'",
        "plainly: no claim 'C98'; the claims: C3",
        "switch: no place 'home'; the places: m4f, ",
        "places: no word 'perhaps'; the words: yes, ",
        "change: expected an address such as",
        "change: the published run lacks forecaster.savings[units=11].saving",
        "device: the published run lacks hard",
        "no column 'gain'; its columns: units, saving",
        "cell-drawing: expected all, tanh, gates, none with ':thumbnail:', none in full, and one "
        "paragraph, got 'gate'",
        "no table 'forecaster-empty' in this run",
        "machine record old-1.json: expected schema 3, got the older",
    ):
        assert part in message
    assert not (compendium / "build" / "html").exists()


@pytest.mark.slow
def test_a_smoke_run_of_one_notebook_is_a_book_that_says_so(compendium, monkeypatch):
    monkeypatch.setenv("ISRU_PROFILE", "smoke")
    monkeypatch.setattr("isru.provenance.commit", lambda _: ("0123456789", True))
    config = compendium / "_config.yml"
    settled = config.read_text().replace('repository_url: ""', f"repository_url: {REPOSITORY}")
    config.write_text(settled)
    run = compendium / "runs" / "smoke"
    write_run(run, only="forecaster")
    stale = {
        "smoke": {"forecaster": ["code of isru.lstm changed"]},
        "results": {"activation-cost": ["data changed"], "forecaster": ["parameters changed"]},
    }
    monkeypatch.setattr("isru.publish.staging.stale_notebooks", lambda folder: stale[folder.name])
    html = build_book("smoke").parent
    forecaster = html / "results" / "notebooks" / "forecaster.html"
    published = text_of(html / "results" / "notebooks" / "activation-cost.html")
    for told in ("The run smoke does not have this chapter", "data changed"):
        assert told in published and told not in text_of(forecaster)
    assert "alone it took —." not in text_of(forecaster)
    assert "code of isru.lstm changed" in text_of(forecaster)
    assert "parameters changed" not in text_of(forecaster)
    for page in sorted(html.glob("*/**/*.html")):
        if "_static" not in page.parts:
            assert "This is a smoke run" in page.read_text(encoding="utf-8"), page
    comparison = text_of(html / "book" / "compare.html")
    assert "not comparable: another machine or hour" in comparison
    assert "The same verdict: 1 of the 1 claims that both runs measured." in comparison
    assert "Your run has 1 of the " in comparison
    assert "forecaster: " in comparison and "activation-cost: " not in comparison

    # The repository's address, one value: buttons, links of commits, addresses in citations.
    page = forecaster.read_text(encoding="utf-8")
    # A commit leads to its page: under the title, and where the page's figure is cited.
    assert page.count(f'href="{REPOSITORY}/commit/0123456789">0123456789+changes</a>') == 2
    assert "mybinder.org/v2/gh/someone/rooms/main?urlpath=lab/tree/notebooks/forecaster" in page
    assert f'href="{REPOSITORY}"' in page
    figure = "https://someone.github.io/rooms/results/notebooks/forecaster.html#fig-saving"
    assert figure in text_of(forecaster)
    assert check_offline(html) == []


def test_two_builds_of_one_book_wait_for_each_other(compendium, monkeypatch):
    mine = FileLock(compendium / "build" / "book" / "published.lock", timeout=0)

    def build(*_):
        with pytest.raises(Timeout):
            mine.acquire()
        raise CompendiumError("looked at")

    monkeypatch.setattr(book_module, "_run_jupyter_book", build)
    with pytest.raises(CompendiumError, match="looked at"):
        build_book("published")
    with mine:
        assert mine.is_locked, "free again, though that build failed"


def test_a_traceback_and_a_missing_notebook_are_refused(compendium):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": []}
    folder = compendium / "results"
    write_notebook(folder / "notebooks", "forecaster", FORECASTER, [error])
    with pytest.raises(CompendiumError, match="forecaster: cell cell-5: ValueError: bad"):
        check_no_errors(folder)
    (folder / "notebooks" / "forecaster.ipynb").unlink()
    with pytest.raises(CompendiumError, match="lacks forecaster"):
        build_book("published")


def test_every_link_of_the_published_book_arrives_and_exact_numbers_lead_to_their_cells():
    html = build_book("published").parent
    assert broken_links(html) == []
    for name in ("isru", "neighbours", "propagation", "published-evidence"):
        page = (html / "results" / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        own = re.findall(r'<a class="isru-value [^>]*href="(#[^"]*)"', page)
        assert own and all(address.startswith("#cell-") for address in own)
