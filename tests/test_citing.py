"""How figures are cited that are drawn when the book is built."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from isru import paths

CHECKOUT = Path(__file__).parents[1]
EXTENSIONS = CHECKOUT / "book" / "_ext"
SVG = b"<svg/>"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.slow
def test_a_figure_of_the_book_is_drawn_to_the_same_bytes_every_time(tmp_path):
    """In processes of their own, since identifiers inside an SVG may follow from chance."""
    program = (
        "import sys; from pathlib import Path; from types import SimpleNamespace\n"
        f"sys.path.insert(0, {str(EXTENSIONS)!r})\n"
        "import isru_book.machines\n"
        "from isru_book.drawn import DRAWINGS, drawn\n"
        "app = SimpleNamespace(doctreedir=sys.argv[1])\n"
        f"env = SimpleNamespace(app=app, srcdir={str(paths.root())!r}, "
        "note_dependency=lambda path: None)\n"
        "for name in DRAWINGS: drawn(env, name)\n"
    )
    drawn = []
    for run in ("1", "2"):
        folder = tmp_path / run
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
        drawn.append({p.name: sha256(p.read_bytes()) for p in folder.rglob("*") if p.is_file()})
    assert drawn[0] == drawn[1]
    assert {"machine-gains.svg", "machine-gains.csv", "machine-steps.svg"} <= set(drawn[0])


def test_a_figure_of_the_book_is_cited_like_one_of_a_run(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    from isru_book.machines import DRAWINGS
    from isru_book.takeaway import legend

    (tmp_path / "machine-gains.svg").write_bytes(SVG)
    (tmp_path / "machine-gains.csv").write_bytes(b"x\n1\n")
    about = DRAWINGS["machine-gains"].about("machine-gains")
    config = SimpleNamespace(html_baseurl="https://x.org/", isru_doi="", html_theme_options={})
    made = {"isru": "0.1.0", "commit": "abc1234567", "dirty": False, "date": "2025-03-01"}
    svg = tmp_path / "machine-gains.svg"
    shown = legend(SimpleNamespace(config=config), about, svg, made, "book/machines")
    text = " ".join(node.astext() for node in shown)
    assert "drawn from machine records, version 0.1.0, code of commit abc1234567" in text
    assert f"machine-gains.svg sha256 {sha256(SVG)}" in text
    assert "https://x.org/book/machines.html#fig-machine-gains" in text
    assert "Drawn again" not in text
    again = about | {"redrawn": made}
    shown = legend(SimpleNamespace(config=config), again, svg, made, "book/machines")
    text = " ".join(node.astext() for node in shown)
    assert "Drawn again from the run's data by code of commit abc1234567" in text
