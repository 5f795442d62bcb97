"""The arms: which function computes the activation, and which the gates.

Every arm runs the same matrix loop; only the two functions differ.
"""

from __future__ import annotations

from typing import NamedTuple

from isru.embedded.twins import twin


class Arm(NamedTuple):
    """One way to compute a step of an LSTM.

    Attributes
    ----------
    activation, gate : str
        Names of twins, for candidate and output, and for the three gates.
    kind : {"libm", "isru", "alternative", "bound", "integer"}
        The baseline; arms with ISRU; what else one could do; no activation at all; the integer
        kernel, whose activations come from tables.
    """

    activation: str
    gate: str
    kind: str

    @property
    def reference(self):
        """The two functions that the arm is meant to compute; tanh and logistic for stand-ins."""
        approximate = any(twin(name).error for name in (self.activation, self.gate))
        if self.kind == "alternative" and approximate:
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
    "polynomial": Arm("polynomial_tanh", "polynomial_sigmoid", "alternative"),
    "rational": Arm("rational_tanh", "rational_sigmoid", "alternative"),
    "table": Arm("table_tanh", "table_sigmoid", "alternative"),
    "softsign": Arm("softsign", "softsign_sigmoid", "alternative"),
    "hard": Arm("hard_tanh", "hard_sigmoid", "alternative"),
    "identity": Arm("identity", "identity", "bound"),
    "integer_tanh": Arm("tanh", "sigmoid", "integer"),
    "integer_isru": Arm("isru", "isru_sigmoid", "integer"),
}
ACTIVATION_ARMS = {
    "tanh": "libm",
    "isru": "isru",
    "isru_rsqrt2": "isru",
    "isru_rsqrt1": "isru",
    "polynomial_tanh": "alternative",
    "rational_tanh": "alternative",
    "table_tanh": "alternative",
    "softsign": "alternative",
    "hard_tanh": "alternative",
    "identity": "bound",
}
GATE_ARMS = {
    "sigmoid": "libm",
    "isru_sigmoid": "isru",
    "isru_rsqrt2_sigmoid": "isru",
    "isru_rsqrt1_sigmoid": "isru",
    "polynomial_sigmoid": "alternative",
    "rational_sigmoid": "alternative",
    "table_sigmoid": "alternative",
    "softsign_sigmoid": "alternative",
    "hard_sigmoid": "alternative",
    "identity": "bound",
}
