"""Parameters of a notebook: declared once in its ``parameters`` cell, checked before any run.

A declaration is one line, ``name: type = default  # help, LOW..HIGH`` or
``# help, one of: a | b``. papermill only logs a name it does not know and goes on with the
defaults; here a wrong name, type or range is an error that lists what is known.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.publish.errors import CompendiumError

_SCALARS = {"int": int, "float": float, "bool": bool, "str": str}
_LISTS = {f"list[{name}]": kind for name, kind in _SCALARS.items()}
_RANGE = re.compile(r",\s*(?P<low>[-+\d.eE]+)\.\.(?P<high>[-+\d.eE]+)\s*$")
_CHOICE = re.compile(r",\s*one of:\s*(?P<choices>.+)$")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; ``low`` and ``high`` hold for each element of a list."""

    name: str
    type: str
    default: object
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> object:
        """Return ``value`` as the declared type, or raise a CompendiumError that says why not."""
        if self.type in _LISTS:
            if not isinstance(value, list | tuple) or not value:
                raise CompendiumError(self._expected(value))
            return [self._scalar(element, _LISTS[self.type], value) for element in value]
        return self._scalar(value, _SCALARS[self.type], value)

    def allowed(self) -> str:
        """Return the range or the choices as text, empty if everything is allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.low is None:
            return ""
        return " to ".join(f"{x:.0f}" if x == int(x) else f"{x:g}" for x in (self.low, self.high))

    def _scalar(self, value: object, kind: type, whole: object) -> object:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise CompendiumError(self._expected(whole))
        if self.low is not None and not self.low <= value <= self.high:
            raise CompendiumError(self._expected(whole))
        if self.choices and value not in self.choices:
            raise CompendiumError(self._expected(whole))
        return value

    def _expected(self, value: object) -> str:
        allowed = f", {self.allowed()}" if self.allowed() else ""
        as_text = isinstance(value, str) and self.type in _LISTS
        hint = "; papermill takes lists with -y, as -p passes them as text" if as_text else ""
        return (
            f"parameter {self.name} ({self.help}): expected {self.type}{allowed}, "
            f"got {value!r} ({type(value).__name__}){hint}"
        )


def slug(notebook: str) -> str:
    """Return the section of a notebook in a profile: ``06-forecaster`` -> ``forecaster``."""
    return notebook[3:].replace("-", "_")


def parse_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Return the parameters that the source of a ``parameters`` cell declares.

    Raises
    ------
    CompendiumError
        For a line that is no annotated literal with a comment, or whose default is not allowed.
    """
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    declared = {}
    for node in ast.parse(source).body:
        comment = comments.get(node.end_lineno, "")
        kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        if kind not in _SCALARS | _LISTS or not comment:
            raise CompendiumError(
                f"{where}, parameters cell, line {node.lineno}: expected "
                f"'name: type = value  # help, LOW..HIGH' with a type of "
                f"{', '.join([*_SCALARS, *_LISTS])}, got {ast.unparse(node)!r}"
            )
        parameter = _with_limits(node.target.id, kind, ast.literal_eval(node.value), comment)
        parameter.check(parameter.default)
        declared[parameter.name] = parameter
    return declared


def _with_limits(name: str, kind: str, default: object, comment: str) -> Parameter:
    if found := _RANGE.search(comment):
        limits = float(found["low"]), float(found["high"])
        return Parameter(name, kind, default, comment[: found.start()], *limits)
    if found := _CHOICE.search(comment):
        choices = tuple(choice.strip() for choice in found["choices"].split("|"))
        return Parameter(name, kind, default, comment[: found.start()], choices=choices)
    return Parameter(name, kind, default, comment)


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that a source notebook declares, in their order."""
    import nbformat

    for cell in nbformat.read(notebook, as_version=4).cells:
        if "parameters" in cell.metadata.get("tags", []):
            return parse_parameters(cell.source, notebook.name)
    return {}


def check_values(notebook: str, declared: dict[str, Parameter], given: dict) -> dict:
    """Return ``given`` with each value checked; an unknown name lists the known ones."""
    for name in given:
        if name not in declared:
            raise CompendiumError(unknown("parameter", name, declared, f"of notebook {notebook}"))
    return {name: declared[name].check(value) for name, value in given.items()}


def unknown(what: str, name: str, known, of: str = "") -> str:
    """Return the message for a name that nobody declared, with the nearest one that exists."""
    near = difflib.get_close_matches(str(name), [str(k) for k in known], 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = ", ".join(known) or "none"
    return f"unknown {what} {name!r}{' ' + of if of else ''}.{hint} Known: {known}"


def read_profile(name: str) -> dict[str, dict]:
    """Return a profile's sections, each checked against the notebook it is for.

    Raises
    ------
    CompendiumError
        For an unknown profile or section, a wrong parameter, or broken YAML (file and line).
    """
    import yaml

    path = paths.profile(name)
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yml"))
        raise CompendiumError(unknown("profile", name, known))
    sections = read_yaml(path.read_text(encoding="utf-8"), str(path.relative_to(paths.root())))
    by_slug = {slug(p.stem): p for p in sorted(paths.notebooks().glob("*.ipynb"))}
    for section, values in (sections or {}).items():
        if section not in by_slug:
            raise CompendiumError(unknown("section", section, by_slug, f"in {path.name}"))
        if not isinstance(values, dict):
            got = yaml.safe_dump(values).strip()
            raise CompendiumError(f"{path.name}, section {section}: expected names, got {got}")
        notebook = by_slug[section]
        try:
            sections[section] = check_values(notebook.stem, declared_parameters(notebook), values)
        except CompendiumError as error:
            raise CompendiumError(f"{path.name}, section {section}: {error}") from None
    return sections or {}


def read_yaml(text: str, where: str) -> object:
    """Return parsed YAML; a mistake is reported with its file and line."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise CompendiumError(f"{where}{line}: not valid YAML: {problem}") from None


def settle_parameters(notebook: str, namespace: dict) -> None:
    """Check the parameters in a running notebook; its first cell after them calls this.

    Works the same under the runner, under a plain ``papermill`` (where ``-f quick.yml``
    injects whole sections, of which this notebook takes its own) and in Jupyter.

    Parameters
    ----------
    notebook : str
        ``"06-forecaster"``.
    namespace : dict
        The notebook's ``globals()``; checked values are written back to it.

    Raises
    ------
    CompendiumError
        For a name that the notebook does not declare, a wrong type, or a value out of range.
    """
    declared = declared_parameters(paths.notebooks() / f"{notebook}.ipynb")
    sections = {slug(p.stem) for p in paths.notebooks().glob("*.ipynb")}
    injected = {
        name: value
        for name, value in namespace.items()
        if isinstance(value, bool | int | float | str | list | dict | None)
        and not name.startswith("_")
        and not name.isupper()  # an imported constant
        and name not in ("In", "Out")
    }
    own = injected.get(slug(notebook))
    if isinstance(own, dict):
        injected |= own
    given = {
        name: value
        for name, value in injected.items()
        if not (name in sections and isinstance(value, dict))
    }
    namespace.update(check_values(notebook, declared, given))
