"""Arms: what a network computes in place of tanh and of the logistic function, and its names.

Every arm that a chapter trains or draws stands here once; a chapter chooses among them by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from isru.activations import get_activation

_GATES = "isru_sigmoid"


@dataclass(frozen=True)
class Arm:
    """What an arm puts in place of tanh and of the logistic function, and what it is called.

    Attributes
    ----------
    label : str
    activation, gates : str
        Of candidate and output, and of the gates; names in the registry.
    cell_activation : str
        Of the output alone, where it differs.
    alpha : float
        Of an ISRU.
    best_fit : tuple of str
        Which of "activation" and "gates" has the input scale k that brings it closest to what it
        replaces, in place of the one with the same slope at 0.
    gain : bool
        Whether the candidate's starting weights are larger by what ISRU passes on less.
    trainable_alpha : bool
    cell : str
        A name in `isru.lstm.CELLS`.
    share : float
        Of the units that the other arms have.
    details : str
        The label on figures that compare gates and cells, too, where it says more.
    device : tuple of str
        The arms of `isru.firmware` that compute it on a core, the exact one first.
    """

    label: str
    activation: str = "tanh"
    gates: str = "sigmoid"
    cell_activation: str = ""
    alpha: float | None = None
    best_fit: tuple[str, ...] = ()
    gain: bool = False
    trainable_alpha: bool = False
    cell: str = "lstm"
    share: float = 1.0
    details: str = ""
    device: tuple[str, ...] = ()

    def settings(self, k: float = 1.0, gate_k: float = 0.5) -> dict:
        """Return arguments of `LSTMNetwork`; ``k`` and ``gate_k`` are the best-fit scales."""
        own = {} if self.alpha is None else {"alpha": self.alpha}
        own |= {"k": k} if "activation" in self.best_fit else {}
        of_gates = {"k": gate_k} if "gates" in self.best_fit else {}
        return {
            "activation": get_activation(self.activation).with_parameters(**own),
            "recurrent_activation": get_activation(self.gates).with_parameters(**of_gates),
            "cell_activation": self.cell_activation or None,
            "trainable_alpha": self.trainable_alpha,
            "cell": self.cell,
        }


ARMS = {
    "tanh": Arm("tanh", details="tanh, logistic gates", device=("libm", "table", "quintic")),
    "isru": Arm("ISRU", "isru", details="ISRU, logistic gates", device=("isru",)),
    # With alpha = 2/3 ISRU matches tanh to third order at 0.
    "isru_matched": Arm("ISRU, α = 2/3", "isru", alpha=2 / 3),
    "isru_scaled": Arm("ISRU, best-fit k", "isru", best_fit=("activation",)),
    "isru_gain": Arm("ISRU, gain-matched start", "isru", gain=True),
    "isru_trained": Arm("ISRU, trained α", "isru", trainable_alpha=True),
    "isru_candidate": Arm("ISRU for the candidate only", "isru", cell_activation="tanh"),
    "isru_cell": Arm("ISRU for the output only", cell_activation="isru"),
    "isru_gates": Arm("tanh, ISRU gates", "tanh", _GATES),
    "exp_free": Arm(
        "exp-free",
        "isru",
        _GATES,
        details="exp-free, slope-matched gates",
        device=("exp_free", "exp_free_rsqrt1"),
    ),
    "exp_free_best": Arm("exp-free, best-fit gates", "isru", _GATES, best_fit=("gates",)),
    "exp_free_closest": Arm(
        "exp-free, best fit of both", "isru", _GATES, best_fit=("activation", "gates")
    ),
    "exp_free_trained": Arm("exp-free, trained α", "isru", _GATES, trainable_alpha=True),
    "ladder2": Arm(
        "ladder, n = 2",
        "ladder2",
        "ladder2_sigmoid",
        details="exp-free, ladder of n = 2",
        device=("ladder2",),
    ),
    "hard": Arm(
        "hard",
        "hard_tanh",
        "hard_sigmoid",
        details="hard tanh, hard sigmoid",
        device=("hard",),
    ),
    "softsign": Arm("softsign", "softsign", details="softsign, logistic gates"),
    "identity": Arm("identity", "identity", details="identity, logistic gates"),
    "gru": Arm("GRU", cell="gru"),
    "gru_isru": Arm("GRU with ISRU", "isru", cell="gru"),
    "coupled": Arm("coupled gates", cell="coupled"),
    "half": Arm("tanh, half the units", share=0.5),
    "three_quarters": Arm("tanh, three quarters of the units", share=0.75),
    # Other functions for tanh alone, with logistic gates.
    "clipped_parabola": Arm("clipped parabola", "clipped_parabola"),
    "table_tanh": Arm("table of tanh", "table_tanh"),
    "ladder2_logistic": Arm("ladder, n = 2, logistic gates", "ladder2"),
    "ladder3": Arm("ladder, n = 3", "ladder3"),
    "ladder4": Arm("ladder, n = 4", "ladder4"),
    "isru_quintic": Arm("ISRU of a quintic", "isru_quintic"),
}
CORE = ("tanh", "isru", "identity")
"""What every comparison trains: the baseline, ISRU, and the identity, described beside them."""

DEVICE_LABELS = {
    "identity": "no activation at all",
    "hard": "hard",
    "exp_free_rsqrt1": "exp-free, bit trick",
    "parabola": "clipped parabola",
    "softsign": "softsign",
    "exp_free": "exp-free: ISRU everywhere",
    "ladder2": "ladder, n = 2",
    "ladder3": "ladder, n = 3",
    "ladder4": "ladder, n = 4",
    "table": "table",
    "quintic": "ISRU of a quintic",
    "rational": "rational",
    "isru": "ISRU, logistic gates",
    "libm": "tanh, C library",
}
"""What figures call the arms of `isru.firmware`."""
