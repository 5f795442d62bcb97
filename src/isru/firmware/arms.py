"""The arms: which function computes the activation, and which the gates.

Every arm runs the same matrix loop; only the two functions differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from isru.firmware.c_forms import CForm, c_form
from isru.firmware.errors import ExportError

ALTERNATIVES = ("stand_in", "other")
"""The kinds of what one could do in place of ISRU."""


class Arm(NamedTuple):
    """One way to compute a step of an LSTM.

    Attributes
    ----------
    activation, gate : str
        Names of C forms, for candidate and output, and for the three gates.
    kind : {"libm", "isru", "stand_in", "other", "bound", "integer"}
        The baseline; arms with ISRU; approximations of tanh and the logistic function, for which
        the same weights serve; other functions, which a network has to be trained with; no
        activation at all; the integer kernel, whose activations come from tables.
    table : str
        Which tables the integer kernel reads: ``""`` for its own of 513 entries, or a kind of
        `isru.firmware.cmsis.INTEGER_FORMS`.
    """

    activation: str
    gate: str
    kind: str
    table: str = ""

    @property
    def forms(self) -> tuple[CForm, CForm]:
        """The C of the two functions."""
        return c_form(self.activation), c_form(self.gate)

    @property
    def reference(self) -> tuple[Callable, Callable]:
        """The two functions that the arm is meant to compute; tanh and logistic for stand-ins."""
        approximate = any(form.error for form in self.forms)
        forms = self.forms
        if self.kind == "stand_in":
            forms = c_form("tanh"), c_form("sigmoid")
        elif self.kind == "isru" and approximate:
            forms = c_form("isru"), c_form("isru_sigmoid")
        return forms[0].reference, forms[1].reference


LSTM_ARMS = {
    "libm": Arm("tanh", "sigmoid", "libm"),
    "isru": Arm("isru", "sigmoid", "isru"),
    "exp_free": Arm("isru", "isru_sigmoid", "isru"),
    "exp_free_rsqrt2": Arm("isru_rsqrt2", "isru_rsqrt2_sigmoid", "isru"),
    "exp_free_rsqrt1": Arm("isru_rsqrt1", "isru_rsqrt1_sigmoid", "isru"),
    "polynomial": Arm("polynomial_tanh", "polynomial_sigmoid", "stand_in"),
    "rational": Arm("rational_tanh", "rational_sigmoid", "stand_in"),
    "table": Arm("table_tanh", "table_sigmoid", "stand_in"),
    "cmsis_nn": Arm("cmsis_nn_tanh", "cmsis_nn_sigmoid", "stand_in"),
    "cmsis_dsp": Arm("cmsis_dsp_tanh", "cmsis_dsp_sigmoid", "stand_in"),
    "quintic": Arm("isru_quintic", "isru_quintic_sigmoid", "stand_in"),
    "softsign": Arm("softsign", "softsign_sigmoid", "other"),
    "hard": Arm("hard_tanh", "hard_sigmoid", "other"),
    "parabola": Arm("clipped_parabola", "clipped_parabola_sigmoid", "other"),
    "ladder2": Arm("ladder2", "ladder2_sigmoid", "other"),
    "ladder3": Arm("ladder3", "ladder3_sigmoid", "other"),
    "ladder4": Arm("ladder4", "ladder4_sigmoid", "other"),
    "identity": Arm("identity", "identity", "bound"),
    "integer_tanh": Arm("tanh", "sigmoid", "integer"),
    "integer_isru": Arm("isru", "isru_sigmoid", "integer"),
    "integer_cmsis_s16": Arm("tanh", "sigmoid", "integer", "cmsis_s16"),
    "integer_cmsis_q15": Arm("tanh", "sigmoid", "integer", "cmsis_q15"),
}


def _kinds(place: str) -> dict[str, str]:
    """Return each C form that computes in floats at a place, with the first arm's kind."""
    found: dict[str, str] = {}
    for arm in LSTM_ARMS.values():
        if arm.kind != "integer":
            found.setdefault(getattr(arm, place), arm.kind)
    return found


ACTIVATION_ARMS, GATE_ARMS = _kinds("activation"), _kinds("gate")


def get_arm(arm: str | Arm) -> Arm:
    """Return the arm of a name; an `Arm` is returned as it is.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.
    """
    if isinstance(arm, Arm):
        return arm
    if arm not in LSTM_ARMS:
        raise ValueError(f"expected arms of: {', '.join(LSTM_ARMS)}; got {arm!r}")
    return LSTM_ARMS[arm]


def arm_names(arms: Iterable[str] | None, cell: str = "lstm") -> list[str]:
    """Return the names of arms, each of which is known.

    By default all that the cell has: there is no integer kernel but the LSTM's.
    """
    if arms is None:
        return [n for n, arm in LSTM_ARMS.items() if cell == "lstm" or arm.kind != "integer"]
    names = list(arms)
    for name in names:
        get_arm(name)
    return names


def forms_of(network, arm: str | Arm | None = None) -> tuple[CForm, CForm]:
    """Return the C of a network's two functions, or of those of an arm in their place.

    Raises
    ------
    ExportError
        If there is none, or for an arm that computes in integers.
    ValueError
        For an unknown arm.
    """
    if arm is None:
        return c_form(network.activation), c_form(network.recurrent_activation)
    chosen = get_arm(arm)
    if chosen.kind == "integer":
        raise ExportError(
            f"expected an arm that computes in floats, got {arm!r}: take export_integer"
        )
    return chosen.forms
