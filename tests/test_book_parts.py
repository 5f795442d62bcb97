"""Parts of the book on their own: numbers as text, exports, citations, what a page loads."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from docutils import nodes
from page_links import broken_links
from sphinx.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

from isru_book import citation, code, plugins, provenance, redirects, repository, rooms
from isru_book.claims import effect_text
from isru_book.numbers import MINUS, CannotShow, Wanted, find, formatted, shown
from isru_book.rows import from_rows
from isru_book.run import Run
from isru_drawings import exports
from isru_drawings.clips import without_idle_clips

from isru.publish.pages import check_offline
from isru.publish.verdict_words import listed
from isru.records import Record, to_json, write_atomically


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
    assert shown(entry, Wanted("forecaster.a:.1f interval")) == "3.2 (2.1 to 4.3)"
    assert shown(entry, Wanted("forecaster.a:.1f unit")) == "3.2\u00a0%"
    with pytest.raises(CannotShow, match="without an interval"):
        shown({"value": 3.2}, Wanted("forecaster.a interval"))
    assert shown({"value": 3.2}, Wanted("forecaster.a interval optional")) == "3.2"


TABLE = """part,holds,units,saving,"time, trend"
A/A floor,no,10,-1.5,-0.9
A/A floor,yes,100,,-0.1
against C,no,10,2.5,0.8
"""


def run_with_a_table(tmp_path, name="published"):
    write_atomically(tmp_path / "run.json", to_json({"run": name}))
    write_atomically(tmp_path / "results" / "tables" / "speed-goals-goals.csv", TABLE)
    size = {"value": 10, "kind": "exact"}
    values = {"notebook": "speed-goals", "provenance": {}, "values": {"size": size}}
    write_atomically(tmp_path / "results" / "values" / "speed-goals.json", to_json(values))
    return Run(tmp_path)


def test_a_cell_of_a_table_is_found_as_a_value_is(tmp_path):
    frame = pd.DataFrame({"step": ["a b", "a b", "c"], "units": [10, 25, 10], "ns": [1.5, 2, 3]})
    for name in ("published", "quick"):
        folder = tmp_path / name
        Record("lstm", folder / "results").table(
            "steps", frame, kind="machine", keys=["step", "units"], columns={"ns": "ns"}
        )
        write_atomically(folder / "run.json", to_json({"run": name}))
    published, quick = Run(tmp_path / "published"), Run(tmp_path / "quick")
    wanted = Wanted("lstm.steps[step=a b, units=10].ns:.2f unit")
    assert shown(find(published, wanted), wanted) == "1.50\u00a0ns"
    with pytest.raises(CannotShow, match="2 rows are so; tell them apart by step"):
        find(quick, Wanted("lstm.steps[units=10].ns optional"))
    absent = Wanted("lstm.steps[units=11].ns optional")
    assert find(quick, absent) is None
    with pytest.raises(CannotShow, match="units is one of 10, 25"):
        find(published, absent)


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("speed-goals-goals", "3"),
        ("speed-goals-goals: part~A/A, holds=no", "1"),
        ("speed-goals-goals: holds!=no", "1"),
        ("speed-goals-goals: saving<0", "1"),
        ("speed-goals-goals: [time, trend]<0, holds=yes", "1"),
        ("speed-goals-goals: units={speed-goals.size}", "2"),
        ("speed-goals-goals: units=10.0, part=nothing", "0"),
        ("mean of saving:.2f in speed-goals-goals: holds=no", "0.50"),
        ("least of saving:.1f in speed-goals-goals: holds=no", f"{MINUS}1.5"),
        ("most of [saving]:.1f in speed-goals-goals: holds=no", "2.5"),
    ],
)
def test_prose_counts_the_rows_of_a_table(tmp_path, text, shows):
    assert from_rows(run_with_a_table(tmp_path), text) == ("speed-goals", shows)


def test_code_of_the_package_is_shown_as_it_runs_without_what_it_says_of_itself():
    forward = code.code_of("isru.lstm.cell.cell_forward")
    assert forward.startswith("def cell_forward(") and '"""' not in forward
    assert '    c = gates["f"] * c_tm1 + gates["i"] * gates["c_tilde"]' in forward.splitlines()
    with pytest.raises(AttributeError):
        code.code_of("isru.lstm.cell.cell_sideways")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed-goals-goal", "no table 'speed-goals-goal'"),
        (
            "speed-goals-goals: held=no",
            "no column 'held'; its columns: part, holds, units, saving, time",
        ),
        ("speed-goals-goals: saving<much", "a number to compare with, got 'much'"),
        ("speed-goals-goals: holds", "a condition such as holds=no"),
        ("mean of part in speed-goals-goals", "rows with numbers in 'part'"),
        ("mean of saving in speed-goals-goals: holds=perhaps", "got none"),
        ("median of saving in speed-goals-goals", "expected 'TABLE'"),
        ("speed-goals-goals: units={speed-goals.sizes}", "no value 'speed-goals.sizes'"),
    ],
)
def test_what_a_table_does_not_hold_is_named(tmp_path, text, message):
    with pytest.raises(CannotShow, match=re.escape(message)):
        from_rows(run_with_a_table(tmp_path), text)


def test_rows_that_another_table_has_too_are_counted(tmp_path):
    run = run_with_a_table(tmp_path)
    others = pd.DataFrame({"units": [10, 10, 25], "saving": [2.5, 9.0, 9.0]})
    Record("lstm", run.folder).table("steps", others, kind="machine")
    goals = "speed-goals-goals: [units] in lstm-steps"
    assert from_rows(run, goals)[1] == "2"
    assert from_rows(run, f"{goals}, [units, saving] in lstm-steps")[1] == "1"
    with pytest.raises(CannotShow, match="no table 'lstm-none'"):
        from_rows(run, "speed-goals-goals: [units] in lstm-none")
    quick = run_with_a_table(tmp_path / "quick", "quick")
    assert from_rows(quick, "speed-goals-goals: [units] in lstm-none optional")[1] is None
    with pytest.raises(CannotShow, match="no column 'size'"):
        from_rows(run, "speed-goals-goals: [size] in lstm-steps")


def test_another_run_may_lack_optional_rows(tmp_path):
    run = run_with_a_table(tmp_path, "quick")
    assert from_rows(run, "none: a=b optional") == ("", None)
    text = "mean of saving in speed-goals-goals: units=300 optional"
    assert from_rows(run, text) == ("speed-goals", None)


def test_a_result_older_than_its_source_may_lack_what_the_source_records(tmp_path):
    code = {"cell_type": "code", "source": ['record.table("more", more)\n', 'figure("curve")']}
    source = {"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for chapter in ("speed-goals", "new"):
        write_atomically(tmp_path / "notebooks" / f"{chapter}.ipynb", to_json(source))
    current = run_with_a_table(tmp_path)
    wanted = Wanted("speed-goals.more[units=10].ns optional")
    with pytest.raises(CannotShow, match="more"):
        find(current, wanted)
    assert not current.is_to_come("speed-goals", "more")

    write_atomically(
        tmp_path / "run.json", to_json({"run": "published", "stale": {"speed-goals": ["code"]}})
    )
    older = Run(tmp_path)
    assert find(older, wanted) is None
    assert from_rows(older, "speed-goals-more optional") == ("speed-goals", None)
    assert older.is_to_come("speed-goals", "more") and older.is_to_come("speed-goals", "curve")
    assert not older.is_to_come("speed-goals", "mor")
    assert older.maker("new-more") == "new" and older.is_to_come("new", "more")
    assert find(older, Wanted("new.size optional")) is None
    for text in ("speed-goals.more[units=10].ns", "new.size", "nobody.size optional"):
        with pytest.raises(CannotShow):
            find(older, Wanted(text))


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


CLIPPED = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="144pt" height="72pt" viewBox="0 0 144 72"><defs><clipPath id="c"><rect x="20" y="10"
 width="90" height="50"/></clipPath><path id="dot" d="M -3 0 L 3 0 L 0 5 z"/></defs>
<rect width="144" height="72" fill="white"/>{content}</svg>"""


@pytest.mark.parametrize(
    ("content", "clips"),
    [
        ('<path clip-path="url(#c)" d="M 30 20 L 90 50"/>', 0),
        ('<path clip-path="url(#c)" d="M 30 20 L 120 50" style="stroke: black"/>', 1),
        ('<path clip-path="url(#c)" d="M 22 20 L 90 50" style="stroke-width: 9"/>', 1),
        ('<path clip-path="url(#c)" d="M 30 20 l 99 0" style="stroke: black"/>', 1),
        ('<g transform="scale(2)"><path clip-path="url(#c)" d="M 30 20 L 70 50 z"/></g>', 1),
        ('<g clip-path="url(#c)"><use xlink:href="#dot" x="60" y="30"/></g>', 0),
        ('<g clip-path="url(#c)"><use xlink:href="#dot" x="109" y="30"/></g>', 1),
        ('<g clip-path="url(#c)"><text x="30" y="30">text</text></g>', 1),
    ],
)
def test_only_a_clip_that_cuts_nothing_is_left_out_and_no_pixel_moves(content, clips):
    import vl_convert
    from PIL import Image, ImageChops

    svg = CLIPPED.format(content=content)
    lighter = without_idle_clips(svg)
    assert lighter.count("clip-path=") == clips
    drawn = [Image.open(io.BytesIO(vl_convert.svg_to_png(s, scale=2))) for s in (svg, lighter)]
    assert ImageChops.difference(*drawn).getbbox() is None


def configured(address: str, baseurl: str = "") -> SimpleNamespace:
    options = {"repository_url": address}
    config = SimpleNamespace(html_theme_options=options, html_baseurl=baseurl)
    repository.use_repository(None, config)
    return config


@pytest.mark.parametrize(
    ("address", "given", "expected"),
    [
        ("", "", ""),
        ("https://github.com/Some-one/isru.git", "", "https://some-one.github.io/isru/"),
        ("https://github.com/someone/isru/", "https://x.org/", "https://x.org/"),
        ("https://github.com/someone/someone.github.io", "", "https://someone.github.io/"),
    ],
)
def test_the_books_address_follows_from_the_repositorys_unless_it_is_given(
    address, given, expected
):
    assert configured(address, given).html_baseurl == expected


@pytest.mark.parametrize("address", ["github.com/a/b", "https://github.com/a", "a b"])
def test_an_address_of_no_repository_is_refused(address):
    with pytest.raises(ConfigError, match=r"expected https://github\.com/OWNER/NAME"):
        configured(address)


def test_a_commit_links_to_its_page_where_it_and_the_repository_are_known():
    def links(address, commit):
        made = {"commit": commit, "dirty": True}
        shown = repository.commit_nodes(configured(address), made)
        assert [node.astext() for node in shown] == [f"{commit}+changes"]
        return [node.get("refuri") for node in shown if isinstance(node, nodes.reference)]

    home = "https://github.com/someone/isru"
    assert links(home, "0123456789") == [f"{home}/commit/0123456789"]
    assert links(home, "unknown") == links("", "0123456789") == []


ABOUT_SAVING = {
    "id": "saving",
    "title": "Saving & 5 %",
    "source": "notebook forecaster",
    "author": "The ISRU compendium authors",
    "licence": "CC BY 4.0",
}


def test_a_citation_names_what_it_means_and_leaves_out_what_is_not_set():
    made = {"commit": "abc1234567", "dirty": True, "date": "2025-03-01", "isru": "0.1.0"}
    made["machine"] = "a machine"
    files = {".svg": b"<svg/>", ".csv": b"x\n1\n"}
    entry = citation.bibtex(ABOUT_SAVING, files, made)
    for part in ("{isru-saving,", "{{The ISRU compendium authors}}", r"Saving \& 5 \%", "{2025}"):
        assert part in entry
    assert "url" not in entry and "doi" not in entry
    placed = citation.bibtex(
        ABOUT_SAVING, files, made, site="https://x.org/", doi="10.1/2", page="a.html"
    )
    assert "{https://x.org/a.html}" in placed and "{10.1/2}" in placed
    figure = citation.latex(ABOUT_SAVING, files, made)
    assert json.dumps(figure).count("includegraphics") == 1
    for text in (entry, figure):
        assert "notebook forecaster, version 0.1.0" in text and "2025-03-01, a machine" in text
        assert "code of commit abc1234567+changes" in text
        assert f"saving.svg sha256 {hashlib.sha256(b'<svg/>').hexdigest()}" in text
        assert f"saving.csv sha256 {hashlib.sha256(files['.csv']).hexdigest()}" in text
        assert "CC BY 4.0" in text


def test_a_plugin_of_the_bibliography_is_looked_up_once(monkeypatch):
    from pybtex import plugin

    plugins.remember()
    first = plugin.find_plugin("pybtex.style.formatting", "unsrt")
    monkeypatch.setattr(plugin, "entry_points", lambda **_: pytest.fail("looked up again"))
    assert plugin.find_plugin("pybtex.style.formatting", "unsrt") is first


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ({"machine": "A processor, 2 cores"}, "A processor, 2 cores · no date"),
        (
            {"machine": "A processor", "blas": "OpenBLAS 0.3.31 Haswell"},
            "A processor · OpenBLAS 0.3.31 Haswell · no date",
        ),
        (
            {
                "machine": "A processor",
                "blas": "OpenBLAS 0.3.31 Haswell",
                "settings": "OPENBLAS_CORETYPE=Haswell",
            },
            "A processor · OpenBLAS 0.3.31 Haswell · OPENBLAS_CORETYPE=Haswell · no date",
        ),
    ],
)
def test_the_line_under_a_title_names_the_kernel_that_computed(about, shown):
    run = SimpleNamespace(
        provenance=lambda _: about, stale={}, borrowed=[], recorded=lambda _: None
    )
    (line,) = provenance._lines(run, "forecaster", configured(""))
    assert shown in line.astext()


def test_a_former_address_leads_to_the_present_page(tmp_path):
    (tmp_path / "results" / "notebooks").mkdir(parents=True)
    app = SimpleNamespace(
        outdir=tmp_path,
        builder=SimpleNamespace(format="html"),
        env=SimpleNamespace(found_docs={"results/notebooks/forecaster"}),
    )
    redirects.write(app, None)
    (page,) = (tmp_path / "results" / "notebooks").iterdir()
    assert page.name == "06-forecaster.html"
    assert 'location.replace("forecaster.html" + location.hash)' in page.read_text()


def test_the_drawing_of_the_rooms_points_downward_and_says_so_in_words():
    floors = [[{"name": "lstm"}], [{"name": "kernels"}], [{"name": "activations"}]]
    imports = [["lstm", "kernels"], ["lstm", "activations"], ["kernels", "activations"]]
    svg = rooms.drawing({"floors": floors, "imports": [*imports, ["lstm", "paths"]]})
    heights = [float(y) for y in re.findall(r'<rect [^>]*y="(\d+)"', svg)]
    assert heights == sorted(heights) and len(heights) == 3
    arrows = re.findall(r'<path d="M\d+ (\d+)C.* (\d+)"', svg.replace("/>", "/>\n"))
    assert len(arrows) == 2, "what follows from two arrows is not drawn"
    assert all(int(start) < int(end) for start, end in arrows)
    assert "lstm imports kernels; " not in svg.split("downward: ")[0]
    assert "kernels imports activations; lstm imports kernels." in svg


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("code of isru.lstm, isru.stats changed", "code of isru.lstm, isru.stats changed"),
        ("code of a, b, c, d, e changed", "code of a, b, c and 2 more changed"),
    ],
)
def test_a_page_names_the_first_of_many_changes(reason, shown):
    assert provenance.brief(reason) == shown


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("depends on form and batch and units", "depends on form, batch and units"),
        ("depends on form and dtype", "depends on form and precision"),
        ("confirmed", "confirmed"),
    ],
)
def test_what_a_verdict_depends_on_is_a_list(word, shown):
    assert listed(word) == shown


@pytest.mark.parametrize(
    ("effect", "shown"),
    [
        ("-4 % (-5 to -3) at 100 units", "−4 % (−5 to −3) at 100 units"),
        (
            "4 (3 to 5) at NumPy, training to 8 (6 to 9) at Keras",
            "from 4 (3 to 5) at NumPy, training to 8 (6 to 9) at Keras",
        ),
    ],
)
def test_the_effects_of_several_conditions_are_from_one_to_another(effect, shown):
    assert effect_text(SimpleNamespace(effect=effect)) == shown
