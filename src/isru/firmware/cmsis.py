"""The activations of Arm's CMSIS-NN, and a table as CMSIS-DSP has them, as their sources say.

Entries, ranges, shifts, interpolation and rounding are theirs; the code is ours.

int16 (CMSIS-NN's ``arm_nn_activation_s16``; TensorFlow Lite's reference computes the same):
arguments in steps of 2^-12, values in steps of 2^-15. One table of 256 unsigned numbers of 16 bits
serves both functions: the logistic function at i / 24. It is read at three times the argument's
magnitude, with 9 bits between two entries; for tanh(x) = 2 sigmoid(2x) - 1 with 8. Interpolated,
rounded to the nearest; from the last entry on (10.6, for tanh 5.3) at the limit.

q15 and q7 (``arm_nn_activations_direct_q15`` and ``_q7``, in CMSIS-NN until 2022, with 3 bits
before the point): 256 entries of each function from 0 to 8 and from -8 to 0, 1/16 apart. q15 is
interpolated and truncated; q7 takes the entry at or below its argument, which has steps of 1/16.

float32 (``arm_nn_activation_f32``, of 2026): tanh from 257 entries 1/64 apart, interpolated, and
1 above 4; the logistic function from exp(-|x|), by 257 entries of 2^f, 1/256 apart, interpolated,
and one division.

CMSIS-DSP has no tanh but ``vtanhq_f32``, by the exponential, for cores with vector instructions
(MVE), none of ours. Its tables are those of ``arm_sin_f32``: 513 entries, interpolated as
(1 - f) a + f b. What stands here is a table of tanh from -8 to 8 in that form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from isru.firmware.c_text import c_array


@dataclass(frozen=True)
class IntegerForm:
    """A function of an int16, in C and in NumPy, equal to the bit.

    Attributes
    ----------
    tables : mapping of str to ndarray
        Their names in C.
    helper : str
        The C function that reads them.
    call : str
        The C expression of a value, with ``{x}`` for the argument.
    function : callable
        From an array of int64 to one.
    argument, value : float
        What one step of either stands for.
    """

    tables: Mapping[str, np.ndarray]
    helper: str
    call: str
    function: Callable[[np.ndarray], np.ndarray] = field(compare=False)
    argument: float = 2.0**-12
    value: float = 2.0**-15

    def program(self, name: str) -> str:
        """Return the C of a function of that name, which can be compiled by itself."""
        arrays = "".join(c_array(*table) for table in self.tables.items())
        body = f"    return {self.call.format(x='x')};\n"
        head = f"int32_t {name}(int16_t x);\nint32_t {name}(int16_t x)\n"
        return f"#include <stdint.h>\n\n{arrays}\n{self.helper}\n{head}{{\n{body}}}\n"


def logistic(x):
    """Return 1 / (1 + exp(-x)) in float64."""
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(x, float))


@cache
def s16_table() -> np.ndarray:
    """Return the logistic function at 0, 1/24, ..., in steps of 2^-16, shape (256,).

    From each entry half of what a chord misses in its middle is taken off: so that the chords
    lie above and below the curve alike. The last is the largest number there is.
    """
    x, step = np.arange(256) / 24, 1 / 24
    chord = (logistic(x) + logistic(x + step)) / 2 - logistic(x + step / 2)
    entries = np.rint(65536 * (logistic(x) - chord / 2))
    entries[-1] = 65535
    return entries.astype(np.uint16)


@dataclass(frozen=True)
class _S16:
    """How a function of an int16 reads the table of the logistic function.

    Attributes
    ----------
    bits : int
        Of three times the argument, between two entries.
    limit : int
        What stands for the table from its last entry on.
    centre : int
        What is taken off: tanh(x) is twice the logistic function, less 1.
    whole : int
        What a positive and a negative argument have together.
    drop : int
        Bits of the sum that a value has no room for.
    """

    bits: int
    limit: int
    centre: int
    whole: int
    drop: int

    def helper(self, function: str) -> str:
        """Return the C function."""
        centred = f"    y -= {self.centre};\n" if self.centre else ""
        whole, half = self.whole - 1, 1 << (self.drop - 1)
        return f"""\
static int32_t cmsis_s16_{function}(int16_t x)
{{
    const int32_t place = 3 * x, size = place < 0 ? -place : place, knot = size >> {self.bits};
    int32_t y = {self.limit};
    if (knot < 255) {{
        const uint16_t *entry = cmsis_s16 + knot;
        y = (entry[0] << {self.bits}) + (size & {(1 << self.bits) - 1}) * (entry[1] - entry[0]);
    }}
{centred}    return ((place < 0 ? {whole} - y : y) + {half}) >> {self.drop};
}}
"""

    def exact(self, x: np.ndarray) -> np.ndarray:
        """Return what `helper` computes."""
        entries, place = s16_table().astype(np.int64), 3 * np.asarray(x, np.int64)
        size = np.abs(place)
        knot, rest = np.minimum(size >> self.bits, 254), size & ((1 << self.bits) - 1)
        y = (entries[knot] << self.bits) + rest * (entries[knot + 1] - entries[knot])
        y = np.where(size >> self.bits < 255, y, self.limit) - self.centre
        return (np.where(place < 0, self.whole - 1 - y, y) + (1 << (self.drop - 1))) >> self.drop


_S16_FORMS = {
    "tanh": _S16(bits=8, limit=0xFFFF << 8, centre=1 << 23, whole=0, drop=8),
    "sigmoid": _S16(bits=9, limit=0x7FFF << 10, centre=0, whole=1 << 25, drop=10),
}


@cache
def wrapped_table(name: str, dtype: type) -> np.ndarray:
    """Return a function's values as q15 and q7 have them, by the byte of the argument: (256,).

    Parameters
    ----------
    name : {"tanh", "sigmoid"}
    dtype : numpy.int16 or numpy.int8
    """
    places = np.arange(256).astype(np.int8) / 16
    exact = np.tanh(places) if name == "tanh" else logistic(places)
    info = np.iinfo(dtype)
    return np.clip(np.rint(-info.min * exact), info.min, info.max).astype(dtype)


_Q15 = """\
static int32_t cmsis_q15(const int16_t *table, int16_t x)
{
    const int32_t place = x >> 8, rest = x & 255, y = table[place & 255];
    return place == 127 ? y : ((256 - rest) * y + rest * table[(place + 1) & 255]) >> 8;
}
"""
_Q7 = """\
static int32_t cmsis_q7(const int8_t *table, int16_t x)
{
    return table[x & 255];
}
"""


def _q15(name, x):
    x, table = np.asarray(x, np.int64), wrapped_table(name, np.int16).astype(np.int64)
    place, rest = x >> 8, x & 255
    y = table[place & 255]
    return np.where(place == 127, y, ((256 - rest) * y + rest * table[(place + 1) & 255]) >> 8)


def _q7(name, x):
    return wrapped_table(name, np.int8).astype(np.int64)[np.asarray(x, np.int64) & 255]


def integer_form(name: str) -> IntegerForm:
    """Return one of `INTEGER_FORMS`.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.
    """
    if name not in INTEGER_FORMS:
        raise ValueError(f"expected one of: {', '.join(INTEGER_FORMS)}; got {name!r}")
    _, kind, function = name.split("_")
    if kind == "s16":
        form, tables = _S16_FORMS[function], {"cmsis_s16": s16_table()}
        return IntegerForm(tables, form.helper(function), f"{name}({{x}})", form.exact)
    table = f"{name}_table"
    call = f"cmsis_{kind}({table}, {{x}})"
    if kind == "q15":
        tables = {table: wrapped_table(function, np.int16)}
        return IntegerForm(tables, _Q15, call, partial(_q15, function))
    tables = {table: wrapped_table(function, np.int8)}
    return IntegerForm(tables, _Q7, call, partial(_q7, function), 2.0**-4, 2.0**-7)


INTEGER_FORMS = tuple(
    f"cmsis_{kind}_{function}" for kind in ("s16", "q15", "q7") for function in ("tanh", "sigmoid")
)
"""A kind is that of `Arm.table`: ``"cmsis_s16"``, say."""

# -- in float32 ------------------------------------------------------------------------------------

TANH_TABLE = np.tanh(np.arange(257) / 64)
EXP2_TABLE = np.exp2(np.arange(257) / 256)
DSP_TABLE = np.tanh(np.arange(-256, 257) / 32)
TANH_BODY = """\
const float size = FABSF(x);
float y = 1.0f;
if (size <= 4.0f) {
    const float place = size * 64.0f;
    const int32_t whole = (int32_t)place, index = whole > 255 ? 255 : whole;
    const float *knot = cmsis_tanh_table + index;
    y = knot[0] + (knot[1] - knot[0]) * (place - (float)index);
}
return x < 0.0f ? -y : y;"""
SIGMOID_BODY = """\
const float size = FABSF(x);
const float power = (size > 80.0f ? 80.0f : size) * -1.44269504f;
const int32_t toward_zero = (int32_t)power;
const int32_t whole = power < (float)toward_zero ? toward_zero - 1 : toward_zero;
const float place = (power - (float)whole) * 256.0f;
const int32_t below = (int32_t)place, index = below > 255 ? 255 : below;
const float *knot = cmsis_exp2_table + index;
union { float value; uint32_t bits; } scale;
float e = knot[0] + (knot[1] - knot[0]) * (place - (float)index);
scale.bits = (uint32_t)(whole + 127) << 23;
e *= scale.value;
return (x < 0.0f ? e : 1.0f) / (1.0f + e);"""


def dsp_body(half: int, value: str) -> str:
    """Return the C of a table in the form of CMSIS-DSP that reaches from -half to half.

    Parameters
    ----------
    half : int
    value : str
        What becomes of the table's value ``y``.
    """
    return f"""\
const float s = x < -{half}.0f ? -{half}.0f : x > {half}.0f ? {half}.0f : x;
const float place = (s + {half}.0f) * {256 // half}.0f;
const uint16_t whole = (uint16_t)place, index = whole > 511 ? 511 : whole;
const float part = place - (float)index;
const float y = (1.0f - part) * cmsis_dsp_table[index] + part * cmsis_dsp_table[index + 1];
return {value};"""


def nn_tanh(x):
    """Return what `TANH_BODY` computes, in float64."""
    x = np.asarray(x, float)
    y = np.interp(np.abs(x), np.arange(257) / 64, TANH_TABLE, right=1.0)
    return np.copysign(y, x)


def nn_sigmoid(x):
    """Return what `SIGMOID_BODY` computes, in float64."""
    x = np.asarray(x, float)
    whole, part = np.divmod(-np.minimum(np.abs(x), 80) / np.log(2), 1)
    e = np.interp(part, np.arange(257) / 256, EXP2_TABLE) * np.exp2(whole)
    return np.where(x < 0, e, 1) / (1 + e)


def dsp_tanh(x):
    """Return the table of `dsp_body` from -8 to 8, in float64."""
    return np.interp(np.asarray(x, float), np.arange(-256, 257) / 32, DSP_TABLE)
