"""What differs between the cells in C: the order of the rows of weights, the state, the step.

Rows of weights are summed side by side, four of an LSTM (the gates of one unit), two of a GRU:
the two gates of a unit, then the candidates of two units, since these need all reset gates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from isru.firmware.c_kernels import DENSE, GATHER, float_loop, int8_loop
from isru.lstm.cell import GATE_ORDER


@dataclass(frozen=True)
class CellForm:
    """One kind of cell in C.

    Attributes
    ----------
    title : str
        Of a network of such cells.
    rows : int
        That are summed side by side.
    gates : int
        Blocks of H columns in a kernel.
    states : tuple of str
        Arrays of H numbers that each layer keeps from step to step, the hidden state first.
    kept : str
        The same in words.
    scratch : str
        Name of an array for the longest layer that one step needs; "" for none.
    order : callable
        From H to the columns of a kernel as rows, shape (blocks, rows); -1 is a row of zeros.
    functions : str
        What computes what, for the comment of the files; with the names of the two functions.
    layout : dict of {bool: str}
        Comment of the weights: their order, by whether they are int8.
    scaling : dict of str
        Comments of ``scales`` and ``biases``.
    step : dict of {bool: str}
        C text of ``layer_step``, by whether the weights are int8.
    arguments : callable
        From layer, units and inputs below to the arguments of ``layer_step`` behind its numbers.
    """

    title: str
    rows: int
    gates: int
    states: tuple[str, ...]
    kept: str
    scratch: str
    order: Callable[[int], np.ndarray]
    functions: str
    layout: dict[bool, str]
    scaling: dict[str, str]
    step: dict[bool, str]
    arguments: Callable[[int, int, int], str]

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
        return "\n".join([GATHER[quantised], self.step[quantised], DENSE[quantised]])


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
{float_loop("ifgo")}{_LSTM_STATE}    }}
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
{int8_loop("ifgo")}        scales += 4;
        biases += 4;
{_LSTM_STATE}    }}
}}
""",
}


def _outdented(text):
    return re.sub(r"(?m)^ {4}", "", text)


_PAIR = {
    False: f"""\
/* The sums of two rows of `count` weights, a multiple of four. */
typedef struct {{
    float a, b;
}} row_sums;

static row_sums add_rows(const float *weights, const float *v, size_t count)
{{
    const float *end = v + count;
    float a = 0.0f, b = 0.0f;
    row_sums sums;
{_outdented(float_loop("ab"))}    sums.a = a;
    sums.b = b;
    return sums;
}}
""",
    True: f"""\
/* The sums of two rows of `left` weights. */
typedef struct {{
    float a, b;
}} row_sums;

static row_sums add_rows(const int8_t *weights, const float *scales, const float *biases,
                         const float *v, size_t left)
{{
    float a = 0.0f, b = 0.0f;
    row_sums sums;
{_outdented(int8_loop("ab"))}    sums.a = a;
    sums.b = b;
    return sums;
}}
""",
}


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
{_PAIR[quantised]}
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
