"""Names of columns in words: one vocabulary for every recorded table.

A name that does not stand here is its own label, with a capital letter and spaces; what a chapter
says of its own columns goes before both.
"""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = {"ms": "ms", "us": "µs", "ns": "ns", "uj": "µJ"}  # what a name may end in
_ENDS = {"low": "low end", "high": "high end"}
_LABELS = {
    # what tells rows apart
    "alpha": "α",
    "arm": "Variant",
    "by": "Measured by",
    "claim": "Claim",
    "cpu": "Processor",
    "dtype": "Precision",
    "hidden": "Units",
    "kernel": "Kernel",
    "n": "Pairs",
    "numerator": "Time of",
    "denominator": "Over time of",
    "pair": "Compared with",
    "sigma": "σ",
    "size": "Elements",
    "stage": "Stage",
    "step": "Step",
    "to": "Largest",
    "from": "Smallest",
    # times and their parts
    "at_once": "Speed-up of runs at once",
    "backward": "Backward pass",
    "backward_gain": "Gain of gradients",
    "batch": "Batch",
    "build": "Building",
    "cpu_seconds": "Processor time",
    "expected": "Expected",
    "first": "First call",
    "forward": "Forward pass",
    "gflops": "10⁹ operations per second",
    "hand_off": "Hand-off",
    "intensity": "Operations per byte",
    "int8_against_float": "8 bits against float",
    "integer_against_exp_free": "Integers against exp-free",
    "integer_against_libm": "Integers against tanh, C library",
    "integer_saving": "Time saved by integers",
    "mac_ns": "Time of a multiply-add",
    "limited_by": "What stands in the way",
    "ms": "Time",
    "ns": "Time",
    "ns_per_element": "Time per element",
    "near_zero": "Near zero",
    "over_limit": "Times the limit",
    "over_promised": "Predicted over measured",
    "plain": "Plain ISRU",
    "root_and_division": "Root and division",
    "saving": "Time saved",
    "seconds": "Time",
    "shared_us": "Shared work",
    "slowest": "Slowest limit",
    "speedup": "Speed-up",
    "speedup_best": "Speed-up over the fastest rival",
    "speedup_libm": "Speed-up over tanh, C library",
    "speedup_stand_in": "Speed-up over the stand-in",
    "step_ms": "Time of a step",
    "step_ns": "Time of a step",
    "step_uj": "Energy of a step",
    "step_us": "Time of a step",
    "table_saving": "Time saved by a table",
    "throughput": "Time in a loop",
    "unit_ns": "Time of a unit",
    "us": "Time",
    "wait_saving": "Time saved with wait states",
    # quality and what statistics say of it
    "best_epoch": "Best epoch",
    "changed": "What changes",
    "largest": "Largest in size",
    "control": "Control",
    "fn": "False negatives",
    "fp": "False positives",
    "high": "High end",
    "low": "Low end",
    "learning_rate": "Learning rate",
    "p_holm": "p (Holm)",
    "p": "p",
    "rms_difference": "Difference (RMS)",
    "rms_output": "Output (RMS)",
    "sd": "Standard deviation",
    "sup": "Largest error",
    "l2": "Error (L²)",
    "tn": "True negatives",
    "told_apart": "Told apart",
    "tp": "True positives",
    "validation_loss": "Validation loss",
    "within": "In",
    # octaves of units
    "batteries": "Simulated batteries",
    "bias": "Bias",
    "correlation": "Correlation",
    "counts": "Counts",
    "covered": "Interval holds the truth",
    "covered_new": "Prediction holds a new task",
    "equal_units": "Units of tanh for these cycles",
    "gates": "Gates open",
    "half_cost": "Cost of half the units",
    "half_se": "Cost of half the units, s.e.",
    "highest": "Highest rate chosen",
    "in_hand": "Octaves in hand",
    "iqm": "Interquartile mean",
    "loss_se": "Loss, s.e.",
    "lowest": "Lowest rate chosen",
    "new_task": "Also on a new task",
    "octaves": "Octaves",
    "p_margin": "p",
    "prediction": "New task",
    "se": "s.e.",
    "tau": "τ",
    "word": "Verdict",
    # devices
    "activation_share": "Share of activations",
    "cycles_per_mac": "Cycles per multiply-add",
    "bound_per_mac": "Least cycles per multiply-add",
    "days_hourly": "Days at one step an hour",
    "flash": "Flash",
    "int8_tensors": "8-bit tensors",
    "joules_a_day": "Joules a day",
    "macs": "Multiply-adds",
    "max_error": "Largest error",
    "ram": "RAM",
    "size_bytes": "Size",
    # functions
    "at": "At x",
    "eight_bits": "Within 1/256",
    "k": "k",
    "s": "s",
    "x": "x",
    "max_fall_ulp": "Largest fall (ulp)",
    "max_ulp": "Largest error (ulp)",
    "stated_ulp": "Stated error (ulp)",
    "isru": "ISRU",
    "isru_sigmoid": "ISRU sigmoid",
    "gru": "GRU",
    "tanh": "tanh",
    "exp": "exp",
    "softsign": "softsign",
}
_FORMATS = {"p": "p", "p_holm": "p", "p_margin": "p"}


@dataclass(frozen=True)
class Words:
    """A column in words.

    Attributes
    ----------
    label : str
    unit : str
        Empty where the name tells none.
    format : str
        How its numbers are written; empty for digits that follow from the numbers.
    """

    label: str
    unit: str = ""
    format: str = ""


def column_words(name: str) -> Words:
    """Return a column's label, unit and format by its name.

    Examples
    --------
    >>> column_words("step_ms")
    Words(label='Time of a step', unit='ms', format='')
    >>> column_words("saving_low").label
    'Time saved, low end'
    """
    stem, _, last = name.rpartition("_")
    if name in _LABELS:
        return Words(_LABELS[name], _UNITS.get(last, ""), _FORMATS.get(name, ""))
    if stem and last in _ENDS:
        whole = column_words(stem)
        return Words(f"{whole.label}, {_ENDS[last]}", whole.unit, whole.format)
    if stem and last in _UNITS:
        return Words(column_words(stem).label, _UNITS[last])
    return Words(_with_capital(name.replace("_", " ")))


def _with_capital(text: str) -> str:
    """Return text with a capital, unless it begins with a symbol or a name that has its own."""
    first = text.partition(" ")[0]
    plain = first.isascii() and first.isalpha() and first.islower()
    return text[:1].upper() + text[1:] if plain else text
