"""ISRU with the fast inverse square root: a bit trick and 0, 1 or 2 Newton steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations.entry import Activation, CText, clip, tolerance
from isru.activations.isru import PLAIN

# The constant of id Software's Quake III (1999), and the same one for the format with 52 bits:
# both are 1.5 bias - 0.0675... in steps of the exponent, so both types compute one function.
_FLOAT32_MAGIC = 0x5F3759DF
_MAGIC: dict[np.dtype, Any] = {
    np.dtype(np.float32): np.uint32(_FLOAT32_MAGIC),
    np.dtype(np.float64): np.uint64((_FLOAT32_MAGIC << 29) + ((1023 - 127) * 3 // 2 << 52)),
}
_FAR = 2.0**62  # here f(x) has reached its limit and x*x is far from overflow


def rsqrt_in_c(steps, gate=False):
    """Return the body in C.

    A gate's r is 1 / (2 sqrt(q)): one less in the exponent of the guess, 4 q in Newton's step.
    """
    offset, factor, magic = ("4.0f", "2.0f", 0x5EB759DF) if gate else ("1.0f", "0.5f", 0x5F3759DF)
    newton = "r *= 1.5f - scaled * (r * r);\n" * steps
    return f"""\
const float q = {offset} + x * x;
{f"const float scaled = {factor} * q;" if steps else ""}
union {{ float value; uint32_t bits; }} guess;
float r;
guess.value = q;
guess.bits = {magic:#x}u - (guess.bits >> 1);
r = guess.value;
{newton}return {"0.5f + " if gate else ""}x * r;""".replace("\n\n", "\n")


def _isru_rsqrt(steps: int, relative_error: float, top: float) -> Activation:
    """Return ISRU with 1/sqrt by the bit trick and ``steps`` Newton steps."""

    def forward(x, out, saved):
        out = clip(x, -_FAR, _FAR, out=out)
        saved = np.multiply(out, out, out=saved)
        saved += 1
        half = 0.5 * saved if steps else None
        magic = _MAGIC[saved.dtype]
        bits = saved.view(magic.dtype)
        np.right_shift(bits, 1, out=bits)
        np.subtract(magic, bits, out=bits)
        for _ in range(steps):  # r <- r (3/2 - q r^2 / 2)
            change = saved * saved
            change *= half
            np.subtract(1.5, change, out=change)
            saved *= change
        out *= saved
        return out, saved

    def derivative(saved, out):
        # r^3, never (1 - y^2)^(3/2): with an approximate r, 1 - y^2 can be negative
        out = np.multiply(saved, saved, out=out)
        out *= saved
        return out

    return Activation(
        name=f"isru_rsqrt{steps}",
        description=f"isru with 1/sqrt by the bit trick and {steps} Newton steps, relative error "
        f"up to {relative_error:.2g} (Lomont 2003; derivative r^3)",
        range=(-top, top),
        smoothness=0,
        odd=True,
        ulp=tolerance(0.51, 5, 5),
        label=f"ISRU, bit trick, {steps} steps".replace("1 steps", "1 step"),
        place=17 + steps,
        kernel=forward,
        slope=derivative,
        rises=False,  # the error of 1/sqrt goes up and down with every doubling of its argument
        approximates="isru",
        error=relative_error,
        c=CText(
            "x / sqrt(1 + x^2), 1/sqrt by the bit trick", 5, lambda _: rsqrt_in_c(steps), PLAIN
        ),
    )


ISRU_RSQRT0 = _isru_rsqrt(0, 0.0344, 1.0344)
# Newton's steps come from below 1, but rounding may end four units above it
ISRU_RSQRT1 = _isru_rsqrt(1, 1.76e-3, 1 + 2**-21)
ISRU_RSQRT2 = _isru_rsqrt(2, 4.8e-6, 1 + 2**-21)


def isru_rsqrt(x: ArrayLike, steps: int = 1, out: np.ndarray | None = None) -> Any:
    """Return x / sqrt(1 + x^2) by the fast inverse square root. Otherwise as `isru`.

    Parameters
    ----------
    steps : {0, 1, 2}
        Newton steps: relative error within 3.5 %, 0.18 % and 4.8e-6.
    """
    if steps not in (0, 1, 2):
        raise ValueError(f"expected steps to be 0, 1 or 2, got {steps!r}")
    return (ISRU_RSQRT0, ISRU_RSQRT1, ISRU_RSQRT2)[steps].value(x, out)
