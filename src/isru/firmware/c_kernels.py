"""What the C forms of all cells share: matrix loops, laying out the inputs, the dense layer.

A loop sums several rows of float32 or int8 weights side by side. The Cortex-M4's is written in its
instructions: a product and a sum, since its fused form takes 3 cycles. The compiler's own code
serves the other cores; on the Cortex-M7 it is fused. No macro tells a Cortex-M7 of single
precision from a Cortex-M4: it gets the latter's loop.
"""

from __future__ import annotations

import textwrap

_INPUTS = 4  # that the float loop takes at a time


def float_loop(rows: str) -> str:
    """Return the C loop that adds products in float32.

    Parameters
    ----------
    rows : str
        One-letter names of the sums; ``weights`` holds so many numbers for each input.

    Returns
    -------
    str
        Moves ``weights`` and ``v`` on until ``v`` is ``end``.
    """
    return f"""\
        do {{
#if defined(__GNUC__) && defined(__ARM_ARCH_7EM__) && defined(__ARM_FP) && __ARM_FP < 8
        /* What the #else says, with all loads in two instructions and no result used at once. */
{_assembly(rows)}
#else
{_products(rows)}
#endif
        }} while (v != end);
"""


def _assembly(rows) -> str:
    """Return the statement for the Cortex-M4F: four inputs, so many products of each row."""
    inputs = 8 + _INPUTS * len(rows)  # the first of their registers, behind those of the weights
    lines = [f"vldmia %[w]!, {{s8-s{inputs - 1}}}", f"vldmia %[v]!, {{s{inputs}-s{inputs + 3}}}"]
    for x in range(_INPUTS):
        products = [8 + len(rows) * x + row for row in range(len(rows))]
        lines += [f"vmul.f32 s{p}, s{p}, s{inputs + x}" for p in products]
        lines += [f"vadd.f32 %[{g}], %[{g}], s{p}" for g, p in zip(rows, products, strict=True)]
    text = "\n".join(f'            "{line}\\n\\t"' for line in lines)
    sums = ", ".join(f'[{g}] "+t"({g})' for g in rows)
    used = [f'"s{number}"' for number in range(8, inputs + _INPUTS)]
    clobbers = textwrap.fill(", ".join(used), 80, subsequent_indent=" " * 14)
    return f"""\
        __asm__ volatile(
{text}
            : [w] "+r"(weights), [v] "+r"(v), {sums}
            :
            : "memory", {clobbers});"""


def _products(rows) -> str:
    """Return the same in C."""
    lines = []
    for x in range(_INPUTS):
        lines += [
            f"        {g} += weights[{len(rows) * x + k}] * v[{x}];" for k, g in enumerate(rows)
        ]
    return "\n".join([*lines, f"        weights += {_INPUTS * len(rows)};", "        v += 4;"])


def int8_loop(rows: str) -> str:
    """Return the C loop for int8 weights: over ``left`` inputs, then scales and biases.

    Parameters
    ----------
    rows : str
        As in `float_loop`.
    """
    products = [f"            {g} += (float)weights[{k}] * x;" for k, g in enumerate(rows)]
    scaled = [f"        {g} = {g} * scales[{k}] + biases[{k}];" for k, g in enumerate(rows)]
    return "\n".join(
        [
            "        do {",
            "            const float x = *v++;",
            *products,
            f"            weights += {len(rows)};",
            "        } while (--left > 0);",
            *scaled,
            "",
        ]
    )


GATHER = {
    False: """\
/* Lay out the inputs of a layer: x, h, a one for the bias, zeros to fill the last block. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
    v[0] = 1.0f;
    v[1] = v[2] = v[3] = 0.0f;
}
""",
    True: """\
/* Lay out the inputs of a layer: x, h. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
}
""",
}
"""C text by whether the weights are int8."""

DENSE = {
    False: """\
static float dense_sum(const float *weights, float bias, const float *h, size_t units)
{
    for (; units > 0; units--) bias += *weights++ * *h++;
    return bias;
}
""",
    True: """\
static float dense_sum(const int8_t *weights, float scale, float bias, const float *h, size_t units)
{
    float sum = 0.0f;
    for (; units > 0; units--) sum += (float)*weights++ * *h++;
    return sum * scale + bias;
}
""",
}
"""C text by whether the weights are int8."""
