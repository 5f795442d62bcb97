"""The activations in C: each as the body of a function of one float.

The text is the activation's own (`isru.activations.CText`) or its formula, written in C.

Further forms, of names that the registry does not have, stand in for tanh or the logistic
function on a device: a polynomial, and gates made of a tanh-like function t as (1 + t(x/2)) / 2,
each with its constants multiplied out, so that no gate pays for the halves. All factors are powers
of two: a gate rounds as its t does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import cast

import numpy as np

from isru.activations import ACTIVATIONS, Activation, CText
from isru.activations.formula import evaluate, statements
from isru.activations.isru_quintic import CUBIC, FIFTH
from isru.activations.isru_rsqrt import rsqrt_in_c
from isru.activations.rational_tanh import RATIONAL_END
from isru.activations.table_tanh import TABLE_PER_UNIT, table_in_c
from isru.firmware import cmsis
from isru.firmware.c_text import c_array, c_float
from isru.firmware.errors import ExportError
from isru.notes import unnoted
from isru.registry import is_registered, registered

LIBRARY = ("tanhf", "expf", "expm1f", "log1pf")
_SPELLING = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "abs": "FABSF({0})",
    "less": "{0} < {1}",
    "sqrt": "SQRTF({0})",
    "exp": "expf({0})",
    "expm1": "expm1f({0})",
    "log1p": "log1pf({0})",
    "tanh": "tanhf({0})",
    "minimum": "{0} > {1} ? {1} : {0}",
    "maximum": "{0} < {1} ? {1} : {0}",
    "where": "{0} ? {1} : {2}",
}

_ASSIGN = "const float {name} = {value};"


@dataclass(frozen=True)
class CForm:
    """One activation in C.

    Attributes
    ----------
    name : str
    text : CText
        With its body.
    reference : callable
        What it is meant to compute, on float64 arrays.
    error : float
        Largest distance to the function that it stands in for; 0 where it is itself.
    stands_for : str
        Of a tanh-like form the activation that it stands in for, of a gate that of its inner
        function; empty where there is none.
    """

    name: str
    text: CText
    reference: Callable
    error: float = 0.0
    stands_for: str = ""

    @property
    def body(self) -> str:
        """The statements of the function."""
        return cast(str, self.text.body)  # `c_form` has written it out

    @property
    def libm(self) -> tuple[str, ...]:
        """The functions of the C library that it calls, square root and modulus apart."""
        return tuple(word for word in LIBRARY if re.search(rf"\b{word}\(", self.body))

    @property
    def square_root(self) -> bool:
        """Whether it takes a square root."""
        return "SQRTF(" in self.body

    @property
    def constants(self) -> int:
        """Bytes of its tables."""
        return sum(table.nbytes for table in self.text.tables.values())

    @property
    def tables(self) -> str:
        """The definitions that the body needs before it."""
        return "".join(c_array(name, table) for name, table in self.text.tables.items())

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
        return f"/* {self.text.comment} */\n{head}\n{{\n{lines}}}\n"


def c_form(activation: str | Activation) -> CForm:
    """Return an activation in C.

    Parameters
    ----------
    activation : str or registry entry
        With its parameters; also the name of one of `STAND_INS`, where the registry has none
        of that name.

    Raises
    ------
    ExportError
        For an entry with neither a text in C nor a formula, or of a name of its own.
    ValueError
        For an entry that is not the registry's.
    """
    if not is_registered(activation) and str(activation) in STAND_INS:
        return STAND_INS[str(activation)]()
    entry = registered(activation)
    if not is_registered(entry.name):
        raise ExportError(f"expected an activation of the registry, got {entry.name!r}")
    text = entry.c or CText(entry.description, entry.ulp["float32"], absolute=not entry.odd)
    if callable(text.body):
        body = text.body(c_float, **entry.parameters)
    elif text.body or entry.has_formula:
        body = text.body or formula_in_c(entry)
    else:
        raise ExportError(f"expected an activation with a C form or a formula, got {entry.name!r}")
    text = replace(text, body=body)
    return CForm(entry.name, text, entry.value, entry.error, entry.approximates)


def formula_in_c(entry: Activation, number: Callable = c_float) -> str:
    """Return the formula of an entry as the body of a C function.

    Parameters
    ----------
    entry : Activation
        With a formula.
    number : callable
        Writes a constant.
    """
    lines, result = statements(entry.numeric_trees[0], _SPELLING, number, _ASSIGN, x="x")
    return "\n".join([*lines, f"return {result};"])


def training_form(activation: str | Activation, name: str) -> str:
    """Return the C text of an activation for a network that learns, forward and back.

    ``float name(float x, float *slope)`` is f(x), and ``float name_back(float d, float kept)`` d
    times the derivative. Where the activation keeps its output (`Activation.saves_output`),
    ``kept`` is that, and the slope is left alone; else it is the slope, which is computed beside
    f(x): what both need, such as a root, once.

    Raises
    ------
    ExportError
        For an activation without a formula.
    """
    entry = registered(activation)
    if not entry.has_formula:
        raise ExportError(f"expected an activation with a formula, got {entry.name!r}")
    if entry.saves_output:
        tree = entry.numeric_trees[1]
        lines, slope = statements(tree, _SPELLING, c_float, _ASSIGN, y="kept")
        # A product goes on where d begins, from left to right.
        slope = slope if tree.operation == "multiply" else f"({slope})"
        return _pair(name, f"(void)slope;\n{c_form(entry).body}", [*lines, f"return d * {slope};"])
    known: dict[str, str] = {}

    def named(spelling, *parts):
        return known.setdefault(spelling.format(*parts), f"t{len(known)}")

    operations: dict[str, Callable] = {"constant": c_float}
    operations |= {word: partial(named, spelling) for word, spelling in _SPELLING.items()}
    y, slope = (evaluate(tree, operations, x="x") for tree in entry.numeric_trees)
    lines = [_ASSIGN.format(name=one, value=text) for text, one in known.items()]
    return _pair(
        name, "\n".join([*lines, f"*slope = {slope};", f"return {y};"]), ["return d * kept;"]
    )


def _pair(name, forward, back):
    texts = {f"{name}(float x, float *slope)": forward.strip().splitlines()}
    texts[f"{name}_back(float d, float kept)"] = back
    return "\n".join(
        f"ALWAYS_INLINE float {head}\n{{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"
        for head, lines in texts.items()
    )


_RATIONAL_GATE = """\
const float s = x < -{end} ? -{end} : x > {end} ? {end} : x;
const float q = s * s;
const float y = s * ((q + 420.0f) * q + 15120.0f) / ((60.0f * q + 6720.0f) * q + 60480.0f);
return 0.5f + (y < -0.5f ? -0.5f : y > 0.5f ? 0.5f : y);""".format(end=c_float(2 * RATIONAL_END))
_LADDER3_GATE = """\
const float q = x * x;
return 0.5f + 0.5f * (x * (q + 27.0f) / ((q + 9.0f) * SQRTF(q + 36.0f)));"""
_LADDER4_GATE = """\
const float q = x * x;
const float p = q + 64.0f;
return 0.5f + 0.5f * (x * SQRTF(p) * (q + 32.0f) / (p * q + 512.0f));"""
_QUINTIC_GATE = f"""\
const float q = x * x;
const float p = x + x * q * ({c_float(CUBIC / 4)} + {c_float(FIFTH / 16)} * q);
return 0.5f + 0.5f * (p / SQRTF(4.0f + p * p));"""
_POLYNOMIAL = (0.9758548, -0.25349486, 0.049096954, -0.004946972, 0.00019335269)
_POLYNOMIAL_END = 3.0


def _horner(end, factors, result):
    end = c_float(end)
    steps = "".join(f"y = y * q + {c_float(factor)};\n" for factor in reversed(factors[:-1]))
    return f"""\
const float s = x < -{end} ? -{end} : x > {end} ? {end} : x;
const float q = s * s;
float y = {c_float(factors[-1])};
{steps}return {result};"""


def _polynomial(x):
    s = np.clip(x, -_POLYNOMIAL_END, _POLYNOMIAL_END)
    return s * np.polynomial.polynomial.polyval(s * s, np.array(_POLYNOMIAL))


def _polynomial_form() -> CForm:
    comment = "tanh by a clipped polynomial of degree 9, within 5.5e-3"
    body = _horner(_POLYNOMIAL_END, _POLYNOMIAL, "s * y")
    return CForm("polynomial_tanh", CText(comment, 16, body), _polynomial, 5.5e-3, "tanh")


# Comment, body, name and entries of the table, what is computed, distance to what it stands for.
_CMSIS = {
    "cmsis_nn_tanh": (
        *("tanh by CMSIS-NN's table in float32", cmsis.TANH_BODY),
        *("cmsis_tanh_table", cmsis.TANH_TABLE, cmsis.nn_tanh, 6.71e-4),
    ),
    "cmsis_nn_sigmoid": (
        *("A gate by CMSIS-NN's table of powers of 2, in float32", cmsis.SIGMOID_BODY),
        *("cmsis_exp2_table", cmsis.EXP2_TABLE, cmsis.nn_sigmoid, 2.3e-7),
    ),
    "cmsis_dsp_tanh": (
        *("tanh by a table in the form of CMSIS-DSP", cmsis.dsp_body(8, "y")),
        *("cmsis_dsp_table", cmsis.DSP_TABLE, cmsis.dsp_tanh, 9.5e-5),
    ),
}


def _cmsis_form(name: str) -> CForm:
    comment, body, table, entries, reference, error = _CMSIS[name]
    tables = {table: entries.astype(np.float32)}
    return CForm(
        name, CText(comment, 4, body, absolute=True, tables=tables), reference, error, "tanh"
    )


def _polynomial_gate() -> str:
    halved = [factor * 0.25 ** (power + 1) for power, factor in enumerate(_POLYNOMIAL)]
    return _horner(2 * _POLYNOMIAL_END, halved, "0.5f + s * y")


def _gate(name: str, inner: str, body: str) -> CForm:
    """Return (1 + t(x/2)) / 2, from the name of t and the body of the gate."""
    form = c_form(inner)
    comment = f"A gate: (1 + {inner}(x/2)) / 2"
    ulp = form.text.ulp / 2 + 1
    return CForm(
        name,
        replace(form.text, body=body, ulp=ulp, absolute=True, comment=comment),
        lambda x: 0.5 + 0.5 * form.reference(0.5 * np.asarray(x)),
        form.error / 2,
        form.stands_for,
    )


def c_names() -> set[str]:
    """Return every name that a form can have in C, and those of its tables."""
    with unnoted():  # a name that is refused makes no result
        forms = [c_form(name) for name in (*ACTIVATIONS, *STAND_INS)]
    names = {form.c_name for form in forms}
    tables = {name for form in forms for name in form.text.tables}
    return names | {f"{name}_gate" for name in names} | tables


_GATES = {
    "rational_sigmoid": ("rational_tanh", _RATIONAL_GATE),
    "table_sigmoid": (
        "table_tanh",
        table_in_c(c_float, TABLE_PER_UNIT / 2, "0.5f + 0.5f * (x < 0.0f ? -y : y)"),
    ),
    "polynomial_sigmoid": ("polynomial_tanh", _polynomial_gate()),
    "softsign_sigmoid": ("softsign", "return 0.5f + 0.5f * (x / (2.0f + FABSF(x)));"),
    "ladder3_sigmoid": ("ladder3", _LADDER3_GATE),
    "ladder4_sigmoid": ("ladder4", _LADDER4_GATE),
    "isru_quintic_sigmoid": ("isru_quintic", _QUINTIC_GATE),
    "cmsis_dsp_sigmoid": ("cmsis_dsp_tanh", cmsis.dsp_body(16, "0.5f + 0.5f * y")),
    "isru_rsqrt1_sigmoid": ("isru_rsqrt1", rsqrt_in_c(1, gate=True)),
    "isru_rsqrt2_sigmoid": ("isru_rsqrt2", rsqrt_in_c(2, gate=True)),
}
STAND_INS: Mapping[str, Callable[[], CForm]] = MappingProxyType(
    {"polynomial_tanh": _polynomial_form}
    | {name: partial(_cmsis_form, name) for name in _CMSIS}
    | {name: partial(_gate, name, *made_of) for name, made_of in _GATES.items()}
)
"""Forms of names that the registry does not have; each is made when it is asked for."""
