"""The C twins: each activation of the registry as the body of a C function of one float.

A twin's ``ulp`` is its largest distance to the definition of `isru.activations` on ``domain``,
measured by the tests: in units in the last place of the result, or of 1 where the twin's sum
``absolute``-ly cancels (a gate's left tail).

Further twins that the registry does not have stand in for tanh or the logistic function on a
device: a polynomial, and gates made of a tanh-like function t as (1 + t(x/2)) / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from isru.activations import ACTIVATIONS, Activation, get_activation
from isru.activations.approximate import (
    RATIONAL_END,
    TABLE_END,
    TABLE_PER_UNIT,
    tanh_table,
)
from isru.embedded.c_text import c_array, c_float
from isru.embedded.errors import ExportError

_PLAIN = (-1e18, 1e18)  # where x * x is finite


@dataclass(frozen=True)
class Twin:
    """One activation in C.

    Attributes
    ----------
    name : str
    body : str
        Of ``float f(float x)``; ``SQRTF`` and ``FABSF`` stand for the compiler's own.
    tables : str
        What the body needs before it, one definition.
    libm : tuple of str
        The functions of the C library that it calls, square root and modulus apart.
    square_root : bool
        Whether it takes a square root.
    ulp : float
    absolute : bool
    domain : tuple of float
    comment : str
        For the generated source: what it is and where it holds.
    reference : callable
        What it is meant to compute, on float64 arrays.
    error : float
        Largest distance to the function that it stands in for; 0 where it is itself.
    constants : int
        Bytes of its tables.
    """

    name: str
    body: str
    reference: Callable
    ulp: float
    comment: str
    tables: str = ""
    libm: tuple[str, ...] = ()
    square_root: bool = False
    absolute: bool = False
    domain: tuple[float, float] = (-math.inf, math.inf)
    error: float = 0.0
    constants: int = 0

    @property
    def c_name(self) -> str:
        """The function's name in C, where ``tanh`` is taken."""
        return "tanh_float" if self.name == "tanh" else self.name

    def function(self, name: str | None = None, *, static: bool = True) -> str:
        """Return the C text of tables and function."""
        lines = "".join(f"    {line}\n" for line in self.body.strip().splitlines())
        head = f"{'static ' if static else ''}float {name or self.c_name}(float x)"
        return f"{self.tables}/* {self.comment} */\n{head}\n{{\n{lines}}}\n"


def _clip(low, high, value="x"):
    return f"{value} < {low} ? {low} : {value} > {high} ? {high} : {value}"


def _isru(entry):
    alpha, k = entry.parameters["alpha"], entry.parameters.get("k", 1.0)
    square = "x * x" if alpha == 1 else f"{c_float(alpha)} * (x * x)"
    return f"return x / SQRTF({c_float(1 / (k * k))} + {square});"


def _isru_sigmoid(entry):
    offset = c_float(entry.parameters["k"] ** -2)
    return f"return 0.5f + 0.5f * (x / SQRTF({offset} + x * x));"


def _isrlu(entry):
    return (
        f"return x < 0.0f ? x / SQRTF(1.0f + {c_float(entry.parameters['alpha'])} * (x * x)) : x;"
    )


def _rsqrt(steps):
    newton = "r *= 1.5f - half * (r * r);\n" * steps
    return f"""\
const float q = 1.0f + x * x;
{"const float half = 0.5f * q;" if steps else ""}
union {{ float value; uint32_t bits; }} guess;
float r;
guess.value = q;
guess.bits = 0x5f3759dfu - (guess.bits >> 1);
r = guess.value;
{newton}return x * r;""".replace("\n\n", "\n")


_RATIONAL = f"""\
const float s = {_clip("-" + c_float(RATIONAL_END), c_float(RATIONAL_END))};
const float q = s * s;
const float y = s * ((q + 105.0f) * q + 945.0f) / ((15.0f * q + 420.0f) * q + 945.0f);
return {_clip("-1.0f", "1.0f", "y")};"""

_TABLE = f"""\
float place = FABSF(x) * {c_float(TABLE_PER_UNIT)};
float y = tanh_table[{TABLE_END * TABLE_PER_UNIT}];
if (place < {c_float(TABLE_END * TABLE_PER_UNIT)}) {{
    const int32_t index = (int32_t)place;
    const float *knot = tanh_table + index;
    y = knot[0] + (place - (float)index) * (knot[1] - knot[0]);
}}
return x < 0.0f ? -y : y;"""

_POLYNOMIAL = (0.9758548, -0.25349486, 0.049096954, -0.004946972, 0.00019335269)
_POLYNOMIAL_END = 3.0
_POLYNOMIAL_BODY = (
    f"""\
const float s = {_clip("-" + c_float(_POLYNOMIAL_END), c_float(_POLYNOMIAL_END))};
const float q = s * s;
float y = {c_float(_POLYNOMIAL[-1])};
"""
    + "".join(f"y = y * q + {c_float(factor)};\n" for factor in reversed(_POLYNOMIAL[:-1]))
    + "return s * y;"
)


def _polynomial(x):
    s = np.clip(x, -_POLYNOMIAL_END, _POLYNOMIAL_END)
    return s * np.polynomial.polynomial.polyval(s * s, np.array(_POLYNOMIAL))


_SQRT = {"square_root": True, "domain": _PLAIN}
_RSQRT = {"domain": _PLAIN, "ulp": 5, "comment": "x / sqrt(1 + x^2), 1/sqrt by the bit trick"}
_TWINS = {
    "isru": {"body": _isru, "ulp": 3, "comment": "ISRU, for |x| < 1e18", **_SQRT},
    "isru_plain": {"body": _isru, "ulp": 3, "comment": "ISRU, for |x| < 1e18", **_SQRT},
    "isru_sigmoid": {
        **{"body": _isru_sigmoid, "ulp": 2, "absolute": True, **_SQRT},
        "comment": "ISRU as a gate, for |x| < 1e18",
    },
    "isrlu": {"body": _isrlu, "ulp": 4, "comment": "x, or ISRU below 0", **_SQRT},
    "tanh": {"body": "return tanhf(x);", "ulp": 4, "libm": ("tanhf",), "comment": "tanh"},
    "sigmoid": {
        **{"body": "return 1.0f / (1.0f + expf(-x));", "ulp": 5, "libm": ("expf",)},
        **{"domain": (-80.0, math.inf), "comment": "The logistic function"},
    },
    "softsign": {
        **{"body": "return x / (1.0f + FABSF(x));", "ulp": 2, "domain": (-1e38, 1e38)},
        "comment": "x / (1 + |x|)",
    },
    "relu": {"body": "return x > 0.0f ? x : 0.0f;", "ulp": 0, "comment": "max(x, 0)"},
    "leaky_relu": {
        "body": lambda e: f"return x > 0.0f ? x : {c_float(e.parameters['slope'])} * x;",
        **{"ulp": 1.5, "comment": "max(x, slope x)", "domain": (-1e38, math.inf)},
    },
    "hard_tanh": {
        **{"body": f"return {_clip('-1.0f', '1.0f')};", "ulp": 0},
        "comment": "x clipped to [-1, 1]",
    },
    "hard_sigmoid": {
        "body": f"const float y = x + 3.0f;\nreturn ({_clip('0.0f', '6.0f', 'y')}) / 6.0f;",
        **{"ulp": 1.5, "comment": "x/6 + 1/2 clipped to [0, 1]"},
    },
    "rational_tanh": {
        **{"body": _RATIONAL, "ulp": 6, "comment": "tanh by a clipped fraction"},
    },
    "table_tanh": {
        **{"body": _TABLE, "ulp": 3, "comment": "tanh by linear interpolation"},
        "tables": c_array("tanh_table", tanh_table(np.float32)[0]),
        "constants": 4 * (TABLE_END * TABLE_PER_UNIT + 1),
    },
    "identity": {"body": "return x;", "ulp": 0, "comment": "No activation"},
    **{f"isru_rsqrt{steps}": {"body": _rsqrt(steps), **_RSQRT} for steps in (0, 1, 2)},
}
WITHOUT_TWIN = frozenset(ACTIVATIONS) - frozenset(_TWINS)
"""Names of the registry that have no C twin."""


def twin(activation: str | Activation) -> Twin:
    """Return the C twin of an activation.

    Parameters
    ----------
    activation : str or registry entry
        With its parameters; also the name of one of `STAND_INS`.

    Raises
    ------
    ExportError
        If there is none; the message lists those that have one.
    """
    if isinstance(activation, str) and activation in STAND_INS:
        return STAND_INS[activation]
    entry = get_activation(activation)
    if entry.name not in _TWINS:
        raise ExportError(
            f"expected an activation with a C twin: {', '.join(_TWINS)}; got {entry.name}"
        )
    parts = dict(_TWINS[entry.name])
    body = parts.pop("body")
    text = body(entry) if callable(body) else body
    return Twin(entry.name, text, entry.value, error=entry.error, **parts)


def as_gate(inner: Twin, name: str) -> Twin:
    """Return the twin of (1 + t(x/2)) / 2, from that of t."""
    return replace(
        inner,
        name=name,
        body=f"return 0.5f + 0.5f * {inner.name}(0.5f * x);",
        tables=inner.function(),
        reference=lambda x: 0.5 + 0.5 * inner.reference(0.5 * np.asarray(x)),
        ulp=inner.ulp / 2 + 1,
        absolute=True,
        comment=f"A gate: (1 + {inner.name}(x/2)) / 2",
        error=inner.error / 2,
    )


def _stand_ins():
    polynomial = Twin(
        "polynomial_tanh",
        _POLYNOMIAL_BODY,
        _polynomial,
        16,
        "tanh by a clipped polynomial of degree 9, within 5.5e-3",
        error=5.5e-3,
    )
    kinds = {
        "rational_sigmoid": twin("rational_tanh"),
        "table_sigmoid": twin("table_tanh"),
        "polynomial_sigmoid": polynomial,
        "softsign_sigmoid": twin("softsign"),
        "isru_rsqrt1_sigmoid": twin("isru_rsqrt1"),
        "isru_rsqrt2_sigmoid": twin("isru_rsqrt2"),
    }
    return {"polynomial_tanh": polynomial} | {
        name: as_gate(inner, name) for name, inner in kinds.items()
    }


STAND_INS: dict[str, Twin] = {}
STAND_INS.update(_stand_ins())
