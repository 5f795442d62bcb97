"""A whole window of an LSTM layer in one compiled function, forward beside backward.

Arrays as in `isru.lstm.layer`, time first; gates in the order o, i, f, c. The first product of a
step is a matrix-vector product of our own for a batch of one, and the BLAS's otherwise.
"""

from __future__ import annotations

import numpy as np

from isru.kernels.compiling import apply, inlined, kept
from isru.kernels.products import add_product, product_transposed


@kept
def lstm_forward(rows, first, weights, product, gates, saved, saved_s, c, c_out, saved_c, g, s):
    """Run over a window; h goes into `rows`, c into `c`.

    Parameters
    ----------
    rows : ndarray, shape (T + 1, B, F + H + 1)
        x, h_tm1 and one.
    first : int
        Where h begins in a row: F, or 0 where a row has no x.
    weights : ndarray, shape (F + H + 1, 4H) or (H + 1, 4H)
        Of whole rows; or, where `gates` holds x W already, of their part from h on.
    product : ndarray, shape (B, 4H)
        Room for h R, where `gates` holds x W and the batch is above one.
    gates : ndarray, shape (T, B, 4H)
        The activated gates; before that, x W where it is made for all steps at once.
    saved, saved_s : ndarray, shape (T, B, 4H)
        Where the activation and the recurrent activation put what their derivatives need: the
        same array, or `gates` for one that saves its output.
    c : ndarray, shape (T + 1, B, H)
        Cell states, the initial one first.
    c_out, saved_c : ndarray, shape (T, B, H)
        activation(c), and what its derivative needs.
    g, s : tuple
        Activation and recurrent activation: the first that `compiled_pair` returns for each.
    """
    units, batch = c_out.shape[2], c_out.shape[1]
    projected = len(weights) == units + 1
    for t in range(len(c_out)):
        if batch == 1:
            add_product(rows[t, 0, first:], weights, gates[t, 0], gates[t, 0])
        elif projected:
            np.dot(rows[t], weights, product)
        else:
            np.dot(rows[t], weights, gates[t])
        for b in range(batch):
            gate, save, save_s = gates[t, b], saved[t, b], saved_s[t, b]
            if projected and batch > 1:
                _add(gate, product[b])
            apply(s, gate[: 3 * units], save_s[: 3 * units])
            apply(g, gate[3 * units :], save[3 * units :])
            _new_state(gate, c[t, b], c[t + 1, b], c_out[t, b])
            apply(g, c_out[t, b], saved_c[t, b])
            _output(gate, c_out[t, b], rows[t + 1, b, first:])


@inlined
def _add(total, added):
    # Loops: a whole array's sum compiles ten times as long.
    for j in range(len(total)):
        total[j] += added[j]


@inlined
def _new_state(gate, c_tm1, c, c_out):
    """Put f c_tm1 + i c_tilde into c and c_out."""
    units = len(c)
    i, f, c_tilde = gate[units : 2 * units], gate[2 * units : 3 * units], gate[3 * units :]
    for j in range(units):
        c[j] = f[j] * c_tm1[j] + i[j] * c_tilde[j]
    for j in range(units):
        c_out[j] = c[j]


@inlined
def _output(gate, c_out, h):
    """Put o activation(c) into h."""
    for j in range(len(c_out)):
        h[j] = gate[j] * c_out[j]


@kept
def lstm_backward(
    dh_out,
    recurrent,
    recurrent_t,
    gates,
    saved,
    saved_s,
    c,
    c_out,
    saved_c,
    dh,
    dc,
    slope,
    dg,
    ds,
):
    """Go back through a window, after `lstm_forward`; dz takes the place of `gates`.

    Parameters
    ----------
    dh_out : ndarray, shape (T, B, H), or (1, B, H) for the gradient in the last output alone
    recurrent, recurrent_t : ndarray, shape (H, 4H) and (4H, H)
        The recurrent kernel; its transpose is only used, and may be empty, for a batch of one.
    gates, saved, saved_s, c, c_out, saved_c
        As `lstm_forward` left them.
    dh, dc : ndarray, shape (B, H)
        Zero; for the gradients that go from step to step.
    slope : ndarray, shape (5H,)
        For the derivatives of one row.
    dg, ds : tuple
        Their derivatives: the second that `compiled_pair` returns.
    """
    steps, batch, units = c_out.shape
    first = steps - len(dh_out)
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            if t >= first:
                _add(dh[b], dh_out[t - first, b])
            save, save_s = saved[t, b], saved_s[t, b]
            apply(ds, save_s[: 3 * units], slope[: 3 * units])
            apply(dg, save[3 * units :], slope[3 * units : 4 * units])
            apply(dg, saved_c[t, b], slope[4 * units :])
            _through_state(dh[b], dc[b], gates[t, b], c_out[t, b], slope)
            _through_gates(dc[b], gates[t, b], c[t, b], slope)
        if t == 0:
            break
        if batch == 1:
            product_transposed(recurrent, gates[t, 0], dh[0])
        else:
            np.dot(gates[t], recurrent_t, dh)


@inlined
def _through_state(dh, dc, gate, c_out, slope):
    """Add dh o g'(c) to dc; put dz_o = dh g(c) s'(z_o) in place of o."""
    units = len(dh)
    c_slope = slope[4 * units :]
    for j in range(units):
        dc[j] += dh[j] * gate[j] * c_slope[j]
    for j in range(units):
        gate[j] = dh[j] * c_out[j] * slope[j]


@inlined
def _through_gates(dc, gate, c_tm1, slope):
    """Put dz_i, dz_f and dz_c in place of i, f and c_tilde; multiply dc by f."""
    units = len(dc)
    i, f, c_tilde = gate[units : 2 * units], gate[2 * units : 3 * units], gate[3 * units :]
    slope_i, slope_f = slope[units : 2 * units], slope[2 * units : 3 * units]
    slope_c = slope[3 * units : 4 * units]
    for j in range(units):
        from_i = i[j]
        i[j] = dc[j] * c_tilde[j] * slope_i[j]
        c_tilde[j] = dc[j] * from_i * slope_c[j]
    for j in range(units):
        from_f = f[j]
        f[j] = dc[j] * c_tm1[j] * slope_f[j]
        dc[j] *= from_f


@kept
def stream_step(parameters, numbers, memory):
    """Take one step of a whole network, for one sequence, from x to y in `memory`.

    Few arguments, since each array costs as much as 500 products.

    Parameters
    ----------
    parameters : ndarray, one axis
        Of a network: each layer's weights (F + H + 1, 4H), then the dense ones (H + 1, C).
    numbers : ndarray of int
        Addresses of activation and recurrent activation, from `compiled_pair`; C, F, and the
        units of each layer.
    memory : ndarray, one axis
        The constants of both activations; y and x; of each layer h and c, kept from step to
        step, and room for 9 H numbers more.
    """
    g = (numbers[0], memory[0], memory[1], memory[2])
    s = (numbers[1], memory[3], memory[4], memory[5])
    outputs, sizes = numbers[2], numbers[3:]
    y, inputs = memory[6 : 6 + outputs], memory[6 + outputs : 6 + outputs + sizes[0]]
    own = memory[6 + outputs + sizes[0] :]
    start = 0
    for layer in range(len(sizes) - 1):
        features, units = sizes[layer], sizes[layer + 1]
        rows = features + units + 1
        weights = parameters[start : start + 4 * units * rows].reshape(rows, 4 * units)
        start += weights.size
        h, c, c_out = own[:units], own[units : 2 * units], own[2 * units : 3 * units]
        gate, saved = own[3 * units : 7 * units], own[7 * units : 11 * units]
        add_product(inputs, weights[:features], weights[rows - 1], gate)
        add_product(h, weights[features : rows - 1], gate, gate)
        apply(s, gate[: 3 * units], saved[: 3 * units])
        apply(g, gate[3 * units :], saved[3 * units :])
        _new_state(gate, c, c, c_out)
        apply(g, c_out, saved[:units])
        _output(gate, c_out, h)
        inputs, own = h, own[11 * units :]
    dense = parameters[start:].reshape(-1, outputs)
    add_product(inputs, dense[:-1], dense[-1], y)


@kept
def add_rows(symbols, dz, dkernel):
    """Add each of dz's rows to the row of its symbol; shapes (n,), (n, 4H), (F, 4H)."""
    for n in range(len(symbols)):
        _add(dkernel[symbols[n]], dz[n])
