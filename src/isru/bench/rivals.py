"""tanh and the logistic function by one fraction each: the best rival in a vector loop.

The registry's tanh computes a polynomial and an exponential and takes one of them; here a single
fraction serves all inputs. With t = tanh(x/2), tanh x = 2t / (1 + t^2), and near the limits an
error of t hardly counts, so that t may be a fraction of few terms::

    n = x (1 + p1 s + p2 s^2 + ...)    d = 1 + q1 s + q2 s^2 + ...    s = x^2
    tanh x = n d / (d^2 + n^2 / 4)

In float32 within 4 ULP for every input where the processor fuses a product with a sum, else
within 5; in float64 another, longer fraction is within 4 ULP on a sample. Neither is part of the
registry: they are timed, and nothing is trained with them.

`loop` compiles these and every function of the registry as a network needs it, a small error of
the value and no care for tails, and may fuse, as C compilers do by themselves.

The constants of float32 are the best there are (Remez, `isru.analysis.approximation`); those of
float64 a least-squares fit, reweighted until its largest errors are nearly equal.

References
----------
C. L. Lawson, "Contributions to the theory of linear least maximum approximations", thesis,
University of California, Los Angeles, 1961.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial, reduce

import numba
import numpy as np

from isru.activations import Activation, get_activation
from isru.activations import formula as ops
from isru.activations.entry import tolerance
from isru.bench.activation_arms import draw
from isru.kernels.activations import compiled_form
from isru.kernels.compiling import kept, wide_vectors
from isru.kernels.derived import derived
from isru.kernels.values import NARROW
from isru.lstm import LSTMNetwork


@dataclass(frozen=True)
class Constants:
    """Of a fraction: ``top`` p1, p2, ..., ``bottom`` q1, q2, ..., and where x is clipped."""

    top: tuple[float, ...]
    bottom: tuple[float, ...]
    end: float


CONSTANTS = {
    "float32": Constants(
        (0.029774570693382834, 0.00011427032083595688),
        (0.1131078691767982, 0.00120662932642741, 1.229343803493815e-06),
        9.02,  # tanh is 1 in float32
    ),
    "float64": Constants(
        (
            *(0.03602271954798664, 0.00030325763240428326, 8.526534133761195e-07),
            *(8.066540455535712e-10, 1.8163204491600273e-13),
        ),
        (
            *(0.11935605288131962, 0.001916262039181508, 9.16135092115601e-06),
            *(1.5177870659076254e-08, 7.59233528749626e-12, 5.210093250746641e-16),
        ),
        19.07,  # in float64
    ),
}


def _terms(s, constants: Sequence[float]):
    """Return c1 s + c2 s^2 + ... by Horner's scheme."""
    exact = [Fraction(constant) for constant in reversed(constants)]
    return reduce(lambda total, constant: total * s + constant, exact) * s


def _tanh(x, known: Constants):
    x = ops.clip(x, -Fraction(known.end), Fraction(known.end))
    s = x**2
    top = x * _terms(s, known.top) + x
    bottom = _terms(s, known.bottom) + 1
    return top * bottom / (bottom**2 + Fraction(1, 4) * top * top)


def _entries(dtype: str) -> dict[str, Activation]:
    known = CONSTANTS[dtype]
    return {
        "tanh_fraction": Activation(
            name="tanh_fraction",
            description=f"tanh by one fraction, of a tanh of half the argument, for {dtype}",
            range=(-1.0, 1.0),
            smoothness=0,  # it is clipped
            odd=True,
            rises=False,
            ulp=tolerance(4, 4, 4),
            formula=lambda x: _tanh(x, known),
            gradient=lambda _x, y: 1 - y**2,
            saves_output=True,
            approximates="tanh",
        ),
        "sigmoid_fraction": Activation(
            name="sigmoid_fraction",
            description=f"tanh(x/2)/2 + 1/2 by that fraction, for {dtype}",
            range=(0.0, 1.0),
            smoothness=0,
            odd=False,
            rises=False,
            ulp=tolerance(4, 4, 4),
            formula=lambda x: Fraction(1, 2) * _tanh(Fraction(1, 2) * x, known) + Fraction(1, 2),
            gradient=lambda _x, y: y * (1 - y),
            saves_output=True,
            approximates="sigmoid",
        ),
    }


RIVALS = {dtype: _entries(dtype) for dtype in CONSTANTS}
"""``RIVALS[dtype][name]``: the two functions as formulas, one for each type."""


def _fused(function):
    """Compile a function in which a product and a sum may be one operation."""
    return numba.njit(nogil=True, error_model="numpy", fastmath={"contract"})(function)


def _compiled(title: str, text: str, function: Callable, signature=None, **constants):
    names = {"function": function, "wide_vectors": wide_vectors, "__name__": __name__, **constants}
    exec(compile(text, __file__, "exec"), names)
    return kept(names[title], signature)


@cache
def loop(name: str, dtype: str) -> Callable:
    """Return the compiled loop (x, out) over contiguous arrays of one axis.

    Parameters
    ----------
    name : str
        "tanh_fraction", "sigmoid_fraction", or of the registry.
    dtype : {"float32", "float64"}

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, -0.5, np.inf], np.float32)
    >>> out = np.empty_like(x)
    >>> loop("tanh_fraction", "float32")(x, out)
    >>> out.round(4)
    array([ 0.    , -0.4621,  1.    ], dtype=float32)
    """
    plain, constants = _plain(name, dtype)
    numbers = map(np.dtype(dtype).type, (*constants, 0.0, 0.0, 0.0)[:3])
    title = f"{name}_{dtype}"
    text = (
        f"def {title}(x, out):\n"
        f"    {'pass' if name in NARROW else 'wide_vectors()'}\n"
        "    for j in range(len(out)):\n"
        "        out[j] = function(x[j], a, b, c)[0]\n"
    )
    return _compiled(title, text, _fused(plain), **dict(zip("abc", numbers, strict=True)))


def _plain(name: str, dtype: str) -> tuple[Callable, tuple[float, ...]]:
    """Return (x, a, b, c) -> (y, saved), not compiled yet, and its constants."""
    if name in RIVALS[dtype]:
        return derived(RIVALS[dtype][name])[0].py_func, ()
    form = compiled_form(name)
    return form.forward.py_func, form.constants(*get_activation(name).parameters.values())


@cache
def pair(name: str, dtype: str) -> tuple[tuple, tuple]:
    """Return what compiled networks call, as `isru.kernels.compiled_pair` does."""
    number = getattr(numba, dtype)
    pointer = numba.types.CPointer(number)
    signature = numba.void(pointer, pointer, numba.intp, number, number, number)
    functions = zip(derived(RIVALS[dtype][name]), ("x[j], _", "y[j]"), strict=True)
    found = []
    for kind, (function, results) in zip(("forward", "slope"), functions, strict=True):
        title = f"{name}_{kind}_{dtype}"
        text = (
            f"def {title}(x, y, n, a, b, c):\n"
            "    wide_vectors()\n"
            "    for j in range(n):\n"
            f"        {results} = function(x[j], a, b, c)\n"
        )
        found.append(_compiled(title, text, _fused(function.py_func), signature))
    zero = np.dtype(dtype).type(0)
    return tuple((one.address, zero, zero, zero) for one in found)


def put_in(network: LSTMNetwork, *, gates_alone: bool = False) -> LSTMNetwork:
    """Let a network of the compiled engine compute tanh and its gates by the fractions.

    Parameters
    ----------
    network : LSTMNetwork
        Of the engine "numba", with tanh and the logistic function; it is changed.
    gates_alone : bool
        Whether only the logistic function is replaced, beside any activation.

    Raises
    ------
    ValueError
        If it computes something else, which would then be replaced by another function.
    """
    expected = ("any" if gates_alone else "tanh", "sigmoid")
    found = tuple(one.name for one in (network.activation, network.recurrent_activation))
    if found[1] != "sigmoid" or (found[0] != "tanh" and not gates_alone):
        raise ValueError(f"expected a network of {' and '.join(expected)}, got {found}")
    dtype = network.dtype.name
    gates = pair("sigmoid_fraction", dtype)
    for layer in network.layers:
        own = tuple(zip(layer._forwards, layer._slopes, strict=True))
        first = own[0] if gates_alone else pair("tanh_fraction", dtype)
        layer._forwards, layer._slopes = zip(first, gates, strict=True)
    return network


def looped(
    *, rng: np.random.Generator, size: int, dtype: str, input: str, name: str
) -> Callable[[], object]:
    """Return a call of `loop` over an array drawn beforehand (see `isru.bench.activation_arms`)."""
    x = draw(rng, size, dtype, input)
    return partial(loop(name, dtype), x, np.empty_like(x))
