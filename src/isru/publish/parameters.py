"""Parameters of a notebook: declared once in its ``parameters`` cell, checked before any run.

A declaration is one line, ``name: type = default  # help, LOW..HIGH`` or
``# help, one of: a | b``. papermill only logs a name it does not know and goes on with the
defaults; here a wrong name, type or range is an error that lists what is known.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from isru import paths
from isru.errors import CompendiumError
from isru.publish.injected import assignments, ran_before, read_differently
from isru.wording import shortened

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
        if kind is float and type(value) is int and abs(value) < 2**1023:
            value = float(value)
        if type(value) is not kind or (kind is float and not math.isfinite(value)):
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
            f"got {shortened(value)} ({type(value).__name__}){hint}"
        )


def slug(notebook: str) -> str:
    """Return the section of a notebook in a profile: ``exp-free`` -> ``exp_free``."""
    return notebook.replace("-", "_")


def parse_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Return the parameters that the source of a ``parameters`` cell declares.

    Raises
    ------
    CompendiumError
        For a line that is no annotated literal with a comment, a name that stands twice, or a
        default that is not allowed.
    """
    try:
        nodes = ast.parse(source).body
        comments = {
            token.start[0]: token.string.lstrip("# ").strip()
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        said = getattr(error, "msg", error)
        raise CompendiumError(f"{where}, parameters cell: expected Python, got {said}") from None
    declared: dict[str, Parameter] = {}
    for node in nodes:
        parameter = _declaration(node, comments.get(node.end_lineno, ""))
        if parameter is None or parameter.name in declared:
            twice = "" if parameter is None else ", once for each name"
            raise CompendiumError(
                f"{where}, parameters cell, line {node.lineno}: expected "
                f"'name: type = value  # help, LOW..HIGH'{twice} with a type of "
                f"{', '.join([*_SCALARS, *_LISTS])}, got {shortened(ast.unparse(node))}"
            )
        try:
            parameter.check(parameter.default)
        except CompendiumError as error:
            raise CompendiumError(f"{where}, parameters cell, the default of {error}") from None
        declared[parameter.name] = parameter
    return declared


def _declaration(node: ast.stmt, comment: str) -> Parameter | None:
    """Return the parameter that a line declares, None where it is no declaration."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
        return None
    kind = ast.unparse(node.annotation)
    if kind not in _SCALARS | _LISTS or node.value is None or not comment:
        return None
    try:
        return _with_limits(node.target.id, kind, ast.literal_eval(node.value), comment)
    except ValueError:  # no literal, or a limit that is no number
        return None


def _with_limits(name: str, kind: str, default: object, comment: str) -> Parameter:
    if found := _RANGE.search(comment):
        limits = float(found["low"]), float(found["high"])
        return Parameter(name, kind, default, comment[: found.start()], *limits)
    if found := _CHOICE.search(comment):
        choices = tuple(choice.strip() for choice in found["choices"].split("|"))
        return Parameter(name, kind, default, comment[: found.start()], choices=choices)
    return Parameter(name, kind, default, comment)


def read_cells(notebook: Path) -> list[dict]:
    """Return the cells of a notebook, each with its whole source as one text.

    Raises
    ------
    CompendiumError
        If the file is no notebook.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        return [
            {
                "cell_type": cell["cell_type"],
                "source": "".join(cell["source"]),
                "tags": list(cell["metadata"].get("tags", [])),
            }
            for cell in content["cells"]
        ]
    except FileNotFoundError:
        raise CompendiumError(f"no notebook {notebook.name} in {notebook.parent}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CompendiumError(
            f"{notebook.name}: expected a notebook, got "
            f"{type(error).__name__}: {error}. Restore it, or move it out of notebooks/"
        ) from None


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that a source notebook declares, in their order."""
    for cell in read_cells(notebook):
        if "parameters" in cell["tags"]:
            return parse_parameters(cell["source"], notebook.name)
    return {}


def parameters_of_run(declaring: str, injected: str) -> list[tuple[Parameter, object]]:
    """Return each parameter of an executed notebook with the value that its run had.

    Parameters
    ----------
    declaring : str
        The source of the ``parameters`` cell.
    injected : str
        The source of the cell with the run's own values, empty where all are the defaults.
    """
    own, _ = assignments(injected)
    declared = parse_parameters(declaring, "an executed notebook")
    return [(parameter, own.get(name, parameter.default)) for name, parameter in declared.items()]


def check_values(notebook: str, declared: dict[str, Parameter], given: dict) -> dict:
    """Return ``given`` with each value checked; an unknown name lists the known ones."""
    for name in given:
        if not declared:
            raise CompendiumError(
                f"notebook {notebook} has no parameters, got {shortened(name)}. "
                "book/parameters.md lists those that have some"
            )
        if name not in declared:
            raise CompendiumError(unknown("parameter", name, declared, f"of notebook {notebook}"))
    return {name: declared[name].check(value) for name, value in given.items()}


def given_parameters(notebook: str, declared: dict[str, Parameter], text: str) -> dict:
    """Return the checked parameters of a text such as ``"hidden_sizes=[10, 20]; seed=7"``.

    Values are YAML. A semicolon inside quotes or brackets belongs to its value.

    Raises
    ------
    CompendiumError
        For a part without ``=``, a name given twice or unknown, or a value that is not allowed.
    """
    given: dict[str, object] = {}
    waiting = text.split(";")
    while waiting:
        part = waiting.pop(0)
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals:
            got = shortened(part.strip())
            raise CompendiumError(f"expected parameters as 'name=value; ...', got {got}")
        if name in given:
            raise CompendiumError(f"parameter {shortened(name)} is given twice: name it once")
        given[name] = _whole_value(value, waiting, f"parameter {name[:60]}")
    return check_values(notebook, declared, given)


def _whole_value(value: str, waiting: list[str], where: str) -> object:
    """Return a value of YAML, with as many of the parts that follow as an open quote takes in."""
    from isru.yaml_text import read_yaml

    for taken in range(len(waiting) + 1):
        try:
            read = read_yaml(";".join([value, *waiting[:taken]]), where)
        except CompendiumError as error:
            if not taken:
                first = error
            continue
        del waiting[:taken]
        return read
    raise first


def unknown(what: str, name: str, known, of: str = "") -> str:
    """Return the message for a name that nobody declared, with the nearest one that exists."""
    near = difflib.get_close_matches(str(name), [str(k) for k in known], 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = ", ".join(known) or "none"
    return f"unknown {what} {shortened(name)}{' ' + of if of else ''}.{hint} Known: {known}"


def read_profile(name: str) -> dict[str, dict]:
    """Return a profile's sections, each checked against the notebook it is for.

    Raises
    ------
    CompendiumError
        For an unknown profile or section, a wrong parameter, or broken YAML (file and line).
    """
    from isru.yaml_text import read_yaml_file

    path = paths.profile(name)
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.yml"))
        raise CompendiumError(unknown("profile", name, known))
    where = path.relative_to(paths.root()).as_posix()
    sections = read_yaml_file(path, where)
    if sections is None:
        return {}
    if not isinstance(sections, dict):
        raise CompendiumError(
            f"{where}: expected sections of names and values, one a chapter, "
            f"got {shortened(sections)}"
        )
    by_slug = {slug(p.stem): p for p in chapter_files()}
    for section, values in sections.items():
        if section not in by_slug:
            raise CompendiumError(unknown("section", section, by_slug, f"in {path.name}"))
        if not isinstance(values, dict):
            raise CompendiumError(
                f"{path.name}, section {section}: expected names with values, "
                f"got {shortened(values)}"
            )
        notebook = by_slug[section]
        try:
            sections[section] = check_values(notebook.stem, declared_parameters(notebook), values)
        except CompendiumError as error:
            raise CompendiumError(f"{path.name}, section {section}: {error}") from None
    return sections


def chapter_files() -> list[Path]:
    """Return the notebooks that are called as a chapter is, ``forecaster.ipynb``."""
    return [p for p in sorted(paths.notebooks().glob("*.ipynb")) if paths.CHAPTER.fullmatch(p.stem)]


def settle_parameters(notebook: str, namespace: dict) -> None:
    """Check the parameters in a running notebook; its first cell after them calls this.

    Works the same under the runner, under a plain ``papermill`` (where ``-f quick.yml``
    injects whole sections, of which this notebook takes its own) and in Jupyter, where a kernel
    may run it any number of times. Parameters are what the parameters cell and papermill's
    injected cell assign: whatever else lies in the namespace is none.

    Parameters
    ----------
    notebook : str
        ``"forecaster"``.
    namespace : dict
        The notebook's ``globals()``; checked values are written back to it.

    Raises
    ------
    CompendiumError
        For a name that the notebook does not declare, a wrong type, a value out of range, or one
        that papermill's YAML reads as another number than version 1.2 does.

    Notes
    -----
    A misspelt name is found where IPython keeps the cells that ran; a plain Python keeps none.
    """
    declared = declared_parameters(paths.notebooks() / f"{notebook}.ipynb")
    given = {name: namespace[name] for name in declared if name in namespace}
    cells = ran_before(namespace, declared)
    given |= {name: namespace.get(name) for cell in cells if cell.declares for name in cell.values}
    for cell in cells:
        if not cell.declares:
            given |= _injected(notebook, cell.values, namespace)
    namespace.update(check_values(notebook, declared, given))


def _injected(notebook: str, values: dict[str, object], namespace: dict) -> dict:
    """Return what papermill's cell gives this notebook: names, and those of its own section."""
    sections = {slug(path.stem) for path in chapter_files()}
    given: dict[str, object] = {}
    for name, value in values.items():  # what comes later was named more closely
        if name not in sections or not isinstance(value, dict):
            given[name] = namespace.get(name, value)
        elif name == slug(notebook):
            given |= value
    for name, (read, meant) in read_differently(given, slug(notebook)).items():
        raise CompendiumError(
            f"parameter {name}: papermill read {shortened(read)} where YAML 1.2 has "
            f"{shortened(meant)}: write a value that both read alike, such as 10, 0.01 or true"
        )
    return given
