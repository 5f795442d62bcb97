"""An LSTM layer that learns the shape of its ISRU: alpha as a weight, forward beside backward."""

from __future__ import annotations

import numpy as np

from isru.lstm.initializers import lstm_weights
from isru.lstm.layer import LayerBuffers, LSTMLayer

_SMALLEST = 1e-6  # of alpha's root: keeps alpha within what ISRU takes


class TrainableLayer(LSTMLayer):
    """An LSTM layer whose candidate and whose cell state have an ISRU with a learned alpha each.

    ::

        f(x) = k x / sqrt(1 + alpha (k x)^2)    alpha = alpha_0 w^2    df/dw = -alpha_0 w f(x)^3

    The weight is w, from 1: any real w gives a valid function, without an exponential. The two
    follow bias as one more array, "alpha_roots": that of the candidate, that of the cell state.

    Raises
    ------
    ValueError
        For any activation but ISRU, of which alpha_0 and k are taken.
    """

    def __init__(self, input_size, units, activation, recurrent_activation, parameters, gradients):
        if activation.name != "isru":
            raise ValueError(
                f"activation: expected 'isru', whose alpha can be trained, got {activation.name!r}"
            )
        gates = recurrent_activation
        super().__init__(input_size, units, activation, gates, parameters[:-2], gradients[:-2])
        self.roots, self.droots = parameters[-2:], gradients[-2:]
        self.start = activation

    @staticmethod
    def size(input_size: int, units: int) -> int:
        """Return the number of parameters, 4 H (F + H + 1) + 2."""
        return LSTMLayer.size(input_size, units) + 2

    @staticmethod
    def draw(rng: np.random.Generator, input_size: int, units: int) -> list[np.ndarray]:
        """Draw the starting weights of an LSTM; both alphas start from alpha_0."""
        return [*lstm_weights(rng, input_size, units), np.ones(2)]

    def views(self, *, gradients: bool = False) -> list[tuple[str, np.ndarray, int]]:
        """Return name, view and H of each weight array; see :meth:`LSTMLayer.views`."""
        roots = self.droots if gradients else self.roots
        return [*super().views(gradients=gradients), ("alpha_roots", roots, 0)]

    @property
    def alphas(self) -> tuple[float, float]:
        """Alpha of the candidate and of the cell state, as they are now."""
        roots = np.maximum(np.abs(self.roots.astype(np.float64)), _SMALLEST)
        candidate, cell = self.start.parameters["alpha"] * roots**2
        return float(candidate), float(cell)

    def buffers(self, steps: int, batch: int, symbols: bool = False) -> LayerBuffers:
        """Make the arrays for windows of this shape and kind of input."""
        features = 0 if symbols else self.input_size
        return LayerBuffers(self, steps, batch, features, keep_through=True)

    def forward(self, x: np.ndarray, buffers: LayerBuffers, state: tuple | None) -> None:
        """Run over a window; see :meth:`LSTMLayer.forward`."""
        candidate, cell = self.alphas
        self.activation = self.start.with_parameters(alpha=candidate)
        self.cell_activation = self.start.with_parameters(alpha=cell)
        super().forward(x, buffers, state)

    def backward(
        self, buffers: LayerBuffers, dh_out: np.ndarray, want_dx: bool
    ) -> np.ndarray | None:
        """Write this layer's gradients; see :meth:`LSTMLayer.backward`.

        With the gradient in an ISRU's input x, dx = dy f'(x), that in its alpha needs no dy::

            dalpha = sum dy (-f(x)^3 / 2) = sum dx (-k^2 x^3 / 2)
        """
        dx = super().backward(buffers, dh_out, want_dx)
        dz_c = buffers.z[..., 3 * self.units :]
        z_c = buffers.gates[:-1, 3] / buffers.saved_candidate  # f(x) / r, where f(x) = x r
        sums = np.array([_dot_cubes(dz_c, z_c), _dot_cubes(buffers.through, buffers.c[1:])])
        alpha, k = (self.start.parameters[name] for name in ("alpha", "k"))
        self.droots[...] = -k * k * alpha * self.roots * sums
        return dx


def _dot_cubes(dx, x):
    return np.vdot(dx, x * x * x)
