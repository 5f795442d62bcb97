"""Every activation in mpmath, written here once more or from its formula: the oracle's oracle."""

import mpmath as mp
import numpy as np

from isru.activations import ACTIVATIONS
from isru.activations.formula import ARITHMETIC, evaluate

# (1 + f(x))/2 cancels to 1/(4 x^2): 1e308 squared needs 2048 bits, and then 53 to compare with;
# a gate of the ladder's second rung cancels to its fourth power. Nothing else cancels.
WORKING_BITS = {"isru_sigmoid": 2200, "ladder2_sigmoid": 4300}


def _isru(x):
    return x / mp.sqrt(1 + x * x)


def _rational_tanh(x):
    if abs(x) >= mp.mpf("3.6467385953296432597"):
        return mp.sign(x)
    return x * (x**4 + 105 * x**2 + 945) / (15 * x**4 + 420 * x**2 + 945)


def _table_tanh(x):
    place = 32 * min(abs(x), mp.mpf(8))
    knot = int(mp.floor(place))
    left, right = mp.tanh(mp.mpf(knot) / 32), mp.tanh(mp.mpf(min(knot + 1, 256)) / 32)
    return mp.sign(x) * (left + (place - knot) * (right - left))


def bits_as_number(q):
    """Return exponent + fraction of q > 0: what its bit pattern counts, as a real number."""
    exponent = int(mp.floor(mp.log(q, 2)))
    exponent -= q < mp.mpf(2) ** exponent
    return exponent + q / mp.mpf(2) ** exponent - 1


def _ladder(rung):
    return lambda x: mp.tanh(rung * mp.asinh(x / rung))


def _isru_quintic(x):
    a, b = mp.mpf("0.164887203"), mp.mpf("0.009852884")
    return _isru(x + a * x**3 + b * x**5)


def _clipped_parabola(x):
    s = min(max(x, mp.mpf(-2)), mp.mpf(2))
    return s - s * abs(s) / 4


def _isru_rsqrt(steps):
    def value(x):
        x = max(min(x, mp.mpf(2) ** 62), -(mp.mpf(2) ** 62))
        q = 1 + x * x
        place = mp.mpf(0x5F3759DF) / 2**23 - mp.mpf(127) * 3 / 2 - bits_as_number(q) / 2
        whole = int(mp.floor(place))
        r = mp.mpf(2) ** whole * (1 + place - whole)
        for _ in range(steps):
            r = r * (mp.mpf(3) / 2 - q * r * r / 2)
        return x * r

    return value


MPMATH = ARITHMETIC | {
    "sqrt": mp.sqrt,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log1p": mp.log1p,
    "tanh": mp.tanh,
    "minimum": min,
    "maximum": max,
    "where": lambda holds, yes, no: yes if holds else no,
    "constant": lambda number: mp.mpf(number.numerator) / number.denominator,
}


def from_formula(entry):
    """Return an entry's formula as a function of mpmath numbers."""
    parameters = {name: mp.mpf(value) for name, value in entry.parameters.items()}
    return lambda x: evaluate(entry.trees[0], MPMATH, x=x, **parameters)


WRITTEN_HERE = {
    "isru": _isru,
    "isru_plain": _isru,
    "isru_sigmoid": lambda x: (1 + _isru(x / 2)) / 2,
    "isrlu": lambda x: _isru(x) if x < 0 else x,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "softplus": lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, 0),
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x: max(x, x * mp.mpf(0.01)),
    "elu": lambda x: mp.expm1(x) if x < 0 else x,
    "hard_tanh": lambda x: min(max(x, mp.mpf(-1)), mp.mpf(1)),
    "hard_sigmoid": lambda x: min(max(x + 3, mp.mpf(0)), mp.mpf(6)) / 6,
    "rational_tanh": _rational_tanh,
    "table_tanh": _table_tanh,
    "identity": lambda x: x,
    **{f"ladder{rung}": _ladder(rung) for rung in (2, 3, 4)},
    "ladder2_sigmoid": lambda x: (1 + _ladder(2)(x / 2)) / 2,
    "isru_quintic": _isru_quintic,
    "clipped_parabola": _clipped_parabola,
    "clipped_parabola_sigmoid": lambda x: (1 + _clipped_parabola(x / 2)) / 2,
    "isru_rsqrt0": _isru_rsqrt(0),
    "isru_rsqrt1": _isru_rsqrt(1),
    "isru_rsqrt2": _isru_rsqrt(2),
}
EXACT = {name: WRITTEN_HERE.get(name) or from_formula(entry) for name, entry in ACTIVATIONS.items()}


def max_ulp(name, x, y):
    """Return the largest error of the float64 values ``y`` in ULP of the exact values."""
    worst = 0.0
    with mp.workprec(WORKING_BITS.get(name, 240)):
        for argument, value in zip(x.tolist(), y.tolist(), strict=True):
            exact = EXACT[name](mp.mpf(argument))
            exponent = -1022 if exact == 0 else max(mp.frexp(exact)[1] - 1, -1022)
            error = abs(mp.mpf(value) - exact) / mp.mpf(2) ** (exponent - 52)
            worst = max(worst, float(error))
    return worst


def float64_sample(rng, count):
    """Return finite doubles: a third random bit patterns, the rest where functions bend."""
    patterns = rng.integers(0, 2**64, size=count, dtype=np.uint64).view(np.float64)
    scales = rng.choice([-1.0, 1.0], size=count) * np.exp2(rng.uniform(-40, 12, size=count))
    near = rng.uniform(-12, 12, size=count)
    sample = np.concatenate([patterns, scales, near])
    return sample[np.isfinite(sample)]
