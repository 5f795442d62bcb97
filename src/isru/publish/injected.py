"""What a running notebook was given: the cells that set its parameters, and papermill's command.

IPython keeps the source of every cell that ran, which tells what a parameter cell assigned from
what merely lies in the namespace: variables of a start-up file, or of the notebook's last run.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import os
import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

_COMMENT = "# Parameters"  # the first line of the cell that papermill injects
_INTERPRETER = re.compile(r"(python|pypy)[\w.]*(\.exe)?")


@dataclass(frozen=True)
class ParameterCell:
    """A cell that set parameters: the notebook's own, which declares them, or papermill's.

    ``values`` holds the literals that were assigned, None for anything else.
    """

    declares: bool
    values: dict[str, object]


def ran_before(namespace: dict, declared: Container[str]) -> list[ParameterCell]:
    """Return the parameter cells that ran before the present one, in their order.

    The last that declares one of the names in ``declared``, and those of papermill after it; none
    where no history of cells is kept, or the present cell is not in it.
    """
    history = namespace.get("_ih")
    if not isinstance(history, list) or "settle_parameters" not in str(history[-1:]):
        return []
    found: list[ParameterCell] = []
    for source in reversed(history[:-1]):
        assigned, annotated = assignments(source)
        if any(name in declared for name in annotated):
            return [ParameterCell(True, assigned), *found]
        if isinstance(source, str) and source.lstrip().startswith(_COMMENT):
            found.insert(0, ParameterCell(False, assigned))
    return found


def assignments(source: object) -> tuple[dict[str, object], set[str]]:
    """Return the names that a cell assigns, with their values, and which it annotates."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, TypeError, RecursionError):
        return {}, set()
    assigned: dict[str, object] = {}
    annotated = set()
    for node in body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            annotated.add(node.target.id)
        elif not isinstance(node, ast.Assign):
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                assigned.pop(target.id, None)  # its place is that of its last assignment
                assigned[target.id] = _literal(node.value)
    return assigned, annotated


def _literal(node: ast.expr) -> object:
    """Return the value of a literal, None for anything else."""
    with contextlib.suppress(ValueError, TypeError, MemoryError, RecursionError):
        return ast.literal_eval(node)
    return None


def read_differently(given: dict[str, object], section: str) -> dict[str, tuple]:
    """Return {name: (as papermill read it, as YAML 1.2 reads it)} where the two differ.

    papermill reads YAML of version 1.1 before anything here sees it: ``010`` becomes 8. What it
    was given is looked up in its command, that of this kernel's parent process. Where that is no
    papermill command, or its file is gone, nothing is found.
    """
    meant = _said_to_papermill(section)
    return {
        name: (given[name], value)
        for name, value in meant.items()
        if name in given and repr(given[name]) != repr(value)
    }


def _said_to_papermill(section: str) -> dict[str, object]:
    """Return the parameters of the papermill command that started this kernel, as YAML 1.2."""
    from isru.yaml_text import read_yaml, read_yaml_file

    options, folder = _papermill_options()
    said: dict[str, object] = {}
    parts = []
    for text in options.get("parameters_base64") or ():
        parts.append(read_yaml(base64.b64decode(text).decode(), "papermill's -b"))
    for name in options.get("parameters_file") or ():
        if (folder / name).is_file():
            parts.append(read_yaml_file(folder / name, name))
    for text in options.get("parameters_yaml") or ():
        parts.append(read_yaml(text, "papermill's -y"))
    for part in parts:
        if isinstance(part, dict):
            own = part.get(section)
            said |= own if isinstance(own, dict) else {}
            said |= {name: value for name, value in part.items() if name != section}
    for option in ("parameters", "parameters_raw"):  # these are no YAML
        for name, _ in options.get(option) or ():
            said.pop(name, None)
    return said


def _papermill_options() -> tuple[dict, Path]:
    """Return the options of the papermill command that started this kernel, and its folder."""
    import psutil

    try:
        parent = psutil.Process(os.getppid())
        arguments = _papermill_arguments(parent.cmdline())
        if arguments is None:
            return {}, Path()
        now, began = parent.cwd(), parent.environ().get("PWD", "")
    except (psutil.Error, OSError):
        return {}, Path()
    import click
    from papermill.cli import papermill

    try:
        options = papermill.make_context("papermill", arguments, resilient_parsing=True).params
    except click.ClickException:
        return {}, Path()
    return options, Path(began if options.get("cwd") else now)  # it goes to the folder of --cwd


def _papermill_arguments(command: list[str]) -> list[str] | None:
    """Return the arguments of a papermill command, None if it is none."""
    words = list(command)
    if words and _INTERPRETER.fullmatch(Path(words[0]).name):
        words.pop(0)
        while words and words[0].startswith("-") and words[0] != "-m":
            del words[: 2 if words[0] in ("-X", "-W") else 1]
        words = words[1:] if words[:1] == ["-m"] else words
    if not words or Path(words[0]).name.split(".")[0] != "papermill":
        return None
    return words[1:]
