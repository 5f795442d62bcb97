"""A small compendium of its own for the tests of the pipeline."""

import pytest


@pytest.fixture
def compendium(tmp_path, monkeypatch):
    """Return the folder of an empty compendium; its path has a space."""
    root = tmp_path / "a compendium"
    (root / "notebooks" / "parameters").mkdir(parents=True)
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    for profile in ("smoke", "quick", "full"):
        (root / "notebooks" / "parameters" / f"{profile}.yml").write_text("{}\n")
    monkeypatch.setenv("ISRU_ROOT", str(root))
    monkeypatch.delenv("ISRU_UPSTREAM", raising=False)
    monkeypatch.delenv("ISRU_RUN_FOLDER", raising=False)
    return root
