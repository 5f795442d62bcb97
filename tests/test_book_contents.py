"""The book of your own run is built whatever is published, and says which page it lacks."""

from pathlib import Path

import pytest
from notebook_files import write_notebook

from isru import commands
from isru.errors import CompendiumError
from isru.publish import staging
from isru.publish.book import build_book
from isru.publish.contents import chapters, read_contents, with_last_part, with_present
from isru.publish.staging import outside_contents, stage

TOC = """root: book/intro
parts:
- caption: The networks
  chapters:
  - file: results/notebooks/cost
    sections:
    - file: results/notebooks/lesson.ipynb
    - file: book/figures
- caption: Elsewhere
  chapters:
  - url: https://example.org
    title: A link
- caption: New
  chapters:
  - file: results/notebooks/mine
"""


@pytest.fixture
def books(compendium, monkeypatch):
    """Two published notebooks and one that only a run has; building a book only tells its name."""
    (compendium / "_toc.yml").write_text(TOC)
    (compendium / "book").mkdir()
    (compendium / "_config.yml").write_text("")
    published = ["cost", "lesson"]
    for folder, names in {"results": published, "runs/quick": ["mine", "other"]}.items():
        (compendium / folder / "notebooks").mkdir(parents=True)
        (compendium / folder / "manifest").mkdir()
        for name in names:
            source = write_notebook(compendium, name, ["1"])
            (compendium / folder / "notebooks" / source.name).write_bytes(source.read_bytes())
    built = []

    def build(run):
        stage(run, compendium / "build" / run)
        built.append(run)
        return Path(f"{run}.html")

    monkeypatch.setattr("isru.publish.book.build_book", build)
    return built


@pytest.mark.slow
def test_the_own_book_comes_first_and_needs_no_published_chapter(books, capsys):
    commands._build("quick")
    said = capsys.readouterr().err
    assert books == ["quick"]
    assert "The book of your run (quick): quick.html" in said
    assert "warning: the published book was not built: the published run lacks mine" in said
    assert "the page of other stands at the end of the book of this run" in said
    assert "- file: results/notebooks/other" in said
    with pytest.raises(CompendiumError, match="the published run lacks mine"):
        commands._build("published")


def test_a_run_that_lacks_chapters_keeps_what_lies_below_them(compendium, books):
    contents = read_contents(compendium / "_toc.yml")
    assert chapters(contents) == ["cost", "lesson", "mine"]
    assert with_present(contents, {"cost", "lesson", "mine"}) == contents
    left = with_present(contents, set())
    assert [part["caption"] for part in left["parts"]] == ["The networks", "Elsewhere"]
    assert left["parts"][0]["chapters"] == [{"file": "book/figures"}]
    assert with_present({"root": "a", "chapters": [{"file": "b"}]}, set())["chapters"]
    assert outside_contents("published") == []


def test_a_chapter_without_a_place_stands_last_in_the_book_of_its_run(compendium, books):
    source = compendium / "build" / "x"
    stage("quick", source)
    shown = read_contents(source / "_toc.yml")
    assert chapters(shown)[-1] == "other"
    assert shown["parts"][-1]["caption"] == "Not in the contents yet"
    alone = with_last_part({"root": "a", "chapters": [{"file": "b"}]}, "Last", ["other"])
    assert alone["chapters"][-1] == {"file": "results/notebooks/other"}


def test_a_foreign_notebook_is_no_part_of_a_book(compendium, books):
    (compendium / "notebooks" / "Untitled.ipynb").write_text("{}")
    source = compendium / "build" / "x"
    stage("quick", source)
    assert sorted(path.name for path in (source / "notebooks").glob("*.ipynb")) == [
        *("cost.ipynb", "lesson.ipynb", "mine.ipynb", "other.ipynb")
    ]
    assert (source / "notebooks" / "parameters" / "quick.yml").is_file()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "_toc.yml: expected a mapping, got None"),
        (b"- a", r"_toc.yml: expected a mapping, got \['a'\]"),
        (b"parts: []", "_toc.yml: expected 'root', the first page, got None"),
        (b"root: a\nparts: 5", "_toc.yml: expected parts as a list of entries .* got 5"),
        (b"root: a\nparts: [5]", r"_toc.yml: expected parts as a list of entries .* got \[5\]"),
        (b"root: a\nchapters: [{file: 5}]", "_toc.yml: expected a page's path as file, got 5"),
        (b"root: a\nchapters: [{sections: {a: 1}}]", "_toc.yml: expected sections as a list"),
        (b"root: \xff", "_toc.yml: expected UTF-8"),
        (b"<<<<<<< ours\nroot: a\n", "_toc.yml, line"),
        (b"root: a\nroot: b\n", "_toc.yml, line 2: .*'root' stands twice"),
    ],
)
def test_broken_contents_are_told_in_words(compendium, content, message):
    (compendium / "_toc.yml").write_bytes(content)
    with pytest.raises(CompendiumError, match=message):
        staging._contents(compendium / "_toc.yml", set(), [])


def test_a_broken_claims_file_is_told_once_before_the_book_is_built(compendium):
    (compendium / "book").mkdir()
    (compendium / "book" / "claims.yml").write_text("- id: [")
    with pytest.raises(CompendiumError, match=r"^claims.yml, line 1: not valid YAML"):
        build_book("published")
