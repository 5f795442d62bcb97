"""The C twins: each activation of the registry as the body of a C function of one float.

A c_form's ``ulp`` is its largest distance to the definition of `isru.activations` on ``domain``,
measured by the tests: in units in the last place of the result, or of 1 where the c_form's sum
``absolute``-ly cancels (a gate's left tail).

Further twins, of names that the registry does not have, stand in for tanh or the logistic
function on a device: a polynomial, and gates made of a tanh-like function t as (1 + t(x/2)) / 2,
each with its constants multiplied out, so that no gate pays for the halves. All factors are powers
of two: a gate rounds as its t does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from isru.activations import ACTIVATIONS, Activation
from isru.activations.approximate import (
    RATIONAL_END,
    TABLE_END,
    TABLE_PER_UNIT,
    tanh_table,
)
from isru.firmware.c_text import c_array, c_float
from isru.firmware.errors import ExportError
from isru.registry import is_registered, registered

_PLAIN = (-1e18, 1e18)  # where x * x is finite


@dataclass(frozen=True)
class CForm:
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
        return self.tables + self.definition(name, static=static)

    def definition(self, name: str | None = None, *, static: bool = True) -> str:
        """Return the C text of the function alone; ``ALWAYS_INLINE`` where it is static."""
        lines = "".join(f"    {line}\n" for line in self.body.strip().splitlines())
        head = f"{'ALWAYS_INLINE ' if static else ''}float {name or self.c_name}(float x)"
        return f"/* {self.comment} */\n{head}\n{{\n{lines}}}\n"


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


def _rsqrt(steps, gate=False):
    # A gate's r is 1 / (2 sqrt(q)): one less in the exponent of the guess, 4 q in Newton's step.
    offset, factor, magic = ("4.0f", "2.0f", 0x5EB759DF) if gate else ("1.0f", "0.5f", 0x5F3759DF)
    newton = "r *= 1.5f - scaled * (r * r);\n" * steps
    return f"""\
const float q = {offset} + x * x;
{f"const float scaled = {factor} * q;" if steps else ""}
union {{ float value; uint32_t bits; }} guess;
float r;
guess.value = q;
guess.bits = {magic:#x}u - (guess.bits >> 1);
r = guess.value;
{newton}return {"0.5f + " if gate else ""}x * r;""".replace("\n\n", "\n")


_RATIONAL = f"""\
const float s = {_clip("-" + c_float(RATIONAL_END), c_float(RATIONAL_END))};
const float q = s * s;
const float y = s * ((q + 105.0f) * q + 945.0f) / ((15.0f * q + 420.0f) * q + 945.0f);
return {_clip("-1.0f", "1.0f", "y")};"""

_RATIONAL_GATE = f"""\
const float s = {_clip("-" + c_float(2 * RATIONAL_END), c_float(2 * RATIONAL_END))};
const float q = s * s;
const float y = s * ((q + 420.0f) * q + 15120.0f) / ((60.0f * q + 6720.0f) * q + 60480.0f);
return 0.5f + ({_clip("-0.5f", "0.5f", "y")});"""


def _table(per_unit, result):
    return f"""\
float place = FABSF(x) * {c_float(per_unit)};
float y = tanh_table[{TABLE_END * TABLE_PER_UNIT}];
if (place < {c_float(TABLE_END * TABLE_PER_UNIT)}) {{
    const int32_t index = (int32_t)place;
    const float *knot = tanh_table + index;
    y = knot[0] + (place - (float)index) * (knot[1] - knot[0]);
}}
return {result};"""


_POLYNOMIAL = (0.9758548, -0.25349486, 0.049096954, -0.004946972, 0.00019335269)
_POLYNOMIAL_END = 3.0


def _horner(end, factors, result):
    steps = "".join(f"y = y * q + {c_float(factor)};\n" for factor in reversed(factors[:-1]))
    return f"""\
const float s = {_clip("-" + c_float(end), c_float(end))};
const float q = s * s;
float y = {c_float(factors[-1])};
{steps}return {result};"""


def _polynomial(x):
    s = np.clip(x, -_POLYNOMIAL_END, _POLYNOMIAL_END)
    return s * np.polynomial.polynomial.polyval(s * s, np.array(_POLYNOMIAL))


_SIXTH = c_float(1 / 6)  # a product takes 1 cycle where a division takes 14
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
        "body": f"const float y = x + 3.0f;\nreturn ({_clip('0.0f', '6.0f', 'y')}) * {_SIXTH};",
        **{"ulp": 2, "comment": "x/6 + 1/2 clipped to [0, 1]"},
    },
    "rational_tanh": {
        **{"body": _RATIONAL, "ulp": 6, "comment": "tanh by a clipped fraction"},
    },
    "table_tanh": {
        **{
            "body": _table(TABLE_PER_UNIT, "x < 0.0f ? -y : y"),
            "ulp": 3,
            "comment": "tanh by linear interpolation",
        },
        "tables": c_array("tanh_table", tanh_table(np.float32)[0]),
        "constants": 4 * (TABLE_END * TABLE_PER_UNIT + 1),
    },
    "identity": {"body": "return x;", "ulp": 0, "comment": "No activation"},
    **{f"isru_rsqrt{steps}": {"body": _rsqrt(steps), **_RSQRT} for steps in (0, 1, 2)},
}
WITHOUT_TWIN = frozenset(ACTIVATIONS) - frozenset(_TWINS)
"""Names of the registry that have no C form."""


def c_form(activation: str | Activation) -> CForm:
    """Return the C form of an activation.

    Parameters
    ----------
    activation : str or registry entry
        With its parameters; also the name of one of `STAND_INS`, where the registry has none
        of that name.

    Raises
    ------
    ExportError
        If there is none; the message lists those that have one.
    ValueError
        For an entry that is not the registry's.
    """
    if not is_registered(activation) and activation in STAND_INS:
        return STAND_INS[activation]
    entry = registered(activation)
    if entry.name not in _TWINS:
        raise ExportError(
            f"expected an activation with a C form: {', '.join(_TWINS)}; got {entry.name}"
        )
    parts = dict(_TWINS[entry.name])
    body = parts.pop("body")
    text = body(entry) if callable(body) else body
    return CForm(entry.name, text, entry.value, error=entry.error, **parts)


def _gate(inner, name, body):
    """Return the c_form of (1 + t(x/2)) / 2, from that of t and the body of the gate."""
    return replace(
        inner,
        name=name,
        body=body,
        reference=lambda x: 0.5 + 0.5 * inner.reference(0.5 * np.asarray(x)),
        ulp=inner.ulp / 2 + 1,
        absolute=True,
        comment=f"A gate: (1 + {inner.name}(x/2)) / 2",
        error=inner.error / 2,
    )


def _stand_ins():
    polynomial = CForm(
        "polynomial_tanh",
        _horner(_POLYNOMIAL_END, _POLYNOMIAL, "s * y"),
        _polynomial,
        16,
        "tanh by a clipped polynomial of degree 9, within 5.5e-3",
        error=5.5e-3,
    )
    halved = [factor * 0.25 ** (power + 1) for power, factor in enumerate(_POLYNOMIAL)]
    gates = {
        "rational": (c_form("rational_tanh"), _RATIONAL_GATE),
        "table": (
            c_form("table_tanh"),
            _table(TABLE_PER_UNIT / 2, "0.5f + 0.5f * (x < 0.0f ? -y : y)"),
        ),
        "polynomial": (polynomial, _horner(2 * _POLYNOMIAL_END, halved, "0.5f + s * y")),
        "softsign": (c_form("softsign"), "return 0.5f + 0.5f * (x / (2.0f + FABSF(x)));"),
        "isru_rsqrt1": (c_form("isru_rsqrt1"), _rsqrt(1, gate=True)),
        "isru_rsqrt2": (c_form("isru_rsqrt2"), _rsqrt(2, gate=True)),
    }
    return {"polynomial_tanh": polynomial} | {
        f"{name}_sigmoid": _gate(inner, f"{name}_sigmoid", body)
        for name, (inner, body) in gates.items()
    }


def c_names() -> set[str]:
    """Return every name that a C form can have in C, and those of its tables."""
    functions = [c_form(name) for name in (*_TWINS, *STAND_INS)]
    tables = {word for one in functions for word in re.findall(r"(\w+)\[\d+\] =", one.tables)}
    names = {one.c_name for one in functions}
    return names | {f"{name}_gate" for name in names} | tables


def check_new_names(stand_ins: Mapping[str, CForm]) -> Mapping[str, CForm]:
    """Return stand-ins whose names the registry does not have.

    Raises
    ------
    ValueError
        If it has one: a name would stand for two functions.
    """
    taken = sorted(name for name in stand_ins if is_registered(name))
    if taken:
        raise ValueError(f"expected stand-ins of new names, got {taken[0]!r} of the registry")
    return MappingProxyType(stand_ins)


STAND_INS: Mapping[str, CForm] = check_new_names(_stand_ins())
