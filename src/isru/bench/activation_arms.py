"""The arms of the activation-cost measurement: y = f(x) over an array, from NumPy calls.

Each factory draws its input outside the timed region and returns the call to time. `activation`
is for the registry's functions, `numpy_calls` for the four forms that are written out here:

============ ====================================== ===================================
form         NumPy calls                            passes over memory (reads + writes)
============ ====================================== ===================================
tanh         tanh                                   1 + 1
isru_plain   multiply, add, sqrt, divide, in place  5 + 4
isru_naive   the same as ``x / sqrt(1 + x * x)``    5 + 4, up to four new arrays
copy         copyto                                 1 + 1
============ ====================================== ===================================
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from isru.activations import ACTIVATIONS
from isru.bench.protocol import Arm

INPUTS = ("near_zero", "typical", "saturated")
MORE_INPUTS = ("repeated", "unit")
FRESH = 1_000_000  # a longer array repeats so many values: no branch predictor learns them
REPEATED = 100  # numbers that a repeated input consists of


def draw(rng: np.random.Generator, size: int, dtype: str, input: str) -> np.ndarray:
    """Return an input array. Arms that ask equal generators share it: leave it unchanged.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Beyond a million elements the values repeat.
    dtype : {"float32", "float64"}
    input : {"near_zero", "typical", "saturated", "repeated", "unit"}
        N(0, 0.01^2); N(0, 1); uniform magnitudes from 5 to 20 with random signs; 100 numbers of
        N(0, 1) again and again; uniform from 0 to 1, the original study's.
    """
    known = (*INPUTS, *MORE_INPUTS)
    if input not in known:
        raise ValueError(f"expected an input of {known}, got {input!r}")
    values, after = _drawn(json.dumps(rng.bit_generator.state), size, dtype, input)
    rng.bit_generator.state = json.loads(after)
    return values


@lru_cache(maxsize=2)
def _drawn(state: str, size: int, dtype: str, input: str) -> tuple[np.ndarray, str]:
    """Return the values that follow from a generator's state, and the state after them."""
    rng = np.random.default_rng()
    rng.bit_generator.state = json.loads(state)
    count = min(size, REPEATED if input == "repeated" else FRESH)
    if input == "near_zero":
        values = rng.normal(0, 0.01, count)
    elif input == "saturated":
        values = rng.uniform(5, 20, count) * rng.choice([-1.0, 1.0], count)
    elif input == "unit":
        values = rng.random(count)
    else:
        values = rng.normal(0, 1, count)
    return np.resize(values.astype(dtype), size), json.dumps(rng.bit_generator.state)


def activation(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, name: str, method: str
) -> Callable[[], object]:
    """Return a call of the registry's activation ``name``.

    ``method`` is "value" (right for every input) or "forward" (as networks call it, with what
    the derivative needs saved beside); both write into arrays made beforehand.
    """
    x = draw(rng, size, dtype, input)
    entry, out = ACTIVATIONS[name], np.empty_like(x)
    if method == "value":
        return partial(entry.value, x, out)
    if method == "forward":
        return partial(entry.forward, x, out, None if entry.saves_output else np.empty_like(x))
    raise ValueError(f"expected a method 'value' or 'forward', got {method!r}")


def numpy_calls(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, form: str
) -> Callable[[], np.ndarray]:
    """Return one of the forms of the module's table."""
    x = draw(rng, size, dtype, input)
    return _FORMS[form](x, np.empty_like(x))


def _isru_plain(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    np.multiply(x, x, out=out)
    np.add(out, 1, out=out)
    np.sqrt(out, out=out)
    return np.divide(x, out, out=out)


def _isru_naive(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(1 + x * x)


_FORMS = {
    "tanh": lambda x, out: partial(np.tanh, x, out),
    "isru_plain": lambda x, out: partial(_isru_plain, x, out),
    "isru_naive": lambda x, out: partial(_isru_naive, x),
    "copy": lambda x, out: partial(np.copyto, out, x),
}


def operation(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, name: str
) -> Callable[[], np.ndarray]:
    """Return a NumPy call of one of `OPERATIONS`, or the two calls of "rsqrt".

    Divisors and the arguments of roots and logarithms are |x|.
    """
    x, y = draw(rng, size, dtype, input), draw(rng, size, dtype, input)
    out = np.empty_like(x)
    if name in ("div", "sqrt", "log", "rsqrt"):
        x, y = np.abs(x), np.abs(y)
    if name == "rsqrt":
        return lambda: np.divide(1, np.sqrt(x, out=out), out=out)
    function = OPERATIONS[name]
    return partial(function, *(x, y)[: function.nin], out)


OPERATIONS = {
    "plus": np.add,
    "minus": np.subtract,
    "mult": np.multiply,
    "div": np.divide,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
}


def cost_arms() -> list[Arm]:
    """Return the arms of the main comparison; ``tanh_again`` is the A/A arm."""
    calls = "isru.bench.activation_arms:numpy_calls"
    library = "isru.bench.activation_arms:activation"
    return [
        Arm("tanh", calls, {"form": "tanh"}),
        Arm("tanh_again", calls, {"form": "tanh"}),
        Arm("isru_plain", calls, {"form": "isru_plain"}),
        Arm("isru_naive", calls, {"form": "isru_naive"}),
        Arm("isru_safe", library, {"name": "isru", "method": "value"}),
        Arm("isru_network", library, {"name": "isru", "method": "forward"}),
        Arm("copy", calls, {"form": "copy"}),
    ]
