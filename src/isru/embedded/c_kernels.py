"""The matrix loops in C: one step of one layer, for float32 and for int8 weights.

The Cortex-M4's loop is written in its instructions: a product and a sum, since its fused form
takes 3 cycles. The compiler's own code serves the other cores; on the Cortex-M7 it is fused. No
macro tells a Cortex-M7 of single precision from a Cortex-M4: it gets the latter's loop.
"""

from __future__ import annotations


def _assembly() -> str:
    """Return the statement for the Cortex-M4F: four inputs, sixteen products."""
    lines = ["vldmia %[w]!, {s8-s23}", "vldmia %[v]!, {s24-s27}"]
    for x in range(4):
        products = [8 + 4 * x + gate for gate in range(4)]
        lines += [f"vmul.f32 s{p}, s{p}, s{24 + x}" for p in products]
        lines += [f"vadd.f32 %[{g}], %[{g}], s{p}" for g, p in zip("ifgo", products, strict=True)]
    text = "\n".join(f'            "{line}\\n\\t"' for line in lines)
    clobbers = ", ".join(f'"s{number}"' for number in range(8, 28))
    head, tail = clobbers[:80].rsplit(" ", 1)[0], clobbers[len(clobbers[:80].rsplit(" ", 1)[0]) :]
    return f"""\
        __asm__ volatile(
{text}
            : [w] "+r"(weights), [v] "+r"(v), [i] "+t"(i), [f] "+t"(f), [g] "+t"(g), [o] "+t"(o)
            :
            : "memory", {head}
             {tail});"""


def _products() -> str:
    """Return the same in C."""
    lines = []
    for x in range(4):
        lines += [f"        {g} += weights[{4 * x + k}] * v[{x}];" for k, g in enumerate("ifgo")]
    return "\n".join([*lines, "        weights += 16;", "        v += 4;"])


_STATE = """\
        *c = @gate@(f) * *c + @gate@(i) * @activation@(g);
        *h = @gate@(o) * @activation@(*c);
        c++;
        h++;
"""

FLOAT = f"""\
/* Lay out the inputs of a layer: x, h, a one for the bias, zeros to fill the last block. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
    v[0] = 1.0f;
    v[1] = v[2] = v[3] = 0.0f;
}}

/* One step of one layer with `count` inputs, a multiple of four; replaces c and h. */
static void layer_step(const float *weights, const float *inputs, size_t count, float *c,
                       float *h, size_t units)
{{
    const float *end = inputs + count;
    for (; units > 0; units--) {{
        float i = 0.0f, f = 0.0f, g = 0.0f, o = 0.0f;
        const float *v = inputs;
        do {{
#if defined(__GNUC__) && defined(__ARM_ARCH_7EM__) && defined(__ARM_FP) && __ARM_FP < 8
        /* What the #else says, with all loads in two instructions and no result used at once. */
{_assembly()}
#else
{_products()}
#endif
        }} while (v != end);
{_STATE}    }}
}}

static float dense_sum(const float *weights, float bias, const float *h, size_t units)
{{
    for (; units > 0; units--) bias += *weights++ * *h++;
    return bias;
}}
"""

INT8 = f"""\
/* Lay out the inputs of a layer: x, h. */
static void gather(float *v, const float *x, size_t inputs, const float *h, size_t units)
{{
    for (; inputs > 0; inputs--) *v++ = *x++;
    for (; units > 0; units--) *v++ = *h++;
}}

/* One step of one layer; replaces c and h. */
static void layer_step(const int8_t *weights, const float *scales, const float *biases,
                       const float *inputs, size_t count, float *c, float *h, size_t units)
{{
    for (; units > 0; units--) {{
        float i = 0.0f, f = 0.0f, g = 0.0f, o = 0.0f;
        const float *v = inputs;
        size_t left = count;
        do {{
            const float x = *v++;
            i += (float)weights[0] * x;
            f += (float)weights[1] * x;
            g += (float)weights[2] * x;
            o += (float)weights[3] * x;
            weights += 4;
        }} while (--left > 0);
        i = i * scales[0] + biases[0];
        f = f * scales[1] + biases[1];
        g = g * scales[2] + biases[2];
        o = o * scales[3] + biases[3];
        scales += 4;
        biases += 4;
{_STATE}    }}
}}

static float dense_sum(const int8_t *weights, float scale, float bias, const float *h, size_t units)
{{
    float sum = 0.0f;
    for (; units > 0; units--) sum += (float)*weights++ * *h++;
    return sum * scale + bias;
}}
"""
