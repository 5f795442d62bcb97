"""A builder of ONNX graphs, and the activations in ONNX's operators.

An activation brings a form of its own (``Activation.onnx``), or its formula is written with the
operators below. The tests hold each against the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np

from isru.activations import Activation
from isru.activations.formula import evaluate
from isru.firmware.checks import load
from isru.firmware.errors import DeployError
from isru.registry import is_registered, registered

_OPERATORS = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "negative": "Neg",
    "abs": "Abs",
    "less": "Less",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "tanh": "Tanh",
    "minimum": "Min",
    "maximum": "Max",
    "clip": "Clip",
    "where": "Where",
}


class Graph:
    """Nodes and constants, added one after the other.

    Parameters
    ----------
    outer : Graph, optional
        Whose constants and names the body of a loop shares.
    """

    def __init__(self, outer=None):
        self.nodes = []
        self.constants = {} if outer is None else outer.constants
        self._names = count() if outer is None else outer._names

    def name(self, word: str) -> str:
        """Return a name that no other tensor has."""
        return f"{word}_{next(self._names)}"

    def add(self, operator: str, *inputs, outputs: int = 1, **attributes):
        """Add a node; return the name of its output, or a list of several."""
        names = [self.name(operator.lower()) for _ in range(outputs)]
        node = load("onnx").helper.make_node(operator, list(inputs), names, **attributes)
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    def constant(self, values, dtype=np.float32) -> str:
        """Return the name of a constant; equal ones are kept once."""
        array = np.ascontiguousarray(np.asarray(values, dtype))
        key = (array.dtype.str, np.shape(values), array.tobytes())
        if key not in self.constants:
            tensor = load("onnx").numpy_helper.from_array(
                array.reshape(np.shape(values)), self.name("constant")
            )
            self.constants[key] = tensor
        return self.constants[key].name


def add_activation(graph: Graph, x: str, activation: str | Activation) -> str:
    """Add an activation of a tensor; return the name of the result.

    Raises
    ------
    DeployError
        If it has no form in ONNX's operators.
    """
    entry = registered(activation)
    check_onnx_form(entry)
    if entry.onnx:
        return entry.onnx(graph, x, **entry.parameters)
    operations: dict[str, Callable] = {
        name: partial(graph.add, word) for name, word in _OPERATORS.items()
    }
    operations["expm1"] = lambda x: graph.add("Sub", graph.add("Exp", x), graph.constant(1.0))
    operations["log1p"] = lambda x: graph.add("Log", graph.add("Add", x, graph.constant(1.0)))
    operations["constant"] = lambda number: graph.constant(float(number))
    return evaluate(entry.numeric_trees[0], operations, x=x)


def check_onnx_form(activation: str | Activation) -> None:
    """Refuse an activation that ONNX's operators cannot express.

    Raises
    ------
    DeployError
        If it brings no form, and has no formula, or is none of the registry.
    """
    entry = registered(activation)
    if not is_registered(entry.name) or not (entry.onnx or entry.has_formula):
        raise DeployError(
            "expected an activation of the registry with an expression in ONNX's operators or a "
            f"formula, got {entry.name!r}"
        )
