"""A table in place of tanh."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from isru.activations.entry import Activation, CText, tolerance

TABLE_END = 8
TABLE_PER_UNIT = 32
_INT64 = 7  # ONNX's number for the type


@cache
def tanh_table(dtype) -> tuple[np.ndarray, np.ndarray]:
    """Return tanh at the knots 0, 1/32, ..., 8 and the steps to the next knot, the last one 0.

    Parameters
    ----------
    dtype : dtype
        float32 or float64.

    Returns
    -------
    knots, steps : ndarray, shape (257,)
    """
    exact = np.tanh(np.arange(TABLE_END * TABLE_PER_UNIT + 1) / TABLE_PER_UNIT)
    return exact.astype(dtype), np.append(np.diff(exact), 0).astype(dtype)


def _table_tanh(x, out, saved):
    knots, steps = tanh_table(x.dtype)
    place = np.abs(x)
    np.minimum(place, TABLE_END, out=place)
    place *= TABLE_PER_UNIT
    index = np.fmin(place, len(knots) - 1).astype(np.intp)  # fmin: a NaN needs an index too
    place -= index
    step = steps[index]
    place *= step
    place += knots[index]
    saved = np.multiply(step, TABLE_PER_UNIT, out=saved)
    return np.copysign(place, x, out=place if out is None else out), saved


def _table_tanh_slope(slope, out):
    return np.positive(slope, out=out)


def _onnx(graph, x):
    knots, steps = (graph.constant(table) for table in tanh_table(np.dtype(np.float32)))
    place = graph.add("Min", graph.add("Abs", x), graph.constant(float(TABLE_END)))
    place = graph.add("Mul", place, graph.constant(float(TABLE_PER_UNIT)))
    whole = graph.add("Floor", place)
    index = graph.add("Cast", whole, to=_INT64)
    rest = graph.add("Sub", place, whole)
    rise = graph.add("Mul", rest, graph.add("Gather", steps, index))
    size = graph.add("Add", rise, graph.add("Gather", knots, index))
    return graph.add("Mul", size, graph.add("Sign", x))


def table_in_c(number, per_unit=TABLE_PER_UNIT, result="x < 0.0f ? -y : y"):
    """Return the body in C, from which a gate differs by the place and the result."""
    last = TABLE_END * TABLE_PER_UNIT
    return f"""\
float place = FABSF(x) * {number(per_unit)};
float y = tanh_table[{last}];
if (place < {number(last)}) {{
    const int32_t index = (int32_t)place;
    const float *knot = tanh_table + index;
    y = knot[0] + (place - (float)index) * (knot[1] - knot[0]);
}}
return {result};"""


TABLE_TANH = Activation(
    name="table_tanh",
    description="tanh by linear interpolation in a table of 257 values, 1/32 apart, "
    "constant from 8 on: what firmware without libm does",
    label="table of tanh",
    place=15,
    range=(-math.tanh(TABLE_END), math.tanh(TABLE_END)),
    smoothness=0,
    odd=True,
    ulp=tolerance(0.51, 3, 3),
    kernel=_table_tanh,
    slope=_table_tanh_slope,
    approximates="tanh",
    error=9.5e-5,
    onnx=_onnx,
    c=CText(
        "tanh by linear interpolation",
        3,
        table_in_c,
        tables={"tanh_table": tanh_table(np.float32)[0]},
    ),
)
table_tanh = TABLE_TANH.value
