"""Signals and gradients in deep random networks: mean-field theory, and simulations to check it.

In a wide network with independent normal weights the pre-activations of a layer are normal, so
one number describes them, their variance. Theory computes it layer by layer; a simulation
draws a network and measures it. ``gain`` is the standard deviation of a weight times the square
root of the fan-in; there are no biases.

References
----------
S. S. Schoenholz, J. Gilmer, S. Ganguli and J. Sohl-Dickstein, "Deep information propagation",
ICLR, 2017.
"""

from __future__ import annotations

import numpy as np

from isru.activations import Activation, get_activation

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


def simulate_deep(settings, width: int, depth: int, rng):
    """Draw one random network, run an input and a gradient through it, and measure both.

    Parameters
    ----------
    settings : sequence of (activation, gain)
        Each gets the same input, weights (but for the gain) and final gradient.
    width, depth : int
    rng : numpy.random.Generator

    Returns
    -------
    signal, gradient : ndarray, shape (len(settings), depth + 1)
        As in `mean_field`, measured as means over the units of the one network.
    """
    entries = [get_activation(activation) for activation, _ in settings]
    gains = np.array([gain for _, gain in settings])[:, None] / np.sqrt(width)
    h = np.tile(rng.standard_normal(width), (len(entries), 1))
    signal, cache = [np.mean(h * h, axis=1)], []
    for _ in range(depth):
        weights = rng.standard_normal((width, width))
        passed = [e.forward(z) for e, z in zip(entries, gains * (h @ weights), strict=True)]
        h = np.array([y for y, _ in passed])
        slope = [e.derivative(saved) for e, (_, saved) in zip(entries, passed, strict=True)]
        cache.append((weights, gains * np.array(slope)))
        signal.append(np.mean(h * h, axis=1))
    dh = np.tile(rng.standard_normal(width), (len(entries), 1))
    gradient = [np.mean(dh * dh, axis=1)]
    for weights, slope in reversed(cache):
        dh = (slope * dh) @ weights.T
        gradient.append(np.mean(dh * dh, axis=1))
    return np.array(signal).T, (np.array(gradient[::-1]) / gradient[0]).T


def compare_deep(settings, *, width: int, depth: int, networks: int, seed: int) -> list[dict]:
    """Return theory and simulation, layer by layer, for every setting.

    Parameters
    ----------
    settings : sequence of (activation, gain)
    networks : int
        How many random networks the measured means go over.
    seed : int

    Returns
    -------
    list of dict
        activation, gain, layer, signal, gradient (theory), signal_measured, gradient_measured.
    """
    seeds = np.random.SeedSequence(seed).spawn(networks)
    runs = [simulate_deep(settings, width, depth, np.random.default_rng(s)) for s in seeds]
    signals, gradients = np.mean(runs, axis=0)
    rows = []
    for (name, gain), *measured in zip(settings, signals, gradients, strict=True):
        columns = (range(depth + 1), *mean_field(name, depth, gain), *measured)
        for layer, signal, gradient, signal_measured, gradient_measured in zip(
            *columns, strict=True
        ):
            rows.append(
                {
                    "activation": name,
                    "gain": gain,
                    "layer": layer,
                    "signal": signal,
                    "gradient": gradient,
                    "signal_measured": signal_measured,
                    "gradient_measured": gradient_measured,
                }
            )
    return rows
