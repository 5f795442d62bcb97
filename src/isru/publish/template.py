"""A new chapter from the template: its notebook, its folder in the package, its test."""

from __future__ import annotations

from isru import paths
from isru.errors import CompendiumError
from isru.publish.contents import former_names
from isru.publish.parameters import slug
from isru.wording import shortened

_NAME = "new-chapter"  # the template's own


def make_chapter(name: str) -> list[str]:
    """Write the files of a new chapter and return their paths in the compendium.

    Raises
    ------
    CompendiumError
        For a name that is none of a chapter, or that something has already.
    """
    if not paths.CHAPTER.fullmatch(name) or name in (_NAME, "parameters"):
        raise CompendiumError(
            f"name: expected lower case words joined by '-', such as saturation-in-depth, "
            f"got {shortened(name)}: make chapter NAME=saturation-in-depth"
        )
    if name in former_names():
        raise CompendiumError(f"name: {name} was the name of {former_names()[name]}: take another")
    root, module = paths.root(), slug(name)
    template, package = root / "templates" / "chapter", root / "src/isru/chapters" / module
    files = {
        "notebook.ipynb": paths.notebooks() / f"{name}.ipynb",
        "__init__.py": package / "__init__.py",
        "study.py": package / "study.py",
        "figures.py": package / "figures.py",
        "test_chapter.py": root / "tests" / f"test_{module}.py",
    }
    if there := [path.relative_to(root).as_posix() for path in files.values() if path.exists()]:
        raise CompendiumError(f"expected a name that nothing has yet, {', '.join(there)} is there")
    for source, target in files.items():
        text = (template / source).read_text(encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(_NAME, name).replace(slug(_NAME), module), encoding="utf-8")
    return [path.relative_to(root).as_posix() for path in files.values()]
