"""Make an executed notebook depend on its results alone: no times, paths or random names."""

from __future__ import annotations

import re

import nbformat

from isru import paths
from isru.errors import CompendiumError
from isru.publish.displays import fitting_outputs

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PROGRESS = re.compile(r"\d%\||\[(\d+:)?\d\d:\d\d[,<]")  # what tqdm writes


def normalise(executed: nbformat.NotebookNode, profile: str) -> nbformat.NotebookNode:
    """Return the executed notebook as it is published.

    Progress bars, pictures of cells tagged ``figure`` (the page shows the figure's file),
    timings, addresses and absolute paths go; the injected parameters fold behind a line that
    names the profile.

    Raises
    ------
    CompendiumError
        If a cell failed, or wrote anything but progress to its error stream.
    """
    for cell in executed.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.setdefault("tags", [])
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
            cell.metadata.tags = ["injected-parameters"]
        cell.outputs = [] if "figure" in tags else [_clean(o, cell) for o in cell.outputs if o]
        cell.outputs = [output for output in cell.outputs if output]
    kept = {key: executed.metadata[key] for key in ("isru", "kernelspec")}
    executed.metadata = nbformat.from_dict({**kept, "language_info": {"name": "python"}})
    return executed


def _clean(output: nbformat.NotebookNode, cell: nbformat.NotebookNode):
    """Return an output without what changes from run to run, None for mere progress."""
    if output.output_type == "error":
        raise CompendiumError(f"cell {cell.id} failed: {output.ename}: {output.evalue}")
    if output.output_type == "stream":
        if output.name == "stderr":
            lines = re.split(r"[\r\n]|\x1b\[A", output.text)
            said = [line for line in lines if line.strip() and not _PROGRESS.search(line)]
            if said:
                raise CompendiumError(f"cell {cell.id} wrote to its error stream: {said}")
            return None
        output.text = _portable(output.text)
        return output
    output.metadata = nbformat.from_dict({})
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(content, str):
            output.data[kind] = _portable(content)
    return output


def _portable(text: str) -> str:
    return _ADDRESS.sub("", text).replace(str(paths.root()), ".")


def with_present_prose(executed: nbformat.NotebookNode, source: nbformat.NotebookNode):
    """Return the executed notebook with the cells of its source, so that prose never lags.

    Only where both compute the same (see `isru.publish.displays`); otherwise the executed notebook
    as it is. Code, tags and markdown are the source's; what the run showed stays where the source
    shows it, too.
    """
    results = [c for c in executed.cells if c.cell_type == "code"]
    injected = [c for c in results if "injected-parameters" in c.metadata.get("tags", [])]
    results = [c for c in results if c not in injected]
    code = [c for c in source.cells if c.cell_type == "code"]
    outputs = fitting_outputs(results, code)
    if outputs is None:
        return executed
    shown = iter(outputs)
    cells = []
    for cell in source.cells:
        is_code = cell.cell_type == "code"
        cells.append({**cell, "outputs": next(shown)} if is_code else cell)
        if "parameters" in cell.metadata.get("tags", []):
            cells += injected
    return nbformat.from_dict({**executed, "cells": cells})
