"""What a recurrent network costs by counting, and what a cheaper activation can save (Amdahl).

Counts are per time step and sample; F inputs, C units. A MAC is one multiply-accumulate; the
bias counts as one, as the product with an input that is always 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Weight blocks of (F + C + bias) x C, peepholes per unit, gates, candidate and output
# activations, and products between states and gates, all per unit.
_CELLS = {
    "lstm": {"blocks": 4, "peepholes": 0, "gates": 3, "activations": 2, "products": 3},
    "peephole": {"blocks": 4, "peepholes": 3, "gates": 3, "activations": 2, "products": 3},
    "coupled": {"blocks": 3, "peepholes": 0, "gates": 2, "activations": 2, "products": 3},
    "gru": {"blocks": 3, "peepholes": 0, "gates": 2, "activations": 1, "products": 3},
}
CELLS = tuple(_CELLS)


@dataclass(frozen=True)
class Count:
    """What one time step of one sample takes; counts of layers add.

    Attributes
    ----------
    parameters : int
        Trained numbers.
    macs : int
        Multiply-accumulates.
    gates : int
        Recurrent activations (the logistic function).
    activations : int
        Candidate and output activations (tanh), those that ISRU replaces.
    states : int
        Numbers kept from one step to the next.
    """

    parameters: int = 0
    macs: int = 0
    gates: int = 0
    activations: int = 0
    states: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    def __mul__(self, steps: int) -> Count:
        """Return the work of ``steps`` time steps; parameters and states stay."""
        work = {name: getattr(self, name) * steps for name in ("macs", "gates", "activations")}
        return Count(parameters=self.parameters, states=self.states, **work)


_NAMES = tuple(Count.__dataclass_fields__)


def layer_count(features: int, units: int, *, cell: str = "lstm", biases: int = 1) -> Count:
    """Count one recurrent layer.

    An LSTM has 4 (C F + C^2 + C) parameters and takes 4 C (F + C + 1) + 3 C MACs a step: the
    three products f c, i c_tilde and o tanh(c) for each unit; 3 C gates and 2 C activations.

    Parameters
    ----------
    features, units : int
        F and C, positive.
    cell : {"lstm", "peephole", "coupled", "gru"}
        Peephole: each gate also sees its unit's cell state (a diagonal). Coupled: the input
        gate is one minus the forget gate. GRU: Cho's cell with two gates.
    biases : int
        1 as in Keras, 2 as in PyTorch and cuDNN (one for the input, one for the recurrence).

    Returns
    -------
    Count

    Raises
    ------
    ValueError
        For an unknown cell, or a number that is not positive.

    References
    ----------
    Hochreiter & Schmidhuber 1997; Gers & Schmidhuber 2000 (peepholes); Greff et al. 2017
    (coupled gates); Cho et al. 2014 (GRU).

    Examples
    --------
    >>> layer_count(10, 25).parameters
    3600
    """
    if cell not in _CELLS:
        raise ValueError(f"expected a cell of {CELLS}, got {cell!r}")
    _check_positive(features=features, units=units, biases=biases)
    kind = _CELLS[cell]
    inner = features + units
    return Count(
        parameters=units * (kind["blocks"] * (inner + biases) + kind["peepholes"]),
        macs=units * (kind["blocks"] * (inner + 1) + kind["peepholes"] + kind["products"]),
        gates=kind["gates"] * units,
        activations=kind["activations"] * units,
        states=units if cell == "gru" else 2 * units,
    )


def dense_count(inputs: int, outputs: int) -> Count:
    """Count a dense layer with bias, without activation.

    Examples
    --------
    >>> dense_count(25, 2)
    Count(parameters=52, macs=52, gates=0, activations=0, states=0)
    """
    _check_positive(inputs=inputs, outputs=outputs)
    return Count(parameters=(inputs + 1) * outputs, macs=(inputs + 1) * outputs)


def network_count(
    features: int,
    hidden_sizes: Sequence[int],
    outputs: int,
    *,
    steps: int = 1,
    cell: str = "lstm",
    return_sequences: bool = False,
) -> Count:
    """Count a stack of recurrent layers with a dense head, for one sequence.

    Parameters
    ----------
    features : int
        F of the first layer; a later layer's is the units of the one below.
    hidden_sizes : sequence of int
        Units of each layer.
    outputs : int
        Outputs of the dense head.
    steps : int
        Time steps T.
    cell : str
        See `layer_count`.
    return_sequences : bool
        Whether the head runs at every step, or at the last one only.

    Returns
    -------
    Count
        Work of all steps; parameters once.

    Examples
    --------
    >>> network_count(10, [25], 1, steps=24).activations
    1200
    """
    _check_positive(steps=steps, layers=len(hidden_sizes))
    total, width = Count(), features
    for units in hidden_sizes:
        total += layer_count(width, units, cell=cell) * steps
        width = units
    return total + dense_count(width, outputs) * (steps if return_sequences else 1)


def equal_units(cell: str, features: int, units: int, outputs: int) -> int:
    """Return the units that give a cell about as many parameters as an LSTM of ``units`` has.

    Of one layer with a dense head, to half a unit.

    Examples
    --------
    >>> equal_units("gru", 9, 16, 10)
    19
    """
    wanted = network_count(features, [units], outputs).parameters

    def missing(count: int) -> int:
        return abs(network_count(features, [count], outputs, cell=cell).parameters - wanted)

    return min(range(1, 2 * units + 1), key=missing)


def bytes_per_step(count: Count, features: int, *, batch: int = 1, itemsize: int = 4) -> int:
    """Return the bytes that a step must move: weights once, input once, states in and out.

    A lower bound, reached when nothing else leaves the cache. ``count`` is of one step.

    Examples
    --------
    >>> bytes_per_step(layer_count(10, 25), 10)
    14840
    """
    return itemsize * (count.parameters + batch * (features + 2 * count.states))


def arithmetic_intensity(
    count: Count, features: int, *, batch: int = 1, itemsize: int = 4
) -> float:
    """Return the most floating-point operations per byte that a step can do (1 MAC = 2).

    Examples
    --------
    >>> round(arithmetic_intensity(layer_count(10, 25), 10), 2)
    0.5
    """
    moved = bytes_per_step(count, features, batch=batch, itemsize=itemsize)
    return 2 * count.macs * batch / moved


def saving(
    step_ns: float, activations: float, activation_ns: float, replacement_ns: float
) -> float:
    """Predict by Amdahl's law what replacing the activation saves of a step, in %.

    saving = 100 n (t_old - t_new) / t_step: the activations' share of the step, times the part
    of their time that goes. Negative where the replacement is slower. Nothing else is taken to
    change (caches, memory traffic, clock).

    Parameters
    ----------
    step_ns : float
        Time of the step with the old activation, measured or modelled, ns.
    activations : float
        How many of them a step takes, n.
    activation_ns, replacement_ns : float
        Time of one, before and after, ns.

    References
    ----------
    Amdahl 1967, DOI 10.1145/1465482.1465560.

    Examples
    --------
    >>> saving(1000.0, 50, 10.0, 8.0)  # 50 times 2 ns of 1000 ns
    10.0
    """
    _check_positive(step_ns=step_ns)
    return 100.0 * activations * (activation_ns - replacement_ns) / step_ns


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"expected {name} > 0, got {number}")
