"""Who made the numbers of a page: a line under each notebook's title, and a table of all."""

from __future__ import annotations

from html import escape

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from isru_book.over import timed
from isru_book.repository import commit_nodes
from isru_book.run import CHECK, Run, notebook_of, page_of, run_of
from isru_book.tables import html_table
from isru_book.values import ABOUT, link

_SMOKE = (
    "This is a smoke run: sizes and repeats are as small as they can be, to show that everything "
    "works. Its times and trained networks prove nothing; what is exact holds all the same."
)

_NAMED = 3  # of what changed, on a page


def add_to_page(app, doctree: nodes.document) -> None:
    """Put the line of provenance under a notebook's title, warnings above the text."""
    env = app.env
    run = run_of(env)
    if (run.source / CHECK).is_file():
        env.note_dependency(str(run.source / CHECK))
    section = next(iter(doctree.findall(nodes.section)), None)
    if section is None:
        return
    notebook = notebook_of(env.docname)
    added = [*_left_out(doctree), *(_lines(run, notebook, app.config) if notebook else [])]
    section[1:1] = added


def _lines(run: Run, notebook: str, config) -> list[nodes.Node]:
    about = run.provenance(notebook)
    line = nodes.paragraph("", "", ids=[ABOUT], classes=["isru-provenance"])
    parts = [
        f"Profile {about['profile']}" if "profile" in about else "Profile unknown",
        _machine(run, notebook, about),
        *arithmetic(about),
        about.get("date", "no date"),
        "commit ",
    ]
    line += [nodes.Text(" · ".join(parts)), *commit_nodes(config, about)]
    found: list[nodes.Node] = [line]
    if notebook in run.borrowed:
        text = f"The run {run.name} does not have this chapter. This is the published one."
        found.append(nodes.note("", _paragraph(text)))
    if notebook in run.stale:
        reasons = "; ".join(map(brief, run.stale[notebook]))
        text = f"The code has changed since this was run: {reasons}."
        found.append(nodes.admonition("", nodes.title("", "Not up to date"), _paragraph(text)))
        found[-1]["classes"] += ["warning", "isru-stale"]
    return found


def _machine(run: Run, notebook: str, about: dict) -> str:
    """Return the machine, and that a chapter's times are of this one alone."""
    named = about.get("machine", "unknown machine")
    return f"times on one machine: {named}" if timed(run, notebook) else named


def brief(reason: str) -> str:
    """Return a reason with the first of many names; `make status` lists them all."""
    first = reason.split(", ")
    if len(first) <= _NAMED:
        return reason
    return f"{', '.join(first[:_NAMED])} and {len(first) - _NAMED} more changed"


def arithmetic(about: dict) -> list[str]:
    """Return the BLAS with its kernel, and what chose them; a run of old has neither."""
    return [about[key] for key in ("blas", "settings") if about.get(key)]


def _left_out(doctree: nodes.document) -> list[nodes.Node]:
    """Return a note if the page shows dashes in the place of numbers."""
    classes = {c for node in doctree.findall(nodes.inline) for c in node.get("classes", [])}
    numbers = sorted(c.removeprefix("not-in-run-") for c in classes if c.startswith("not-in-run-"))
    if not numbers:
        return []
    word = "notebook" if len(numbers) == 1 else "notebooks"
    text = (
        f"This run leaves out {word} {', '.join(numbers)}; "
        "a dash stands where a number of it would be."
    )
    return [nodes.note("", _paragraph(text))]


def _paragraph(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def announce(app) -> None:
    """Say on top of every page that this is a smoke run, or a run of the reader's own."""
    run = Run(app.srcdir)
    profiles = {v["provenance"].get("profile") for v in run.every_values()}
    words = []
    if "smoke" in profiles:
        words.append(_SMOKE)
    elif run.name != "published":
        words.append(f"The run <em>{escape(run.name)}</em>, not the published one.")
    if words:
        app.config.html_theme_options["announcement"] = " ".join(words)


class ProvenanceTable(SphinxDirective):
    """Say for every notebook of the run which profile, machine, date and commit it has."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        run = run_of(self.env)
        rows = []
        for values in run.every_values():
            self.env.note_dependency(str(run.values_file(values["notebook"])))
            about = values["provenance"]
            rows.append(
                [
                    [link(values["notebook"], page_of(values["notebook"]))],
                    about.get("profile", "unknown"),
                    " · ".join([about.get("machine", "unknown"), *arithmetic(about)]),
                    about.get("date", "unknown"),
                    commit_nodes(self.config, about),
                ]
            )
        header = ["Notebook", "Profile", "Machine", "Date", "Commit"]
        return [html_table(header, rows, classes=("isru-small",))]
