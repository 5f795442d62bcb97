"""YAML as its version 1.2 reads it: numbers, true and false, null, text, lists and mappings.

PyYAML follows version 1.1, where ``1e-2`` is text, ``010`` is 8, ``1:30`` is 90 and ``no`` is
false. Here the core schema of version 1.2 holds. A key that stands twice, a tag of another kind,
and aliases that stand for more than a reader could mean are refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import yaml
from yaml.constructor import ConstructorError

from isru.errors import CompendiumError
from isru.wording import shortened

_MOST_DIGITS = 300  # no finite float has more
_MOST_VALUES = 100_000  # with every alias written out
_NULL = r"~|null|Null|NULL|"
_BOOL = r"true|True|TRUE|false|False|FALSE"
_INT = r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_FLOAT = (
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict] = {}
    yaml_constructors: ClassVar[dict] = {}

    def construct_null(self, node: yaml.Node) -> None:
        """Return None."""
        self._plain(node, _NULL, "null")

    def construct_truth(self, node: yaml.Node) -> bool:
        """Return a truth value."""
        return self._plain(node, _BOOL, "true or false").lower() == "true"

    def construct_whole(self, node: yaml.Node) -> int:
        """Return a whole number."""
        text = self._plain(node, _INT, "a whole number")
        bases = {"0o": 8, "0x": 16}
        digits = text[2:] if text[:2] in bases else text.lstrip("+-")
        if len(digits) > _MOST_DIGITS:
            self._refuse(node, f"expected a number, got a number of {len(digits)} digits")
        return int(digits, bases.get(text[:2], 10)) * (-1 if text[0] == "-" else 1)

    def construct_real(self, node: yaml.Node) -> float:
        """Return a number with a point or an exponent, or one that says it is not finite."""
        text = self._plain(node, f"{_FLOAT}|{_INT}", "a number").lower()
        if text.endswith(("inf", "nan")):
            return float(text.replace(".", ""))
        if re.fullmatch(_INT, text):
            return float(self.construct_whole(node))
        value = float(text)
        if abs(value) == float("inf"):
            self._refuse(node, f"{shortened(text)} lies beyond the largest number, 1.8e308")
        return value

    def _plain(self, node: yaml.Node, pattern: str, expected: str) -> str:
        text = self.construct_scalar(node)
        if not re.fullmatch(pattern, text):
            self._refuse(node, f"expected {expected}, got {shortened(text)}")
        return text

    def _refuse(self, node: yaml.Node, why: str) -> None:
        raise ConstructorError(None, None, why, node.start_mark)


for _name, _pattern, _first in (
    ("null", _NULL, ["~", "n", "N", ""]),
    ("bool", _BOOL, list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), _first)
for _name, _construct in (
    ("null", _Loader.construct_null),
    ("bool", _Loader.construct_truth),
    ("int", _Loader.construct_whole),
    ("float", _Loader.construct_real),
    ("str", _Loader.construct_scalar),
    ("seq", _Loader.construct_yaml_seq),
    ("map", _Loader.construct_yaml_map),
):
    _Loader.add_constructor(_TAG + _name, _construct)
_Loader.add_constructor(None, _Loader.construct_undefined)


def read_yaml(text: str, where: str) -> object:
    """Return what a YAML text holds.

    Parameters
    ----------
    text : str
        One document.
    where : str
        What the text is, which leads every message.

    Raises
    ------
    CompendiumError
        If it is not YAML, or holds what is refused here; the message names place and line.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check(node, {}, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or " ".join(str(error).split())
        if "found another document" in (getattr(error, "problem", None) or ""):
            said = "expected one document, found another document"
        raise CompendiumError(f"{where}{line}: not valid YAML: {said[:200]}") from None
    except RecursionError:
        raise CompendiumError(f"{where}: not valid YAML: nested too deeply") from None
    except (ValueError, OverflowError):
        raise CompendiumError(f"{where}: not valid YAML: a number in it is far too large") from None


def read_yaml_file(path: Path, where: str) -> object:
    """Return what a YAML file in UTF-8 holds; what is wrong with it is told as by `read_yaml`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CompendiumError(
            f"{where}: expected UTF-8, got the byte {error.object[error.start]:#04x} at position "
            f"{error.start}: save the file as UTF-8"
        ) from None
    return read_yaml(text, where)


def _check(node: yaml.Node, sizes: dict[int, int], above: set[int]) -> int:
    """Return how many values a node stands for with its aliases written out; refuse odd ones."""
    if id(node) in above:
        raise ConstructorError(None, None, "found an alias of what it stands in", node.start_mark)
    if id(node) in sizes or isinstance(node, yaml.ScalarNode):
        return sizes.setdefault(id(node), 1)
    below = list(node.value)
    if isinstance(node, yaml.MappingNode):
        _check_keys(node)
        below = [part for pair in node.value for part in pair]
    size = 1 + sum(_check(part, sizes, above | {id(node)}) for part in below)
    if size > _MOST_VALUES:
        said = f"its aliases stand for more than {_MOST_VALUES:,} values"
        raise ConstructorError(None, None, said, node.start_mark)
    sizes[id(node)] = size
    return size


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                said = f"the key {shortened(key.value)} stands twice"
                raise ConstructorError(None, None, said, key.start_mark)
            seen.add((key.tag, key.value))
