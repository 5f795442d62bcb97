"""The arms: which function computes the activation, and which the gates.

Every arm runs the same matrix loop; only the two functions differ.
"""

from __future__ import annotations

from typing import NamedTuple

from isru.firmware.c_forms import twin

ALTERNATIVES = ("stand_in", "other")
"""The kinds of what one could do in place of ISRU."""


class Arm(NamedTuple):
    """One way to compute a step of an LSTM.

    Attributes
    ----------
    activation, gate : str
        Names of twins, for candidate and output, and for the three gates.
    kind : {"libm", "isru", "stand_in", "other", "bound", "integer"}
        The baseline; arms with ISRU; approximations of tanh and the logistic function, for which
        the same weights serve; other functions, which a network has to be trained with; no
        activation at all; the integer kernel, whose activations come from tables.
    """

    activation: str
    gate: str
    kind: str

    @property
    def reference(self):
        """The two functions that the arm is meant to compute; tanh and logistic for stand-ins."""
        approximate = any(twin(name).error for name in (self.activation, self.gate))
        if self.kind == "stand_in":
            return twin("tanh").reference, twin("sigmoid").reference
        if self.kind == "isru" and approximate:
            return twin("isru").reference, twin("isru_sigmoid").reference
        return twin(self.activation).reference, twin(self.gate).reference


LSTM_ARMS = {
    "libm": Arm("tanh", "sigmoid", "libm"),
    "isru": Arm("isru", "sigmoid", "isru"),
    "exp_free": Arm("isru", "isru_sigmoid", "isru"),
    "exp_free_rsqrt2": Arm("isru_rsqrt2", "isru_rsqrt2_sigmoid", "isru"),
    "exp_free_rsqrt1": Arm("isru_rsqrt1", "isru_rsqrt1_sigmoid", "isru"),
    "polynomial": Arm("polynomial_tanh", "polynomial_sigmoid", "stand_in"),
    "rational": Arm("rational_tanh", "rational_sigmoid", "stand_in"),
    "table": Arm("table_tanh", "table_sigmoid", "stand_in"),
    "softsign": Arm("softsign", "softsign_sigmoid", "other"),
    "hard": Arm("hard_tanh", "hard_sigmoid", "other"),
    "identity": Arm("identity", "identity", "bound"),
    "integer_tanh": Arm("tanh", "sigmoid", "integer"),
    "integer_isru": Arm("isru", "isru_sigmoid", "integer"),
}
ACTIVATION_ARMS = {
    "tanh": "libm",
    "isru": "isru",
    "isru_rsqrt2": "isru",
    "isru_rsqrt1": "isru",
    "polynomial_tanh": "stand_in",
    "rational_tanh": "stand_in",
    "table_tanh": "stand_in",
    "softsign": "other",
    "hard_tanh": "other",
    "identity": "bound",
}
GATE_ARMS = {
    "sigmoid": "libm",
    "isru_sigmoid": "isru",
    "isru_rsqrt2_sigmoid": "isru",
    "isru_rsqrt1_sigmoid": "isru",
    "polynomial_sigmoid": "stand_in",
    "rational_sigmoid": "stand_in",
    "table_sigmoid": "stand_in",
    "softsign_sigmoid": "other",
    "hard_sigmoid": "other",
    "identity": "bound",
}
