"""The C text of a network: header, constants, and one step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from isru import __version__
from isru.embedded.c_kernels import FLOAT, INT8
from isru.embedded.c_text import c_array
from isru.embedded.errors import ExportError
from isru.embedded.twins import Twin
from isru.lstm.cell import GATE_ORDER

_GATES = len(GATE_ORDER)
_BLOCK = 4  # inputs that the float kernel takes at a time


@dataclass(frozen=True)
class Model:
    """The numbers of a network in the order in which C reads them.

    Attributes
    ----------
    input_size, output_size : int
    hidden_sizes : tuple of int
    layers : tuple of dict of ndarray
        Per layer ``weights``. In float32 their shape is (H, K, 4): for every unit a row for each
        of its K inputs, which are x, h, a one for the bias, and zeros up to a multiple of four.
        In int8 it is (H, F + H, 4), with ``scales``, (H, 4), by which the sums are multiplied,
        and ``biases``, (H, 4).
    dense : dict of ndarray
        ``weights`` (C, H), ``biases`` (C,), for int8 ``scales`` (C,).
    """

    input_size: int
    hidden_sizes: tuple[int, ...]
    output_size: int
    layers: tuple[dict, ...]
    dense: dict

    @property
    def quantised(self) -> bool:
        """Whether the weights are int8."""
        return "scales" in self.dense

    @property
    def digest(self) -> str:
        """SHA-256 of all numbers, its first 16 digits."""
        summary = hashlib.sha256()
        for part in (*self.layers, self.dense):
            for name in sorted(part):
                summary.update(np.ascontiguousarray(part[name]).tobytes())
        return summary.hexdigest()[:16]

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constants."""
        parts = (*self.layers, self.dense)
        return sum(array.nbytes for part in parts for array in part.values())

    @property
    def work_size(self) -> int:
        """Room for the inputs of any layer; the end is written four at a time."""
        inputs = (self.input_size, *self.hidden_sizes)
        longest = max(f + h for f, h in zip(inputs, self.hidden_sizes, strict=False))
        return longest + (0 if self.quantised else _BLOCK)

    @property
    def state_bytes(self) -> int:
        """Bytes of the caller's state."""
        return 4 * (2 * sum(self.hidden_sizes) + self.work_size)


def read_model(network, weights: str = "float32") -> Model:
    """Take the weights of a network apart.

    Parameters
    ----------
    network : isru.lstm.LSTMNetwork
    weights : {"float32", "int8"}
        int8: each row (one gate of one unit) divided by the scale that takes its largest
        weight to 127, and rounded.

    Raises
    ------
    ExportError
        For another cell than the LSTM, or a weight that is not finite in float32.
    """
    if network.cell != "lstm":
        raise ExportError(f"expected a network of LSTM cells (cell='lstm'), got {network.cell!r}")
    if weights not in ("float32", "int8"):
        raise ExportError(f"weights: expected 'float32' or 'int8', got {weights!r}")
    with np.errstate(over="ignore"):
        arrays = [array.astype(np.float32) for array in network.get_weights()]
    for name, array in zip(network.weight_names, arrays, strict=True):
        if not np.isfinite(array).all():
            place = np.argwhere(~np.isfinite(array))[0].tolist()
            raise ExportError(
                f"{name}: expected finite float32 weights, got {array[tuple(place)]} at {place}; "
                "train again with clipping or a smaller learning rate"
            )
    layers = []
    for number, units in enumerate(network.hidden_sizes):
        kernel, recurrent, bias = arrays[3 * number : 3 * number + 3]
        rows = np.vstack([kernel, recurrent]).reshape(-1, _GATES, units).transpose(2, 0, 1)
        layers.append(_layer(rows, bias.reshape(_GATES, units).T, weights))
    dense = _part(arrays[-2].T, arrays[-1], -1, weights)
    return Model(
        network.input_size, network.hidden_sizes, network.output_size, tuple(layers), dense
    )


def _layer(rows, biases, weights):
    """Return the arrays of a layer, from rows (H, F + H, 4) and biases (H, 4)."""
    if weights == "int8":
        return _part(rows, biases, 1, weights)
    units, inputs, gates = rows.shape
    padded = np.zeros((units, -(-(inputs + 1) // _BLOCK) * _BLOCK, gates), np.float32)
    padded[:, :inputs], padded[:, inputs] = rows, biases
    return {"weights": padded}


def _part(rows, biases, axis, weights):
    """Return arrays as `Model` has them; ``axis`` is that of a row's weights."""
    rows, biases = np.ascontiguousarray(rows), np.ascontiguousarray(biases)
    if weights == "float32":
        return {"weights": rows, "biases": biases}
    scales = np.abs(rows).max(axis=axis) / np.float32(127)
    scales = np.where(scales > 0, scales, np.float32(1)).astype(np.float32)
    whole = np.rint(rows / np.expand_dims(scales, axis)).astype(np.int8)
    return {"weights": whole, "scales": scales, "biases": biases}


def header_text(model: Model, name: str, comment: str) -> str:
    """Return the text of ``name.h``."""
    upper = name.upper()
    states = "".join(
        f"    float h{number}[{units}], c{number}[{units}];\n"
        for number, units in enumerate(model.hidden_sizes)
    )
    return f"""\
{comment}
#ifndef {upper}_H
#define {upper}_H

#define {upper}_INPUTS {model.input_size}
#define {upper}_OUTPUTS {model.output_size}

/* Hidden and cell state of each layer, and room for one step's inputs. Yours to place. */
typedef struct {{
{states}    float work[{model.work_size}];
}} {name}_state;

#ifdef __cplusplus
extern "C" {{
#endif

/* Forget the past: call it before the first step of a sequence. */
void {name}_reset({name}_state *state);

/* Take one time step. */
void {name}_step({name}_state *state, const float input[{upper}_INPUTS]);

/* Compute the outputs from the state after the last step. */
void {name}_output(const {name}_state *state, float output[{upper}_OUTPUTS]);

#ifdef __cplusplus
}}
#endif

#endif
"""


def source_text(model: Model, name: str, activation: Twin, gate: Twin, comment: str) -> str:
    """Return the text of ``name.c``."""
    kernel = INT8 if model.quantised else FLOAT
    functions = _functions(activation, gate)
    parts = [
        comment,
        f'#include "{name}.h"\n\n#include <stddef.h>\n' + prologue(functions),
        functions,
        _constants(model),
        kernel,
        _entries(model, name),
    ]
    text = "\n".join(parts)
    return text.replace("@activation@", activation.name).replace("@gate@", gate.name)


def prologue(functions: str) -> str:
    """Return the declarations that functions of twins need before them."""
    lines = ["#include <stdint.h>", ""]
    libm = [word for word in ("expf", "tanhf") if f"{word}(" in functions]
    lines += [f"float {word}(float x); /* of the C library */" for word in libm]
    for word, builtin in (("SQRTF", "sqrtf"), ("FABSF", "fabsf")):
        if f"{word}(" in functions:
            lines += [
                "#if defined(__GNUC__)",
                f"#define {word}(x) __builtin_{builtin}(x)",
                "#else",
                "#include <math.h>",
                f"#define {word}(x) {builtin}(x)",
                "#endif",
            ]
    return "\n".join(lines) + "\n"


def _functions(activation, gate):
    texts = [activation.function()] if activation.name != gate.name else []
    inside = gate.function()
    if activation.function() in inside:
        texts = []
    return "\n".join([*texts, inside])


_LAYOUT = {
    False: "/* Per unit: i, f, c, o of each input, each state, the bias; zeros to four. */\n",
    True: "/* Per unit: i, f, c, o of each input and each state. */\n",
}


def _constants(model):
    texts = [_LAYOUT[model.quantised]]
    for number, layer in enumerate(model.layers):
        texts.append(c_array(f"weights{number}", layer["weights"], per_line=2 * _GATES))
        for key in ("scales", "biases"):
            if key in layer:
                texts.append(c_array(f"{key}{number}", layer[key], per_line=_GATES))
    texts.append("/* Per output: a weight for every unit of the last layer. */\n")
    for key in ("weights", "scales", "biases"):
        if key in model.dense:
            texts.append(c_array(f"dense_{key}", model.dense[key]))
    return "".join(texts)


def _layer_call(model, number, inputs):
    units = model.hidden_sizes[number]
    state = f"state->c{number}, state->h{number}, {units}"
    if model.quantised:
        constants = f"weights{number}, scales{number}, biases{number}"
        return f"    layer_step({constants}, state->work, {inputs},\n               {state});\n"
    blocks = model.layers[number]["weights"].shape[1] // _BLOCK
    return f"    layer_step(weights{number}, state->work, {blocks}, {state});\n"


def _entries(model, name):
    dense_scale = "dense_scales[j], " if model.quantised else ""
    steps, inputs, source = [], model.input_size, "input"
    for number, units in enumerate(model.hidden_sizes):
        steps.append(
            f"    gather(state->work, {source}, {inputs}, state->h{number}, {units});\n"
            + _layer_call(model, number, inputs + units)
        )
        inputs, source = units, f"state->h{number}"
    clears = "".join(
        f"    clear(state->h{number}, {units});\n    clear(state->c{number}, {units});\n"
        for number, units in enumerate(model.hidden_sizes)
    )
    last = len(model.hidden_sizes) - 1
    upper = name.upper()
    return f"""\
static void clear(float *to, size_t count)
{{
    for (; count > 0; count--) *to++ = 0.0f;
}}

void {name}_reset({name}_state *state)
{{
{clears}}}

void {name}_step({name}_state *state, const float input[{upper}_INPUTS])
{{
{"".join(steps)}}}

void {name}_output(const {name}_state *state, float output[{upper}_OUTPUTS])
{{
    size_t j;
    for (j = 0; j < {upper}_OUTPUTS; j++)
        output[j] = dense_sum(dense_weights + j * {inputs}, {dense_scale}dense_biases[j],
                              state->h{last}, {inputs});
}}
"""


def comment_text(model: Model, name: str, activation: Twin, gate: Twin) -> str:
    """Return the comment at the head of both files."""
    kind = "int8 weights, float32 arithmetic" if model.quantised else "float32"
    lines = [
        f"{name}: an LSTM network. Written by isru {__version__}; do not edit.",
        "",
        f"Inputs {model.input_size}, units {', '.join(map(str, model.hidden_sizes))}, "
        f"outputs {model.output_size}; {kind}.",
        f"Candidate and output by {activation.name}, gates by {gate.name}; "
        f"gate order {', '.join(GATE_ORDER)}.",
        f"Model hash (SHA-256, first digits): {model.digest}",
        f"Constants: {model.weight_bytes} bytes of flash.",
        f"State: {model.state_bytes} bytes of RAM, the caller's; no malloc.",
        f"Needs {_needs(activation, gate)}.",
    ]
    body = "\n".join(f" * {line}".rstrip() for line in lines[1:])
    return f"/* {lines[0]}\n{body}\n */"


def _needs(activation, gate):
    libm = sorted({*activation.libm, *gate.libm})
    if libm:
        return f"{' and '.join(libm)} of the C library (link with -lm)"
    if activation.square_root or gate.square_root:
        return "no C library on a core with an FPU (compile with -fno-math-errno), else its sqrtf"
    return "no C library"
