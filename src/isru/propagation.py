"""Signals and gradients in random networks: mean-field theory, and simulations to check it.

In a wide network with independent normal weights the pre-activations of a layer are normal, so
one number describes them, their variance. Theory computes it layer by layer; a simulation
draws a network and measures it. ``gain`` is the standard deviation of a weight times the square
root of the fan-in; there are no biases.

References
----------
S. S. Schoenholz, J. Gilmer, S. Ganguli and J. Sohl-Dickstein, "Deep information propagation",
ICLR, 2017, equations 3 and 8.
"""

from __future__ import annotations

import numpy as np

from isru.activations import Activation, get_activation
from isru.lstm import cell_backward, cell_forward
from isru.lstm.initializers import lstm_weights

# The trapezoidal rule on the whole line: for the analytic integrands here its error falls
# exponentially with the number of points, and beyond 12 the normal density is below 1e-31.
_Z = np.linspace(-12, 12, 2401)
_WEIGHT = np.exp(-_Z * _Z / 2) * (_Z[1] - _Z[0]) / np.sqrt(2 * np.pi)


def moments(activation: str | Activation, variance: float) -> tuple[float, float]:
    """Return E f(s Z)^2 and E f'(s Z)^2 for standard normal Z and s^2 = ``variance``.

    Parameters
    ----------
    activation : str or Activation
        A smooth one: at a kink the quadrature would lose its digits.
    variance : float
        0 or more.
    """
    entry = get_activation(activation)
    y, saved = entry.forward(np.sqrt(variance) * _Z)
    slope = entry.derivative(saved)
    return float(_WEIGHT @ (y * y)), float(_WEIGHT @ (slope * slope))


def mean_field(activation: str | Activation, depth: int, gain: float):
    """Return what theory expects in each layer of a random network with unit inputs.

    With m_0 = 1 and v_l = gain^2 m_(l-1): m_l = E f(sqrt(v_l) Z)^2, and going back through layer
    l multiplies the mean square of a gradient by gain^2 E f'(sqrt(v_l) Z)^2.

    Returns
    -------
    signal : ndarray, shape (depth + 1,)
        m_l, the mean square of the outputs of layer l; the input is layer 0.
    gradient : ndarray, shape (depth + 1,)
        Mean square of the gradient at the outputs of layer l, 1 in the last layer.
    """
    signal, factors = [1.0], []
    for _ in range(depth):
        forward, backward = moments(activation, gain**2 * signal[-1])
        signal.append(forward)
        factors.append(gain**2 * backward)
    gradient = np.cumprod([1.0, *reversed(factors)])[::-1]
    return np.array(signal), gradient


def simulate_deep(activation: str | Activation, width: int, depth: int, gain: float, rng):
    """Draw one random network, run an input and a gradient through it, and measure both.

    Parameters
    ----------
    width, depth : int
    rng : numpy.random.Generator

    Returns
    -------
    signal, gradient : ndarray, shape (depth + 1,)
        As in `mean_field`, measured as means over the units of one network.
    """
    entry = get_activation(activation)
    h = rng.standard_normal(width)
    signal, cache = [np.mean(h * h)], []
    for _ in range(depth):
        weights = rng.standard_normal((width, width)) * (gain / np.sqrt(width))
        h, saved = entry.forward(weights @ h)
        cache.append((weights, entry.derivative(saved)))
        signal.append(np.mean(h * h))
    dh = rng.standard_normal(width)
    gradient = [np.mean(dh * dh)]
    for weights, slope in reversed(cache):
        dh = weights.T @ (slope * dh)
        gradient.append(np.mean(dh * dh))
    return np.array(signal), np.array(gradient[::-1]) / gradient[0]


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


def lstm_gradient(
    activation: str,
    recurrent_activation: str,
    rng,
    *,
    units: int = 64,
    steps: int = 60,
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
    weights = lstm_weights(rng, units, units)
    weights[2][units : 2 * units] = forget_bias
    h = c = np.zeros((batch, units))
    caches = []
    for _ in range(steps):
        x = rng.standard_normal((batch, units))
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
