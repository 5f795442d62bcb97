"""What an older citation of a figure names is found again in git, by its hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from isru.errors import CompendiumError
from isru.publish.history import checkout, content, named, versions, with_hash

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="no git on this machine")
FIRST, SECOND = b"<svg>first</svg>", b"<svg>second</svg>"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git(root: Path, *arguments: str) -> str:
    given = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *given, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def published(tmp_path):
    """A repository in which a figure was published, published anew, and another one removed."""
    root = tmp_path / "a clone"
    figures = root / "results" / "figures"
    figures.mkdir(parents=True)
    git(root, "init", "--quiet")
    for name, svg in (("saving", FIRST), ("gone", FIRST + b" "), ("saving", SECOND)):
        (figures / f"{name}.svg").write_bytes(svg)
        (figures / f"{name}.csv").write_bytes(b"x\n1\n")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", name)
    git(root, "rm", "--quiet", "results/figures/gone.svg")
    git(root, "commit", "--quiet", "-m", "remove")
    return root


def test_what_an_older_citation_names_is_found_by_its_hash_and_written_out(published):
    found = versions(published)
    names = [version.name for version in found]
    assert sorted(names) == ["gone.csv", "gone.svg", "saving.csv", "saving.svg", "saving.svg"]
    for svg in (FIRST, SECOND, FIRST + b" "):
        version = with_hash(found, sha256(svg)[:12])
        assert content(published, version) == svg
        shown = git(published, "show", f"{version.commit}:results/figures/{version.name}")
        assert shown.encode() == svg.strip(), "the commit that is named holds the file"


def test_what_is_not_found_is_said_with_what_to_do(published, tmp_path):
    found = versions(published)
    with pytest.raises(CompendiumError, match="git checkout COMMIT, make book"):
        with_hash(found, "0" * 64)
    with pytest.raises(CompendiumError, match="at least 7 digits"):
        with_hash(found, "abc")
    with pytest.raises(CompendiumError, match=r"named 'savin'; the nearest: saving$"):
        with_hash(found, "savin", frozenset({"step-times"}))
    with pytest.raises(CompendiumError, match=r"drawn when the book is built.* git checkout"):
        with_hash(found, "fig-step-times", frozenset({"step-times"}))
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", published.as_uri(), str(shallow))
    with pytest.raises(CompendiumError, match="--unshallow"):
        versions(shallow)
    with pytest.raises(CompendiumError, match="expected git with the history"):
        versions(tmp_path)


def test_a_checkout_says_whether_what_it_draws_from_was_changed(published):
    def dirty():
        return checkout(published, ("results",))["dirty"]

    assert checkout(published)["commit"] == git(published, "rev-parse", "HEAD")[:10]
    assert not dirty()
    (published / "results" / "machines.json").write_text("{}")
    assert dirty()


def test_the_command_writes_the_file_and_lists_a_figures_files(published, monkeypatch, capsys):
    from isru.cli import main

    (published / "notebooks").mkdir()
    (published / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    monkeypatch.setenv("ISRU_ROOT", str(published))
    monkeypatch.setattr("isru.cli.in_environment", lambda _: None)
    assert main(["cited", sha256(FIRST), "--out", str(published / "out")]) == 0
    (path,) = (published / "out").iterdir()
    assert path.read_bytes() == FIRST and path.name.endswith("-saving.svg")
    capsys.readouterr()
    assert main(["cited", "saving"]) == 0
    said = capsys.readouterr().out
    assert sha256(FIRST) in said and sha256(SECOND) in said and "gone" not in said
    heads, files = (
        [line for line in said.splitlines() if line.startswith(" ") is indented]
        for indented in (False, True)
    )
    assert len(heads) == 2 and all(line.startswith("in commit ") for line in heads)
    assert [line.split()[0] for line in files[1::2]] == [sha256(FIRST), sha256(SECOND)]
    assert files[0].split()[0] == files[2].split()[0] == sha256(b"x\n1\n"), "the same numbers"
    first = heads[0].split()[2].rstrip(",")
    assert f"first committed in {first}" in files[2] and "first committed here" in files[3]
    assert ["the present one" in line for line in files] == [True, False, True, True]
    for what in ("isru-saving", "fig-saving", "saving.json", "results/figures/saving.svg"):
        assert main(["cited", what]) == 0
        assert capsys.readouterr().out == said
    table = published / "results" / "tables" / "costs-steps.csv"
    table.parent.mkdir()
    table.write_bytes(b"step,ns\n")
    git(published, "add", ".")
    git(published, "commit", "--quiet", "-m", "table")
    assert main(["cited", "isru-table-costs-steps"]) == 0
    assert sha256(b"step,ns\n") in capsys.readouterr().out
    beginning = sha256(b"step,ns\n")[:9]
    assert main(["cited", f"sha256:{beginning}"]) == 0
    assert main(["cited", "nothing"]) == 1
    capsys.readouterr()
    drawn = published / "build" / "html" / "published" / "_figures" / "step-times.svg"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(FIRST)
    assert main(["cited", "fig-step-times"]) == 1
    assert "step-times is drawn when the book is built" in capsys.readouterr().err


def test_a_name_that_begins_like_a_pages_anchor_is_found_with_its_ending(published):
    figures = published / "results" / "figures"
    for name in ("isru-tails", "tails"):
        (figures / f"{name}.svg").write_bytes(name.encode())
    git(published, "add", ".")
    git(published, "commit", "--quiet", "-m", "tails")
    found = versions(published)
    for what in ("isru-tails", "isru-tails.svg", "fig-isru-tails", "isru-isru-tails.pdf"):
        assert [version.name for version in named(found, what)] == ["isru-tails.svg"]
