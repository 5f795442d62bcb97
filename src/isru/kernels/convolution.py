"""One convolutional layer in one compiled function: windows into rows, a product, an activation."""

from __future__ import annotations

import numpy as np

from isru.kernels.compiling import apply, inlined, kept


@kept
def convolve(x, rows, weights, bias, y, g):
    """Convolve images and activate: y = g(windows(x) W + b).

    Parameters
    ----------
    x : ndarray, shape (B, S + k - 1, S + k - 1, C)
        Images with their border of zeros, channels last.
    rows : ndarray, shape (B S S, k k C)
        Room for the windows.
    weights, bias : ndarray, shape (k k C, D) and (D,)
    y : ndarray, shape (B S S, D)
        Output, one row a place.
    g : tuple
        Activation that saves its output: the first that `isru.kernels.compiled_pair` returns.
    """
    batch, padded, _, channels = x.shape
    width = int(np.sqrt(rows.shape[1] // channels))
    side, line = padded - width + 1, width * channels
    pixels, window = x.reshape(x.size), rows.reshape(rows.size)
    place = 0
    for b in range(batch):
        for i in range(side):
            for j in range(side):
                for u in range(width):
                    start = ((b * padded + i + u) * padded + j) * channels
                    _copy(pixels[start : start + line], window[place : place + line])
                    place += line
    np.dot(rows, weights, y)
    for n in range(len(y)):
        _add(y[n], bias)
    flat = y.reshape(y.size)
    apply(g, flat, flat)


@inlined
def _copy(source, target):
    # Loops over whole slices: an index that might be negative keeps them from vector code.
    for n in range(len(target)):
        target[n] = source[n]


@inlined
def _add(total, added):
    for n in range(len(total)):
        total[n] += added[n]
