"""The C of one step of one layer: what the cells share, and what differs between them.

Rows of weights are summed side by side, four of an LSTM (the gates of one unit), two of a GRU:
the two gates of a unit, then the candidates of two units, since these need all reset gates. The
Cortex-M4's loop is written in its instructions: a product and a sum, since its fused form takes 3
cycles. The compiler's own code serves the other cores; on the Cortex-M7 it is fused. No macro
tells a Cortex-M7 of single precision from a Cortex-M4: it gets the latter's loop.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from isru.lstm.cell import GATE_ORDER

BLOCK = 4
"""Inputs that the float loop takes at a time."""


def _float_loop(rows: str) -> str:
    """Return the C loop that adds products to sums of one-letter names, until ``v`` is ``end``."""
    return f"""\
        do {{
#if defined(__GNUC__) && defined(__ARM_ARCH_7EM__) && defined(__ARM_FP) && __ARM_FP < 8
        /* What the #else says, with all loads in two instructions and no result used at once. */
{_assembly(rows)}
#else
{_products(rows)}
#endif
        }} while (v != end);
"""


def _assembly(rows) -> str:
    """Return the statement for the Cortex-M4F: four inputs, so many products of each row."""
    inputs = 8 + BLOCK * len(rows)  # the first of their registers, behind those of the weights
    lines = [f"vldmia %[w]!, {{s8-s{inputs - 1}}}", f"vldmia %[v]!, {{s{inputs}-s{inputs + 3}}}"]
    for x in range(BLOCK):
        products = [8 + len(rows) * x + row for row in range(len(rows))]
        lines += [f"vmul.f32 s{p}, s{p}, s{inputs + x}" for p in products]
        lines += [f"vadd.f32 %[{g}], %[{g}], s{p}" for g, p in zip(rows, products, strict=True)]
    text = "\n".join(f'            "{line}\\n\\t"' for line in lines)
    sums = ", ".join(f'[{g}] "+t"({g})' for g in rows)
    used = [f'"s{number}"' for number in range(8, inputs + BLOCK)]
    clobbers = textwrap.fill(", ".join(used), 80, subsequent_indent=" " * 14)
    return f"""\
        __asm__ volatile(
{text}
            : [w] "+r"(weights), [v] "+r"(v), {sums}
            :
            : "memory", {clobbers});"""


def _products(rows) -> str:
    """Return the same in C."""
    lines = []
    for x in range(BLOCK):
        lines += [
            f"        {g} += weights[{len(rows) * x + k}] * v[{x}];" for k, g in enumerate(rows)
        ]
    return "\n".join([*lines, f"        weights += {BLOCK * len(rows)};", "        v += 4;"])


def _int8_loop(rows: str) -> str:
    """Return the same for int8 weights: over ``left`` inputs, then scales and biases."""
    products = [f"            {g} += (float)weights[{k}] * x;\n" for k, g in enumerate(rows)]
    scaled = [f"        {g} = {g} * scales[{k}] + biases[{k}];\n" for k, g in enumerate(rows)]
    return f"""\
        do {{
            const float x = *v++;
{"".join(products)}            weights += {len(rows)};
        }} while (--left > 0);
{"".join(scaled)}"""


_GATHER = {
    False: """\
/* Lay out the inputs of a layer: x, h, a one for the bias, zeros to fill the last block. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
    v[0] = 1.0f;
    v[1] = v[2] = v[3] = 0.0f;
}
""",
    True: """\
/* Lay out the inputs of a layer: x, h. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
}
""",
}
"""C text by whether the weights are int8."""

_DENSE = {
    False: """\
static float dense_sum(const float *weights, float bias, const float *h, size_t units)
{
    for (; units > 0; units--) bias += *weights++ * *h++;
    return bias;
}
""",
    True: """\
static float dense_sum(const int8_t *weights, float scale, float bias, const float *h, size_t units)
{
    float sum = 0.0f;
    for (; units > 0; units--) sum += (float)*weights++ * *h++;
    return sum * scale + bias;
}
""",
}
"""C text by whether the weights are int8."""


@dataclass(frozen=True)
class CellForm:
    """One kind of cell in C; what depends on whether the weights are int8 stands by that."""

    title: str  # of a network of such cells
    rows: int  # that are summed side by side
    gates: int  # blocks of H columns in a kernel
    states: tuple[str, ...]  # arrays of H numbers that a layer keeps, the hidden state first
    kept: str  # the same in words
    scratch: str  # an array for the longest layer that one step needs; "" for none
    order: Callable[[int], np.ndarray]
    """From H to a kernel's columns as rows, shape (blocks, rows); -1 is a row of zeros."""
    functions: str  # comment: what computes what, with the names of the two functions
    layout: dict[bool, str]  # comment: the order of the weights
    scaling: dict[str, str]  # comments of ``scales`` and ``biases``
    step: dict[bool, str]  # C text of ``layer_step``
    arguments: Callable[[int, int, int], str]
    """From layer, units and inputs below to what ``layer_step`` takes behind its numbers."""

    def split(self, columns: np.ndarray, units: int) -> np.ndarray:
        """Return the last axis of an array, gates H long, as (blocks, rows)."""
        zero = np.zeros((*columns.shape[:-1], 1), columns.dtype)
        return np.concatenate([columns, zero], axis=-1)[..., self.order(units)]

    def join(self, blocks: np.ndarray, units: int) -> np.ndarray:
        """Undo `split`."""
        columns = np.empty((*blocks.shape[:-2], self.gates * units + 1), blocks.dtype)
        columns[..., self.order(units)] = blocks
        return columns[..., :-1]

    def kernel(self, quantised: bool) -> str:
        """Return the C text of one step of one layer."""
        return "\n".join([_GATHER[quantised], self.step[quantised], _DENSE[quantised]])


_LSTM_STATE = """\
        *c = @gate@(f) * *c + @gate@(i) * @activation@(g);
        *h = @gate@(o) * @activation@(*c);
        c++;
        h++;
"""
_LSTM_STEP = {
    False: f"""\
/* One step of one layer with `count` inputs, a multiple of four; replaces c and h. */
static void layer_step(const float *weights, const float *inputs, size_t count, float *c,
                       float *h, size_t units)
{{
    const float *end = inputs + count;
    for (; units > 0; units--) {{
        float i = 0.0f, f = 0.0f, g = 0.0f, o = 0.0f;
        const float *v = inputs;
{_float_loop("ifgo")}{_LSTM_STATE}    }}
}}
""",
    True: f"""\
/* One step of one layer; replaces c and h. */
static void layer_step(const int8_t *weights, const float *scales, const float *biases,
                       const float *inputs, size_t count, float *c, float *h, size_t units)
{{
    for (; units > 0; units--) {{
        float i = 0.0f, f = 0.0f, g = 0.0f, o = 0.0f;
        const float *v = inputs;
        size_t left = count;
{_int8_loop("ifgo")}        scales += 4;
        biases += 4;
{_LSTM_STATE}    }}
}}
""",
}


def _row_sums(quantised: bool) -> str:
    """Return the C that sums two rows side by side."""
    if quantised:
        what, start, loop = "`left` weights", "", _int8_loop("ab")
        head = "const int8_t *weights, const float *scales, const float *biases,\n"
        head += f"{25 * ' '}const float *v, size_t left"
    else:
        what, loop = "`count` weights, a multiple of four", _float_loop("ab")
        start = "    const float *end = v + count;\n"
        head = "const float *weights, const float *v, size_t count"
    outdented = re.sub(r"(?m)^ {4}", "", loop)
    return f"""\
/* The sums of two rows of {what}. */
typedef struct {{
    float a, b;
}} row_sums;

static row_sums add_rows({head})
{{
{start}    float a = 0.0f, b = 0.0f;
    row_sums sums;
{outdented}    sums.a = a;
    sums.b = b;
    return sums;
}}
"""


def _gru_step(quantised: bool) -> str:
    head = "const float *weights, const float *inputs, size_t count, float *past,\n"
    indent = 23 * " "
    head += f"{indent}float *update, float *h, size_t units"
    call, onward = "weights, inputs, count", "weights += 2 * count;\n"
    if quantised:
        head = "const int8_t *weights, const float *scales, const float *biases,\n" + indent
        head += "const float *inputs, size_t count, float *past, float *update, float *h,\n"
        head += f"{indent}size_t units"
        call = "weights, scales, biases, inputs, count"
        onward += "        scales += 2;\n        biases += 2;\n"
    return f"""\
{_row_sums(quantised)}
static float mix(float u, float old, float candidate)
{{
    return candidate + u * (old - candidate);
}}

/* One step of one layer; replaces h. `past` is the place of h in the inputs. */
static void layer_step({head})
{{
    size_t k;
    for (k = 0; k < units; k++) {{
        const row_sums z = add_rows({call});
        update[k] = @gate@(z.a);
        h[k] *= @gate@(z.b);
        {onward}    }}
    for (k = 0; k < units; k++) {{
        const float reset = h[k];
        h[k] = past[k];
        past[k] = reset;
    }}
    for (k = 0; k < units; k += 2) {{
        const row_sums z = add_rows({call});
        h[k] = mix(update[k], h[k], @activation@(z.a));
        if (k + 1 < units) h[k + 1] = mix(update[k + 1], h[k + 1], @activation@(z.b));
        {onward}    }}
}}
"""


def _lstm_order(units):
    return np.arange(4 * units).reshape(4, units).T


def _gru_order(units):
    candidates = np.arange(2 * units, 3 * units + units % 2)
    candidates[units:] = -1
    return np.vstack([np.arange(2 * units).reshape(2, units).T, candidates.reshape(-1, 2)])


CELLS = {
    "lstm": CellForm(
        title="an LSTM network",
        rows=len(GATE_ORDER),
        gates=len(GATE_ORDER),
        states=("h", "c"),
        kept="Hidden and cell state",
        scratch="",
        order=_lstm_order,
        functions="Candidate and output by {activation}, gates by {gate}; "
        f"gate order {', '.join(GATE_ORDER)}.",
        layout={
            False: "Per unit: i, f, c, o of each input, each state, the bias; zeros to four.",
            True: "Per unit: i, f, c, o of each input and each state.",
        },
        scaling={
            "scales": "Per unit: what the sums of i, f, c, o are multiplied by.",
            "biases": "Per unit: what is then added.",
        },
        step=_LSTM_STEP,
        arguments=lambda number, units, inputs: f"state->c{number}, state->h{number}, {units}",
    ),
    "gru": CellForm(
        title="a GRU network",
        rows=2,
        gates=3,
        states=("h",),
        kept="Hidden state",
        scratch="update",
        order=_gru_order,
        functions="Candidate by {activation}, gates by {gate}; "
        "gate order u (update), r (reset), then the candidate; r before the matrix.",
        layout={
            False: "Per unit: u, r of each input, each state, the bias; zeros to four. Then the\n"
            "   same of the candidates, of two units side by side.",
            True: "Per unit: u, r of each input and each state. Then the same of the candidates,\n"
            "   of two units side by side.",
        },
        scaling={
            "scales": "Per row: what its sum is multiplied by.",
            "biases": "Per row: what is then added.",
        },
        step={quantised: _gru_step(quantised) for quantised in (False, True)},
        arguments=lambda number, units, inputs: (
            f"state->work + {inputs}, state->update,\n               state->h{number}, {units}"
        ),
    ),
}
"""By the name of the cell."""
