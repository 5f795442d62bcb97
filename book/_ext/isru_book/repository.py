"""The repository's address, one value of ``_config.yml``, and what the book makes of it.

Where it is given, pages have buttons to the repository and to a notebook that runs elsewhere, a
commit links to its page, and a figure's citation names the figure's address. Without it none of
these is there.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.errors import ConfigError

from isru_book.run import commit_text

_ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
_LAUNCH = {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
AFTER_THE_THEME = 900  # the priority of a handler that changes what the theme's handlers made


def use_repository(app, config) -> None:
    """Turn on the theme's buttons, and settle the book's own address unless it is given.

    Raises
    ------
    ConfigError
        If the address is none of a repository on GitHub, whose pages and buttons are meant.
    """
    options = config.html_theme_options
    given = options.get("repository_url") or ""
    if not given:
        return
    found = _ADDRESS.fullmatch(given)
    if found is None:
        raise ConfigError(
            "_config.yml, repository_url: expected https://github.com/OWNER/NAME or nothing, "
            f"got {given!r}"
        )
    owner, name = found.groups()
    options["repository_url"] = f"https://github.com/{owner}/{name}"
    options |= {"use_repository_button": True, "use_issues_button": True, "launch_buttons": _LAUNCH}
    if not config.html_baseurl:
        site = f"{owner}.github.io".lower()
        config.html_baseurl = f"https://{site}/" + ("" if name.lower() == site else f"{name}/")


def launch_sources(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Let the launch button open a chapter's source; the page shows what a run made of it."""
    for button in context.get("header_buttons", ()):
        for inner in button.get("buttons", ()) if button.get("label") == "launch-buttons" else ():
            inner["url"] = inner["url"].replace("/results/notebooks/", "/notebooks/")


def commit_nodes(config, provenance: dict) -> list[nodes.Node]:
    """Return the commit of a result as text, linked to its page where the repository is known."""
    text = commit_text(provenance)
    address = config.html_theme_options.get("repository_url") or ""
    commit = provenance.get("commit", "")
    if not address or not re.fullmatch("[0-9a-f]{7,40}", commit):
        return [nodes.Text(text)]
    return [nodes.reference("", text, refuri=f"{address}/commit/{commit}", internal=False)]


def file_nodes(config, commit: str, path: str) -> list[nodes.Node]:
    """Return a commit as text, linked to a file that it holds where the repository is known."""
    address = config.html_theme_options.get("repository_url") or ""
    if not address:
        return [nodes.Text(commit[:10])]
    target = f"{address}/raw/{commit}/{path}"
    return [nodes.reference("", commit[:10], refuri=target, internal=False)]
