"""A builder of ONNX graphs, and every activation that has an expression in ONNX's operators.

An expression is a function of a graph, the name of a float32 tensor and the entry's parameters;
it adds nodes and returns the name of the result. The tests hold each against the definition.
"""

from __future__ import annotations

from itertools import count

import numpy as np

from isru.activations import Activation
from isru.activations.approximate import RATIONAL_END, TABLE_END, TABLE_PER_UNIT, tanh_table
from isru.firmware.checks import load
from isru.firmware.errors import DeployError
from isru.registry import registered

_LIMIT = 2.0**60  # beyond it ISRU has its limit in float32, and alpha x^2 is still finite


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
        If it has no expression in ONNX's operators.
    """
    entry = registered(activation)
    return expression(entry)(graph, x, **entry.parameters)


def expression(activation: str | Activation):
    """Return the function of `EXPRESSIONS` for a registry entry.

    Raises
    ------
    DeployError
        If there is none.
    """
    entry = registered(activation)
    if entry.name not in EXPRESSIONS:
        raise DeployError(
            f"expected an activation with an expression in ONNX's operators, of: "
            f"{', '.join(EXPRESSIONS)}; got {entry.name!r}"
        )
    return EXPRESSIONS[entry.name]


def _operator(name, **attributes):
    return lambda graph, x: graph.add(name, x, **attributes)


def _clip(graph, x, low, high):
    return graph.add("Clip", x, graph.constant(low), graph.constant(high))


def _isru(graph, x, alpha=1.0, k=1.0):
    limit = _LIMIT / max(1.0, alpha**0.5)
    return _over_root(graph, _clip(graph, x, -limit, limit), alpha, k**-2)


def _over_root(graph, x, alpha, offset):
    """Return x / sqrt(offset + alpha x^2)."""
    square = graph.add("Mul", x, x)
    if alpha != 1:
        square = graph.add("Mul", square, graph.constant(alpha))
    square = graph.add("Add", square, graph.constant(offset))
    return graph.add("Div", x, graph.add("Sqrt", square))


def _isru_sigmoid(graph, x, k=0.5):
    half = graph.constant(0.5)
    return graph.add("Add", graph.add("Mul", _isru(graph, x, k=k), half), half)


def _isru_plain(graph, x, alpha=1.0):
    return _over_root(graph, x, alpha, 1.0)


def _isrlu(graph, x, alpha=1.0):
    positive = graph.add("Relu", x)
    negative = graph.add("Min", x, graph.constant(0.0))
    return graph.add("Add", positive, _isru(graph, negative, alpha))


def _leaky_relu(graph, x, slope=0.01):
    return graph.add("LeakyRelu", x, alpha=slope)


def _elu(graph, x, alpha=1.0):
    return graph.add("Elu", x, alpha=alpha)


def _rational_tanh(graph, x):
    x = _clip(graph, x, -RATIONAL_END, RATIONAL_END)
    s = graph.add("Mul", x, x)
    top = graph.add("Add", s, graph.constant(105.0))
    top = graph.add("Add", graph.add("Mul", top, s), graph.constant(945.0))
    bottom = graph.add("Mul", s, graph.constant(15.0))
    bottom = graph.add("Add", bottom, graph.constant(420.0))
    bottom = graph.add("Add", graph.add("Mul", bottom, s), graph.constant(945.0))
    return graph.add("Div", graph.add("Mul", x, top), bottom)


def _table_tanh(graph, x):
    knots, steps = (graph.constant(table) for table in tanh_table(np.dtype(np.float32)))
    place = graph.add("Min", graph.add("Abs", x), graph.constant(float(TABLE_END)))
    place = graph.add("Mul", place, graph.constant(float(TABLE_PER_UNIT)))
    whole = graph.add("Floor", place)
    index = graph.add("Cast", whole, to=load("onnx").TensorProto.INT64)
    rest = graph.add("Sub", place, whole)
    rise = graph.add("Mul", rest, graph.add("Gather", steps, index))
    size = graph.add("Add", rise, graph.add("Gather", knots, index))
    return graph.add("Mul", size, graph.add("Sign", x))


EXPRESSIONS = {
    "tanh": _operator("Tanh"),
    "sigmoid": _operator("Sigmoid"),
    "softsign": _operator("Softsign"),
    "softplus": _operator("Softplus"),
    "relu": _operator("Relu"),
    "identity": _operator("Identity"),
    "hard_sigmoid": _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_tanh": lambda graph, x: _clip(graph, x, -1.0, 1.0),
    "isru": _isru,
    "isru_sigmoid": _isru_sigmoid,
    "isru_plain": _isru_plain,
    "isrlu": _isrlu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "rational_tanh": _rational_tanh,
    "table_tanh": _table_tanh,
}
"""Registry name -> expression; the bit trick of `isru_rsqrt` has none."""
