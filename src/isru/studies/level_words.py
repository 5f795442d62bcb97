"""Levels of recorded tables in words: what a row is of, as a page writes it.

Arms and activations have their labels from where they are defined.
"""

from __future__ import annotations

from collections.abc import Mapping

from isru.activations import ACTIVATIONS
from isru.studies.arms import ARMS, DEVICE_LABELS

_OF_FUNCTIONS = (
    "activation",
    "against",
    "arm",
    "denominator",
    "kernel",
    "numerator",
    "recurrent_activation",
    "rival",
)
_FUNCTIONS = {  # that are timed or analysed, and no activation of the registry
    "division": "a division",
    "isru_estimate": "ISRU, estimate of the root",
    "isru_fraction": "ISRU, logistic gates by a fraction",
    "multiply_add": "a multiply-add",
    "root": "a square root",
    "sigmoid_fraction": "logistic function by a fraction",
    "tanh_fraction": "tanh by a fraction, within 4 ULP",
    "tanh_numpy": "tanh, NumPy",
}
_VARIANTS = {"fast": "fast", "again": "again"}  # what a function's name may end in
_LEVELS: dict[str, Mapping[str, str]] = {
    "arm": {
        "cmsis_nn": "table of CMSIS-NN, float32",
        "cmsis_nn_tanh": "table of CMSIS-NN, float32",
        "cmsis_nn_sigmoid": "logistic of CMSIS-NN, float32",
        "cmsis_dsp_tanh": "table in the form of CMSIS-DSP",
        "cmsis_s16_tanh": "table of CMSIS-NN, int16",
        "cmsis_q15_tanh": "older table of CMSIS-NN, q15",
        "cmsis_q7_tanh": "older table of CMSIS-NN, q7",
        "cmsis_dsp": "table in the form of CMSIS-DSP",
        "cmsis_s16": "table of CMSIS-NN, int16",
        "cmsis_q15": "older table of CMSIS-NN, q15",
        "cmsis_q7": "older table of CMSIS-NN, q7",
        "integer_isru": "integers, ISRU",
        "integer_tanh": "integers, tanh",
        "integer_cmsis_s16": "integers, table of CMSIS-NN",
        "integer_cmsis_q15": "integers, older table of CMSIS-NN",
        "elu_58": "ELU, α = 0.58",
        "half_channels": "ELU, half the channels",
        "hard": "straight lines",
        "isru_estimate": "ISRU, estimated root",
        "isrlu_1": "ISRLU, α = 1",
        "isrlu_3": "ISRLU, α = 3",
    },
    "calls": {"predicted": "by the rule", "given": "as found"},
    "changed": {"framework": "NumPy to Keras", "arm": "tanh to ISRU"},
    "compiler": {"gcc": "GCC", "clang": "Clang", "zig": "Clang, packaged"},
    "cell": {"lstm": "LSTM", "gru": "GRU", "coupled": "coupled gates"},
    "core": {
        "m0plus": "Cortex-M0+",
        "m4f": "Cortex-M4F",
        "m7": "Cortex-M7",
        "m33": "Cortex-M33",
        "a53": "Cortex-A53",
        "rv32imc": "RV32IMC",
        "rv32imfc": "RV32IMFC",
    },
    "cpu": {"i7": "Core i7", "m1": "Apple M1", "xeon": "Xeon"},
    "domain": {"line": "the line"},
    "engine": {"numpy": "NumPy", "numba": "compiled"},
    "family": {
        "exp_free": "ISRU everywhere",
        "ladder2": "ladder, n = 2",
        "hard": "straight lines",
    },
    "flags": {"plain": "-O3", "fast": "-O3 -ffast-math"},
    "form": {
        "numpy": "NumPy calls",
        "libm": "compiled, scalar, C library",
        "simd": "compiled, vectors, strict",
        "fast": "compiled, vectors, fast-math",
        "eager": "TensorFlow, eager",
        "xla": "TensorFlow, XLA",
        "compiled": "compiled",
        "library": "C library's tanh",
        "kept": "waiting threads",
        "new": "new threads",
        "blas": "threads of the BLAS",
    },
    "framework": {"numpy": "NumPy", "numba": "compiled", "keras": "Keras"},
    "input": {"near_zero": "near zero", "unit": "N(0, 1)"},
    "inputs": {"all": "all sensors", "dark": "without light"},
    "measure": {"area": "while learning", "end": "at the end"},
    "metric": {"skill": "skill", "accuracy": "accuracy", "loss": "loss"},
    "mode": {"graph": "Keras, graph", "xla": "Keras, XLA", "numpy": "NumPy"},
    "model": {
        "persistence": "persistence",
        "linear": "linear model",
        "boosting": "boosted trees",
        "majority": "always the more frequent",
        "threshold": "one input, one threshold",
    },
    "phase": {"train": "training step", "predict": "prediction"},
    "place": {"cell": "output"},
    "platform": {
        "numpy": "NumPy",
        "numba": "loops you compile (Numba)",
        "keras": "TensorFlow (Keras)",
        "c": "C with its library's tanh",
        "plain_c": "C with its library's tanh",
        "m0plus": "Cortex-M0+",
        "m4f": "Cortex-M4F",
        "m7": "Cortex-M7",
        "m33": "Cortex-M33",
        "rv32imc": "RISC-V, without float unit",
        "rv32imfc": "RISC-V, with float unit",
    },
    "program": {
        "export_c": "the C of export_c",
        "plain_c": "plain loop in C",
        "numba": "loops you compile",
        "numpy": "NumPy",
        "keras": "TensorFlow",
    },
    "rate": {"low": "low rate", "middle": "middle rate", "high": "high rate", "own": "own rates"},
    "relation": {">=": "at least", "<=": "at most"},
    "role": {"activation": "for candidate and output", "gate": "for a gate"},
    "stage": {
        "swapped": "right after the swap",
        "shrunk": "only rescaled alike",
        "tuned": "after fine-tuning",
    },
    "step": {
        "train": "training step",
        "predict": "prediction",
        "single": "prediction of one sequence",
    },
    "target": {
        "cortex-m0plus": "Cortex-M0+",
        "cortex-m4f": "Cortex-M4F",
        "cortex-m7": "Cortex-M7",
        "cortex-m33": "Cortex-M33",
        "cortex-a53": "Cortex-A53",
        "rv32imc": "RV32IMC",
        "rv32imfc": "RV32IMFC",
        "change": "temperature",
    },
    "task": {
        "adding": "adding problem",
        "copying": "copy problem",
        "change": "temperature",
        "occupancy": "room occupancy",
        "mackey_glass": "Mackey-Glass",
        "narma": "NARMA-10",
        "dyck": "brackets",
    },
    "test": {"original": "the original's test", "after": "the week after training"},
    "what": {"given": "step, its calls as found"},
    "within": {"numpy": "NumPy", "keras": "Keras", "isru": "ISRU"},
    "weights": {"int8": "8-bit weights", "integer": "integers only"},
}
_SAME = {"rule": "model", "rival": "model"}


def level_words(column: str, level: str) -> str:
    """Return a level of a column in words; one that has none is shown as it is.

    Examples
    --------
    >>> level_words("arm", "exp_free_best")
    'exp-free, best-fit gates'
    >>> level_words("kernel", "isrlu_fast")
    'ISRLU, fast'
    >>> level_words("step", "train")
    'training step'
    """
    words = _LEVELS.get(_SAME.get(column, column), {})
    if level in words:
        return words[level]
    if column in _OF_FUNCTIONS:
        return _function(level)
    return level


def _function(name: str) -> str:
    """Return the label of an arm, of one on a device, or of an activation."""
    if name in ARMS:
        return ARMS[name].label
    if name in DEVICE_LABELS:
        return DEVICE_LABELS[name]
    if name in ACTIVATIONS:
        return ACTIVATIONS[name].label
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    stem, _, variant = name.rpartition("_")
    if stem and variant in _VARIANTS:
        return f"{_function(stem)}, {_VARIANTS[variant]}"
    return name.replace("_", " ")
