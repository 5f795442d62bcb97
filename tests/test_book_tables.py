"""The tables of the published book: each set, none as pandas writes it."""

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages():
    """Return the chapters of the published book by their names."""
    from isru import paths
    from isru.publish.book import build_book
    from isru.publish.contents import chapters, read_contents

    folder = build_book("published").parent / "results" / "notebooks"
    return {
        name: BeautifulSoup((folder / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        for name in chapters(read_contents(paths.root() / "_toc.yml"))
    }


@pytest.fixture(scope="module")
def tables(pages):
    """Return the tables of the run by page and label."""
    found = {
        f"{name}: {table.get('id')}": table
        for name, page in pages.items()
        for table in page.select(".isru-result")
    }
    assert len(found) > 20
    return found


def test_no_page_shows_a_table_as_pandas_writes_it(pages):
    left = {name for name, page in pages.items() if page.select("table.dataframe")}
    assert left == set()


def test_each_table_has_a_number_a_caption_and_no_cell_without_a_meaning(tables):
    for told, table in tables.items():
        assert table.caption.select_one(".caption-number").get_text().startswith("Table "), told
        assert table.caption.select_one(".caption-text").get_text(strip=True), told
        for cell in table.select("td, th"):
            text = cell.get_text(" ", strip=True).lower()
            assert text not in ("true", "false"), told
            assert not {"nan", "nat"} & set(text.split()), (told, text)


def test_at_most_eight_rows_are_in_view(tables):
    for told, table in tables.items():
        assert len(table.tbody.find_all("tr", recursive=False)) <= 8, told
