"""Recurrence: networks that feed back into themselves, chaotic or not, and the LSTM's step.

One random matrix is used at every step. Theory treats its weights as if they were drawn anew,
which for a wide network gives the right variance and the right growth of a difference.

References
----------
L. Molgedey, J. Schuchhardt and H. G. Schuster, "Suppressing chaos in neural networks by noise",
Physical Review Letters 69, 1992.
"""

from __future__ import annotations

import numpy as np

from isru.activations import Activation, get_activation
from isru.chapters.propagation.signal import moments
from isru.lstm import cell_backward, cell_forward
from isru.lstm.initializers import lstm_weights


def resting_variance(activation: str | Activation, gain: float) -> float:
    """Return the variance v of the pre-activations that v = gain^2 E f(sqrt(v) Z)^2 keeps.

    0 for a gain of 1 or less, where every signal dies out. For f'(0) = 1 and a bounded,
    increasing, odd function that bends towards 0 there is one other solution above that.
    """
    if gain <= 1:
        return 0.0
    low, high = 0.0, gain**2  # E f^2 < 1
    for _ in range(80):
        middle = (low + high) / 2
        grows = gain**2 * moments(activation, middle)[0] > middle
        low, high = (middle, high) if grows else (low, middle)
    return (low + high) / 2


def lyapunov(activation: str | Activation, gain: float) -> float:
    """Return the rate per step at which a small difference grows: ln(gain^2 E f'^2) / 2.

    Below 0 a recurrent network forgets, above 0 it is chaotic.
    """
    backward = moments(activation, resting_variance(activation, gain))[1]
    return float(np.log(gain**2 * backward) / 2)


def simulate_recurrent(
    activation: str | Activation, units: int, steps: int, gain: float, rng, burn_in: int = 100
) -> tuple[float, float]:
    """Run h <- f(W h) with one random W, and a small difference along with it.

    Parameters
    ----------
    units, steps : int
        ``steps`` are measured, after ``burn_in`` that are not.
    rng : numpy.random.Generator

    Returns
    -------
    variance : float
        Mean square of the pre-activations over units and measured steps.
    rate : float
        Mean logarithmic growth per step of the difference.
    """
    entry = get_activation(activation)
    weights = rng.standard_normal((units, units)) * (gain / np.sqrt(units))
    h, tangent = rng.standard_normal((2, units))
    square = growth = 0.0
    for step in range(burn_in + steps):
        z = weights @ h
        h, saved = entry.forward(z)
        tangent = entry.derivative(saved) * (weights @ tangent)
        size = np.linalg.norm(tangent)
        tangent /= size
        if step >= burn_in:
            square += np.mean(z * z)
            growth += np.log(size)
    return square / steps, growth / steps


def compare_recurrent(activations, gains, *, units: int, steps: int, seed: int) -> list[dict]:
    """Return theory and simulation for every activation and gain.

    Returns
    -------
    list of dict
        activation, gain, variance, rate (theory), variance_measured, rate_measured.
    """
    rows = []
    for name in activations:
        for gain in gains:
            measured = simulate_recurrent(name, units, steps, gain, np.random.default_rng(seed))
            rows.append(
                {
                    "activation": name,
                    "gain": gain,
                    "variance": resting_variance(name, gain),
                    "rate": lyapunov(name, gain),
                    "variance_measured": measured[0],
                    "rate_measured": measured[1],
                }
            )
    return rows


def step_jacobian(x, h, c, weights, activation: str, recurrent_activation: str):
    """Return the Jacobian of one LSTM step in its states, from the formula.

    With s the gates' activation, g the candidate's and the output's::

        dc'/dc = f                dc'/dh = (c s'(z_f)) R_f + (g(z_c) s'(z_i)) R_i + (i g'(z_c)) R_c
        dh'/dc = o g'(c') f       dh'/dh = (g(c') s'(z_o)) R_o + o g'(c') dc'/dh

    Parameters
    ----------
    x : ndarray, shape (F,)
    h, c : ndarray, shape (H,)
    weights : tuple of ndarray
        As in :func:`isru.lstm.cell_forward`.

    Returns
    -------
    ndarray, shape (2H, 2H)
        Rows: the new c, then the new h. Columns: the old c, then the old h.
    """
    entry, gate = get_activation(activation), get_activation(recurrent_activation)
    z = np.split(x @ weights[0] + h @ weights[1] + weights[2], 4)
    into = [part.T for part in np.split(weights[1], 4, axis=1)]  # R_g, (to, from)
    (i, i_saved), (f, f_saved), (o, o_saved) = (gate.forward(z[place]) for place in (0, 1, 3))
    candidate, candidate_saved = entry.forward(z[2])
    out, out_saved = entry.forward(f * c + i * candidate)
    factors = (
        candidate * gate.derivative(i_saved),
        c * gate.derivative(f_saved),
        i * entry.derivative(candidate_saved),
    )
    c_to_c = np.diag(f)
    h_to_c = sum(factor[:, None] * part for factor, part in zip(factors, into[:3], strict=True))
    leaves = o * entry.derivative(out_saved)
    h_to_h = (out * gate.derivative(o_saved))[:, None] * into[3] + leaves[:, None] * h_to_c
    return np.block([[c_to_c, h_to_c], [leaves[:, None] * c_to_c, h_to_h]])


def backward_jacobian(x, h, c, weights, activation: str, recurrent_activation: str):
    """Return the same matrix row by row, each a backward pass of `isru.lstm.cell_backward`."""
    units = len(h)
    entries = get_activation(activation), get_activation(recurrent_activation)
    repeated = [np.tile(part, (2 * units, 1)) for part in (x, h, c)]
    _, _, cache = cell_forward(*repeated, weights, *entries)
    dc, dh = np.split(np.eye(2 * units), 2, axis=1)
    _, dh_tm1, dc_tm1, _ = cell_backward(dh, dc, cache)
    return np.hstack([dc_tm1, dh_tm1])


def lstm_gradient(
    activation: str,
    recurrent_activation: str,
    rng,
    *,
    features: int,
    units: int,
    steps: int,
    batch: int = 16,
    forget_bias: float = 1.0,
):
    """Send a gradient back through a freshly initialised LSTM with standard normal inputs.

    It enters as a unit gradient in h after the last step. Weights as in Keras: Glorot-uniform
    and orthogonal, the forget gate's bias apart.

    Returns
    -------
    cell, hidden : ndarray, shape (steps,)
        Root mean square of the gradient in the cell state and in the hidden state, 1 to
        ``steps`` steps before the end, relative to the one that entered.
    """
    entries = get_activation(activation), get_activation(recurrent_activation)
    weights = lstm_weights(rng, features, units)
    weights[2][units : 2 * units] = forget_bias
    h = c = np.zeros((batch, units))
    caches = []
    for _ in range(steps):
        x = rng.standard_normal((batch, features))
        h, c, cache = cell_forward(x, h, c, weights, *entries)
        caches.append(cache)
    dh, dc = rng.standard_normal((batch, units)), np.zeros((batch, units))
    start = np.sqrt(np.mean(dh * dh))
    rows = []
    for cache in reversed(caches):
        _, dh, dc, _ = cell_backward(dh, dc, cache)
        rows.append([np.sqrt(np.mean(dc * dc)), np.sqrt(np.mean(dh * dh))])
    cell, hidden = np.array(rows).T / start
    return cell, hidden


def compare_lstm(
    pairs,
    *,
    features: int,
    units: int,
    steps: int,
    networks: int,
    seed: int,
    forget_bias: float = 1.0,
) -> list[dict]:
    """Return the gradient in fresh LSTMs against the lag, for pairs of activations.

    Parameters
    ----------
    pairs : iterable of (activation, recurrent_activation)
    networks : int
        How many networks the root mean squares go over; every pair draws the same ones.

    Returns
    -------
    list of dict
        activation, recurrent_activation, lag, cell, hidden.
    """
    rows = []
    for pair in pairs:
        seeds = np.random.SeedSequence(seed).spawn(networks)
        sizes = {"features": features, "units": units, "steps": steps}
        sizes |= {"forget_bias": forget_bias}
        runs = [lstm_gradient(*pair, np.random.default_rng(s), **sizes) for s in seeds]
        cell, hidden = np.sqrt(np.mean(np.square(runs), axis=0))
        for lag in range(1, steps + 1):
            names = dict(zip(("activation", "recurrent_activation"), pair, strict=True))
            rows.append(names | {"lag": lag, "cell": cell[lag - 1], "hidden": hidden[lag - 1]})
    return rows
