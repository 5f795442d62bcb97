"""What an engine may do in a way of its own beside its layers."""

from __future__ import annotations

from isru.lstm.losses import LOSSES


class NumPyWays:
    """NumPy's ways, for layers that have no others.

    Attributes
    ----------
    whole_step : callable or None
        Makes one step of a whole network for one sequence.
    losses : dict
        Loss functions by name; they may use their first argument up.
    adam_update : callable or None
        See :meth:`isru.lstm.Adam.update`.
    """

    whole_step = None
    losses = LOSSES
    adam_update = None
