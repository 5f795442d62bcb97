"""Loops over an array in C, one for each function, of which a compiler makes vector loops."""

from __future__ import annotations

from collections.abc import Iterable

from isru.activations import ACTIVATIONS, Activation
from isru.activations.formula import nodes_of
from isru.analysed.cores import Core, Estimate
from isru.firmware.c_forms import c_form, formula_in_c
from isru.firmware.c_text import c_float

REALS = {"float32": "float", "float64": "double"}
LENGTH = 1024  # of the arrays: they stay in the nearest cache, and no vector is left half full
ARMS = (
    "isru",
    "isru_sigmoid",
    "tanh_fraction",  # of `isru.bench.rivals`
    "rational_tanh",
    "hard_tanh",
    "softsign",
    "clipped_parabola",  # the front's cheapest that is as near to tanh as ISRU
    "identity",
)
"""The functions whose loops are analysed, most of them the registry's; the identity is a copy."""
BARE = ("root", "division", "multiply_add")
"""What a core takes for one operation of an element: a loop of that operation alone."""
STEPS = 16  # multiply-adds of an element in the loop of that name
ESTIMATE = "isru_estimate"
"""ISRU from the core's estimate of 1 / sqrt and Newton steps."""

FLAGS = (
    "-O3",
    "-std=gnu11",
    "-ffreestanding",
    "-fno-math-errno",  # or a root is a call
    "-fno-trapping-math",
    "-ffp-contract=fast",  # a product and a sum are one instruction wherever the core has it
    "-fno-sanitize=all",
)
"""How the loops are compiled: NaN, infinity, sums, roots and divisions stay as the C says."""
_ULPS = 4  # how near to ISRU the Newton steps bring an estimate
_UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}

_FUNCTION = """\
static inline __attribute__((always_inline)) {real} one_{name}({real} x)
{{
{body}
}}
void {name}(const {real} *restrict x, {real} *restrict y)
{{
    for (long i = 0; i < {length}; i++)
        y[i] = one_{name}(x[i]);
}}
"""
_ESTIMATED = """\
typedef {type} vector_{real};
typedef {real} unaligned_{real}
    __attribute__((vector_size(sizeof(vector_{real})), aligned(sizeof({real}))));
void {name}(const {real} *restrict x, {real} *restrict y)
{{
    for (long i = 0; i < {length}; i += sizeof(vector_{real}) / sizeof({real})) {{
        const vector_{real} a = (vector_{real})*(const unaligned_{real} *)(x + i);
        const vector_{real} q = a * a + 1;
        vector_{real} r = {call};
        {steps}
        *(unaligned_{real} *)(y + i) = (unaligned_{real})(a * r);
    }}
}}
"""


_BODIES = {
    "root": "return SQRTF(x);",
    "division": "return 1.0f / x;",
    "multiply_add": "float y = 1.0f;\n"
    + "".join(f"y = y * x + {c_float(1 / (step + 2))};\n" for step in range(STEPS))
    + "return y;",
}


def function_name(arm: str, dtype: str) -> str:
    """Return the name of a loop's function in C."""
    return f"{arm}_{dtype}"


def source(core: Core, arms: Iterable[str] = (*ARMS, *BARE, ESTIMATE)) -> str:
    """Return the loops of some arms as C, for float and double.

    An activation is written as `isru.firmware` writes it. One that clips its argument is written
    from its formula: a minimum of a maximum is two vector instructions, where the scalar form
    compares and chooses.

    Parameters
    ----------
    core : Core
        Whose estimate of 1 / sqrt is used, where it has one for a type.
    arms : iterable of str
        Of `ARMS`, `BARE` and `ESTIMATE`.

    Raises
    ------
    ValueError
        For an unknown arm; the message lists the known ones.
    """
    arms = list(arms)
    known = (*ARMS, *BARE, ESTIMATE)
    if strange := [arm for arm in arms if arm not in known]:
        raise ValueError(f"arm: expected of {', '.join(known)}, got {strange[0]!r}")
    texts = [f"#include <{core.header}>\n"] if core.header and ESTIMATE in arms else []
    for dtype, real in REALS.items():
        if ESTIMATE in arms and dtype in core.estimates:
            texts.append(_estimated(core.estimates[dtype], dtype))
        suffix = "f" if dtype == "float32" else ""
        texts.append(
            f"#define SQRTF __builtin_sqrt{suffix}\n#define FABSF __builtin_fabs{suffix}\n"
        )
        texts += [_loop(arm, dtype, real) for arm in arms if arm != ESTIMATE]
        texts.append("#undef SQRTF\n#undef FABSF\n")
    return "\n".join(texts)


def _entry(arm: str, dtype: str) -> Activation:
    if arm in ACTIVATIONS:
        return ACTIVATIONS[arm]
    from isru.bench.rivals import RIVALS  # which compiles, and so needs Numba

    return RIVALS[dtype][arm]


def _body(arm: str, dtype: str) -> str:
    if arm in _BODIES:
        return _BODIES[arm]
    entry = _entry(arm, dtype)
    clips = any(node.operation == "clip" for node in nodes_of(entry.numeric_trees[0]))
    number = c_float if dtype == "float32" else lambda value: repr(float(value))
    return formula_in_c(entry, number) if clips else c_form(entry).body


def _loop(arm: str, dtype: str, real: str) -> str:
    body = _body(arm, dtype).replace("float ", f"{real} ")
    return _FUNCTION.format(name=function_name(arm, dtype), real=real, body=body, length=LENGTH)


def _estimated(estimate: Estimate, dtype: str) -> str:
    steps = f"r = r * ({estimate.newton}); " * newton_steps(estimate, dtype)
    real = REALS[dtype]
    name = function_name(ESTIMATE, dtype)
    return _ESTIMATED.format(
        type=estimate.type,
        name=name,
        real=real,
        call=estimate.call,
        steps=steps.replace("REAL", real).strip(),
        length=LENGTH,
    )


def error_after(error: float, steps: int) -> float:
    """Return the largest relative error of 1 / sqrt after Newton steps, by exact arithmetic.

    r (3 - q r^2) / 2 with r = (1 + e) / sqrt(q) is (1 - 3/2 e^2 - e^3/2) / sqrt(q).
    """
    for _ in range(steps):
        error = 1.5 * error**2 + 0.5 * error**3
    return error


def newton_steps(estimate: Estimate, dtype: str) -> int:
    """Return how many Newton steps bring an estimate within 4 ULP, rounding left aside."""
    steps = 0
    while error_after(estimate.error, steps) > _ULPS * _UNIT[dtype]:
        steps += 1
    return steps
