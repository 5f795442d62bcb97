"""A book that asks no other machine for anything: local MathJax, no live-code scripts."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

_PACKAGE = "sphinx-mathjax-offline"
MATHJAX = "tex-svg-full.js"


def mathjax_file() -> Path:
    """Return the one file that is all of MathJax, from the installed package.

    Raises
    ------
    FileNotFoundError
        If the package is there without it. A missing package raises PackageNotFoundError.
    """
    for file in metadata.files(_PACKAGE) or ():
        if file.name == MATHJAX:
            return Path(file.locate())
    raise FileNotFoundError(f"expected {MATHJAX} in the package {_PACKAGE}, found none")


def use_local_scripts(app, config) -> None:
    """Serve MathJax from the book; forget the scripts that would run code on another machine."""
    config.html_static_path = [*config.html_static_path, str(mathjax_file())]
    config.mathjax_path = MATHJAX
    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__.split(".")[0] == "sphinx_thebe":
                app.disconnect(listener.id)
    app.registry.css_files[:] = [
        (name, attributes)
        for name, attributes in app.registry.css_files
        if name != "sphinx-thebe.css"
    ]


def remove_templates(app, error: Exception | None) -> None:
    """Remove the theme's templates, which it leaves among its static files."""
    if not error:
        for path in (Path(app.outdir) / "_static").glob("*webpack-macros.html"):
            path.unlink()
